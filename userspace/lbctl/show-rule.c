// SPDX-License-Identifier: GPL-2.0-only
/*
 * show-rule.c - rules, as a person would write them and as fields. Called by
 * cmd-objects.c, and by cmd-explain.c for the one that decided.
 */
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>

#include "show.h"

/* "65535-65535" */
#define RANGE_SIZE 12

struct selector_text {
	char text[LBMESH_PREFIX_STRLEN];
};

struct ports {
	char texts[LBMESH_RULE_RANGES_MAX][RANGE_SIZE];
	const char *pointers[LBMESH_RULE_RANGES_MAX];
	size_t count;
};

__attribute__((format(printf, 2, 3))) static void append(struct rule_text *text, const char *format,
							 ...)
{
	size_t len = strlen(text->text);
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text->text + len, sizeof(text->text) - len, format, args);
	va_end(args);
}

/* NULL for any address. @whole: an address has its length too. */
static const char *selector_format(const struct lbmesh_selector *selector, bool whole,
				   struct selector_text *text)
{
	const struct lbmesh_prefix *prefix = &selector->prefix;

	switch (selector->kind) {
	case LBMESH_SELECTOR_PREFIX:
		if (!whole && prefix->len == (prefix->family == AF_INET ? 32 : 128))
			(void)lbmesh_address_format(prefix, text->text, sizeof(text->text));
		else
			(void)lbmesh_prefix_format(prefix, text->text, sizeof(text->text));
		return text->text;
	case LBMESH_SELECTOR_SET:
		(void)snprintf(text->text, sizeof(text->text), "set %u", selector->set);
		return text->text;
	case LBMESH_SELECTOR_KEYWORD:
		return lbmesh_keyword_name(selector->keyword);
	default:
		return NULL;
	}
}

static void ports_format(const struct lbmesh_range *ranges, size_t count, struct ports *ports)
{
	ports->count = count < LBMESH_RULE_RANGES_MAX ? count : LBMESH_RULE_RANGES_MAX;
	for (size_t i = 0; i < ports->count; i++) {
		if (ranges[i].first == ranges[i].last)
			(void)snprintf(ports->texts[i], RANGE_SIZE, "%u", ranges[i].first);
		else
			(void)snprintf(ports->texts[i], RANGE_SIZE, "%u-%u", ranges[i].first,
				       ranges[i].last);
		ports->pointers[i] = ports->texts[i];
	}
}

static void append_end(struct rule_text *text, const char *word,
		       const struct lbmesh_selector *selector, const struct lbmesh_range *ranges,
		       size_t count)
{
	struct selector_text address;
	struct ports ports;
	const char *shown = selector_format(selector, false, &address);

	append(text, " %s %s", word, shown ? shown : "any");
	ports_format(ranges, count, &ports);
	for (size_t i = 0; i < ports.count; i++)
		append(text, "%s%s", i ? "," : " port ", ports.texts[i]);
}

/**
 * rule_format() - A rule as a person would write it.
 * @rule: of the library
 * @text: gets it: position, direction, protocol, both ends, action
 *
 * What the rule does not say is left out, but for the ends, which are "any".
 *
 * Return: the text.
 */
const char *rule_format(const struct lbmesh_rule *rule, struct rule_text *text)
{
	struct protocol_text protocol;

	text->text[0] = '\0';
	append(text, "%u", rule->position);
	if (rule->has_direction)
		append(text, " %s", lbmesh_direction_name(rule->direction));
	if (rule->has_protocol)
		append(text, " %s", protocol_format(rule->protocol, &protocol));
	append_end(text, "from", &rule->src, rule->src_ports, rule->n_src_ports);
	append_end(text, "to", &rule->dst, rule->dst_ports, rule->n_dst_ports);
	if (rule->has_icmp_type)
		append(text, " type %u", rule->icmp_type);
	if (rule->has_icmp_code)
		append(text, " code %u", rule->icmp_code);
	append(text, " %s%s", lbmesh_action_name(rule->action), rule->log ? " log" : "");
	return text->text;
}

