/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * internal.h - what the files of the library share, and its tests see. Nothing
 * here is exported: the library is built with hidden visibility.
 *
 * Layers, each using only those before it: name, prefix, attr, path < error,
 * object, object-firewall, decode, judgement, drift < nest, commit < socket <
 * exchange < family, generation, limits, explain, set-update, collect < dump,
 * get, job < audit, event < connection.
 */
#ifndef LBMESH_INTERNAL_H
#define LBMESH_INTERNAL_H

#include <linux/genetlink.h>
#include <linux/netlink.h>

#include <libmnl/libmnl.h>

#include <lbmesh/lbmesh.h>

#define lbm_array_size(array) (sizeof(array) / sizeof((array)[0]))

/*
 * More than any datagram that the kernel sends: a dump's is at most 32 KiB,
 * an answer's largest attribute at most 64 KiB.
 */
#define LBM_RECEIVE_SIZE ((size_t)128 * 1024)
/* Results that came while another was waited for. */
#define LBM_STASH_MAX 16

/* A socket of the connection. Tests give one end of a socket pair instead. */
struct lbm_socket {
	struct mnl_socket *nl;
	int fd;
};

struct lbmesh {
	struct lbm_socket request;
	struct lbm_socket events; /* fd is -1 until lbmesh_event_subscribe() */
	uint16_t family;
	uint32_t group_generation;
	uint32_t group_verdict;
	bool in_group_generation;
	bool in_group_verdict;
	uint32_t seq;
	int timeout_ms;
	int sndbuf; /* largest send buffer asked for so far, bytes */
	bool overrun; /* the kernel dropped something meant for us */
	struct lbmesh_result stash[LBM_STASH_MAX]; /* oldest first */
	size_t n_stash;
	struct lbm_drifts *drifts; /* of the audit that is waited for, or NULL */
	uint8_t *receive_buf;
	uint8_t *event_buf; /* one datagram of the events socket ... */
	size_t event_len; /* ... this many bytes of it are not yet read ... */
	size_t event_pos; /* ... and begin here */
};

struct lbmesh_commit {
	enum lbmesh_commit_mode mode;
	bool has_expect_gen;
	uint64_t expect_gen;
	uint64_t token;
	uint32_t confirm_timeout_ms;
	/*
	 * The objects, as the attributes of a message of which nothing but
	 * nlmsg_len is used: libmnl appends to messages. What stands before
	 * the objects on the wire is made when the commit is sent.
	 */
	struct nlmsghdr *body;
	size_t size; /* allocated bytes */
	size_t objects;
};

/* error.c */

/**
 * lbm_error_set() - Fill an error that did not come from the kernel.
 * @err: filled, may be NULL
 * @code: positive errno
 * @format: printf format of the sentence
 *
 * Return: -code, so that a caller can return it.
 */
__attribute__((format(printf, 3, 4))) int lbm_error_set(struct lbmesh_error *err, int code,
							const char *format, ...);

/* What was sent, for finding the attribute that the kernel refused. */
struct lbm_sent {
	const struct nlmsghdr *head; /* netlink and genetlink header, attributes */
	const struct nlmsghdr *body; /* further attributes behind them, or NULL */
	bool ours; /* attributes are those of our family */
};

int lbm_error_from_kernel(struct lbmesh_error *err, const struct nlmsghdr *nlh,
			  const struct lbm_sent *sent);

/* attr.c */

/* What an attribute of the kernel must be like. */
struct lbm_policy {
	enum mnl_attr_data_type type; /* MNL_TYPE_UNSPEC: not looked at */
	uint16_t len; /* exact length of MNL_TYPE_BINARY */
};

int lbm_attrs_parse(const void *attrs, size_t len, const struct nlattr **tb, uint16_t max,
		    const struct lbm_policy *policy);
int lbm_nest_parse(const struct nlattr *nest, const struct nlattr **tb, uint16_t max,
		   const struct lbm_policy *policy);
