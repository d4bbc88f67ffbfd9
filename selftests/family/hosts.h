/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Hosts that are network namespaces with real WireGuard between them, for tests that send packets:
 *
 *      h1                  h2                  h3 ...
 *   wg0, key 1          wg0, key 2          wg0, key 3        port 51820, and no addresses yet
 *   eth0 192.0.2.1      eth0 192.0.2.2      eth0 192.0.2.3
 *        |                   |                   |
 *        +-------------------+-------------------+            br0, where the test began
 */
#ifndef LBMESH_SELFTESTS_HOSTS_H
#define LBMESH_SELFTESTS_HOSTS_H

#include <lbmesh/lbmesh.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HOSTS_PORT 51820

struct key_pair {
	uint8_t private_key[LBMESH_KEY_LEN];
	uint8_t public_key[LBMESH_KEY_LEN];
	char private_text[48];
	char public_text[48];
};

struct host {
	int number;
	char name[8];
	struct key_pair key;
	struct lbmesh *conn;
};

/* Fills in new keys. Returns 0 or a negative errno. */
int keys_make(struct key_pair *pairs, size_t count);
/*
 * Makes h1, h2... out of the present namespace, which must be one of the test's own. Each has its
 * connection open. Leaves the process in the last one. Returns 0 or a negative errno.
 */
int hosts_make(struct host *hosts, size_t count);
void hosts_close(struct host *hosts, size_t count);
/* Moves the process into a host; what it starts then runs there. Returns 0 or a negative errno. */
int host_enter(const struct host *host);
/* An IPv4 address of the underlay. */
const char *host_underlay(const struct host *host);

/* Puts the host's own interface with its key. */
void put_host_device(struct lbmesh_commit *commit, const struct host *host, uint32_t device,
		     const char *ifname, const struct key_pair *key, uint16_t port);
/* Puts another host as a peer. */
void put_host_peer(struct lbmesh_commit *commit, uint32_t device, const struct host *host,
		   const struct key_pair *key, uint16_t port);

/*
 * Whether a ping from an address of the host comes back within 20 s: two ends that begin to shake
 * hands at the same time try again after five.
 */
bool host_reaches(const struct host *host, const char *from, const char *to);
/* Whether two pings in half a second do not. */
bool host_never_reaches(const struct host *host, const char *from, const char *to);
/* A column of wg show for a peer (see wg_peer() in util.h). */
const char *host_peer(const struct host *host, const char *ifname, const char *what,
		      const struct key_pair *peer);

#endif
