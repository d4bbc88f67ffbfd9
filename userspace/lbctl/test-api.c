// SPDX-License-Identifier: GPL-2.0-only
/*
 * test-api.c - lbctl as a client of the controller: what it asks, and what it makes of the answers.
 * The controller is a thread on a unix socket that has its answers beforehand; selftests/api.py and
 * the README's commands have a real one.
 */
#include <pthread.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "lbctl.h"

#define ORG	"org_01ARZ3NDEKTSV4RRFFQ69G5FAV"
#define NET	"net_01ARZ3NDEKTSV4RRFFQ69G5FAV"
#define OP	"op_01ARZ3NDEKTSV4RRFFQ69G5FAV"
#define SECRET	"lbt_01ARZ3NDEKTSV4RRFFQ69G5FAV.c2VjcmV0"
#define MAX	8
#define LIST(x) "{\"items\": [" x "], \"next\": null}"

extern char **environ;

static char directory[64], url[96], out[16384], errors[4096];
static char asked[MAX][4096]; /* whole requests */
static const char *answers[MAX];
static atomic_size_t n_asked;
static int server = -1;
static pthread_t thread;

static void answer(int fd, const char *what)
{
	char text[8192];
	const char *body = strchr(what, ' ') ? strchr(what, ' ') + 1 : "";
	int n = snprintf(text, sizeof(text),
			 "HTTP/1.1 %.3s X\r\nETag: \"7\"\r\nContent-Length: %zu\r\n"
			 "Content-Type: application/json\r\nConnection: close\r\n\r\n%s",
			 what, strlen(body), body);

	cr_assert_eq(write(fd, text, (size_t)n), n);
}

/* Until the body is there, whose length the client says. */
static void request_take(int fd, char *text, size_t size)
{
	size_t used = 0;

	for (;;) {
		ssize_t n = read(fd, text + used, size - 1 - used);
		const char *end, *length;

		if (n <= 0)
			return;
		used += (size_t)n;
		text[used] = '\0';
		end = strstr(text, "\r\n\r\n");
		length = strstr(text, "Content-Length: ");
		if (end && (!length || strlen(end + 4) >= strtoul(length + 16, NULL, 10)))
			return;
	}
}

static void *serve(void *argument)
{
	(void)argument;
	for (;;) {
		int fd = accept(server, NULL, NULL);

		if (fd < 0)
			return NULL;
		request_take(fd, asked[n_asked], sizeof(asked[0]));
		/* Counted before the client can know of it. */
		n_asked++;
		if (answers[n_asked - 1] && *answers[n_asked - 1])
			answer(fd, answers[n_asked - 1]);
		(void)close(fd);
	}
}

static void controller_start(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	(void)snprintf(directory, sizeof(directory), "/tmp/lbctl-api-XXXXXX");
	cr_assert(mkdtemp(directory));
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/sock", directory);
	(void)snprintf(url, sizeof(url), "unix:%s/sock", directory);
	server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	cr_assert_eq(bind(server, (struct sockaddr *)&address, sizeof(address)), 0);
	cr_assert_eq(listen(server, 8), 0);
	cr_assert_eq(setenv("LB_API_URL", url, 1), 0);
	(void)unsetenv("LB_API_TOKEN");
	(void)unsetenv("LB_ORG");
	cr_assert_eq(pthread_create(&thread, NULL, serve, NULL), 0);
}

static void controller_stop(void)
{
	char path[96];

	(void)shutdown(server, SHUT_RDWR);
	(void)pthread_join(thread, NULL);
	(void)close(server);
	for (size_t i = 0; i < 2; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", directory, i ? "token" : "sock");
		(void)unlink(path);
	}
	cr_assert_eq(rmdir(directory), 0);
}

TestSuite(api, .init = controller_start, .fini = controller_stop, .timeout = 60);

static void slurp(FILE *from, char *to, size_t size)
{
	size_t len;

	rewind(from);
	len = fread(to, 1, size - 1, from);
	to[len] = '\0';
	(void)fclose(from);
}

