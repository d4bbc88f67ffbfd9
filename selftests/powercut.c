// SPDX-License-Identifier: GPL-2.0-only
/*
 * The writer and the reader of selftests/powercut.sh, round the last-good file of lbd agent:
 *
 *   powercut write DIR NUMBER         writes NUMBER, NUMBER + 1, ... for ever; prints "begin", and
 *                                     "ack N" when lastgood_write() has said so
 *   powercut check DIR ACKNOWLEDGED   prints the number that is there; fails if it is less, or
 *                                     anything else than that number's record
 *   powercut simulate DIR CUTS SEED   the same in a model of a disk that loses power
 *
 * A number's topology is made from it, between nothing and 256 KiB. Options, after the command:
 *
 *   --large                           it has 4 MiB more, so that a write takes some time
 *   --forget-file, --forget-directory fsync() does nothing for these; then it has to fail
 */
#include "powercut-disk.h"

#include "agent/lastgood.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define HOST	     "amber"
#define INTERFACE    "lbm0"
#define TOPOLOGY_MAX (256u << 10)
#define LARGE	     (4u << 20)
/* So many calls make five records, and a few calls more. */
#define CALLS 50
/* After so many cuts the disk is empty again; no divisor of CALLS, so that each call gets its turn. */
#define FRESH 7

static char topology[TOPOLOGY_MAX + LARGE];
static size_t large;

__attribute__((noreturn)) static void die(const char *what, const struct fault *fault)
{
	fprintf(stderr, "powercut: %s%s%s\n", what, fault ? ": " : "", fault ? fault->text : "");
	exit(2);
}

/* As many small ones as large ones. */
static size_t topology_make(uint64_t number)
{
	uint64_t random = number, word;
	size_t most = TOPOLOGY_MAX >> random_next(&random) % 18;
	size_t size = large + random_next(&random) % most;

	for (size_t i = 0; i < size; i += sizeof(word)) {
		word = random_next(&random);
		memcpy(topology + i, &word, size - i < sizeof(word) ? size - i : sizeof(word));
	}
	return size;
}

static void store_open(struct lastgood *store, const char *path)
{
	struct fault fault;

	if (lastgood_open(store, path, &fault))
		die(path, &fault);
}

static void record_write(struct lastgood *store, uint64_t number)
{
	const struct lastgood_record record = {
		.host = HOST,
		.interface = INTERFACE,
		.generation = number,
		.topology = topology,
		.size = topology_make(number),
	};
	struct fault fault;

	if (lastgood_write(store, &record, &fault))
		die("cannot write", &fault);
}

/*
 * The number that is there, 0 for none; -EBADMSG when something else is there: the file of before
 * is for disks that go bad, a cut must not need it.
 */
static int64_t record_check(struct lastgood *store)
{
	struct lastgood_found found;
	struct fault fault;
	int64_t number;
	int ret = lastgood_read(store, HOST, INTERFACE, &found, &fault);

	if (ret == -ENOENT)
		return 0;
	if (ret)
		return -EBADMSG;
	number = (int64_t)found.record.generation;
	if (topology_make(found.record.generation) != found.record.size ||
	    (found.record.size &&
	     memcmp(topology, found.record.topology, found.record.size) != 0) ||
	    strcmp(found.file, "last-good") != 0)
		number = -EBADMSG;
	lastgood_found_release(&found);
	return number;
}

/* --- On a real disk ---------------------------------------------------------------------------- */

__attribute__((noreturn)) static void write_run(const char *path, uint64_t number)
{
	struct lastgood store;

	store_open(&store, path);
	setlinebuf(stdout);
	puts("begin");
	for (;; number++) {
		record_write(&store, number);
		printf("ack %" PRIu64 "\n", number);
	}
}

static int check_run(const char *path, uint64_t acknowledged)
{
	struct lastgood store;
	int64_t number;

	store_open(&store, path);
	number = record_check(&store);
	lastgood_close(&store);
	printf("%" PRId64 "\n", number);
	if (number < 0)
		fprintf(stderr, "powercut: what is there is damaged\n");
	else if ((uint64_t)number < acknowledged)
		fprintf(stderr,
			"powercut: %" PRIu64 " was acknowledged, and %" PRId64 " is there\n",
			acknowledged, number);
	return number < 0 || (uint64_t)number < acknowledged;
}

/* --- In the model ------------------------------------------------------------------------------ */

