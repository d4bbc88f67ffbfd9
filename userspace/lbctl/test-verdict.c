// SPDX-License-Identifier: GPL-2.0-only
/*
 * test-verdict.c - set, explain, monitor and flows on a made-up module, as in
 * test-steer.c: the functions of the library that they call are defined here.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <criterion/redirect.h>

#include "show.h"

/* The made-up module. */

static struct lbmesh_judgement judgement; /* what it answers */
static uint64_t named_generation; /* of the objects with labels */
static int error; /* instead of an answer */
static const char *error_path = "";
static struct lbmesh_event events[4];
static int event_returns[4]; /* 1, or an error */
static size_t n_events;
static uint32_t capabilities = LBMESH_CAPABILITY_EXPLAIN;

/* What it was asked. */
static struct lbmesh_flow asked;
static struct lbmesh_element added[300];
static size_t n_added;
static struct lbmesh_element removed[300];
static size_t n_removed;
static bool subscribed;
static bool subscribed_verdicts;

static char module; /* stands for a connection */

static int fail(struct lbmesh_error *err)
{
	if (!error)
		return 0;
	*err = (struct lbmesh_error){.code = error, .message = "said by a test"};
	(void)snprintf(err->path, sizeof(err->path), "%s", error_path);
	return -error;
}

int lbmesh_open(struct lbmesh **conn, struct lbmesh_error *err)
{
	(void)err;
	*conn = (struct lbmesh *)(void *)&module;
	return 0;
}

void lbmesh_closep(struct lbmesh **conn)
{
	*conn = NULL;
}

int lbmesh_generation_get(struct lbmesh *conn, struct lbmesh_generation *generation,
			  struct lbmesh_error *err)
{
	(void)conn;
	(void)err;
	*generation = (struct lbmesh_generation){.number = 12, .state = LBMESH_STATE_ACTIVE};
	return 0;
}

int lbmesh_info_get(struct lbmesh *conn, struct lbmesh_info *info, struct lbmesh_error *err)
{
	(void)conn;
	(void)err;
	*info = (struct lbmesh_info){.capabilities = capabilities};
	return 0;
}

int lbmesh_explain(struct lbmesh *conn, const struct lbmesh_flow *flow,
		   struct lbmesh_judgement *answer, struct lbmesh_error *err)
{
	(void)conn;
	asked = *flow;
	*answer = judgement;
	answer->flow = *flow;
	return fail(err);
}

int lbmesh_flow_dump(struct lbmesh *conn, lbmesh_flow_fn fn, void *data, uint64_t *generation,
		     struct lbmesh_error *err)
{
	struct lbmesh_judgement busy = judgement;
	int ret = fn(&judgement, data);

	(void)conn;
	(void)generation;
	(void)err;
	busy.verdict.hits += 1000;
	busy.flow.dst_port = 80;
	return ret ? ret : fn(&busy, data);
}

int lbmesh_layer_get(struct lbmesh *conn, uint32_t id, lbmesh_layer_fn fn, void *data,
		     uint64_t *generation, struct lbmesh_error *err)
{
	(void)conn;
	(void)err;
	*generation = named_generation;
	return fn(&(struct lbmesh_layer){id, "org"}, NULL, data);
}

int lbmesh_endpoint_get(struct lbmesh *conn, uint32_t id, lbmesh_endpoint_fn fn, void *data,
			uint64_t *generation, struct lbmesh_error *err)
{
	(void)conn;
	(void)err;
	*generation = named_generation;
	return fn(&(struct lbmesh_endpoint){.id = id, .label = "web"}, data);
}

int lbmesh_network_get(struct lbmesh *conn, uint32_t id, lbmesh_network_fn fn, void *data,
		       uint64_t *generation, struct lbmesh_error *err)
{
	(void)conn;
	(void)err;
	*generation = named_generation;
	return fn(&(struct lbmesh_network){id, id == 1 ? "red" : NULL}, data);
}