static int run(const char *line)
{
	posix_spawn_file_actions_t actions;
	FILE *to = tmpfile(), *err = tmpfile();
	char copy[512], *words[32] = {LBCTL_PROGRAM};
	int n = 1, status;
	pid_t pid;

	(void)snprintf(copy, sizeof(copy), "%s", line);
	for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
		words[n++] = word;
	cr_assert_eq(posix_spawn_file_actions_init(&actions), 0);
	cr_assert_eq(posix_spawn_file_actions_adddup2(&actions, fileno(to), 1), 0);
	cr_assert_eq(posix_spawn_file_actions_adddup2(&actions, fileno(err), 2), 0);
	cr_assert_eq(posix_spawn(&pid, LBCTL_PROGRAM, &actions, NULL, words, environ), 0);
	(void)posix_spawn_file_actions_destroy(&actions);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	slurp(to, out, sizeof(out));
	slurp(err, errors, sizeof(errors));
	cr_assert(WIFEXITED(status), "%s", errors);
	return WEXITSTATUS(status);
}

static void expect_asked(size_t index, const char *first)
{
	cr_assert_lt(index, n_asked, "only %zu requests; %s", (size_t)n_asked, errors);
	cr_assert_eq(strncmp(asked[index], first, strlen(first)), 0, "%s", asked[index]);
}

Test(api, names_become_ids_and_pages_one_table)
{
	answers[0] = "200 " LIST("{\"id\": \"" ORG "\", \"name\": \"acme\"}");
	answers[1] = "200 {\"items\": [{\"id\": \"" NET "\", \"name\": \"dev\", \"state\": "
		     "\"active\", \"cidr\": \"10.0.0.0/24\", \"managed\": false}], \"next\": "
		     "\"a+b\"}";
	answers[2] = "200 " LIST("{\"id\": \"" NET "\", \"name\": \"prod\"}");
	cr_assert_eq(run("network list --org acme"), LBCTL_OK, "%s", errors);
	expect_asked(0, "GET /v1/orgs?limit=1000&name=acme HTTP");
	expect_asked(1, "GET /v1/orgs/" ORG "/networks?limit=1000 HTTP");
	expect_asked(2, "GET /v1/orgs/" ORG "/networks?limit=1000&cursor=a%2Bb HTTP");
	cr_assert(strstr(out, "dev   " NET "  active  10.0.0.0/24  -        -     no"), "%s", out);
	cr_assert(strstr(out, "\nprod  " NET "  -"), "%s", out);
}

Test(api, json_is_what_the_controller_said)
{
	answers[0] =
		"200 {\"id\": \"" NET "\", \"name\": \"d\\u0007\", \"list\": [1, {\"a\": null}]}";
	cr_assert_eq(run("network show " NET " --org " ORG " --json"), LBCTL_OK, "%s", errors);
	cr_assert(strstr(out, "\"version\":1,"), "%s", out);
	cr_assert(strstr(out, "\"name\":\"d\\u0007\""), "%s", out);
	answers[1] = answers[0];
	cr_assert_eq(run("network show " NET " --org " ORG), LBCTL_OK, "%s", errors);
	cr_assert(strstr(out, "name: d\\x07\nlist: 1,{\"a\":null}\n"), "%s", out);
}

Test(api, words_become_the_json_of_their_fields)
{
	answers[0] = "201 {\"id\": \"" NET "\"}";
	cr_assert_eq(run("network create dev mtu=1400 description=true cidr= --org " ORG), LBCTL_OK,
		     "%s", errors);
	expect_asked(0, "POST /v1/orgs/" ORG "/networks HTTP");
	cr_assert(strstr(asked[0], "{ \"mtu\": 1400, \"description\": \"true\", \"cidr\": \"\", "
				   "\"name\": \"dev\" }"),
		  "%s", asked[0]);
	cr_assert(strstr(asked[0], "\r\nIdempotency-Key: "));
	cr_assert(strstr(asked[0], "\r\nContent-Type: application/json\r\n"));
	answers[1] = "201 {}";
	cr_assert_eq(run("alias create " NET " api sandbox=sbx_01ARZ3NDEKTSV4RRFFQ69G5FAV --port "
			 "80,443 --org " ORG),
		     LBCTL_OK, "%s", errors);
	cr_assert(strstr(asked[1], "{ \"ports\": [ 80, 443 ], \"sandbox\": "
				   "\"sbx_01ARZ3NDEKTSV4RRFFQ69G5FAV\", \"name\": \"api\" }"),
		  "%s", asked[1]);
}