struct tally {
	unsigned int lost;
	unsigned int unreadable;
	unsigned int acknowledged;
};

/* The child: writes until the power fails, and tells what was acknowledged through the pipe. */
__attribute__((noreturn)) static void child_run(const char *path, uint64_t number,
						unsigned int cut_at, uint64_t seed, int acknowledge)
{
	struct lastgood store;

	store_open(&store, path);
	disk_begin(store.directory, cut_at, seed);
	for (;; number++) {
		record_write(&store, number);
		if (write(acknowledge, &number, sizeof(number)) != sizeof(number))
			die("cannot acknowledge", NULL);
	}
}

/* Returns the last number that was acknowledged, or what was there before. */
static uint64_t cut_run(const char *path, uint64_t before, unsigned int cut_at, uint64_t seed)
{
	uint64_t number, acknowledged = before;
	int ends[2], status;
	pid_t child;

	if (pipe(ends))
		die("cannot make a pipe", NULL);
	child = fork();
	if (child < 0)
		die("cannot fork", NULL);
	if (!child) {
		close(ends[0]);
		child_run(path, before + 1, cut_at, seed, ends[1]);
	}
	close(ends[1]);
	while (read(ends[0], &number, sizeof(number)) == sizeof(number))
		acknowledged = number;
	close(ends[0]);
	if (waitpid(child, &status, 0) != child || status)
		die("the writer has failed", NULL);
	return acknowledged;
}

static void directory_empty(const char *path)
{
	static const char *const files[] = {"last-good", "last-good.old", "last-good.new"};
	char name[4096];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(name, sizeof(name), "%s/%s", path, files[i]);
		unlink(name);
	}
}

/* One cut and what it has left; returns that number. What is wrong is counted, and removed. */
static uint64_t cut_judge(const char *path, uint64_t before, unsigned int cut_at, uint64_t seed,
			  struct tally *tally)
{
	uint64_t acknowledged = cut_run(path, before, cut_at, seed);
	struct lastgood store;
	int64_t number;

	tally->acknowledged += acknowledged - before;
	store_open(&store, path);
	number = record_check(&store);
	lastgood_close(&store);
	if (number < 0)
		tally->unreadable++;
	else if ((uint64_t)number < acknowledged)
		tally->lost++;
	else if ((uint64_t)number <= acknowledged + 1)
		return (uint64_t)number;
	else
		die("a number that nobody has written", NULL);
	directory_empty(path);
	return 0;
}

static int simulate_run(const char *path, unsigned int cuts, uint64_t seed)
{
	struct tally tally = {0};
	uint64_t number = 0;

	for (unsigned int i = 0; i < cuts; i++) {
		if (i % FRESH == 0) {
			directory_empty(path);
			number = 0;
		}
		number = cut_judge(path, number, i % CALLS, random_next(&seed), &tally);
	}
	printf("%u cuts, %u records acknowledged, %u cuts lost one, %u left one unreadable\n", cuts,
	       tally.acknowledged, tally.lost, tally.unreadable);
	return tally.lost || tally.unreadable;
}

static int usage(void)
{
	fprintf(stderr, "usage: powercut write|check [OPTION...] DIR NUMBER\n"
			"       powercut simulate [OPTION...] DIR CUTS SEED\n");
	return 2;
}

int main(int argc, char **argv)
{
	const char *command = argc > 1 ? argv[1] : "";

	if (sodium_init() < 0)
		die("libsodium cannot start", NULL);
	for (; argc > 2 && argv[2][0] == '-'; argv++, argc--) {
		if (!strcmp(argv[2], "--forget-file"))
			disk_forget(DISK_FORGET_FILE);
		else if (!strcmp(argv[2], "--forget-directory"))
			disk_forget(DISK_FORGET_DIRECTORY);
		else if (!strcmp(argv[2], "--large"))
			large = LARGE;
		else
			return usage();
	}
	if (!strcmp(command, "write") && argc == 4)
		write_run(argv[2], strtoull(argv[3], NULL, 10));
	if (!strcmp(command, "check") && argc == 4)
		return check_run(argv[2], strtoull(argv[3], NULL, 10));
	if (!strcmp(command, "simulate") && argc == 5)
		return simulate_run(argv[2], (unsigned int)strtoul(argv[3], NULL, 10),
				    strtoull(argv[4], NULL, 10));
	return usage();
}