/* "0.4s", "12s", "7m", "3h", "9d": the larger, the coarser. */
static const char *age_format(uint64_t ms, char *text, size_t size)
{
	const unsigned long long seconds = ms / 1000;

	if (seconds < 10)
		(void)snprintf(text, size, "%llu.%us", seconds, (unsigned int)(ms % 1000 / 100));
	else if (seconds < 120)
		(void)snprintf(text, size, "%llus", seconds);
	else if (seconds < 7200)
		(void)snprintf(text, size, "%llum", seconds / 60);
	else if (seconds < 172800)
		(void)snprintf(text, size, "%lluh", seconds / 3600);
	else
		(void)snprintf(text, size, "%llud", seconds / 86400);
	return text;
}

static void show_for_people(struct output *out, const struct snapshot_rule *item)
{
	const struct lbmesh_rule rule = snapshot_rule(item);
	const struct lbmesh_rule_state *state = &item->state;
	struct rule_text text;
	char age[24] = "never";

	if (state->has_last_hit)
		(void)age_format(state->last_hit_ms, age, sizeof(age));
	output_row(out, (struct value[]){
				value_u64(rule.layer),
				value_u64(rule.id),
				item->has_state ? value_u64(state->hits) : value_null(),
				value_text(item->has_state ? age : NULL),
				value_text(rule_format(&rule, &text)),
			});
}

static void show_for_programs(struct output *out, const struct snapshot_rule *item)
{
	const struct lbmesh_rule rule = snapshot_rule(item);
	const struct lbmesh_rule_state *state = &item->state;
	struct selector_text src;
	struct selector_text dst;
	struct ports src_ports;
	struct ports dst_ports;
	struct protocol_text protocol;
	struct rule_text text;

	ports_format(rule.src_ports, rule.n_src_ports, &src_ports);
	ports_format(rule.dst_ports, rule.n_dst_ports, &dst_ports);
	output_row(out,
		   (struct value[]){
			   value_u64(rule.layer),
			   value_u64(rule.id),
			   item->has_state ? value_u64(state->hits) : value_null(),
			   item->has_state && state->has_last_hit ? value_u64(state->last_hit_ms)
								  : value_null(),
			   value_text(rule_format(&rule, &text)),
			   value_u64(rule.position),
			   value_text(rule.has_direction ? lbmesh_direction_name(rule.direction)
							 : NULL),
			   value_text(rule.has_protocol ? protocol_format(rule.protocol, &protocol)
							: NULL),
			   value_text(selector_format(&rule.src, true, &src)),
			   value_list(src_ports.pointers, src_ports.count),
			   value_text(selector_format(&rule.dst, true, &dst)),
			   value_list(dst_ports.pointers, dst_ports.count),
			   rule.has_icmp_type ? value_u64(rule.icmp_type) : value_null(),
			   rule.has_icmp_code ? value_u64(rule.icmp_code) : value_null(),
			   value_text(lbmesh_action_name(rule.action)),
			   value_bool(rule.log),
		   });
}

/**
 * show_rules() - Rules and what they have done, in the order they are visited.
 * @out: where to
 * @snapshot: with rules
 * @options: the layer to show, and whether programs read it, who get each part
 *	of a rule by itself
 */
void show_rules(struct output *out, const struct snapshot *snapshot, const struct options *options)
{
	static const char *const people[] = {"layer", "rule", "hits", "last_hit", "text"};
	static const char *const programs[] = {
		"layer",     "rule",	     "hits",	    "last_hit_ms",
		"text",	     "position",     "direction",   "protocol",
		"source",    "source_ports", "destination", "destination_ports",
		"icmp_type", "icmp_code",    "action",	    "log",
	};
	const struct snapshot_rule *item;

	if (options->json)
		output_table_begin(out, "rules", programs, lbctl_array_size(programs));
	else
		output_table_begin(out, "rules", people, lbctl_array_size(people));
	vector_for_each(item, &snapshot->rules)
	{
		if (options->layer && item->rule.layer != options->layer)
			continue;
		if (options->json)
			show_for_programs(out, item);
		else
			show_for_people(out, item);
	}
	output_table_end(out);
}