int lbmesh_rule_get(struct lbmesh *conn, uint32_t layer, uint32_t id, lbmesh_rule_fn fn, void *data,
		    uint64_t *generation, struct lbmesh_error *err)
{
	const struct lbmesh_rule rule = {
		.layer = layer, .id = id, .position = 10, .action = LBMESH_ACTION_DENY};

	(void)conn;
	(void)err;
	*generation = named_generation;
	return fn(&rule, NULL, data);
}

int lbmesh_set_update(struct lbmesh *conn, const struct lbmesh_element *add, size_t n_add,
		      const struct lbmesh_element *take, size_t n_take, struct lbmesh_error *err)
{
	(void)conn;
	memcpy(added, add, n_add * sizeof(*add));
	memcpy(removed, take, n_take * sizeof(*take));
	n_added = n_add;
	n_removed = n_take;
	return fail(err);
}

int lbmesh_event_subscribe(struct lbmesh *conn, struct lbmesh_error *err)
{
	(void)conn;
	subscribed = true;
	return fail(err);
}

int lbmesh_event_subscribe_verdicts(struct lbmesh *conn, struct lbmesh_error *err)
{
	(void)conn;
	(void)err;
	subscribed_verdicts = true;
	return 0;
}

/* poll() passes over a negative descriptor. */
int lbmesh_event_fd(const struct lbmesh *conn)
{
	(void)conn;
	return -1;
}

int lbmesh_event_next(struct lbmesh *conn, struct lbmesh_event *event, struct lbmesh_error *err)
{
	static size_t next;

	(void)conn;
	if (next == n_events)
		return 0;
	*event = events[next];
	if (event_returns[next] < 0)
		*err = (struct lbmesh_error){.code = -event_returns[next],
					     .message = "said by a test"};
	return event_returns[next++];
}

/* The commands. */

static struct lbmesh_prefix address(const char *text)
{
	struct lbmesh_prefix parsed;

	cr_assert_eq(lbmesh_address_parse(text, &parsed), 0);
	return parsed;
}

static const char *protocol(uint8_t number)
{
	static struct protocol_text text;

	return protocol_format(number, &text);
}

static void setup(void)
{
	judgement = (struct lbmesh_judgement){
		.generation = 12,
		.flow = {.has_direction = true,
			 .src = address("10.0.0.1"),
			 .dst = address("10.0.0.2"),
			 .has_protocol = true,
			 .protocol = 6,
			 .has_src_port = true,
			 .src_port = 40000,
			 .has_dst_port = true,
			 .dst_port = 443},
		.verdict = {.action = LBMESH_ACTION_DENY,
			    .reason = LBMESH_REASON_RULE,
			    .src_network = 1,
			    .dst_network = 2,
			    .layer = 3,
			    .rule = 5,
			    .endpoint = 7,
			    .generation = 11,
			    .cached = true,
			    .hits = 42},
	};
	named_generation = 12;
	cr_assert_eq(setenv("TZ", "UTC", 1), 0);
	cr_redirect_stdout();
	cr_redirect_stderr();
	cr_assert_not_null(freopen("/dev/null", "r", stdin));
}

/* Returns the exit code. */
static enum lbctl_exit run(const char *line)
{
	static char copy[8192];
	static char name[] = "lbctl";
	char *words[OPTIONS_ARGS_MAX + 8] = {name};
	int n = 1;
	enum lbctl_exit ret;

	(void)snprintf(copy, sizeof(copy), "%s", line);
	for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
		words[n++] = word;
	ret = command_run(n, words);
	(void)fflush(stdout);
	return ret;
}

static void said(const char *out, const char *errors)
{
	if (*out)
		cr_assert_stdout_eq_str(out);
	cr_assert_stderr_eq_str(errors);
}