Test(api, a_change_goes_with_the_version_that_was_read)
{
	answers[0] = answers[2] = "200 {\"id\": \"" NET "\"}";
	answers[1] = "412 {\"title\": \"The object has changed\", \"remedy\": \"read it again\"}";
	answers[3] = "202 {\"id\": \"" OP "\"}";
	cr_assert_eq(run("network set " NET " mtu=1400 --org " ORG), LBCTL_CONFLICT);
	cr_assert_str_eq(errors, "lbctl: The object has changed; read it again\n");
	expect_asked(1, "PATCH /v1/orgs/" ORG "/networks/" NET " HTTP");
	cr_assert(strstr(asked[1], "\r\nIf-Match: \"7\"\r\n"), "%s", asked[1]);
	cr_assert_eq(run("network delete " NET " --org " ORG), LBCTL_OK, "%s", errors);
	expect_asked(3, "DELETE /v1/orgs/" ORG "/networks/" NET " HTTP");
	cr_assert(strstr(asked[3], "\r\nIf-Match: \"7\"\r\n"));
	cr_assert_str_eq(out, "id: " OP "\n");
}

Test(api, refusals_have_their_place_their_reason_and_an_exit_code)
{
	static const struct {
		const char *answer;
		enum lbctl_exit expected;
		const char *said;
	} cases[] = {
		{"400 {\"path\": \"mtu\", \"detail\": \"is bad\", \"remedy\": \"correct it\"}",
		 LBCTL_FAILED, "lbctl: mtu: is bad; correct it\n"},
		{"403 {\"detail\": \"no\\u001b[31m\"}", LBCTL_FAILED, "lbctl: no\\x1b[31m\n"},
		{"409 {\"detail\": \"taken\"}", LBCTL_CONFLICT, "lbctl: taken\n"},
		{"429 {\"detail\": \"slow\"}", LBCTL_NOT_READY, "lbctl: slow\n"},
		{"503 {\"title\": \"No store\", \"id\": \"01X\"}", LBCTL_NOT_READY,
		 "lbctl: No store (request 01X)\n"},
		{"500", LBCTL_FAILED, "lbctl: refused, with status 500\n"},
		{"200 [1]", LBCTL_FAILED, "lbctl: the controller's answer: is not a JSON object\n"},
		{"200 {", LBCTL_FAILED, "lbctl: the controller's answer: is not a JSON object\n"},
	};

	for (size_t i = 0; i < lbctl_array_size(cases); i++) {
		answers[i] = cases[i].answer;
		cr_expect_eq(run("org show " ORG), cases[i].expected, "%s", cases[i].answer);
		cr_expect_str_eq(errors, cases[i].said);
		cr_expect_str_eq(out, "");
	}
}