int lbm_message_parse(const struct nlmsghdr *nlh, const struct nlattr **tb, uint16_t max,
		      const struct lbm_policy *policy);
const struct genlmsghdr *lbm_message_genl(const struct nlmsghdr *nlh);
void lbm_attr_string(const struct nlattr *attr, char *text, size_t size);
uint8_t lbm_attr_u8(const struct nlattr *attr);
uint16_t lbm_attr_u16(const struct nlattr *attr);
uint32_t lbm_attr_u32(const struct nlattr *attr);
uint64_t lbm_attr_u64(const struct nlattr *attr);
const char *lbm_attr_text(const struct nlattr *attr);
int lbm_attr_address(const struct nlattr *ipv4, const struct nlattr *ipv6,
		     struct lbmesh_prefix *address);
int lbm_attr_prefix(const struct nlattr *ipv4, const struct nlattr *ipv6, const struct nlattr *len,
		    struct lbmesh_prefix *prefix);

/* path.c */

struct lbm_attr_set;

/* An attribute of a message, in words. */
struct lbm_place {
	enum lbmesh_object object;
	uint32_t index;
	const struct lbm_attr_set *inside; /* what its nest may hold, or NULL */
	char path[LBMESH_PATH_SIZE];
};

void lbm_place_top(struct lbm_place *place);
bool lbm_place_find(const struct lbm_sent *sent, size_t offset, struct lbm_place *place);
void lbm_place_missing(struct lbm_place *place, uint32_t type);

/* object.c */

int lbm_decode_device(const struct nlattr *nest, struct lbmesh_device *device);
int lbm_decode_network(const struct nlattr *nest, struct lbmesh_network *network);
int lbm_decode_bridge(const struct nlattr *nest, struct lbmesh_bridge *bridge);
int lbm_decode_peer(const struct nlattr *nest, struct lbmesh_peer *peer);
int lbm_decode_member(const struct nlattr *nest, struct lbmesh_member *member);

/* object-firewall.c */

/* What the pointers of a decoded rule and endpoint point to. */
struct lbm_rule_room {
	struct lbmesh_range src_ports[LBMESH_RULE_RANGES_MAX];
	struct lbmesh_range dst_ports[LBMESH_RULE_RANGES_MAX];
};

struct lbm_endpoint_room {
	uint32_t layers[LBMESH_ENDPOINT_LAYERS_MAX];
};

int lbm_decode_layer(const struct nlattr *nest, struct lbmesh_layer *layer);
int lbm_decode_layer_state(const struct nlattr *nest, const struct lbmesh_layer *layer,
			   struct lbmesh_layer_state *state);
int lbm_decode_rule(const struct nlattr *nest, struct lbmesh_rule *rule,
		    struct lbm_rule_room *room);
int lbm_decode_rule_state(const struct nlattr *nest, const struct lbmesh_rule *rule,
			  struct lbmesh_rule_state *state);
int lbm_decode_set(const struct nlattr *nest, struct lbmesh_set *set);
int lbm_decode_element(const struct nlattr *nest, struct lbmesh_element *element);
int lbm_decode_endpoint(const struct nlattr *nest, struct lbmesh_endpoint *endpoint,
			struct lbm_endpoint_room *room);

/* judgement.c */

int lbm_decode_judgement(const struct nlmsghdr *nlh, struct lbmesh_judgement *judgement);

/* decode.c */

extern const struct lbm_policy lbm_main_policy[LBMESH_A_MAX + 1];

int lbm_decode_info(const struct nlmsghdr *nlh, struct lbmesh_info *info);
int lbm_decode_generation(const struct nlmsghdr *nlh, struct lbmesh_generation *generation);
int lbm_decode_result(const struct nlmsghdr *nlh, struct lbmesh_result *result);

/* drift.c */

/* A difference that a job found. */
struct lbm_drift {
	uint64_t cookie; /* of the job */
	int error; /* not 0: what the job found was malformed */
	struct lbmesh_drift drift;
};