/* What was written on stdout; nothing can be written any more. */
static const char *slurp(bool squeeze)
{
	static char text[8192];
	FILE *from = cr_get_redirected_stdout();
	size_t len = 0;

	(void)fclose(stdout);
	for (int c = fgetc(from); c != EOF && len < sizeof(text) - 1; c = fgetc(from)) {
		if (!squeeze || !strchr(" \n", c))
			text[len++] = (char)c;
	}
	text[len] = '\0';
	return text;
}

TestSuite(verdict, .init = setup);

#define EXPLAIN "explain --from 10.0.0.1:40000 --to 10.0.0.2:443 --proto tcp"

Test(verdict, explain_names_the_rule_and_what_it_stands_on_and_exits_7)
{
	char expected[512];

	cr_assert_eq(run(EXPLAIN " --direction ingress"), LBCTL_DENIED);
	(void)snprintf(expected, sizeof(expected),
		       "Denied: %s 10.0.0.1:40000 -> 10.0.0.2:443, ingress of endpoint 7 (web).\n"
		       "Rule 5 of layer 3 (org) decided: 10 from any to any deny.\n"
		       "It goes from network 1 (red) to network 2.\n"
		       "So says generation 11; the verdict is cached and has judged 42 packets.\n",
		       protocol(6));
	said(expected, "");
	cr_assert_eq(asked.protocol, 6);
	cr_assert_eq(asked.src_port, 40000);
	cr_assert_eq(asked.dst_port, 443);
	cr_assert(asked.has_direction);
	cr_assert_eq(asked.direction, LBMESH_DIRECTION_INGRESS);
	cr_assert_eq(asked.endpoint, 0);
	cr_assert_eq(asked.ifindex, 0);
}

Test(verdict, names_of_another_generation_are_left_out)
{
	char expected[512];

	named_generation = 13;
	judgement.verdict.action = LBMESH_ACTION_REJECT;
	judgement.verdict.cached = false;
	cr_assert_eq(run(EXPLAIN), LBCTL_DENIED);
	(void)snprintf(expected, sizeof(expected),
		       "Rejected: %s 10.0.0.1:40000 -> 10.0.0.2:443, passing endpoint 7.\n"
		       "Rule 5 of layer 3 decided.\n"
		       "It goes from network 1 to network 2.\n"
		       "So says generation 11; the verdict is not cached.\n",
		       protocol(6));
	said(expected, "");
}

Test(verdict, what_is_allowed_exits_0)
{
	char expected[512];

	judgement.verdict = (struct lbmesh_verdict){.action = LBMESH_ACTION_ALLOW,
						    .reason = LBMESH_REASON_DEFAULT,
						    .dst_network = 1,
						    .generation = 12};
	cr_assert_eq(run(EXPLAIN " --interface lo --direction egress"), LBCTL_OK);
	(void)snprintf(expected, sizeof(expected),
		       "Allowed: %s 10.0.0.1:40000 -> 10.0.0.2:443, egress of interface lo.\n"
		       "No rule decided; the default of the endpoint did.\n"
		       "It goes from no member of any network to network 1 (red).\n"
		       "So says generation 12; the verdict is not cached.\n",
		       protocol(6));
	said(expected, "");
	cr_assert_eq(asked.ifindex, 1);
	cr_assert_eq(asked.direction, LBMESH_DIRECTION_EGRESS);
}

Test(verdict, every_reason_has_a_sentence_of_its_own)
{
	for (int reason = LBMESH_REASON_NONE; reason <= LBMESH_REASON_NO_ENDPOINT + 1; reason++) {
		char *text;
		size_t len;
		FILE *to = open_memstream(&text, &len);
		struct output *out = output_new(false, to);

		judgement.verdict.reason = (enum lbmesh_reason)reason;
		show_explanation(out, &judgement, &(struct verdict_names){0});
		cr_assert_eq(output_finish(out), 0);
		output_freep(&out);
		cr_assert_eq(fclose(to), 0);
		cr_assert_eq(!!strstr(text, "does not know"), reason > LBMESH_REASON_NO_ENDPOINT);
		cr_assert_eq(!!strstr(text, "Rule 5"), reason == LBMESH_REASON_RULE);
		free(text);
	}
}

