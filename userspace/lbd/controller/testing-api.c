// SPDX-License-Identifier: GPL-2.0-only
/* The controller's process, and requests to it. */
#include "controller/testing-api.h"

#include "controller/api.h"

#include <curl/curl.h>
#include <errno.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Present under the sanitizer alone: exit() would run what is the test's. */
__attribute__((weak)) int __lsan_do_recoverable_leak_check(void);

static const uint8_t key_seed[crypto_sign_SEEDBYTES] = {7};

static void keys_make(struct controller *controller)
{
	cr_assert_geq(sodium_init(), 0);
	crypto_sign_seed_keypair(controller->signing_public, controller->signing_secret, key_seed);
}

/* --- the process -------------------------------------------------------------------------------- */

static void die(const char *what, const struct fault *fault)
{
	fprintf(stderr, "the controller's process: %s: %s\n", what, fault->text);
	_exit(3);
}

static void on_failed(const struct http_request *request, int error, const struct fault *fault)
{
	fprintf(stderr, "request %s failed: %d: %s\n", request ? request->id : "-", error,
		fault->text);
}

static void on_stopped(void *argument)
{
	struct controller *controller = argument;

	http_free(controller->http);
	controller_close(controller);
}

static void on_term(uv_signal_t *handle, int number)
{
	struct controller *controller = handle->data;

	(void)number;
	uv_close((uv_handle_t *)handle, NULL);
	http_stop(controller->http, 2000, on_stopped, controller);
}

static void controller_run(struct api *api, int ready)
{
	struct controller controller = {.options = &api->options};
	struct http_options options = api->server.options;
	struct fault fault = {0};
	unsigned int port;
	uv_signal_t term;
	uv_loop_t loop;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	keys_make(&controller);
	uv_loop_init(&loop);
	if (controller_open(&controller, &loop, &fault))
		die("open", &fault);
	options.handle = api_handle;
	options.application = &controller;
	if (http_start(&loop, &options, &controller.http, &fault))
		die("start", &fault);
	uv_signal_init(&loop, &term);
	term.data = &controller;
	uv_signal_start(&term, on_term, SIGTERM);
	port = http_port(controller.http);
	if (write(ready, &port, sizeof(port)) != sizeof(port))
		_exit(4);
	uv_run(&loop, UV_RUN_DEFAULT);
	if (uv_loop_close(&loop))
		_exit(5);
	_exit(__lsan_do_recoverable_leak_check && __lsan_do_recoverable_leak_check() ? 6 : 0);
}

void api_begin(struct api *api, struct database *database, const struct controller_options *options)
{
	*api = (struct api){.database = database};
	if (options)
		api->options = *options;
	store_close(database->store);
	database->store = NULL;
	api->options.store = database->url;
	api->options.failed = on_failed;
	server_prepare(&api->server, NULL);
	curl_global_init(CURL_GLOBAL_ALL);
	api_start(api);
}

void api_start(struct api *api)
{
	int pipes[2];

	cr_assert_eq(pipe(pipes), 0);
	fflush(NULL);
	api->pid = fork();
	if (!api->pid) {
		close(pipes[0]);
		controller_run(api, pipes[1]);
	}
	close(pipes[1]);
	cr_assert_eq(read(pipes[0], &api->port, sizeof(api->port)), (ssize_t)sizeof(api->port),
		     "the controller has not started");
	close(pipes[0]);
}

void api_stop(struct api *api)
{
	int status;

	kill(api->pid, SIGTERM);
	cr_assert_eq(waitpid(api->pid, &status, 0), api->pid);
	cr_assert(WIFEXITED(status) && !WEXITSTATUS(status), "the controller ended with %x",
		  status);
	api->pid = 0;
}

void api_kill(struct api *api)
{
	int status;

	kill(api->pid, SIGKILL);
	cr_assert_eq(waitpid(api->pid, &status, 0), api->pid);
	cr_assert(WIFSIGNALED(status), "the controller ended by itself: %x", status);
	api->pid = 0;
}

void api_end(struct api *api)
{
	if (api->pid)
		api_stop(api);
	server_remove(&api->server);
}

/* --- requests ----------------------------------------------------------------------------------- */

struct text {
	char *bytes;
	size_t size;
};

static size_t on_body(char *bytes, size_t size, size_t n, void *argument)
{
	struct text *text = argument;

	text->bytes = realloc(text->bytes, text->size + size * n + 1);
	cr_assert(text->bytes);
	memcpy(text->bytes + text->size, bytes, size * n);
	text->size += size * n;
	text->bytes[text->size] = '\0';
	return size * n;
}