Test(api, the_token_comes_from_a_file_or_the_environment_and_is_sent_alone)
{
	char path[96], line[256];
	FILE *to;

	(void)snprintf(path, sizeof(path), "%s/token", directory);
	to = fopen(path, "w");
	cr_assert(to && fputs(SECRET "\n", to) >= 0 && !fclose(to));
	answers[0] = answers[1] = "200 {}";
	(void)snprintf(line, sizeof(line), "org show " ORG " --token-file %s", path);
	cr_assert_eq(setenv("LB_API_TOKEN", "lbt_other", 1), 0);
	cr_assert_eq(run(line), LBCTL_OK, "%s", errors);
	cr_assert(strstr(asked[0], "\r\nAuthorization: Bearer " SECRET "\r\n"), "%s", asked[0]);
	cr_assert_eq(run("org show " ORG), LBCTL_OK, "%s", errors);
	cr_assert(strstr(asked[1], "\r\nAuthorization: Bearer lbt_other\r\n"), "%s", asked[1]);
	cr_assert_eq(setenv("LB_API_TOKEN", "two words", 1), 0);
	cr_assert_eq(run("org show " ORG), LBCTL_FAILED);
	cr_assert_str_eq(errors, "lbctl: LB_API_TOKEN: is not a token\n");
	to = fopen(path, "w");
	cr_assert(to && fputs(SECRET "\nX: y\n", to) >= 0 && !fclose(to));
	cr_assert_eq(run(line), LBCTL_FAILED);
	cr_assert(strstr(errors, "does not hold a token"), "%s", errors);
	cr_assert_null(strstr(errors, "c2VjcmV0"));
	cr_assert_eq(n_asked, 2);
}

Test(api, the_secret_of_a_new_token_is_all_of_the_output)
{
	answers[0] = "201 {\"id\": \"tok_01ARZ3NDEKTSV4RRFFQ69G5FAV\", \"secret\": \"" SECRET "\"}";
	cr_assert_eq(
		run("token create --kind join --workspace ws_01ARZ3NDEKTSV4RRFFQ69G5FAV --org " ORG),
		LBCTL_OK, "%s", errors);
	expect_asked(0, "POST /v1/orgs/" ORG "/tokens HTTP");
	cr_assert(strstr(asked[0], "{ \"kind\": \"join\", \"workspace\": "
				   "\"ws_01ARZ3NDEKTSV4RRFFQ69G5FAV\" }"),
		  "%s", asked[0]);
	cr_assert_str_eq(out, SECRET "\n");
	cr_assert_null(strstr(errors, "c2VjcmV0"));
}

Test(api, waiting_for_an_operation_ends_with_it)
{
	answers[0] = "200 {\"id\": \"" OP "\", \"state\": \"pending\", \"version\": 1}";
	answers[1] = "200 {\"id\": \"" OP "\", \"state\": \"done\", \"version\": 2}";
	answers[2] = answers[0];
	answers[3] = "200 {\"id\": \"" OP "\", \"state\": \"failed\", \"version\": 2}";
	cr_assert_eq(run("operation wait " OP " --org " ORG), LBCTL_OK, "%s", errors);
	expect_asked(1, "GET /v1/orgs/" ORG "/operations/" OP "?watch=1 HTTP");
	cr_assert_eq(run("operation wait " OP " --org " ORG), LBCTL_FAILED, "%s", errors);
	cr_assert(strstr(out, "state: failed\n"), "%s", out);
}

Test(api, the_organisation_is_that_of_the_token_unless_it_is_given)
{
	answers[0] = "200 {\"org\": \"" ORG "\"}";
	answers[1] = "200 " LIST("");
	answers[2] = "200 {\"org\": null}";
	answers[3] = "200 " LIST("");
	cr_assert_eq(run("host list"), LBCTL_OK, "%s", errors);
	expect_asked(0, "GET /v1/whoami HTTP");
	expect_asked(1, "GET /v1/orgs/" ORG "/hosts?limit=1000 HTTP");
	cr_assert_eq(run("host list"), LBCTL_USAGE);
	cr_assert_str_eq(errors,
			 "lbctl: host: --org ORG or LB_ORG is required; run: lbctl help host\n");
	cr_assert_eq(run("network list --system"), LBCTL_OK, "%s", errors);
	expect_asked(3, "GET /v1/system/networks?limit=1000 HTTP");
}