Test(verdict, explain_in_json_has_everything_as_fields)
{
	char expected[1024];

	cr_assert_eq(run(EXPLAIN " --endpoint 7 --json"), LBCTL_DENIED);
	cr_assert_eq(asked.endpoint, 7);
	(void)snprintf(expected, sizeof(expected),
		       "{\"version\":1,\"verdict\":\"deny\",\"reason\":\"rule\",\"direction\":null,"
		       "\"interface\":null,\"ifindex\":null,\"protocol\":\"%s\","
		       "\"source\":\"10.0.0.1\",\"source_port\":40000,"
		       "\"destination\":\"10.0.0.2\",\"destination_port\":443,"
		       "\"icmp_type\":null,\"icmp_code\":null,\"endpoint\":7,"
		       "\"source_network\":1,\"destination_network\":2,\"layer\":3,\"rule\":5,"
		       "\"generation\":11,\"cached\":true,\"hits\":42,\"endpoint_label\":\"web\","
		       "\"layer_label\":\"org\",\"source_network_label\":\"red\","
		       "\"destination_network_label\":null,"
		       "\"rule_text\":\"10fromanytoanydeny\"}",
		       protocol(6));
	cr_assert_str_eq(slurp(true), expected);
}

Test(verdict, a_ping_is_an_echo_request_of_the_right_family)
{
	cr_assert_eq(run("explain --from 10.0.0.1 --to 10.0.0.2 --proto icmp"), LBCTL_DENIED);
	cr_assert_eq(asked.protocol, 1);
	cr_assert(asked.has_icmp_type && asked.has_icmp_code);
	cr_assert_eq(asked.icmp_type, 8);
	cr_assert_not(asked.has_dst_port);
	cr_assert_eq(run("explain --from fd00::1 --to fd00::2 --proto icmp"), LBCTL_DENIED);
	cr_assert_eq(asked.protocol, 58);
	cr_assert_eq(asked.icmp_type, 128);
	cr_assert_eq(
		run("explain --from fd00::1 --to fd00::2 --proto 58 --icmp-type 0 --icmp-code 4"),
		LBCTL_DENIED);
	cr_assert_eq(asked.icmp_type, 0);
	cr_assert_eq(asked.icmp_code, 4);
}

Test(verdict, a_protocol_without_ports_has_none_and_a_source_port_is_optional)
{
	cr_assert_eq(run("explain --from [fd00::1]:1 --to [fd00::2]:65535 --proto udp"),
		     LBCTL_DENIED);
	cr_assert_eq(asked.src_port, 1);
	cr_assert_eq(asked.dst_port, 65535);
	cr_assert_eq(asked.dst.family, asked.src.family);
	cr_assert_eq(run("explain --from fd00::1 --to [fd00::2]:53 --proto 17"), LBCTL_DENIED);
	cr_assert_not(asked.has_src_port);
	cr_assert_eq(run("explain --from 10.0.0.1 --to 10.0.0.2 --proto 47"), LBCTL_DENIED);
	cr_assert_eq(asked.protocol, 47);
	cr_assert_not(asked.has_icmp_type);
}