static void header_take(const char *line, size_t length, const char *name, char *value, size_t size)
{
	size_t at = strlen(name);

	if (length < at || strncasecmp(line, name, at) != 0)
		return;
	while (at < length && line[at] == ' ')
		at++;
	while (length > at && (line[length - 1] == '\r' || line[length - 1] == '\n'))
		length--;
	snprintf(value, size, "%.*s", (int)(length - at), line + at);
}

static size_t on_header(char *line, size_t size, size_t n, void *argument)
{
	struct api_answer *answer = argument;

	header_take(line, size * n, "ETag:", answer->etag, sizeof(answer->etag));
	header_take(line, size * n, "Location:", answer->location, sizeof(answer->location));
	header_take(line, size * n, "Content-Type:", answer->type, sizeof(answer->type));
	return size * n;
}

static struct curl_slist *header_add(struct curl_slist *list, const char *name, const char *value)
{
	char line[512];

	if (!value)
		return list;
	snprintf(line, sizeof(line), "%s: %s", name, value);
	return curl_slist_append(list, line);
}

static struct curl_slist *headers_make(const struct api_request *request)
{
	struct curl_slist *list = NULL;
	char bearer[256];

	if (request->token)
		snprintf(bearer, sizeof(bearer), "Bearer %s", request->token);
	list = header_add(list, "Authorization", request->token ? bearer : NULL);
	list = header_add(list, "If-Match", request->if_match);
	list = header_add(list, "Idempotency-Key", request->key);
	return header_add(list, "Content-Type", request->body ? "application/json" : NULL);
}

static void address_set(const struct api *api, CURL *curl, const struct api_request *request)
{
	char url[1024];

	if (request->tls) {
		snprintf(url, sizeof(url), "https://127.0.0.1:%u%s", api->port, request->path);
		curl_easy_setopt(curl, CURLOPT_CAINFO, api->server.certificate);
	} else {
		snprintf(url, sizeof(url), "http://localhost%s", request->path);
		curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, api->server.socket);
	}
	curl_easy_setopt(curl, CURLOPT_URL, url);
}

/* -1 as status when no answer came. */
struct api_answer api_ask(const struct api *api, void *curl, const struct api_request *request)
{
	CURL *handle = curl ? curl : curl_easy_init();
	struct curl_slist *headers = headers_make(request);
	struct api_answer answer = {.status = -1};
	struct text text = {0};

	curl_easy_reset(handle);
	address_set(api, handle, request);
	curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request->method);
	curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(handle, CURLOPT_TIMEOUT, 90L);
	if (request->body)
		curl_easy_setopt(handle, CURLOPT_POSTFIELDS, request->body);
	curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(handle, CURLOPT_WRITEDATA, &text);
	curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(handle, CURLOPT_HEADERDATA, &answer);
	if (curl_easy_perform(handle) == CURLE_OK)
		curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &answer.status);
	curl_slist_free_all(headers);
	if (!curl)
		curl_easy_cleanup(handle);
	answer.text = text.bytes;
	if (text.bytes && strstr(answer.type, "json"))
		answer.body = json_tokener_parse(text.bytes);
	return answer;
}

void api_answer_release(struct api_answer *answer)
{
	json_object_put(answer->body);
	free(answer->text);
	*answer = (struct api_answer){0};
}

const char *api_field(const struct api_answer *answer, const char *name)
{
	json_object *value;

	if (!json_object_object_get_ex(answer->body, name, &value) || !value)
		return NULL;
	return json_object_get_string(value);
}

const char *api_code(const struct api_answer *answer)
{
	const char *code = api_field(answer, "code");

	return code ? code : "";
}

void api_refused(const struct api *api, long status, const char *code,
		 const struct api_request *request, int line)
{
	struct api_answer answer = api_ask(api, NULL, request);

	cr_expect(answer.status == status && !strcmp(api_code(&answer), code),
		  "line %d: %s %s %s: %ld %s, not %ld %s", line, request->method, request->path,
		  request->body ? request->body : "", answer.status, answer.text ? answer.text : "",
		  status, code);
	api_answer_release(&answer);
}

char *api_path(char path[256], const char *org, const char *format, ...)
{
	int used = snprintf(path, 256, "/v1/orgs/%s", org);
	va_list args;

	va_start(args, format);
	vsnprintf(path + used, 256 - (size_t)used, format, args);
	va_end(args);
	return path;
}
