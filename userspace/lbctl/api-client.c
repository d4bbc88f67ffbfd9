// SPDX-License-Identifier: GPL-2.0-only
/*
 * api-client.c - one request to the controller, by libcurl: on its unix socket, or on TLS with the
 * certificates of a file or of the system. Where it is and who asks come from flags, else from the
 * environment. The token is in no argument, is never shown, and is wiped. Called by cmd-*.c.
 */
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api.h"

#define SOCKET_DEFAULT	"unix:/run/lb/lbd.sock"
#define ANSWER_MAX	(64U << 20)
#define TOKEN_MAX	512
#define CONNECT_SECONDS 10L
#define ANSWER_SECONDS	90L /* a watch waits for 60 */
#define DEPTH_MAX	32

struct received {
	char *bytes;
	size_t size;
	struct answer *answer;
};

static enum lbctl_exit refuse(const char *what, const char *why)
{
	(void)fprintf(stderr, "lbctl: %s: %s\n", what, why);
	return LBCTL_FAILED;
}

/* One word of printable characters; what ends the line goes. */
static bool token_trim(char *token)
{
	size_t size = strcspn(token, "\r\n");

	if (strspn(token + size, "\r\n") != strlen(token + size))
		return false;
	token[size] = '\0';
	for (size_t i = 0; i < size; i++) {
		if (token[i] <= ' ' || token[i] > '~')
			return false;
	}
	return size > 0;
}

/* "-" is the standard input. */
static enum lbctl_exit token_read(const char *path, char **token)
{
	int fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
	char *text = calloc(1, TOKEN_MAX + 1);
	size_t used = 0;
	ssize_t n = -1;

	if (!text || fd < 0) {
		free(text);
		return text ? refuse(path, strerror(errno)) : report_memory();
	}
	while (used < TOKEN_MAX && (n = read(fd, text + used, TOKEN_MAX - used)) > 0)
		used += (size_t)n;
	if (fd != STDIN_FILENO)
		(void)close(fd);
	if (!n && token_trim(text)) {
		*token = text;
		return LBCTL_OK;
	}
	sodium_memzero(text, TOKEN_MAX + 1);
	free(text);
	return refuse(path, "does not hold a token, which is one line");
}

static enum lbctl_exit token_find(const struct options *options, char **token)
{
	const char *path = options->token_file ? options->token_file : getenv("LB_API_TOKEN_FILE");
	const char *text = getenv("LB_API_TOKEN");

	if (path)
		return token_read(path, token);
	if (!text)
		return LBCTL_OK;
	*token = strdup(text);
	if (!*token)
		return report_memory();
	return token_trim(*token) ? LBCTL_OK : refuse("LB_API_TOKEN", "is not a token");
}

static enum lbctl_exit url_take(const char *url, struct api *api)
{
	size_t size = strlen(url);

	if (!strncmp(url, "unix:/", 6)) {
		api->socket = strdup(url + 5);
		api->url = strdup("http://localhost");
		return api->socket && api->url ? LBCTL_OK : report_memory();
	}
	while (size && url[size - 1] == '/')
		size--;
	api->url = strndup(url, size);
	if (!api->url)
		return report_memory();
	if (!strncmp(url, "https://", 8) && size > 8 && !strpbrk(url + 8, "@?# "))
		return LBCTL_OK;
	(void)fprintf(stderr, "lbctl: --api: must be https://HOST[:PORT] or unix:/PATH\n");
	return LBCTL_USAGE;
}

/**
 * api_open() - Find the controller and the token; nothing is asked yet.
 * @options: of the command line
 * @api: set, for api_close(), whatever is returned
 *
 * Return: LBCTL_OK or the exit code, which has been explained.
 */
enum lbctl_exit api_open(const struct options *options, struct api *api)
{
	const char *url = options->api ? options->api : getenv("LB_API_URL");
	enum lbctl_exit ret;