Test(verdict, what_explain_cannot_ask_is_refused_before_it_is_asked)
{
	static const struct {
		const char *options;
		const char *why;
	} cases[] = {
		{"--to 10.0.0.2:1 --proto tcp", "--from ADDRESS[:PORT] is required"},
		{"--from 10.0.0.2:1 --proto tcp", "--to ADDRESS[:PORT] is required"},
		{"--from 10.0.0.2:1 --to 10.0.0.2:1", "--proto NAME is required"},
		{"--from 10.0.0.1 --to [fd00::1]:1 --proto tcp",
		 "--from and --to must be of one family, IPv4 or IPv6"},
		{"--from 10.0.0.1 --to 10.0.0.2 --proto tcp",
		 "--to needs a port with this --proto, ADDRESS:PORT"},
		{"--from 10.0.0.1 --to 10.0.0.2:1 --proto icmp",
		 "--from and --to have no ports with this --proto"},
		{"--from 10.0.0.1:1 --to 10.0.0.2 --proto 47",
		 "--from and --to have no ports with this --proto"},
		{"--from 10.0.0.1 --to 10.0.0.2:1 --proto tcp --icmp-type 8",
		 "--icmp-type and --icmp-code go with --proto icmp only"},
		{"--from 10.0.0.1 --to 10.0.0.2 --proto icmp --icmp-code 0",
		 "--icmp-code goes with --icmp-type only"},
		{"--from 10.0.0.1 --to 10.0.0.2 --proto 58",
		 "--proto: ICMP of IPv4 is \"icmp\" or 1"},
		{"--from fd00::1 --to fd00::2 --proto 1",
		 "--proto: ICMP of IPv6 is \"icmp\" or 58"},
		{"--from 10.0.0.1 --to 10.0.0.2:1 --proto tcp --endpoint 1 --interface lo",
		 "--endpoint and --interface exclude each other"},
	};
	char expected[4096] = "";

	for (size_t i = 0; i < lbctl_array_size(cases); i++) {
		char line[256];
		size_t len = strlen(expected);

		(void)snprintf(line, sizeof(line), "explain %s", cases[i].options);
		cr_assert_eq(run(line), LBCTL_USAGE, "%s", line);
		(void)snprintf(expected + len, sizeof(expected) - len,
			       "lbctl: explain: %s; run: lbctl help explain\n", cases[i].why);
	}
	cr_assert_eq(asked.protocol, 0);
	said("", expected);
}

Test(verdict, an_interface_that_is_not_there_is_named)
{
	cr_assert_eq(run(EXPLAIN " --interface no-such-if"), LBCTL_FAILED);
	said("", "lbctl: explain: --interface: there is no \"no-such-if\" in this network "
		 "namespace; run: ip link\n");
}

Test(verdict, a_refusal_of_the_kernel_names_the_attribute_and_is_no_missing_module)
{
	error = ENOENT;
	error_path = "flow.endpoint";
	cr_assert_eq(run(EXPLAIN " --endpoint 9"), LBCTL_FAILED);
	said("", "lbctl: flow.endpoint: said by a test; look at: lbctl endpoints\n");
}

Test(verdict, a_module_that_cannot_explain_says_so)
{
	error = EOPNOTSUPP;
	cr_assert_eq(run(EXPLAIN), LBCTL_FAILED);
	said("", "lbctl: said by a test; see what this module can: lbctl status\n");
}

Test(verdict, flows_come_with_the_busiest_first)
{
	char expected[1024];

	cr_assert_eq(run("flows"), LBCTL_OK);
	(void)snprintf(expected, sizeof(expected),
		       "7         ingress    %-8s  10.0.0.1  40000        10.0.0.2     80  "
		       "              deny     rule    3      5     11                  1042\n"
		       "7         ingress    %-8s  10.0.0.1  40000        10.0.0.2     443 "
		       "              deny     rule    3      5     11                  42\n",
		       protocol(6), protocol(6));
	cr_assert_not_null(strstr(slurp(false), expected), "%s", expected);
}

Test(verdict, set_add_sends_all_prefixes_with_their_timeout)
{
	cr_assert_eq(run("set add 3 10.0.0.0/8 fd00::1 --timeout 30s"), LBCTL_OK);
	cr_assert_eq(n_added, 2);
	cr_assert_eq(n_removed, 0);
	cr_assert_eq(added[0].set, 3);
	cr_assert_eq(added[0].prefix.len, 8);
	cr_assert_eq(added[1].prefix.len, 128);
	cr_assert_eq(added[1].timeout_ms, 30000);
	said("2 elements added to set 3\n", "");
}