struct lbm_drifts {
	struct lbm_drift *items; /* for free() */
	size_t count;
	size_t room;
	int error; /* of a message whose job is not known, or a loss */
};

int lbm_decode_drift(const struct nlattr *nest, struct lbmesh_drift *drift);
void lbm_drifts_take(struct lbm_drifts *drifts, const struct nlmsghdr *nlh);
void lbm_drifts_lost(struct lbm_drifts *drifts, int error);
int lbm_drifts_check(const struct lbm_drifts *drifts, uint64_t cookie);

/* nest.c */

/* An attribute that is being filled; the first error sticks to it. */
struct lbm_nest {
	struct lbmesh_commit *commit;
	size_t start; /* of its header, in bytes from the start of the body */
	int error;
};

struct lbm_nest lbm_object_begin(struct lbmesh_commit *commit, uint16_t type);
int lbm_object_end(struct lbm_nest *object);
struct lbm_nest lbm_nest_begin(struct lbm_nest *parent, uint16_t type);
void lbm_nest_end(struct lbm_nest *parent, struct lbm_nest *nest);
void lbm_nest_refuse(struct lbm_nest *nest, int error);
void lbm_put(struct lbm_nest *nest, uint16_t type, const void *data, size_t len);
void lbm_put_u8(struct lbm_nest *nest, uint16_t type, uint8_t value);
void lbm_put_u16(struct lbm_nest *nest, uint16_t type, uint16_t value);
void lbm_put_u32(struct lbm_nest *nest, uint16_t type, uint32_t value);
void lbm_put_flag(struct lbm_nest *nest, uint16_t type);
void lbm_put_id(struct lbm_nest *nest, uint16_t type, uint32_t id);
void lbm_put_string(struct lbm_nest *nest, uint16_t type, const char *text, size_t max);

/* The attributes that say "address": each object numbers them its own way. */
struct lbm_prefix_attrs {
	uint16_t ipv4;
	uint16_t ipv6;
	uint16_t len; /* 0: only a whole address will do */
};

void lbm_put_prefix(struct lbm_nest *nest, struct lbm_prefix_attrs attrs,
		    const struct lbmesh_prefix *prefix);

int lbm_put_labelled(struct lbmesh_commit *commit, uint16_t type, uint16_t id_type, uint32_t id,
		     uint16_t label_type, const char *label);
int lbm_put_removal(struct lbmesh_commit *commit, uint16_t type, uint16_t id_type, uint32_t id,
		    uint16_t remove_type);

/* commit.c */

uint64_t lbm_token_new(void);

/* socket.c */

int lbm_socket_open(struct lbm_socket *socket, struct lbmesh_error *err);
void lbm_socket_close(struct lbm_socket *socket);
ssize_t lbm_receive(const struct lbm_socket *socket, void *buf, size_t size, int64_t deadline);
int64_t lbm_now_ms(void);
int64_t lbm_deadline(int timeout_ms);

/* exchange.c */

/* Room for a head: the two headers and the scalars of a commit, all limits, a key, or a flow. */
#define LBM_HEAD_SIZE 128

