// SPDX-License-Identifier: GPL-2.0
/* See util.h. */

#include "util.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "raw.h"

#define UTIL_PORT 51820

void must(int ret)
{
	if (ret < 0) {
		printf("# the library refused: %s\n", strerror(-ret));
		fflush(stdout);
		_exit(1);
	}
}

uint64_t env_number(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : otherwise;
}

unsigned int machine_slowness(void)
{
	/* QEMU shows the host's CPU where it does not emulate one. */
	if (sh_try("grep -q '^model name.*QEMU' /proc/cpuinfo") == 0)
		return 10;
	/* Only that kernel injects faults. */
	return access("/proc/self/fail-nth", F_OK) == 0 ? 4 : 1;
}

unsigned int env_rounds(const char *name, unsigned int otherwise)
{
	return env_number(name, otherwise / machine_slowness());
}

static int sh_status(const char *line, const char *redirect)
{
	char *whole;
	int status;

	if (asprintf(&whole, "{ %s ; } %s", line, redirect) < 0)
		return -1;
	status = system(whole);
	free(whole);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int sh(const char *format, ...)
{
	char line[1024];
	va_list args;
	int status;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	status = sh_status(line, ">&2");
	if (status)
		printf("# exit status %d: %s\n", status, line);
	return status;
}

int sh_try(const char *format, ...)
{
	char line[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	return sh_status(line, ">/dev/null 2>&1");
}

int sh_read(char *output, size_t size, const char *format, ...)
{
	char line[1024];
	size_t got = 0, n;
	va_list args;
	int status;
	FILE *pipe;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	pipe = popen(line, "re");
	if (!pipe)
		return -1;
	while (got < size - 1 && (n = fread(output + got, 1, size - 1 - got, pipe)) > 0)
		got += n;
	output[got] = 0;
	if (got && output[got - 1] == '\n')
		output[got - 1] = 0;
	status = pclose(pipe);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int ip(const char *name, const char *format, ...)
{
	char command[64] = "ip -batch -";
	va_list args;
	FILE *pipe;
	int status;

	if (name)
		snprintf(command, sizeof(command), "ip -n %s -batch -", name);
	pipe = popen(command, "we");
	if (!pipe)
		return -1;
	va_start(args, format);
	vfprintf(pipe, format, args);
	va_end(args);
	status = pclose(pipe);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int loopback_up(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int ret = ioctl(fd, SIOCSIFFLAGS, &request) ? -errno : 0;

	close(fd);
	return ret;
}

int namespace_enter(void)
{
	if (unshare(CLONE_NEWNET | CLONE_NEWNS))
		return -errno;
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return -errno;
	mkdir("/run/netns", 0755);
	if (mount("netns", "/run/netns", "tmpfs", 0, NULL) ||
	    mount("scratch", SCRATCH, "tmpfs", 0, NULL))
		return -errno;
	return loopback_up();
}

int namespace_add(const char *name)
{
	int before = namespace_open(NULL), ret;
	char path[64];

	snprintf(path, sizeof(path), "/run/netns/%s", name);
	close(open(path, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0));
	if (before < 0 || unshare(CLONE_NEWNET))
		return -errno;
	ret = loopback_up();
	if (!ret && mount("/proc/self/ns/net", path, NULL, MS_BIND, NULL))
		ret = -errno;
	if (!ret)
		ret = namespace_set(before);
	close(before);
	return ret;
}

int namespace_open(const char *name)
{
	char path[64] = "/proc/self/ns/net";

	if (name)
		snprintf(path, sizeof(path), "/run/netns/%s", name);
	return open(path, O_RDONLY | O_CLOEXEC);
}

int namespace_set(int fd)
{
	return setns(fd, CLONE_NEWNET) ? -errno : 0;
}

static bool program_exists(const char *name)
{
	char *path = strdup(getenv("PATH") ?: ""), *rest = path, *directory;
	bool exists = false;
	char file[256];

	while (!exists && (directory = strsep(&rest, ":"))) {
		snprintf(file, sizeof(file), "%s/%s", directory, name);
		exists = access(file, X_OK) == 0;
	}
	free(path);
	return exists;
}

const char *missing_wireguard(void)
{
	static const char *const programs[] = { "ip", "wg", "ping" };
	static char text[64];

	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		if (program_exists(programs[i]))
			continue;
		snprintf(text, sizeof(text), "the program %s is not installed", programs[i]);
		return text;
	}
	return raw_family_exists("wireguard") ? NULL : "this kernel has no WireGuard loaded";
}

const char *missing_family(void)
{
	return raw_family_exists(LBMESH_FAMILY_NAME) ? NULL : "the module lbmesh is not loaded";
}

const uint8_t *key_of(uint32_t seed)
{
	static uint8_t keys[8][LBMESH_KEY_LEN];
	static unsigned int next;
	uint8_t *key = keys[next++ % 8];

	/* The last byte below 0x80: WireGuard's curve ignores the highest bit. */
	for (size_t i = 0; i < LBMESH_KEY_LEN; i++)
		key[i] = 0x40 + i;
	memcpy(key, &seed, sizeof(seed));
	return key;
}

const char *key_text(uint32_t seed)
{
	return key_base64(key_of(seed));
}

const char *key_base64(const uint8_t *key)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	static char texts[4][48];
	static unsigned int next;
	char *text = texts[next++ % 4];
	size_t i, o = 0;

	for (i = 0; i < LBMESH_KEY_LEN; i += 3) {
		uint32_t bits = key[i] << 16 | key[i + 1] << 8;

		if (i + 2 < LBMESH_KEY_LEN)
			bits |= key[i + 2];
		text[o++] = digits[bits >> 18 & 63];
		text[o++] = digits[bits >> 12 & 63];
		text[o++] = digits[bits >> 6 & 63];
		text[o++] = digits[bits & 63];
	}
	text[o - 1] = '=';
	text[o] = 0;
	return text;
}

struct lbmesh_commit *replace_new(void)
{
	struct lbmesh_commit *commit = lbmesh_commit_new(LBMESH_COMMIT_MODE_REPLACE);

	if (!commit)
		must(-ENOMEM);
	return commit;
}

struct lbmesh_commit *delta_new(uint64_t expect_gen)
{
	struct lbmesh_commit *commit = lbmesh_commit_new(LBMESH_COMMIT_MODE_DELTA);

	if (!commit)
		must(-ENOMEM);
	lbmesh_commit_set_expect_gen(commit, expect_gen);
	return commit;
}

void put_device(struct lbmesh_commit *commit, uint32_t id, const char *ifname)
{
	must(lbmesh_commit_put_device(commit, &(struct lbmesh_device){
		.id = id, .ifname = ifname }));
}

void put_network(struct lbmesh_commit *commit, uint32_t id)
{
	must(lbmesh_commit_put_network(commit, &(struct lbmesh_network){ .id = id }));
}

void put_bridge(struct lbmesh_commit *commit, uint32_t id, uint32_t a, uint32_t b)
{
	must(lbmesh_commit_put_bridge(commit, &(struct lbmesh_bridge){
		.id = id, .network_a = a, .network_b = b }));
}

void put_peer(struct lbmesh_commit *commit, uint32_t device, uint32_t key, const char *endpoint)
{
	struct lbmesh_peer peer = { .device = device, .public_key = key_of(key) };

	if (endpoint) {
		must(lbmesh_address_parse(endpoint, &peer.endpoint));
		peer.endpoint_port = UTIL_PORT;
	}
	must(lbmesh_commit_put_peer(commit, &peer));
}

void put_member_key(struct lbmesh_commit *commit, uint32_t network, uint32_t device,
		    const char *prefix, const uint8_t *key)
{
	struct lbmesh_member member = { .network = network, .device = device, .public_key = key };

	must(lbmesh_prefix_parse(prefix, &member.prefix));
	must(lbmesh_commit_put_member(commit, &member));
}

void put_member(struct lbmesh_commit *commit, uint32_t network, uint32_t device, const char *prefix,
		uint32_t key)
{
	put_member_key(commit, network, device, prefix, key ? key_of(key) : NULL);
}

void remove_member(struct lbmesh_commit *commit, uint32_t device, const char *prefix)
{
	struct lbmesh_prefix key;

	must(lbmesh_prefix_parse(prefix, &key));
	must(lbmesh_commit_remove_member(commit, device, &key));
}

void remove_peer(struct lbmesh_commit *commit, uint32_t device, uint32_t key)
{
	must(lbmesh_commit_remove_peer(commit, device, key_of(key)));
}

/* A job is at an end when its result came, or when the kernel refused to queue it. */
static int job_end(int ret, const struct lbmesh_error *error, struct lbmesh_result *result)
{
	if (ret < 0 && !result->error.code)
		result->error = *error;
	if (ret < 0 && !result->error.code)
		result->error.code = -ret;
	return result->error.code;
}

int run(struct lbmesh *conn, struct lbmesh_commit *commit, struct lbmesh_result *result)
{
	struct lbmesh_error error = {};
	int ret;

	memset(result, 0, sizeof(*result));
	ret = lbmesh_commit_run(conn, commit, UTIL_TIMEOUT_MS, result, &error);
	lbmesh_commit_free(commit);
	return job_end(ret, &error, result);
}

int flush(struct lbmesh *conn, struct lbmesh_result *result)
{
	struct lbmesh_error error = {};
	int ret;

	memset(result, 0, sizeof(*result));
	ret = lbmesh_flush(conn, NULL, UTIL_TIMEOUT_MS, result, &error);
	return job_end(ret, &error, result);
}

int confirm(struct lbmesh *conn, uint64_t generation, struct lbmesh_result *result)
{
	struct lbmesh_error error = {};
	int ret;

	memset(result, 0, sizeof(*result));
	ret = lbmesh_confirm(conn, generation, UTIL_TIMEOUT_MS, result, &error);
	return job_end(ret, &error, result);
}

int revert(struct lbmesh *conn, uint64_t generation, struct lbmesh_result *result)
{
	struct lbmesh_error error = {};
	int ret;

	memset(result, 0, sizeof(*result));
	ret = lbmesh_revert(conn, generation, UTIL_TIMEOUT_MS, result, &error);
	return job_end(ret, &error, result);
}

uint64_t generation_number(struct lbmesh *conn)
{
	struct lbmesh_generation generation;

	if (lbmesh_generation_get(conn, &generation, NULL))
		return UINT64_MAX;
	return generation.number;
}

bool generation_settles(struct lbmesh *conn)
{
	struct lbmesh_generation generation;

	for (uint64_t until = now_ms() + 10000; now_ms() < until; pause_ms(1)) {
		must(lbmesh_generation_get(conn, &generation, NULL));
		if (generation.state == LBMESH_STATE_ACTIVE ||
		    generation.state == LBMESH_STATE_EMPTY)
			return true;
	}
	return false;
}

/* Lines of a state, sorted before they are joined. */
struct lines {
	char **line;
	size_t count;
};

static int lines_add(struct lines *lines, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static int lines_add(struct lines *lines, const char *format, ...)
{
	va_list args;
	char *line;

	va_start(args, format);
	if (vasprintf(&line, format, args) < 0)
		must(-ENOMEM);
	va_end(args);
	lines->line = reallocarray(lines->line, lines->count + 1, sizeof(*lines->line));
	if (!lines->line)
		must(-ENOMEM);
	lines->line[lines->count++] = line;
	return 0;
}

const char *key_hex(const uint8_t *key)
{
	static char texts[4][2 * LBMESH_KEY_LEN + 1];
	static unsigned int next;
	char *text = texts[next++ % 4];

	if (!key)
		return "us";
	for (size_t i = 0; i < LBMESH_KEY_LEN; i++)
		sprintf(text + 2 * i, "%02x", key[i]);
	return text;
}

static int device_line(const struct lbmesh_device *device, void *data)
{
	return lines_add(data, "device %u %u %u %u %u", device->id, device->ifindex,
			 device->listen_port, device->fwmark, device->mtu);
}

static int network_line(const struct lbmesh_network *network, void *data)
{
	return lines_add(data, "network %u %s", network->id, network->label ?: "");
}

static int bridge_line(const struct lbmesh_bridge *bridge, void *data)
{
	return lines_add(data, "bridge %u %u %u", bridge->id, bridge->network_a,
			 bridge->network_b);
}

static int peer_line(const struct lbmesh_peer *peer, void *data)
{
	char endpoint[LBMESH_PREFIX_STRLEN] = "-";

	if (peer->endpoint.family)
		lbmesh_address_format(&peer->endpoint, endpoint, sizeof(endpoint));
	return lines_add(data, "peer %u %s %s %u %u", peer->device, key_hex(peer->public_key),
			 endpoint, peer->endpoint_port, peer->keepalive);
}

static int member_line(const struct lbmesh_member *member, void *data)
{
	char prefix[LBMESH_PREFIX_STRLEN];

	lbmesh_prefix_format(&member->prefix, prefix, sizeof(prefix));
	return lines_add(data, "member %u %u %s %s", member->network, member->device, prefix,
			 key_hex(member->public_key));
}

static int line_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorts and joins; frees the lines. */
static const char *lines_join(struct lines *lines)
{
	static char *texts[4];
	static unsigned int next;
	char **text = &texts[next++ % 4];
	size_t size = 1, i;

	if (lines->count)
		qsort(lines->line, lines->count, sizeof(*lines->line), line_compare);
	for (i = 0; i < lines->count; i++)
		size += strlen(lines->line[i]) + 1;
	free(*text);
	*text = calloc(1, size);
	if (!*text)
		must(-ENOMEM);
	for (i = 0, size = 0; i < lines->count; i++) {
		size += sprintf(*text + size, "%s\n", lines->line[i]);
		free(lines->line[i]);
	}
	free(lines->line);
	return *text;
}

const char *state_text(struct lbmesh *conn)
{
	struct lines lines = {};

	must(lbmesh_device_dump(conn, device_line, &lines, NULL, NULL));
	must(lbmesh_network_dump(conn, network_line, &lines, NULL, NULL));
	must(lbmesh_bridge_dump(conn, bridge_line, &lines, NULL, NULL));
	must(lbmesh_peer_dump(conn, 0, peer_line, &lines, NULL, NULL));
	must(lbmesh_member_dump(conn, 0, member_line, &lines, NULL, NULL));
	return lines_join(&lines);
}

static int peer_count(const struct lbmesh_peer *peer, void *data)
{
	(void)peer;
	++*(int *)data;
	return 0;
}

static int member_count(const struct lbmesh_member *member, void *data)
{
	(void)member;
	++*(int *)data;
	return 0;
}

int count_peers(struct lbmesh *conn, uint32_t device)
{
	int count = 0;

	must(lbmesh_peer_dump(conn, device, peer_count, &count, NULL, NULL));
	return count;
}

int count_members(struct lbmesh *conn, uint32_t network)
{
	int count = 0;

	must(lbmesh_member_dump(conn, network, member_count, &count, NULL, NULL));
	return count;
}

/* Columns of "wg show IFNAME dump", in which the first line is the device's. */
static const char *const device_columns[] = {
	"private-key", "public-key", "listen-port", "fwmark",
};
static const char *const peer_columns[] = {
	"public-key", "preshared-keys", "endpoints", "allowed-ips",
	"latest-handshakes", "received", "sent", "persistent-keepalive",
};

/* The column of a line, in which tabs become ends of strings. */
static const char *column(char *line, const char *const *names, size_t count, const char *what)
{
	char *rest = line, *field;

	for (size_t i = 0; i < count && (field = strsep(&rest, "\t")); i++) {
		if (strcmp(names[i], what) == 0)
			return field;
	}
	return "no such column";
}

static const char *keep(const char *text)
{
	static char texts[4][4096];
	static unsigned int next;
	char *copy = texts[next++ % 4];

	snprintf(copy, sizeof(texts[0]), "%s", text);
	return copy;
}

/* Calls back for each line, with its number. Returns how many there were, or -1. */
static int wg_lines(const char *ifname, void (*line_fn)(char *line, int number, void *data),
		    void *data)
{
	char command[64], *line = NULL;
	size_t size = 0;
	int count = 0;
	FILE *pipe;

	snprintf(command, sizeof(command), "exec wg show %s dump", ifname);
	pipe = popen(command, "re");
	if (!pipe)
		return -1;
	while (getline(&line, &size, pipe) > 0) {
		line[strcspn(line, "\n")] = 0;
		line_fn(line, count++, data);
	}
	free(line);
	return pclose(pipe) ? -1 : count;
}

struct wg_question {
	const char *key;
	const char *what;
	const char *answer;
};

static void wg_answer(char *line, int number, void *data)
{
	struct wg_question *question = data;

	if (!question->key && number == 0)
		question->answer = keep(column(line, device_columns, 4, question->what));
	else if (question->key && number && strncmp(line, question->key, 44) == 0)
		question->answer = keep(column(line, peer_columns, 8, question->what));
}

const char *wg_peer(const char *ifname, const char *what, uint32_t key)
{
	return wg_peer_of(ifname, what, key_text(key));
}

const char *wg_peer_of(const char *ifname, const char *what, const char *key)
{
	struct wg_question question = { key, what, "no such peer" };

	return wg_lines(ifname, wg_answer, &question) < 0 ? "wg failed" : question.answer;
}

const char *wg_device(const char *ifname, const char *what)
{
	struct wg_question question = { NULL, what, "no such device" };

	return wg_lines(ifname, wg_answer, &question) < 0 ? "wg failed" : question.answer;
}

static void wg_count(char *line, int number, void *data)
{
	(void)line;
	(void)number;
	(void)data;
}

int wg_peers(const char *ifname)
{
	return wg_lines(ifname, wg_count, NULL) - 1;
}

/* Sorts the parts of a list and joins them with spaces. */
static const char *list_sorted(const char *list)
{
	char *copy = strdup(list), *rest = copy, *parts[64], text[4096] = "";
	size_t count = 0, used = 0;

	while (count < 64 && (parts[count] = strsep(&rest, ",")))
		count++;
	qsort(parts, count, sizeof(parts[0]), line_compare);
	for (size_t i = 0; i < count; i++)
		used += snprintf(text + used, sizeof(text) - used, "%s%s", i ? " " : "", parts[i]);
	free(copy);
	return keep(text);
}

const char *allowed_ips(const char *ifname, uint32_t key)
{
	const char *list = wg_peer(ifname, "allowed-ips", key);

	return strcmp(list, "(none)") == 0 ? "" : list_sorted(list);
}

static void wg_state_line(char *line, int number, void *data)
{
	char *rest = line, *field;
	int i = 0;

	if (!number) {
		lines_add(data, "%s", line);
		return;
	}
	while ((field = strsep(&rest, "\t"))) {
		if (i++ == 3)
			lines_add(data, "%s %s", line, list_sorted(field));
		else
			lines_add(data, "%s %d %s", line, i, field);
	}
}

const char *wg_state(const char *ifname)
{
	struct lines lines = {};

	must(wg_lines(ifname, wg_state_line, &lines));
	return lines_join(&lines);
}

/* Lines of "wg show all dump"; those of a device have fewer columns. */
static void settings_line(char *line, int number, void *data)
{
	char *rest = line, *field[9] = {};
	size_t count = 0;

	(void)number;
	while (count < 9 && (field[count] = strsep(&rest, "\t")))
		count++;
	if (count == 9)
		lines_add(data, "%s %s %s %s %s | %s", field[0], field[1], field[2], field[3],
			  field[8], strcmp(field[4], "(none)") ? list_sorted(field[4]) : "");
	else
		lines_add(data, "%s device %s %s %s", field[0], field[1], field[3], field[4]);
}

struct settings {
	struct lines lines;
	const char *ifname;
};

static void settings_line_of(char *line, int number, void *data)
{
	struct settings *settings = data;
	size_t length = strlen(settings->ifname);

	if (strncmp(line, settings->ifname, length) == 0 && line[length] == '\t')
		settings_line(line, number, &settings->lines);
}

const char *wg_settings(const char *ifname)
{
	struct settings settings = { .ifname = ifname };

	if (ifname)
		must(wg_lines("all", settings_line_of, &settings));
	else
		must(wg_lines("all", settings_line, &settings.lines));
	return lines_join(&settings.lines);
}

uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void pause_ms(unsigned int ms)
{
	struct timespec pause = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };

	nanosleep(&pause, NULL);
}