Test(verdict, set_add_without_a_timeout_has_none)
{
	cr_assert_eq(run("set add 4294967295 10.0.0.1 --json"), LBCTL_OK);
	cr_assert_eq(added[0].timeout_ms, 0);
	cr_assert_eq(added[0].set, UINT32_MAX);
	cr_assert_str_eq(slurp(true), "{\"version\":1,\"set\":4294967295,\"added\":1}");
}

Test(verdict, set_remove_removes)
{
	cr_assert_eq(run("set remove 3 10.0.0.1"), LBCTL_OK);
	cr_assert_eq(n_added, 0);
	cr_assert_eq(n_removed, 1);
	said("1 element removed from set 3\n", "");
}

Test(verdict, as_many_prefixes_as_fit_are_sent)
{
	char line[OPTIONS_ARGS_MAX * 16] = "set add 3";

	for (int i = 3; i < OPTIONS_ARGS_MAX; i++) {
		size_t len = strlen(line);

		(void)snprintf(line + len, sizeof(line) - len, " 10.0.0.%d", i % 256);
	}
	cr_assert_eq(run(line), LBCTL_OK);
	cr_assert_eq(n_added, OPTIONS_ARGS_MAX - 3);
}

Test(verdict, bad_words_behind_set_are_named_and_nothing_is_sent)
{
	static const struct {
		const char *line;
		const char *why;
	} cases[] = {
		{"set", "add or remove, the id of a set, and prefixes are needed"},
		{"set add 3", "add or remove, the id of a set, and prefixes are needed"},
		{"set put 3 10.0.0.1", "\"put\" is neither \"add\" nor \"remove\""},
		{"set add 0 10.0.0.1",
		 "\"0\" is not the id of a set, a number from 1 to 4294967295"},
		{"set add web 10.0.0.1",
		 "\"web\" is not the id of a set, a number from 1 to 4294967295"},
		{"set add 3 10.0.0.1 10.0.0.256",
		 "\"10.0.0.256\" is no address or prefix, as in 10.1.0.0/16 or fd00::1"},
		{"set add 3 10.0.0.1/8", "\"10.0.0.1/8\" has bits set beyond its length"},
		{"set add 3 10.0.0.0/33",
		 "\"10.0.0.0/33\" has a length beyond that of its addresses"},
		{"set remove 3 10.0.0.1 --timeout 3", "\"remove\" takes no --timeout"},
	};
	char expected[2048] = "";

	for (size_t i = 0; i < lbctl_array_size(cases); i++) {
		size_t len = strlen(expected);

		cr_assert_eq(run(cases[i].line), LBCTL_USAGE, "%s", cases[i].line);
		(void)snprintf(expected + len, sizeof(expected) - len,
			       "lbctl: set: %s; run: lbctl help set\n", cases[i].why);
	}
	cr_assert_eq(n_added + n_removed, 0);
	said("", expected);
}

Test(verdict, a_set_that_is_not_there_is_no_missing_module)
{
	error = ENOENT;
	error_path = "element[0].set";
	cr_assert_eq(run("set add 3 10.0.0.1"), LBCTL_FAILED);
	said("", "lbctl: element[0].set: said by a test; look at: lbctl sets, lbctl elements\n");
}

/* The lines of the monitor without the time that each begins with. */
static const char *without_times(const char *lines)
{
	static char text[4096];
	size_t len = 0;

	for (const char *line = lines; *line; line = strchr(line, '\n') + 1) {
		size_t n = strcspn(line, "\n") + 1;

		cr_assert_gt(n, 13);
		cr_assert_eq(line[2], ':');
		cr_assert_eq(line[8], '.');
		cr_assert_eq(line[12], ' ');
		memcpy(text + len, line + 13, n - 13);
		len += n - 13;
	}
	text[len] = '\0';
	return text;
}