	*api = (struct api){.options = options, .system = options->system};
	ret = url_take(url ? url : SOCKET_DEFAULT, api);
	if (ret == LBCTL_OK)
		ret = token_find(options, &api->token);
	if (ret != LBCTL_OK)
		return ret;
	if (curl_global_init(CURL_GLOBAL_DEFAULT))
		return refuse("libcurl", "cannot start");
	api->curl = curl_easy_init();
	return api->curl ? LBCTL_OK : report_memory();
}

void api_close(struct api *api)
{
	if (api->curl) {
		curl_easy_cleanup(api->curl);
		curl_global_cleanup();
	}
	if (api->token)
		sodium_memzero(api->token, strlen(api->token));
	free(api->token);
	free(api->url);
	free(api->socket);
	*api = (struct api){0};
}

/* For a query; free() it. NULL without memory. */
char *api_escape(const char *text)
{
	char *escaped = curl_easy_escape(NULL, text, 0);
	char *copy = escaped ? strdup(escaped) : NULL;

	curl_free(escaped);
	return copy;
}

void answer_release(struct answer *answer)
{
	json_object_put(answer->body);
	*answer = (struct answer){0};
}

static size_t on_body(char *bytes, size_t one, size_t n, void *argument)
{
	struct received *received = argument;
	size_t size = one * n;
	char *grown;

	if (size > ANSWER_MAX - received->size)
		return 0;
	grown = realloc(received->bytes, received->size + size + 1);
	if (!grown)
		return 0;
	memcpy(grown + received->size, bytes, size);
	received->bytes = grown;
	received->size += size;
	return size;
}

static size_t on_header(char *bytes, size_t one, size_t n, void *argument)
{
	struct received *received = argument;
	char *etag = received->answer->etag;
	size_t size = one * n, used = 5;

	if (size <= used || strncasecmp(bytes, "ETag:", used) != 0)
		return size;
	while (used < size && bytes[used] == ' ')
		used++;
	for (size_t to = 0; used < size && bytes[used] > ' ' && to < 63; used++) {
		etag[to++] = bytes[used];
		etag[to] = '\0';
	}
	return size;
}

static bool header_add(struct curl_slist **headers, const char *name, const char *value)
{
	struct curl_slist *grown;
	char *line = NULL;

	if (asprintf(&line, "%s: %s", name, value) < 0)
		return false;
	grown = curl_slist_append(*headers, line);
	sodium_memzero(line, strlen(line));
	free(line);
	if (grown)
		*headers = grown;
	return grown;
}

/* An unanswered POST is repeated, and its key keeps it from being done twice. */
static bool key_add(struct curl_slist **headers)
{
	unsigned char bytes[16];
	char key[33];

	randombytes_buf(bytes, sizeof(bytes));
	sodium_bin2hex(key, sizeof(key), bytes, sizeof(bytes));
	return header_add(headers, "Idempotency-Key", key);
}

static bool headers_make(const struct api *api, const char *method, const char *text,
			 const char *etag, struct curl_slist **headers)
{
	char bearer[TOKEN_MAX + 16];
	bool good = true;

	if (api->token) {
		(void)snprintf(bearer, sizeof(bearer), "Bearer %s", api->token);
		good = header_add(headers, "Authorization", bearer);
		sodium_memzero(bearer, sizeof(bearer));
	}
	if (good && text)
		good = header_add(headers, "Content-Type", "application/json");
	if (good && etag)
		good = header_add(headers, "If-Match", etag);
	if (good && !strcmp(method, "POST"))
		good = key_add(headers);
	return good;
}

static void headers_free(struct curl_slist *headers)
{
	for (struct curl_slist *one = headers; one; one = one->next)
		sodium_memzero(one->data, strlen(one->data));
	curl_slist_free_all(headers);
}

