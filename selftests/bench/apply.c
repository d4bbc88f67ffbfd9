// SPDX-License-Identifier: GPL-2.0
/*
 * Our side of the benchmark of swaps: reads a file, sends what it says as one commit by liblbmesh,
 * waits until that is in force, and exits. It is to lbmesh what `wg syncconf FILE` is to WireGuard:
 * one program started, one file parsed, one state reached. selftests/bench/swap.sh calls it.
 *
 *	apply FILE		commit what the file says
 *	apply flush		remove all peers of the managed interfaces, end the generation
 *	apply -o DUMP FILE	send nothing: write the commit that the file makes into DUMP
 *
 * A file is such a dump, or lines of words. Line by line:
 *
 *	replace				the file restates the whole; or
 *	delta				it edits the generation in force. One of the two comes first
 *	device ID IFNAME PORT KEY	and its peers and members are those that follow
 *	on ID				names a device, and says nothing about it
 *	network ID
 *	peer KEY ADDRESS:PORT		IPv4; "-" for no endpoint
 *	member NETWORK ADDRESS/LEN	IPv4; of the peer named last
 *	of KEY				names a peer, and says nothing about it
 *	here				the members that follow are ours
 *	-peer KEY			delta only: the peer goes
 *	-member ADDRESS/LEN		delta only: the address goes
 *
 * It prints one line: nanoseconds until the commit was built, from there to the answer of the
 * handler, and from there to the result, then those of each phase, as the kernel says.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Only what is inside of a commit is not public: for the dump. */
#include "internal.h"

/* Long enough for any job on an emulated CPU. */
#define TIMEOUT_MS 600000

struct input {
	const char *name;
	const char *at;
	unsigned int line;
	struct lbmesh_commit *commit;
	uint32_t device;
	uint8_t key[LBMESH_KEY_LEN];
	bool here;
};

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static _Noreturn void fail(const char *what, const struct lbmesh_error *err)
{
	fprintf(stderr, "apply: %s: %s%s%s\n", what, err->message, err->path[0] ? " at " : "",
		err->path);
	exit(1);
}

static _Noreturn void refuse(const struct input *in, const char *why)
{
	fprintf(stderr, "apply: %s:%u: %s\n", in->name, in->line, why);
	exit(1);
}

/* --- Words ------------------------------------------------------------------------------------ */

static bool take(struct input *in, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(in->at, word, len) != 0)
		return false;
	in->at += len;
	return true;
}

static void take_must(struct input *in, const char *word)
{
	if (!take(in, word))
		refuse(in, "malformed line");
}

static uint32_t take_number(struct input *in, uint32_t max)
{
	uint64_t value = 0;

	if (*in->at < '0' || *in->at > '9')
		refuse(in, "a number is missing");
	for (; *in->at >= '0' && *in->at <= '9'; in->at++) {
		value = value * 10 + (uint64_t)(*in->at - '0');
		if (value > max)
			refuse(in, "a number is too large");
	}
	return (uint32_t)value;
}

static struct lbmesh_prefix take_address(struct input *in)
{
	struct lbmesh_prefix prefix = {.family = AF_INET, .len = 32};

	for (int i = 0; i < 4; i++) {
		if (i)
			take_must(in, ".");
		prefix.addr[i] = (uint8_t)take_number(in, 255);
	}
	return prefix;
}

static struct lbmesh_prefix take_prefix(struct input *in)
{
	struct lbmesh_prefix prefix = take_address(in);

	take_must(in, "/");
	prefix.len = (uint8_t)take_number(in, 32);
	return prefix;
}