static void events_make(void)
{
	n_events = 4;
	for (size_t i = 0; i < n_events; i++)
		event_returns[i] = 1;
	events[0] = (struct lbmesh_event){.kind = LBMESH_EVENT_VERDICT, .judgement = judgement};
	events[0].judgement.suppressed = 9;
	events[1] = (struct lbmesh_event){
		.kind = LBMESH_EVENT_GENERATION,
		.generation = {.number = 13,
			       .state = LBMESH_STATE_PENDING,
			       .pending_ms = 5000,
			       .has_fallback = true,
			       .fallback = 12},
	};
	event_returns[2] = -ENOBUFS;
	/* A malformed packet, of which nothing is known. */
	events[3] = (struct lbmesh_event){
		.kind = LBMESH_EVENT_VERDICT,
		.judgement = {.flow = {.ifindex = 0x7ffffff0},
			      .verdict = {.action = LBMESH_ACTION_DENY,
					  .reason = LBMESH_REASON_MALFORMED,
					  .generation = 13}},
	};
}

Test(verdict, monitor_has_a_line_for_each_event)
{
	char expected[1024];

	events_make();
	cr_assert_eq(run("monitor --timeout 1"), LBCTL_OK);
	cr_assert(subscribed && subscribed_verdicts);
	(void)snprintf(expected, sizeof(expected),
		       "generation 12 is in force\n"
		       "denied %s 10.0.0.1:40000 -> 10.0.0.2:443, ingress of endpoint 7: rule 5 of "
		       "layer 3, network 1 -> 2, generation 11, 9 suppressed before\n"
		       "generation 13 is pending: 5.0 s left, then 12 returns; lbctl confirm 13 "
		       "keeps it\n"
		       "events were lost\n"
		       "generation 12 is in force\n"
		       "denied ? -> ?, passing interface 2147483632: malformed, generation 13\n",
		       protocol(6));
	cr_assert_str_eq(without_times(slurp(false)), expected);
}

Test(verdict, monitor_in_json_has_an_object_on_each_line)
{
	const char *lines;
	size_t n = 0;

	events_make();
	cr_assert_eq(run("monitor --timeout 1 --json"), LBCTL_OK);
	lines = slurp(false);
	cr_assert_not_null(strstr(lines, "\"event\":\"verdict\",\"verdict\":\"deny\",\"reason\":"
					 "\"rule\",\"direction\":\"ingress\","));
	cr_assert_not_null(strstr(lines, "\"generation\":11,\"suppressed\":9}\n"));
	cr_assert_not_null(strstr(lines,
				  "\"event\":\"generation\",\"state\":\"pending\","
				  "\"generation\":13,\"pending_ms\":5000,\"fallback\":12}\n"));
	cr_assert_not_null(strstr(lines, "\"event\":\"lost\"}\n"));
	cr_assert_not_null(strstr(lines, "\"source\":null,\"source_port\":null,"));
	for (const char *line = lines; *line; line = strchr(line, '\n') + 1, n++)
		cr_assert_eq(strncmp(line, "{\"version\":1,\"time_ms\":", 23), 0, "%s", line);
	cr_assert_eq(n, 6);
}

Test(verdict, monitor_ends_when_it_cannot_hear)
{
	n_events = 1;
	event_returns[0] = -EPIPE;
	cr_assert_eq(run("monitor"), LBCTL_FAILED);
	said("", "lbctl: said by a test\n");
}

Test(verdict, monitor_of_a_module_without_verdicts_says_so)
{
	capabilities = LBMESH_CAPABILITY_MESH;
	cr_assert_eq(run("monitor --timeout 1"), LBCTL_OK);
	said("", "lbctl: monitor: this module tells of generations only, not of packets\n");
}

Test(verdict, monitor_needs_to_be_allowed_to)
{
	error = EPERM;
	cr_assert_eq(run("monitor"), LBCTL_FAILED);
	said("", "lbctl: said by a test; run as root, or with CAP_NET_ADMIN over this network "
		 "namespace\n");
}
