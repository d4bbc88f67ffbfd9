/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The typed topology: who the hosts are, which networks there are, who is in them and which are
 * bridged. Made whole and valid by model_parse() or not at all; read by topology/ and agent/. No
 * I/O here: bytes come in, and files that are named are not opened. Arrays keep the order of the
 * file, so that an index is also the place in a field's path.
 */
#ifndef LBD_MODEL_MODEL_H
#define LBD_MODEL_MODEL_H

#include "lbmesh/lbmesh.h"
#include "model/fault.h"

#define MODEL_VERSION	1
#define MODEL_NAME_SIZE (LBMESH_LABEL_MAX + 1)
#define MODEL_CIDRS_MAX 8
/* The module's default limits; a topology beyond them could never be committed. */
#define MODEL_HOSTS_MAX	   20481
#define MODEL_NETWORKS_MAX 4096
#define MODEL_BRIDGES_MAX  4096
#define MODEL_MEMBERS_MAX  65536
/* L22: conservative, and what IPv6 needs at least. */
#define MODEL_MTU_DEFAULT	1380
#define MODEL_MTU_MIN		1280
#define MODEL_MTU_MAX		65535
#define MODEL_KEEPALIVE_DEFAULT 25

/* endpoint.family is 0 when the host has none: it can only call, not be called. */
struct model_host {
	char name[MODEL_NAME_SIZE];
	uint8_t public_key[LBMESH_KEY_LEN];
	char *private_key_file;
	struct lbmesh_prefix endpoint;
	uint16_t endpoint_port;
	uint16_t keepalive;
};

/* host is an index into hosts; private_key_file overrides the host's, or is NULL. */
struct model_member {
	uint32_t host;
	struct lbmesh_prefix address;
	char *private_key_file;
};

/* mtu is 0 when the network does not ask for one. */
struct model_network {
	uint32_t id;
	char name[MODEL_NAME_SIZE];
	struct lbmesh_prefix cidrs[MODEL_CIDRS_MAX];
	size_t n_cidrs;
	uint32_t mtu;
	struct model_member *members;
	size_t n_members;
};

/* networks are indices into networks. */
struct model_bridge {
	uint32_t id;
	uint32_t networks[2];
};

/* The two by_name arrays are indices, sorted by name. */
struct model {
	struct model_host *hosts;
	size_t n_hosts;
	uint32_t *hosts_by_name;
	struct model_network *networks;
	size_t n_networks;
	uint32_t *networks_by_name;
	struct model_bridge *bridges;
	size_t n_bridges;
};

/* Reads and checks a whole topology; on failure fault says where and why, and *model is left. */
int model_parse(const char *bytes, size_t size, struct model **model, struct fault *fault);

/* All that concerns more than one object: names, ids, keys, owners, overlaps. */
int model_check(const struct model *model, struct fault *fault);

void model_free(struct model *model);
void model_freep(struct model **model);

/* Index of the host or network with this name, or -ENOENT. */
int64_t model_host_find(const struct model *model, const char *name);
int64_t model_network_find(const struct model *model, const char *name);

/* Sort indices by name, and refuse a name given twice; model_parse() calls them. */
int model_hosts_index(struct model *model, struct fault *fault);
int model_networks_index(struct model *model, struct fault *fault);

#endif
