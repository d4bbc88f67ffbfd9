/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of the family share: a fresh network namespace, programs run in it, and short ways
 * to write a commit and to look at what came of it. Everything goes through liblbmesh. A test
 * program is one process and one thread at a time, and so is this.
 */
#ifndef LBMESH_SELFTESTS_UTIL_H
#define LBMESH_SELFTESTS_UTIL_H

#include <lbmesh/lbmesh.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Long enough for 2,000 peers on an emulated CPU. */
#define UTIL_TIMEOUT_MS 60000

/* A whole number from the environment, or another when it is not set. */
uint64_t env_number(const char *name, uint64_t otherwise);
/*
 * How much slower than User Mode Linux without debugging this machine is, roughly: 1; 4 with the
 * debug kernel; 10 where the CPU is emulated.
 */
unsigned int machine_slowness(void);
/* How often to do something: a number from the environment, or another, less on a slow machine. */
unsigned int env_rounds(const char *name, unsigned int otherwise);

/* Programs. */

/* Runs a command line with sh; returns its exit status, and prints the line if it is not 0. */
int sh(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same, silently: for commands that may fail. */
int sh_try(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same, and keeps the standard output without its last newline; cut at the size. */
int sh_read(char *output, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Runs lines of ip's batch in the present namespace or in one named by ip netns: one program
 * however many lines. Returns its exit status.
 */
int ip(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Namespaces. */

/* A directory for a test's own files, in memory and gone with the process. */
#define SCRATCH "/mnt"
/*
 * Moves the process into a network namespace of its own, with lo up, and a mount namespace in which
 * SCRATCH and the names given by ip netns end with the process. Returns 0 or a negative errno.
 */
int namespace_enter(void);
/* What ip netns add does. Returns 0 or a negative errno. */
int namespace_add(const char *name);
/* Opens a namespace named by ip netns, or the present one if name is NULL. Returns a descriptor. */
int namespace_open(const char *name);
/* Moves the process into the namespace of the descriptor. Returns 0 or a negative errno. */
int namespace_set(int fd);
/* Why a test cannot run here ("the program wg is not installed"), or NULL when it can. */
const char *missing_wireguard(void);
const char *missing_family(void);

/* Keys: 32 bytes that differ by seed; good as public keys, no tunnel comes up with them. */
const uint8_t *key_of(uint32_t seed);
/* The same, as wg prints it. */
const char *key_text(uint32_t seed);
/* Any key as wg prints it. */
const char *key_base64(const uint8_t *key);
/* Any key as state_text() shows it. */
const char *key_hex(const uint8_t *key);

/* Commits. Each put ends the process when there is no memory. */

struct lbmesh_commit *replace_new(void);
struct lbmesh_commit *delta_new(uint64_t expect_gen);
void put_device(struct lbmesh_commit *commit, uint32_t id, const char *ifname);
void put_network(struct lbmesh_commit *commit, uint32_t id);
void put_bridge(struct lbmesh_commit *commit, uint32_t id, uint32_t a, uint32_t b);
/* endpoint is "192.0.2.1" or NULL; the port is 51820. */
void put_peer(struct lbmesh_commit *commit, uint32_t device, uint32_t key, const char *endpoint);
/* A seed of 0 is a member that lives here. */
void put_member(struct lbmesh_commit *commit, uint32_t network, uint32_t device, const char *prefix,
		uint32_t key);
void put_member_key(struct lbmesh_commit *commit, uint32_t network, uint32_t device,
		    const char *prefix, const uint8_t *key);
void remove_member(struct lbmesh_commit *commit, uint32_t device, const char *prefix);
void remove_peer(struct lbmesh_commit *commit, uint32_t device, uint32_t key);
/* Ends the process unless the library took the object. */
void must(int ret);

/* Sends, waits for the end and frees. Returns 0 or a positive errno, which is in result as well. */
int run(struct lbmesh *conn, struct lbmesh_commit *commit, struct lbmesh_result *result);
int flush(struct lbmesh *conn, struct lbmesh_result *result);
/* The same for the pending generation of this number. */
int confirm(struct lbmesh *conn, uint64_t generation, struct lbmesh_result *result);
int revert(struct lbmesh *conn, uint64_t generation, struct lbmesh_result *result);

/* State. */

/* Number in force; UINT64_MAX when the question failed. */
uint64_t generation_number(struct lbmesh *conn);
/* Waits until nothing is pending and no job runs; false when that takes more than ten seconds. */
bool generation_settles(struct lbmesh *conn);
/* Everything that the dumps show, as sorted lines of text; ends the process when a dump fails. */
const char *state_text(struct lbmesh *conn);
/* How many peers and members the dumps show; of one device, one network, or (0) of all. */
int count_peers(struct lbmesh *conn, uint32_t device);
int count_members(struct lbmesh *conn, uint32_t network);

/* WireGuard, as wg shows it; "no such peer" where there is none. */

/* The addresses of a peer, sorted as text, "10.0.0.1/32 10.0.0.2/32"; "" when it has none. */
const char *allowed_ips(const char *ifname, uint32_t key);
/* A column of "wg show IFNAME WHAT" for a peer, or the whole of it for the device. */
const char *wg_peer(const char *ifname, const char *what, uint32_t key);
/* The same for a key as wg prints it. */
const char *wg_peer_of(const char *ifname, const char *what, const char *key);
const char *wg_device(const char *ifname, const char *what);
int wg_peers(const char *ifname);
/* All of "wg show IFNAME dump" in an order that means nothing. */
const char *wg_state(const char *ifname);
/*
 * What somebody has set on the interfaces of the present namespace, or on one, as sorted lines of
 * "IFNAME device PRIVATE-KEY PORT FWMARK" and "IFNAME PUBLIC-KEY PSK ENDPOINT KEEPALIVE | ADDRESS
 * ADDRESS...". Handshakes and counters are left out.
 */
const char *wg_settings(const char *ifname);

/* Time. */


/* Milliseconds of monotonic time. */
uint64_t now_ms(void);
void pause_ms(unsigned int ms);

#endif