struct lbm_request {
	uint8_t head[LBM_HEAD_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
	const struct nlmsghdr *body; /* further attributes, or NULL */
};

/* Called for each answer; a negative errno ends the exchange with it. */
typedef int (*lbm_answer_fn)(const struct nlmsghdr *nlh, void *data);

struct nlmsghdr *lbm_request_init(struct lbm_request *request, uint16_t type, uint8_t cmd,
				  uint8_t version, uint16_t flags);
int lbm_exchange(struct lbmesh *conn, struct lbm_request *request, lbm_answer_fn fn, void *data,
		 struct lbmesh_error *err);
int lbm_collect(struct lbmesh *conn, int64_t deadline);
void lbm_stash_put(struct lbmesh *conn, const struct lbmesh_result *result);
bool lbm_stash_take(struct lbmesh *conn, uint64_t cookie, struct lbmesh_result *result);

/* collect.c */

/* A callback of the caller's. */
struct lbm_show {
	union {
		lbmesh_device_fn device;
		lbmesh_network_fn network;
		lbmesh_bridge_fn bridge;
		lbmesh_peer_fn peer;
		lbmesh_member_fn member;
		lbmesh_layer_fn layer;
		lbmesh_rule_fn rule;
		lbmesh_set_fn set;
		lbmesh_element_fn element;
		lbmesh_endpoint_fn endpoint;
		lbmesh_flow_fn flow;
	} fn;
	void *data;
};

/* A kind of object that can be asked for. */
struct lbm_kind {
	uint8_t cmd;
	uint16_t attr;
	/* Decodes the object in a nest of a message and shows it; @show may be NULL. */
	int (*show)(const struct nlmsghdr *nlh, const struct nlattr *nest,
		    const struct lbm_show *show);
};

extern const struct lbm_kind lbm_kind_device;
extern const struct lbm_kind lbm_kind_network;
extern const struct lbm_kind lbm_kind_bridge;
extern const struct lbm_kind lbm_kind_peer;
extern const struct lbm_kind lbm_kind_member;
extern const struct lbm_kind lbm_kind_layer;
extern const struct lbm_kind lbm_kind_rule;
extern const struct lbm_kind lbm_kind_set;
extern const struct lbm_kind lbm_kind_element;
extern const struct lbm_kind lbm_kind_endpoint;
extern const struct lbm_kind lbm_kind_flow;

struct lbm_collection {
	const struct lbm_kind *kind;
	uint8_t *buf; /* messages, each padded to a multiple of 4; for free() */
	size_t len;
	size_t size;
	size_t count; /* objects */
	uint64_t generation;
	bool has_generation;
	bool mixed; /* the messages show more than one generation */
};

int lbm_collect_take(const struct nlmsghdr *nlh, void *data);
int lbm_collect_show(const struct lbm_collection *all, const struct lbm_show *show);
void lbm_collect_reset(struct lbm_collection *all);

/* dump.c */

int lbm_dump(struct lbmesh *conn, const struct lbm_kind *kind, uint32_t id,
	     const struct lbm_show *show, uint64_t *generation, struct lbmesh_error *err);

/* get.c */

/* What is asked for, and how to know it again. */
struct lbm_wanted {
	const struct lbm_kind *kind;
	struct lbm_show match; /* returns 0 for the object that is meant */
};

int lbm_get(struct lbmesh *conn, struct lbm_request *request, const struct lbm_wanted *wanted,
	    const struct lbm_show *show, uint64_t *generation, struct lbmesh_error *err);
int lbm_get_by_id(struct lbmesh *conn, uint32_t id, const struct lbm_wanted *wanted,
		  const struct lbm_show *show, uint64_t *generation, struct lbmesh_error *err);

/* The attributes of a key that is the id of an owner and a prefix. */
struct lbm_owned_attrs {
	uint16_t owner;
	struct lbm_prefix_attrs prefix;
};

int lbm_get_by_prefix(struct lbmesh *conn, const struct lbm_owned_attrs *attrs, uint32_t owner,
		      const struct lbmesh_prefix *prefix, const struct lbm_wanted *wanted,
		      const struct lbm_show *show, uint64_t *generation, struct lbmesh_error *err);

/* job.c */

/* How often a request is sent that the kernel knows again by its token. */
#define LBM_SEND_ATTEMPTS 2

int lbm_job_run(struct lbmesh *conn, struct lbm_request *request, int attempts, int timeout_ms,
		struct lbmesh_result *result, struct lbmesh_error *err);

/* family.c */

int lbm_family_resolve(struct lbmesh *conn, struct lbmesh_error *err);

#endif /* LBMESH_INTERNAL_H */