/* Digits of base64, and 1 more than their six bits, so that 0 is none. */
static const uint8_t digits[256] = {
	['A'] = 1,  ['B'] = 2,	['C'] = 3,  ['D'] = 4,	['E'] = 5,  ['F'] = 6,	['G'] = 7,
	['H'] = 8,  ['I'] = 9,	['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14,
	['O'] = 15, ['P'] = 16, ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21,
	['V'] = 22, ['W'] = 23, ['X'] = 24, ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28,
	['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32, ['g'] = 33, ['h'] = 34, ['i'] = 35,
	['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40, ['o'] = 41, ['p'] = 42,
	['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48, ['w'] = 49,
	['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
	['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['+'] = 63,
	['/'] = 64,
};

static uint32_t take_digit(struct input *in)
{
	uint8_t digit = digits[(uint8_t)*in->at];

	if (!digit)
		refuse(in, "this is no key");
	in->at++;
	return digit - 1U;
}

/* 43 digits and "=": ten times three bytes in four digits, and the last two in three. */
static void take_key(struct input *in, uint8_t *key)
{
	uint32_t bits;

	for (int i = 0; i < 11; i++) {
		bits = take_digit(in) << 18;
		bits |= take_digit(in) << 12;
		bits |= take_digit(in) << 6;
		*key++ = (uint8_t)(bits >> 16);
		*key++ = (uint8_t)(bits >> 8);
		if (i < 10)
			*key++ = (uint8_t)(bits | take_digit(in));
	}
	take_must(in, "=");
}

/* --- Lines ------------------------------------------------------------------------------------ */

static int read_device(struct input *in)
{
	char ifname[LBMESH_IFNAME_MAX + 1] = "";
	uint8_t private_key[LBMESH_KEY_LEN];
	struct lbmesh_device device = {
		.ifname = ifname,
		.has_listen_port = true,
		.private_key = private_key,
	};
	size_t len;

	in->device = device.id = take_number(in, UINT32_MAX);
	take_must(in, " ");
	len = strcspn(in->at, " \n");
	if (len > LBMESH_IFNAME_MAX)
		refuse(in, "the name is too long");
	memcpy(ifname, in->at, len);
	in->at += len;
	take_must(in, " ");
	device.listen_port = (uint16_t)take_number(in, UINT16_MAX);
	take_must(in, " ");
	take_key(in, private_key);
	return lbmesh_commit_put_device(in->commit, &device);
}

static int read_network(struct input *in)
{
	struct lbmesh_network network = {.id = take_number(in, UINT32_MAX)};

	return lbmesh_commit_put_network(in->commit, &network);
}

static int read_peer(struct input *in)
{
	struct lbmesh_peer peer = {.device = in->device, .public_key = in->key};

	in->here = false;
	take_key(in, in->key);
	take_must(in, " ");
	if (!take(in, "-")) {
		peer.endpoint = take_address(in);
		take_must(in, ":");
		peer.endpoint_port = (uint16_t)take_number(in, UINT16_MAX);
	}
	return lbmesh_commit_put_peer(in->commit, &peer);
}

static int read_member(struct input *in)
{
	struct lbmesh_member member = {.device = in->device};

	member.network = take_number(in, UINT32_MAX);
	take_must(in, " ");
	member.prefix = take_prefix(in);
	member.public_key = in->here ? NULL : in->key;
	return lbmesh_commit_put_member(in->commit, &member);
}

static int read_removal(struct input *in)
{
	uint8_t key[LBMESH_KEY_LEN];
	struct lbmesh_prefix prefix;

	if (take(in, "peer ")) {
		take_key(in, key);
		return lbmesh_commit_remove_peer(in->commit, in->device, key);
	}
	take_must(in, "member ");
	prefix = take_prefix(in);
	return lbmesh_commit_remove_member(in->commit, in->device, &prefix);
}

static int read_line(struct input *in)
{
	if (take(in, "member "))
		return read_member(in);
	if (take(in, "peer "))
		return read_peer(in);
	if (take(in, "network "))
		return read_network(in);
	if (take(in, "device "))
		return read_device(in);
	if (take(in, "-"))
		return read_removal(in);
	if (take(in, "on ")) {
		in->device = take_number(in, UINT32_MAX);
		return 0;
	}
	if (take(in, "of ")) {
		in->here = false;
		take_key(in, in->key);
		return 0;
	}
	take_must(in, "here");
	in->here = true;
	return 0;
}

/* --- Files ------------------------------------------------------------------------------------ */

/* What a dump begins with; then come the objects as they stand in the message. */
struct dump {
	char magic[8];
	uint32_t mode;
	uint32_t length;
};

static const char magic[8] = "lbmdump";

/* Every line ends with a newline, and no reader passes one: a file needs no zero after it. */
static struct lbmesh_commit *read_text(const char *name, int fd, size_t size)
{
	struct input in = {.name = name, .line = 1};
	const char *end;
	bool delta;

	in.at = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	if (in.at == MAP_FAILED || in.at[size - 1] != '\n')
		refuse(&in, "this is no text");
	end = in.at + size;
	delta = take(&in, "delta\n");
	if (!delta)
		take_must(&in, "replace\n");
	in.commit =
		lbmesh_commit_new(delta ? LBMESH_COMMIT_MODE_DELTA : LBMESH_COMMIT_MODE_REPLACE);
	if (!in.commit)
		refuse(&in, "out of memory");
	while (in.at < end) {
		in.line++;
		if (read_line(&in))
			refuse(&in, "liblbmesh does not take it");
		take_must(&in, "\n");
	}
	return in.commit;
}

/* What stands before the objects is written anew when the commit is sent. */
static struct lbmesh_commit *read_dump(const char *name, int fd, const struct dump *dump)
{
	struct lbmesh_commit *commit = lbmesh_commit_new(dump->mode);
	size_t begins = commit ? commit->body->nlmsg_len : 0;
	struct nlmsghdr *body = malloc(begins + dump->length);

	if (!commit || !body) {
		fprintf(stderr, "apply: %s: out of memory\n", name);
		exit(1);
	}
	memcpy(body, commit->body, begins);
	if (read(fd, (char *)body + begins, dump->length) != dump->length) {
		fprintf(stderr, "apply: %s: the dump is cut short\n", name);
		exit(1);
	}
	body->nlmsg_len = (uint32_t)(begins + dump->length);
	free(commit->body);
	commit->body = body;
	commit->size = body->nlmsg_len;
	return commit;
}

static struct lbmesh_commit *read_file(const char *name)
{
	struct lbmesh_commit *commit;
	struct dump dump = {};
	struct stat st;
	int fd = open(name, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) || read(fd, &dump, sizeof(dump)) < 0) {
		fprintf(stderr, "apply: %s: %s\n", name, strerror(errno));
		exit(1);
	}
	if (memcmp(dump.magic, magic, sizeof(magic)) == 0)
		commit = read_dump(name, fd, &dump);
	else
		commit = read_text(name, fd, (size_t)st.st_size);
	close(fd);
	return commit;
}

static void write_dump(const char *name, const struct lbmesh_commit *commit)
{
	const size_t begins = MNL_NLMSG_HDRLEN + GENL_HDRLEN;
	struct dump dump = {
		.mode = commit->mode,
		.length = (uint32_t)(commit->body->nlmsg_len - begins),
	};
	FILE *file = fopen(name, "w");

	memcpy(dump.magic, magic, sizeof(magic));
	if (!file || fwrite(&dump, sizeof(dump), 1, file) != 1 ||
	    fwrite((const char *)commit->body + begins, dump.length, 1, file) != 1 ||
	    fclose(file)) {
		fprintf(stderr, "apply: %s: %s\n", name, strerror(errno));
		exit(1);
	}
}

/* --- Sending ---------------------------------------------------------------------------------- */

static void expect_current(struct lbmesh *conn, struct lbmesh_commit *commit)
{
	struct lbmesh_generation generation;
	struct lbmesh_error err = {};

	if (lbmesh_generation_get(conn, &generation, &err))
		fail("generation-get", &err);
	lbmesh_commit_set_expect_gen(commit, generation.number);
}

static void print_phases(const struct lbmesh_result *result)
{
	for (size_t i = 0; i < result->n_timings; i++)
		printf(" %s %llu", lbmesh_phase_name(result->timings[i].phase),
		       (unsigned long long)result->timings[i].duration_ns);
	printf("\n");
}

int main(int argc, char **argv)
{
	uint64_t began = now(), built, sent, cookie = 0;
	struct lbmesh_error err = {};
	struct lbmesh_result result;
	struct lbmesh_commit *commit;
	struct lbmesh *conn;

	if (argc == 4 && strcmp(argv[1], "-o") == 0) {
		write_dump(argv[2], read_file(argv[3]));
		return 0;
	}
	if (argc != 2) {
		fprintf(stderr, "usage: apply FILE | flush | -o DUMP FILE\n");
		return 2;
	}
	if (lbmesh_open(&conn, &err))
		fail("the family", &err);
	lbmesh_timeout_set(conn, TIMEOUT_MS);
	if (strcmp(argv[1], "flush") == 0) {
		built = sent = now();
		if (lbmesh_flush(conn, NULL, TIMEOUT_MS, &result, &err))
			fail("flush", &err);
	} else {
		commit = read_file(argv[1]);
		if (commit->mode == LBMESH_COMMIT_MODE_DELTA)
			expect_current(conn, commit);
		built = now();
		if (lbmesh_commit_send(conn, commit, &cookie, &err))
			fail(argv[1], &err);
		sent = now();
		if (lbmesh_commit_wait(conn, cookie, TIMEOUT_MS, &result, &err))
			fail(argv[1], &err);
	}
	printf("build %llu handler %llu worker %llu", (unsigned long long)(built - began),
	       (unsigned long long)(sent - built), (unsigned long long)(now() - sent));
	print_phases(&result);
	/* The end of the process frees the rest sooner than we could. */
	return 0;
}