static void request_set(const struct api *api, const char *method, const char *url,
			const char *text, struct curl_slist *headers, struct received *received,
			char *why)
{
	const char *ca = api->options->ca ? api->options->ca : getenv("LB_API_CA_FILE");
	CURL *curl = api->curl;

	curl_easy_reset(curl);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT,
			 api->patience_s > 0 && api->patience_s < ANSWER_SECONDS ? api->patience_s
										 : ANSWER_SECONDS);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, received);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, received);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, why);
	curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (api->socket) {
		curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, api->socket);
		curl_easy_setopt(curl, CURLOPT_PROXY, "");
	}
	/* Those of the file alone, not of the system too: that is what pinning means. */
	if (ca) {
		curl_easy_setopt(curl, CURLOPT_CAINFO, ca);
		curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
	}
	if (text) {
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(text));
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, text);
	}
}

static enum lbctl_exit unreachable(const struct api *api, CURLcode code, const char *why)
{
	long number = 0;
	bool trust = code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE;

	/* libcurl speaks of a port, which a socket has not. */
	curl_easy_getinfo(api->curl, CURLINFO_OS_ERRNO, &number);
	if (api->socket && code == CURLE_COULDNT_CONNECT)
		why = strerror((int)number);
	if (code == CURLE_OPERATION_TIMEDOUT && api->patience_s) {
		(void)fputs("lbctl: not yet; it goes on\n", stderr);
		return LBCTL_NOT_READY;
	}
	(void)fprintf(stderr, "lbctl: %s: %s; %s\n", api->socket ? api->socket : api->url,
		      *why ? why : curl_easy_strerror(code),
		      trust ? "give the certificate of its authority with --ca"
			    : "is the controller running? Its address is --api or LB_API_URL");
	return trust ? LBCTL_FAILED : LBCTL_UNREACHABLE;
}

static enum lbctl_exit body_parse(struct received *received, json_object **body)
{
	json_tokener *tokener = json_tokener_new_ex(DEPTH_MAX);

	if (!tokener)
		return report_memory();
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	*body = json_tokener_parse_ex(tokener, received->bytes, (int)received->size);
	json_tokener_free(tokener);
	return json_object_is_type(*body, json_type_object)
		       ? LBCTL_OK
		       : refuse("the controller's answer", "is not a JSON object");
}

static CURLcode perform(CURL *curl, struct received *received, bool again)
{
	CURLcode code = curl_easy_perform(curl);

	if (again && !received->size && (code == CURLE_GOT_NOTHING || code == CURLE_RECV_ERROR))
		code = curl_easy_perform(curl);
	return code;
}

enum lbctl_exit api_ask(struct api *api, const char *method, const char *path, json_object *body,
			const char *etag, struct answer *answer)
{
	const char *text = body ? json_object_to_json_string(body) : NULL;
	struct received received = {.answer = answer};
	struct curl_slist *headers = NULL;
	char why[CURL_ERROR_SIZE] = "";
	char *url = NULL;
	enum lbctl_exit ret;
	CURLcode code;

	*answer = (struct answer){0};
	if ((body && !text) || asprintf(&url, "%s%s", api->url, path) < 0 ||
	    !headers_make(api, method, text, etag, &headers)) {
		headers_free(headers);
		free(url);
		return report_memory();
	}
	request_set(api, method, url, text, headers, &received, why);
	code = perform(api->curl, &received, !strcmp(method, "POST"));
	curl_easy_getinfo(api->curl, CURLINFO_RESPONSE_CODE, &answer->status);
	headers_free(headers);
	free(url);
	ret = code ? unreachable(api, code, why) : LBCTL_OK;
	if (ret == LBCTL_OK && received.size)
		ret = body_parse(&received, &answer->body);
	if (received.bytes)
		sodium_memzero(received.bytes, received.size);
	free(received.bytes);
	if (ret == LBCTL_OK && answer->status / 100 != 2)
		ret = api_refused(answer->status, answer->body);
	return ret;
}
