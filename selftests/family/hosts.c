// SPDX-License-Identifier: GPL-2.0
/* See hosts.h. */

#include "hosts.h"

#include <errno.h>
#include <resolv.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "util.h"

int host_enter(const struct host *host)
{
	int fd = namespace_open(host->name), err = namespace_set(fd);

	close(fd);
	return err;
}

const char *host_underlay(const struct host *host)
{
	static char texts[4][16];
	static unsigned int next;
	char *text = texts[next++ % 4];

	snprintf(text, sizeof(texts[0]), "192.0.2.%d", host->number);
	return text;
}

static int key_read(uint8_t key[LBMESH_KEY_LEN], const char *text)
{
	uint8_t bytes[64];

	if (b64_pton(text, bytes, sizeof(bytes)) != LBMESH_KEY_LEN)
		return -EINVAL;
	memcpy(key, bytes, LBMESH_KEY_LEN);
	return 0;
}

int keys_make(struct key_pair *pairs, size_t count)
{
	char lines[4096], *rest = lines;
	int err = 0;

	if (sh_read(lines, sizeof(lines),
		    "for i in $(seq %zu); do k=$(wg genkey); echo $k; echo $k | wg pubkey; done",
		    count))
		return -EIO;
	for (size_t i = 0; i < count && !err; i++) {
		snprintf(pairs[i].private_text, 48, "%s", strsep(&rest, "\n") ?: "");
		snprintf(pairs[i].public_text, 48, "%s", rest ? strsep(&rest, "\n") : "");
		err = key_read(pairs[i].private_key, pairs[i].private_text)
			      ?: key_read(pairs[i].public_key, pairs[i].public_text);
	}
	return err;
}

static int host_make(struct host *host, int number, const struct key_pair *key)
{
	int err;

	host->number = number;
	host->key = *key;
	snprintf(host->name, sizeof(host->name), "h%d", number);
	err = namespace_add(host->name);
	if (err)
		return err;
	if (ip(NULL,
	       "link add eth%d type veth peer name eth0 netns h%d\n"
	       "link set eth%d master br0 up\n",
	       number, number, number) ||
	    ip(host->name,
	       "addr add 192.0.2.%d/24 dev eth0\n"
	       "link set eth0 up\n"
	       "link add wg0 type wireguard\n"
	       "link set wg0 up\n",
	       number))
		return -EIO;
	err = host_enter(host);
	return err ?: lbmesh_open(&host->conn, NULL);
}

int hosts_make(struct host *hosts, size_t count)
{
	struct key_pair keys[8];
	int outside = namespace_open(NULL), err;

	if (count > 8)
		return -E2BIG;
	if (ip(NULL, "link add br0 type bridge\nlink set br0 up\n"))
		return -EIO;
	err = keys_make(keys, count);
	for (size_t i = 0; i < count && !err; i++)
		err = namespace_set(outside) ?: host_make(&hosts[i], i + 1, &keys[i]);
	/* It stays open: the bridge is there for as long as somebody has the namespace. */
	return err;
}

void hosts_close(struct host *hosts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		lbmesh_close(hosts[i].conn);
}

void put_host_device(struct lbmesh_commit *commit, const struct host *host, uint32_t device,
		     const char *ifname, const struct key_pair *key, uint16_t port)
{
	must(lbmesh_commit_put_device(commit,
				      &(struct lbmesh_device){
					      .id = device,
					      .ifname = ifname,
					      .private_key = (key ?: &host->key)->private_key,
					      .has_listen_port = true,
					      .listen_port = port,
				      }));
}

void put_host_peer(struct lbmesh_commit *commit, uint32_t device, const struct host *host,
		   const struct key_pair *key, uint16_t port)
{
	struct lbmesh_peer peer = {
		.device = device,
		.public_key = (key ?: &host->key)->public_key,
		.endpoint_port = port,
	};

	must(lbmesh_address_parse(host_underlay(host), &peer.endpoint));
	must(lbmesh_commit_put_peer(commit, &peer));
}

bool host_reaches(const struct host *host, const char *from, const char *to)
{
	return !host_enter(host) &&
	       sh_try("exec ping -q -n -c 1 -w 20 -i 0.2 -I %s %s", from, to) == 0;
}

bool host_never_reaches(const struct host *host, const char *from, const char *to)
{
	return !host_enter(host) &&
	       sh_try("exec ping -q -n -c 2 -i 0.2 -W 0.5 -I %s %s", from, to) == 1;
}

const char *host_peer(const struct host *host, const char *ifname, const char *what,
		      const struct key_pair *peer)
{
	return host_enter(host) ? "no such host" : wg_peer_of(ifname, what, peer->public_text);
}