Test(api, attaching_makes_a_member_and_an_alias)
{
	answers[0] = "200 " LIST("");
	answers[1] = "201 {\"id\": \"mem_1\"}";
	answers[2] = "201 {\"name\": \"api\"}";
	cr_assert_eq(run("network attach " NET " sbx_01ARZ3NDEKTSV4RRFFQ69G5FAV --alias api --port "
			 "8080 --org " ORG),
		     LBCTL_OK, "%s", errors);
	expect_asked(1, "POST /v1/orgs/" ORG "/networks/" NET "/members HTTP");
	expect_asked(2, "POST /v1/orgs/" ORG "/networks/" NET "/aliases HTTP");
	cr_assert(strstr(asked[2], "\"ports\": [ 8080 ]"));
	cr_assert_str_eq(out, "name: api\n");
	answers[3] = "200 " LIST("");
	cr_assert_eq(run("network alias list " NET " --org " ORG), LBCTL_OK, "%s", errors);
	expect_asked(3, "GET /v1/orgs/" ORG "/networks/" NET "/aliases?limit=1000 HTTP");
}

Test(api, a_post_that_is_not_answered_is_repeated_once_with_the_same_key)
{
	const char *key, *again;

	answers[0] = "";
	answers[1] = "201 {}";
	cr_assert_eq(run("org create acme"), LBCTL_OK, "%s", errors);
	key = strstr(asked[0], "Idempotency-Key: ");
	again = strstr(asked[1], "Idempotency-Key: ");
	cr_assert(key && again && !strncmp(key, again, 49));
}

Test(api, what_is_wrong_is_said_before_anything_is_asked)
{
	static const struct {
		const char *line, *why;
	} cases[] = {
		{"org", "lbctl: org: what to do is missing: list, show, create, set, delete; run: "
			"lbctl help org\n"},
		{"bridge set x",
		 "lbctl: bridge: \"set\" is none of list, show, create, delete; run: "
		 "lbctl help bridge\n"},
		{"org show",
		 "lbctl: org: name or id is missing: the \"org\"; run: lbctl help org\n"},
		{"org list x", "lbctl: org: unexpected argument \"x\"; run: lbctl help org\n"},
		{"org create acme nothing=1",
		 "lbctl: org: no such field: \"nothing\"; run: lbctl help org\n"},
		{"org create acme hosts_max=many",
		 "lbctl: org: not a number: \"many\"; run: lbctl help org\n"},
		{"org create acme word",
		 "lbctl: org: not FIELD=VALUE: \"word\"; run: lbctl help org\n"},
		{"org create acme description=a description=b",
		 "lbctl: org: given twice: \"description\"; run: lbctl help org\n"},
		{"org set " ORG,
		 "lbctl: org: FIELD=VALUE or --file is missing; run: lbctl help org\n"},
		{"org show ../x",
		 "lbctl: org: neither a name nor an id: \"../x\"; run: lbctl help org\n"},
		{"network attach a b --alias x",
		 "lbctl: network: --alias and --port go together; run: lbctl help network\n"},
		{"admin backup", "lbctl: admin: one file is needed for \"backup\"; run: lbctl help "
				 "admin\n"},
		{"admin restore x",
		 "lbctl: admin: restore needs --store URL; run: lbctl help admin\n"},
		{"audit 7", "lbctl: audit: unexpected argument \"7\"; run: lbctl help audit\n"},
		{"org list --api http://localhost",
		 "lbctl: --api: must be https://HOST[:PORT] or unix:/PATH\n"},
		{"org list --api https://u:p@h", "lbctl: --api: must be https://HOST[:PORT] or "
						 "unix:/PATH\n"},
		{"org list --api=", "lbctl: --api needs a value; run: lbctl help\n"},
	};

	for (size_t i = 0; i < lbctl_array_size(cases); i++) {
		cr_expect_eq(run(cases[i].line), LBCTL_USAGE, "%s", cases[i].line);
		cr_expect_str_eq(errors, cases[i].why);
		cr_expect_str_eq(out, "");
	}
	cr_assert_eq(n_asked, 0);
}

Test(api, a_controller_that_is_not_there_is_unreachable)
{
	cr_assert_eq(run("org list --api unix:/nowhere/sock"), LBCTL_UNREACHABLE);
	cr_assert_str_eq(errors,
			 "lbctl: /nowhere/sock: No such file or directory; is the controller "
			 "running? Its address is --api or LB_API_URL\n");
}
