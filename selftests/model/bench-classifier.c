// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counts the instructions of a lookup in the classifier, and of an insertion.
 * Without arguments it runs itself under valgrind, which counts those of one
 * function, once for each line of the table that it prints:
 *
 *	bench-classifier [STYLE FAMILY RULES find|insert]
 *
 * With arguments it is one of these runs. Half of the packets match a rule as
 * far as addresses and ports go, half are random.
 */

#include <errno.h>
#include <unistd.h>

#include "rules.h"

long shim_fail_after = -1;
long shim_live;

/* Sets of rules, and lookups in each. */
#define SETS 5
#define LOOKUPS 5000

static const char *const names[] = {
	"realistic", "narrow", "clustered", "adverse"
};

static struct lbm_rule **rules_new(enum style style, u8 family, u32 count)
{
	struct lbm_rule **rule = calloc(count, sizeof(*rule));
	u32 i, at, swap;

	/* Positions shuffled, so that history and order have no relation. */
	for (i = 0; i < count; i++)
		rule[i] = draw_rule(family, style, 10 * i);
	for (i = count - 1; i; i--) {
		at = draw(i + 1);
		swap = rule[i]->position;
		rule[i]->position = rule[at]->position;
		rule[at]->position = swap;
	}
	return rule;
}

static long look_up(const struct lbm_classifier *classifier,
		    struct lbm_rule **rule, u32 count, enum style style,
		    u8 family)
{
	long hits = 0, asked = 0;
	int i;

	for (i = 0; i < LOOKUPS; i++) {
		struct lbm_packet packet = i % 2 ?
			draw_packet(family, style) :
			packet_near(rule[draw(count)], family, style, true);
		struct lbm_facts facts = { .packet = &packet };

		hits += !!look(classifier, &packet, &facts);
		asked += facts.asked;
	}
	printf("facts asked %.2f, ", (double)asked / LOOKUPS);
	return hits;
}

static void run_one(enum style style, u8 family, u32 count)
{
	struct lbm_rule **rule = rules_new(style, family, count);
	struct lbm_classifier classifier;
	struct lbm_classifier_size size;
	u32 i, refused = 0;
	long hits;

	lbm_classifier_copy(&classifier, NULL, 1);
	for (i = 0; i < count; i++)
		refused += lbm_classifier_insert(&classifier, rule[i]) != 0;
	lbm_classifier_measure(&classifier, &size);
	hits = look_up(&classifier, rule, count, style, family);
	printf("matched %ld %%, tables %u + %u, buckets %u, longest %u, refused %u\n",
	       hits * 100 / LOOKUPS, size.widest, size.tables - size.widest,
	       size.buckets, size.longest, refused);
	lbm_classifier_clear(&classifier);
	for (i = 0; i < count; i++)
		lbm_object_put(&rule[i]->object);
	free(rule);
}

/* Luck is where the first rule stands that matches everything; so SETS sets. */
static int run_sets(enum style style, u8 family, u32 count)
{
	int set;

	for (set = 1; set <= SETS; set++) {
		rules_seed = (uint64_t)set * 0x9e3779b97f4a7c15ULL;
		lbm_classifier_init();
		run_one(style, family, count);
	}
	return 0;
}

/* Run this program under valgrind; returns the instructions it counted. */
static double run_counted(const char *self, const char *style,
			  const char *family, u32 count, const char *function)
{
	char command[1024], line[512];
	double total = -1;
	FILE *output;

	snprintf(command, sizeof(command),
		 "valgrind --tool=callgrind --callgrind-out-file=/dev/null --toggle-collect=lbm_classifier_%s '%s' %s %s %u %s 2>&1",
		 function, self, style, family, count, function);
	output = popen(command, "r");
	if (!output)
		return -1;
	while (fgets(line, sizeof(line), output)) {
		const char *collected = strstr(line, "Collected : ");

		if (collected)
			total = atof(collected + strlen("Collected : "));
		else if (line[0] != '=' && !strcmp(function, "find"))
			printf("    %s", line);
	}
	pclose(output);
	return total < 0 ? -1 :
	       total / SETS / (strcmp(function, "find") ? count : LOOKUPS);
}

static int run_all(const char *self)
{
	static const u32 counts[] = { 1000, 10000, 100000 };
	unsigned int style, i;
	double find, insert;

	for (style = 0; style < STYLES; style++) {
		for (i = 0; i < 6; i++) {
			const char *family = i < 3 ? "ipv4" : "ipv6";
			u32 count = counts[i % 3];

			find = run_counted(self, names[style], family, count,
					   "find");
			insert = count == 10000 ?
				 run_counted(self, names[style], family, count,
					     "insert") : 0;
			if (find < 0 || insert < 0) {
				fputs("valgrind did not count\n", stderr);
				return 1;
			}
			printf("%s, %s, %u rules: %.0f instructions a lookup",
			       names[style], family, count, find);
			if (insert > 0)
				printf(", %.0f an insertion", insert);
			printf("\n");
			fflush(stdout);
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	char self[512] = "";
	unsigned int style;

	if (argc == 1) {
		if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
			return 1;
		return run_all(self);
	}
	for (style = 0; argc == 5 && style < STYLES; style++)
		if (!strcmp(argv[1], names[style]))
			return run_sets(style, strcmp(argv[2], "ipv6") ?
					AF_INET : AF_INET6,
					(u32)strtoul(argv[3], NULL, 10));
	fputs("usage: bench-classifier [STYLE FAMILY RULES find|insert]\n",
	      stderr);
	return 2;
}
