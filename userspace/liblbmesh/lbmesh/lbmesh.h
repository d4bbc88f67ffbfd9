/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lbmesh.h - the public face of liblbmesh, the C client of the generic netlink
 * family "lbmesh" (Documentation/netlink/specs/lbmesh.yaml).
 *
 * Error contract. A function that can fail returns 0, or a negative errno; a
 * positive value is a documented condition and no error. Where there is a
 * "struct lbmesh_error *err", it may be NULL; it is filled when the function
 * fails, and left alone otherwise. A message in it is one line for people.
 *
 * Presence. In an object's struct a NULL pointer, a prefix of family 0, and a
 * number for which 0 means nothing (id, ifindex, mtu) are absent. A number
 * for which 0 means something has a bool "has_..." beside it.
 *
 * Ownership. The library copies what it is given before it returns, and what
 * it gives to a callback is valid until the callback returns.
 *
 * Byte order. Addresses are in network byte order, every number (ports too)
 * is in host byte order.
 *
 * Threads. A struct lbmesh and a struct lbmesh_commit belong to one thread at
 * a time; different ones are independent of each other.
 */
#ifndef LBMESH_LBMESH_H
#define LBMESH_LBMESH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/lbmesh.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define LBMESH_PUBLIC __attribute__((visibility("default")))
#define LBMESH_MUST_CHECK __attribute__((warn_unused_result))
#else
#define LBMESH_PUBLIC
#define LBMESH_MUST_CHECK
#endif

/* Room for every message of the kernel and of the library, with the NUL. */
#define LBMESH_MESSAGE_SIZE 256
/* Room for the path of an attribute, "rule[4294967295].src-port[0].first". */
#define LBMESH_PATH_SIZE 96
/* In limits: the verdict cache is off, or is to be. */
#define LBMESH_CACHE_OFF UINT32_MAX
/* Room for a prefix or an address as text, with the NUL. */
#define LBMESH_PREFIX_STRLEN 56
/* One timing for each phase that ran. */
#define LBMESH_TIMINGS_MAX 8
/* The most ranges of ports that the module takes on either side of a rule. */
#define LBMESH_RULE_RANGES_MAX 16
/* The most layers that the module takes in one endpoint. */
#define LBMESH_ENDPOINT_LAYERS_MAX 8

struct lbmesh;
struct lbmesh_commit;

/**
 * struct lbmesh_error - Why something failed.
 * @code: a positive errno, 0 when nothing failed
 * @phase: the phase of the commit that ended it; parse for what was refused
 *	at once
 * @object: kind of the object at fault, or LBMESH_OBJECT_NONE
 * @index: its place among the objects of its kind in the message, from 0
 * @message: a sentence for people, the kernel's own where it gave one
 * @path: the attribute at fault ("peer[3].public-key"), or empty
 */
struct lbmesh_error {
	int code;
	enum lbmesh_phase phase;
	enum lbmesh_object object;
	uint32_t index;
	char message[LBMESH_MESSAGE_SIZE];
	char path[LBMESH_PATH_SIZE];
};

/**
 * struct lbmesh_prefix - An address or a prefix.
 * @family: AF_INET or AF_INET6; 0 is "absent"
 * @len: length of the prefix in bits; 32 or 128 is one address
 * @addr: network byte order; the first 4 bytes for AF_INET, the rest zero
 */
struct lbmesh_prefix {
	uint8_t family;
	uint8_t len;
	uint8_t addr[16];
};

/* Objects, one struct for commits and dumps alike; the spec says more. */

/**
 * struct lbmesh_device - A WireGuard interface that lbmesh manages.
 * @id: the key; not 0
 * @ifindex: the interface by index; in a commit exactly one of the two
 * @ifname: the interface by name; at most LBMESH_IFNAME_MAX bytes
 * @private_key: LBMESH_KEY_LEN bytes; NULL keeps the key; never in dumps
 * @has_listen_port: false keeps the port
 * @listen_port: UDP port
 * @has_fwmark: false keeps the mark
 * @fwmark: mark of the encrypted packets
 * @mtu: bytes; 0 keeps the MTU
 */
struct lbmesh_device {
	uint32_t id;
	uint32_t ifindex;
	const char *ifname;
	const uint8_t *private_key;
	bool has_listen_port;
	bool has_fwmark;
	uint16_t listen_port;
	uint32_t fwmark;
	uint32_t mtu;
};

/**
 * struct lbmesh_network - An overlay network.
 * @id: the key; not 0
 * @label: at most LBMESH_LABEL_MAX bytes, or NULL
 */
struct lbmesh_network {
	uint32_t id;
	const char *label;
};

/**
 * struct lbmesh_bridge - A link between two networks.
 * @id: the key; not 0
 * @network_a: id of one network
 * @network_b: id of the other
 */
struct lbmesh_bridge {
	uint32_t id;
	uint32_t network_a;
	uint32_t network_b;
};

/**
 * struct lbmesh_peer - A WireGuard peer; the key is device and public key.
 * @device: id of the device
 * @public_key: LBMESH_KEY_LEN bytes
 * @preshared_key: LBMESH_KEY_LEN bytes; NULL keeps what is set, all zeros
 *	removes it; never in dumps
 * @endpoint: underlay address, a whole one; family 0 = none given
 * @endpoint_port: UDP port, host byte order; sent when there is an endpoint
 * @keepalive: persistent keepalive interval in seconds; 0 is off
 */
struct lbmesh_peer {
	uint32_t device;
	const uint8_t *public_key;
	const uint8_t *preshared_key;
	struct lbmesh_prefix endpoint;
	uint16_t endpoint_port;
	uint16_t keepalive;
};

/**
 * struct lbmesh_member - An address of a network; the key is device and prefix.
 * @network: id of the network
 * @device: id of the device it is reached through or lives on
 * @prefix: address or prefix; required
 * @public_key: LBMESH_KEY_LEN bytes of the peer that has it; NULL means us
 */
struct lbmesh_member {
	uint32_t network;
	uint32_t device;
	struct lbmesh_prefix prefix;
	const uint8_t *public_key;
};

/**
 * struct lbmesh_layer - An ordered list of rules.
 * @id: the key; not 0
 * @label: at most LBMESH_LABEL_MAX bytes, or NULL
 */
struct lbmesh_layer {
	uint32_t id;
	const char *label;
};

/**
 * enum lbmesh_selector_kind - Which field of a selector counts.
 * @LBMESH_SELECTOR_ABSENT: none; the rule matches any address
 * @LBMESH_SELECTOR_PREFIX: prefix
 * @LBMESH_SELECTOR_SET: set
 * @LBMESH_SELECTOR_KEYWORD: keyword
 */
enum lbmesh_selector_kind {
	LBMESH_SELECTOR_ABSENT,
	LBMESH_SELECTOR_PREFIX,
	LBMESH_SELECTOR_SET,
	LBMESH_SELECTOR_KEYWORD,
};

/**
 * struct lbmesh_selector - Addresses that a rule matches.
 * @kind: which of the others counts
 * @prefix: address or prefix
 * @set: id of a set
 * @keyword: a selector that is not an address
 */
struct lbmesh_selector {
	enum lbmesh_selector_kind kind;
	struct lbmesh_prefix prefix;
	uint32_t set;
	enum lbmesh_keyword keyword;
};

/**
 * struct lbmesh_range - A closed range of ports, host byte order.
 * @first: first port
 * @last: last port, not less than the first
 */
struct lbmesh_range {
	uint16_t first;
	uint16_t last;
};

/**
 * struct lbmesh_rule - A rule of a layer; the key is layer and id.
 * @layer: id of the layer
 * @id: not 0
 * @position: rules are visited by ascending position; unique in its layer
 * @action: what the rule does
 * @direction: when has_direction; both otherwise
 * @protocol: IP protocol number, when has_protocol; any otherwise
 * @icmp_type: when has_icmp_type; with protocol 1 or 58 only
 * @icmp_code: when has_icmp_code; with icmp_type only
 * @has_direction: see @direction
 * @has_protocol: see @protocol
 * @has_icmp_type: see @icmp_type
 * @has_icmp_code: see @icmp_code
 * @log: report matches on the verdict group
 * @src: source addresses
 * @dst: destination addresses
 * @src_ports: array of @n_src_ports ranges, or NULL; with a protocol that has
 *	ports only
 * @n_src_ports: how many, at most LBMESH_RULE_RANGES_MAX
 * @dst_ports: array of @n_dst_ports ranges, or NULL; as @src_ports
 * @n_dst_ports: how many, at most LBMESH_RULE_RANGES_MAX
 */
struct lbmesh_rule {
	uint32_t layer;
	uint32_t id;
	uint32_t position;
	enum lbmesh_action action;
	enum lbmesh_direction direction;
	uint8_t protocol;
	uint8_t icmp_type;
	uint8_t icmp_code;
	bool has_direction;
	bool has_protocol;
	bool has_icmp_type;
	bool has_icmp_code;
	bool log;
	struct lbmesh_selector src;
	struct lbmesh_selector dst;
	const struct lbmesh_range *src_ports;
	size_t n_src_ports;
	const struct lbmesh_range *dst_ports;
	size_t n_dst_ports;
};

/**
 * struct lbmesh_rule_state - What a rule has done. Only in answers.
 * @hits: packets that it decided
 * @has_last_hit: false when there was none
 * @last_hit_ms: milliseconds since the last of them
 */
struct lbmesh_rule_state {
	uint64_t hits;
	bool has_last_hit;
	uint64_t last_hit_ms;
};

/**
 * struct lbmesh_layer_state - What the rules of a layer have done. Only in answers.
 * @denied: packets that they denied
 * @rejected: packets that they rejected
 */
struct lbmesh_layer_state {
	uint64_t denied;
	uint64_t rejected;
};

/**
 * struct lbmesh_set - A set of addresses and prefixes, shared by rules.
 * @id: the key; not 0
 * @label: at most LBMESH_LABEL_MAX bytes, or NULL
 */
struct lbmesh_set {
	uint32_t id;
	const char *label;
};

/**
 * struct lbmesh_element - An element of a set; the key is set and prefix.
 * @set: id of the set
 * @prefix: address or prefix; required
 * @learned: it came with lbmesh_set_update(); only in answers
 * @timeout_ms: milliseconds until it goes away, or what is left of them, at
 *	least 1, also when it is over; 0 is never. For lbmesh_set_update() alone:
 *	the module refuses a commit with one
 *
 * An element is stated, by a commit, or learned, by lbmesh_set_update(). A
 * prefix can be in a set by both.
 */
struct lbmesh_element {
	uint32_t set;
	struct lbmesh_prefix prefix;
	bool learned;
	uint32_t timeout_ms;
};

/**
 * struct lbmesh_endpoint - What the layers judge.
 * @id: the key; not 0
 * @label: at most LBMESH_LABEL_MAX bytes, or NULL
 * @kind: host or sandbox
 * @ifindex: the interface by index; in a commit exactly one of the two
 * @ifname: the interface by name
 * @ipv4: its IPv4 address, or family 0
 * @ipv6: its IPv6 address, or family 0
 * @layers: array of @n_layers ids of layers in their order, or NULL
 * @n_layers: how many, at most LBMESH_ENDPOINT_LAYERS_MAX
 * @has_ingress_default: false is the default of the kind
 * @has_egress_default: false is the default of the kind
 * @ingress_default: when no rule decides; allow, deny or reject
 * @egress_default: when no rule decides; allow, deny or reject
 */
struct lbmesh_endpoint {
	uint32_t id;
	const char *label;
	enum lbmesh_endpoint_kind kind;
	uint32_t ifindex;
	const char *ifname;
	struct lbmesh_prefix ipv4;
	struct lbmesh_prefix ipv6;
	const uint32_t *layers;
	size_t n_layers;
	bool has_ingress_default;
	bool has_egress_default;
	enum lbmesh_action ingress_default;
	enum lbmesh_action egress_default;
};

/* Answers. */

/**
 * struct lbmesh_counts - A number for each kind of object.
 *
 * @message_bytes and @cache_entries are for limits only. What the kernel does
 * not say is 0; a cache that is off is LBMESH_CACHE_OFF.
 */
struct lbmesh_counts {
	uint32_t devices;
	uint32_t networks;
	uint32_t bridges;
	uint32_t peers;
	uint32_t members;
	uint32_t layers;
	uint32_t rules;
	uint32_t sets;
	uint32_t elements;
	uint32_t endpoints;
	uint32_t message_bytes;
	uint32_t cache_entries;
};

/**
 * struct lbmesh_info - What the module is and can do, in this namespace.
 * @family_version: version of the family that it speaks
 * @module_version: its own version
 * @capabilities: bits of enum lbmesh_capability
 * @limits: the most that the namespace may have
 */
struct lbmesh_info {
	uint32_t family_version;
	char module_version[64];
	uint32_t capabilities;
	struct lbmesh_counts limits;
};

/**
 * struct lbmesh_timing - How long a phase took.
 * @phase: which
 * @duration_ns: nanoseconds of monotonic time
 */
struct lbmesh_timing {
	enum lbmesh_phase phase;
	uint64_t duration_ns;
};

/**
 * struct lbmesh_result - How a job (commit, flush, confirm, audit ...) ended.
 * @cookie: the kernel's name of the job; 0 when it has not ended
 * @token: the sender's name of it, 0 when unknown
 * @generation: number in force when it had ended; the new one when it was
 *	done and changed something
 * @error: code 0 when it was done, otherwise what went wrong and where. With
 *	code 0 and phase confirm the generation is in force and pending; a
 *	message with code 0 is a remark
 * @n_timings: how many of @timings are set
 * @timings: how long each phase took, in their order
 */
struct lbmesh_result {
	uint64_t cookie;
	uint64_t token;
	uint64_t generation;
	struct lbmesh_error error;
	size_t n_timings;
	struct lbmesh_timing timings[LBMESH_TIMINGS_MAX];
};

/**
 * struct lbmesh_gate - Packets that the gate judged since the first commit.
 * @passed: let through
 * @not_member: dropped because an end is no member
 * @not_connected: dropped because the networks are not connected
 * @malformed: dropped because they are no well-formed IP packets
 * @moving: dropped because an end was changing its owner
 */
struct lbmesh_gate {
	uint64_t passed;
	uint64_t not_member;
	uint64_t not_connected;
	uint64_t malformed;
	uint64_t moving;
};

/**
 * struct lbmesh_totals - What the namespace has done since it was made.
 * @commits: commits that put a new generation in force
 * @unchanged: commits that restated what was in force
 * @failures: jobs that ended with an error
 * @confirms: pending generations that were confirmed
 * @reverts: pending generations that were reverted, by request or by timeout
 * @audits: audits
 * @repairs: repairs
 * @requests: messages that were sent to WireGuard
 */
struct lbmesh_totals {
	uint64_t commits;
	uint64_t unchanged;
	uint64_t failures;
	uint64_t confirms;
	uint64_t reverts;
	uint64_t audits;
	uint64_t repairs;
	uint64_t requests;
};

/**
 * struct lbmesh_cache - The verdict cache, since it was made.
 * @entries: verdicts that it can hold, on each CPU
 * @hits: packets that it judged
 * @misses: packets that the classifier judged, no entry being there
 * @stale: packets that the classifier judged, the entry being too old
 * @evictions: entries that made room for another
 */
struct lbmesh_cache {
	uint32_t entries;
	uint64_t hits;
	uint64_t misses;
	uint64_t stale;
	uint64_t evictions;
};

/**
 * struct lbmesh_path - Packets of endpoints, since there was the first one.
 * @allowed: let through
 * @denied: dropped because an endpoint denies them
 * @rejected: dropped, and the sender was told as far as the rate allows
 * @spoofed: dropped because their source is not the endpoint's
 * @no_endpoint: dropped because no endpoint there has their destination
 * @malformed: dropped because their headers are malformed or not judged
 * @no_state: dropped because connection tracking has no state of them
 */
struct lbmesh_path {
	uint64_t allowed;
	uint64_t denied;
	uint64_t rejected;
	uint64_t spoofed;
	uint64_t no_endpoint;
	uint64_t malformed;
	uint64_t no_state;
};

/**
 * struct lbmesh_generation - What is in force in the namespace.
 * @number: of the generation; 0 when none is in force
 * @state: what the namespace is doing
 * @pending_ms: milliseconds left for confirm, in state pending
 * @counts: objects that it holds
 * @gate: counters of the gate
 * @has_last: false when no job has run yet
 * @has_last_result: false while the last job is still running
 * @last: the last job; its generation is @number
 * @has_fallback: false when the kernel did not say
 * @fallback: number of the generation that returns unless confirm comes, in
 *	state pending; 0 when none was in force
 * @totals: what the namespace has done
 * @has_cache: false when the kernel did not say
 * @cache: the verdict cache
 * @has_path: false when the kernel did not say: there was no endpoint yet
 * @path: what became of the packets of endpoints
 */
struct lbmesh_generation {
	uint64_t number;
	enum lbmesh_state state;
	uint32_t pending_ms;
	struct lbmesh_counts counts;
	struct lbmesh_gate gate;
	bool has_last;
	bool has_last_result;
	struct lbmesh_result last;
	bool has_fallback;
	uint64_t fallback;
	struct lbmesh_totals totals;
	bool has_cache;
	struct lbmesh_cache cache;
	bool has_path;
	struct lbmesh_path path;
};

/**
 * struct lbmesh_drift - A difference between WireGuard and the generation.
 * @kind: what differs
 * @device: id of the device
 * @has_public_key: false when it is about the device itself
 * @public_key: of the peer; WireGuard's for one that the generation does not have
 */
struct lbmesh_drift {
	enum lbmesh_drift_kind kind;
	uint32_t device;
	bool has_public_key;
	uint8_t public_key[LBMESH_KEY_LEN];
};

/**
 * struct lbmesh_flow - A packet's tuple.
 * @endpoint: id of the endpoint that is to judge it; 0 is absent
 * @ifindex: interface that it passes; 0 is absent
 * @has_direction: false leaves it to the kernel
 * @direction: as the endpoint or the interface sees it
 * @src: source address, a whole one; in events family 0 when the packet had none
 * @dst: destination address, of the same family
 * @has_protocol: see @protocol
 * @protocol: IP protocol number
 * @has_src_port: see @src_port
 * @has_dst_port: see @dst_port
 * @src_port: source port
 * @dst_port: destination port
 * @has_icmp_type: see @icmp_type
 * @has_icmp_code: see @icmp_code
 * @icmp_type: ICMP or ICMPv6 type
 * @icmp_code: ICMP or ICMPv6 code
 */
struct lbmesh_flow {
	uint32_t endpoint;
	uint32_t ifindex;
	bool has_direction;
	enum lbmesh_direction direction;
	struct lbmesh_prefix src;
	struct lbmesh_prefix dst;
	bool has_protocol;
	uint8_t protocol;
	bool has_src_port;
	bool has_dst_port;
	uint16_t src_port;
	uint16_t dst_port;
	bool has_icmp_type;
	bool has_icmp_code;
	uint8_t icmp_type;
	uint8_t icmp_code;
};

/**
 * struct lbmesh_verdict - What happens to a flow, and why.
 * @action: allow, deny or reject
 * @reason: why; that of a newer module may be none of the enumeration
 * @src_network: id of the source's network; 0 when it is no member
 * @dst_network: id of the destination's network; 0 when it is no member
 * @layer: id of the layer that decided; 0 when none did
 * @rule: id of the rule that decided; 0 when none did
 * @endpoint: id of the endpoint that was judged; 0 when none was
 * @generation: number of the generation that the verdict stands on
 * @cached: the verdict cache holds the flow
 * @hits: packets that the cached verdict has judged
 */
struct lbmesh_verdict {
	enum lbmesh_action action;
	enum lbmesh_reason reason;
	uint32_t src_network;
	uint32_t dst_network;
	uint32_t layer;
	uint32_t rule;
	uint32_t endpoint;
	uint64_t generation;
	bool cached;
	uint64_t hits;
};

/**
 * struct lbmesh_judgement - A flow and its verdict.
 * @generation: number of the generation in force
 * @flow: what was judged
 * @verdict: what happens to it
 * @suppressed: in events, how many the rate limit has kept back since the last
 *	one shown
 */
struct lbmesh_judgement {
	uint64_t generation;
	struct lbmesh_flow flow;
	struct lbmesh_verdict verdict;
	uint64_t suppressed;
};

/**
 * enum lbmesh_event_kind - What a multicast message was about.
 * @LBMESH_EVENT_GENERATION: a new generation is in force, or the last ended; in
 *	state pending it waits for confirm
 * @LBMESH_EVENT_VERDICT: a packet was denied, or matched a rule that logs
 */
enum lbmesh_event_kind {
	LBMESH_EVENT_GENERATION,
	LBMESH_EVENT_VERDICT,
};

/**
 * struct lbmesh_event - A multicast message.
 * @kind: which
 * @generation: for LBMESH_EVENT_GENERATION
 * @judgement: for LBMESH_EVENT_VERDICT
 */
struct lbmesh_event {
	enum lbmesh_event_kind kind;
	struct lbmesh_generation generation;
	struct lbmesh_judgement judgement;
};

/* Connection (connection.c). */

LBMESH_PUBLIC LBMESH_MUST_CHECK
int lbmesh_open(struct lbmesh **conn, struct lbmesh_error *err);
LBMESH_PUBLIC void lbmesh_close(struct lbmesh *conn);
LBMESH_PUBLIC void lbmesh_closep(struct lbmesh **conn);
LBMESH_PUBLIC void lbmesh_timeout_set(struct lbmesh *conn, int timeout_ms);
LBMESH_PUBLIC int lbmesh_fd(const struct lbmesh *conn);
LBMESH_PUBLIC const char *lbmesh_version(void);

/* Commit builder (commit.c, commit-mesh.c, commit-firewall.c). */

LBMESH_PUBLIC LBMESH_MUST_CHECK
struct lbmesh_commit *lbmesh_commit_new(enum lbmesh_commit_mode mode);
LBMESH_PUBLIC void lbmesh_commit_free(struct lbmesh_commit *commit);
LBMESH_PUBLIC void lbmesh_commit_freep(struct lbmesh_commit **commit);
LBMESH_PUBLIC void lbmesh_commit_set_expect_gen(struct lbmesh_commit *commit, uint64_t generation);
LBMESH_PUBLIC LBMESH_MUST_CHECK
int lbmesh_commit_set_token(struct lbmesh_commit *commit, uint64_t token);
LBMESH_PUBLIC uint64_t lbmesh_commit_token(const struct lbmesh_commit *commit);
LBMESH_PUBLIC void lbmesh_commit_set_confirm_timeout(struct lbmesh_commit *commit,
						     uint32_t timeout_ms);
LBMESH_PUBLIC size_t lbmesh_commit_size(const struct lbmesh_commit *commit);
LBMESH_PUBLIC size_t lbmesh_commit_objects(const struct lbmesh_commit *commit);

LBMESH_PUBLIC LBMESH_MUST_CHECK
int lbmesh_commit_put_device(struct lbmesh_commit *commit, const struct lbmesh_device *device);
LBMESH_PUBLIC LBMESH_MUST_CHECK
int lbmesh_commit_put_network(struct lbmesh_commit *commit, const struct lbmesh_network *network);
LBMESH_PUBLIC LBMESH_MUST_CHECK
int lbmesh_commit_put_bridge(struct lbmesh_commit *commit, const struct lbmesh_bridge *bridge);
LBMESH_PUBLIC LBMESH_MUST_CHECK
int lbmesh_commit_put_peer(struct lbmesh_commit *commit, const struct lbmesh_peer *peer);
LBMESH_PUBLIC LBMESH_MUST_CHECK
int lbmesh_commit_put_member(struct lbmesh_commit *commit, const struct lbmesh_member *member);
LBMESH_PUBLIC LBMESH_MUST_CHECK
int lbmesh_commit_put_layer(struct lbmesh_commit *commit, const struct lbmesh_layer *layer);
LBMESH_PUBLIC LBMESH_MUST_CHECK
int lbmesh_commit_put_rule(struct lbmesh_commit *commit, const struct lbmesh_rule *rule);
LBMESH_PUBLIC LBMESH_MUST_CHECK
int lbmesh_commit_put_set(struct lbmesh_commit *commit, const struct lbmesh_set *set);
LBMESH_PUBLIC LBMESH_MUST_CHECK
int lbmesh_commit_put_element(struct lbmesh_commit *commit, const struct lbmesh_element *element);
LBMESH_PUBLIC LBMESH_MUST_CHECK
int lbmesh_commit_put_endpoint(struct lbmesh_commit *commit,
			       const struct lbmesh_endpoint *endpoint);

LBMESH_PUBLIC LBMESH_MUST_CHECK
int lbmesh_commit_remove_device(struct lbmesh_commit *commit, uint32_t id);
LBMESH_PUBLIC LBMESH_MUST_CHECK
int lbmesh_commit_remove_network(struct lbmesh_commit *commit, uint32_t id);
LBMESH_PUBLIC LBMESH_MUST_CHECK
int lbmesh_commit_remove_bridge(struct lbmesh_commit *commit, uint32_t id);
LBMESH_PUBLIC LBMESH_MUST_CHECK
int lbmesh_commit_remove_peer(struct lbmesh_commit *commit, uint32_t device,
			      const uint8_t public_key[LBMESH_KEY_LEN]);
LBMESH_PUBLIC LBMESH_MUST_CHECK
int lbmesh_commit_remove_member(struct lbmesh_commit *commit, uint32_t device,
				const struct lbmesh_prefix *prefix);
LBMESH_PUBLIC LBMESH_MUST_CHECK
int lbmesh_commit_remove_layer(struct lbmesh_commit *commit, uint32_t id);
LBMESH_PUBLIC LBMESH_MUST_CHECK
int lbmesh_commit_remove_rule(struct lbmesh_commit *commit, uint32_t layer, uint32_t id);
LBMESH_PUBLIC LBMESH_MUST_CHECK
int lbmesh_commit_remove_set(struct lbmesh_commit *commit, uint32_t id);
LBMESH_PUBLIC LBMESH_MUST_CHECK
int lbmesh_commit_remove_element(struct lbmesh_commit *commit, uint32_t set,
				 const struct lbmesh_prefix *prefix);
LBMESH_PUBLIC LBMESH_MUST_CHECK
int lbmesh_commit_remove_endpoint(struct lbmesh_commit *commit, uint32_t id);

/* Jobs (job.c). */

LBMESH_PUBLIC LBMESH_MUST_CHECK
int lbmesh_commit_send(struct lbmesh *conn, const struct lbmesh_commit *commit, uint64_t *cookie,
		       struct lbmesh_error *err);
LBMESH_PUBLIC LBMESH_MUST_CHECK
int lbmesh_commit_wait(struct lbmesh *conn, uint64_t cookie, int timeout_ms,
		       struct lbmesh_result *result, struct lbmesh_error *err);
LBMESH_PUBLIC LBMESH_MUST_CHECK
int lbmesh_commit_run(struct lbmesh *conn, const struct lbmesh_commit *commit, int timeout_ms,
		      struct lbmesh_result *result, struct lbmesh_error *err);
LBMESH_PUBLIC LBMESH_MUST_CHECK
int lbmesh_flush(struct lbmesh *conn, const uint64_t *expect_gen, int timeout_ms,
		 struct lbmesh_result *result, struct lbmesh_error *err);
LBMESH_PUBLIC LBMESH_MUST_CHECK
int lbmesh_confirm(struct lbmesh *conn, uint64_t generation, int timeout_ms,
		   struct lbmesh_result *result, struct lbmesh_error *err);
LBMESH_PUBLIC LBMESH_MUST_CHECK
int lbmesh_revert(struct lbmesh *conn, uint64_t generation, int timeout_ms,
		  struct lbmesh_result *result, struct lbmesh_error *err);

/* Audits (audit.c). */

typedef int (*lbmesh_drift_fn)(const struct lbmesh_drift *drift, void *data);

LBMESH_PUBLIC LBMESH_MUST_CHECK
int lbmesh_audit(struct lbmesh *conn, lbmesh_drift_fn fn, void *data, int timeout_ms,
		 struct lbmesh_result *result, struct lbmesh_error *err);
LBMESH_PUBLIC LBMESH_MUST_CHECK
int lbmesh_repair(struct lbmesh *conn, lbmesh_drift_fn fn, void *data, int timeout_ms,
		  struct lbmesh_result *result, struct lbmesh_error *err);

/* Limits (limits.c); lbmesh_info_get() reads them. */

LBMESH_PUBLIC LBMESH_MUST_CHECK
int lbmesh_limits_set(struct lbmesh *conn, const struct lbmesh_counts *limits,
		      struct lbmesh_error *err);

/* Questions (generation.c). */

LBMESH_PUBLIC LBMESH_MUST_CHECK
int lbmesh_info_get(struct lbmesh *conn, struct lbmesh_info *info, struct lbmesh_error *err);
LBMESH_PUBLIC LBMESH_MUST_CHECK
int lbmesh_generation_get(struct lbmesh *conn, struct lbmesh_generation *generation,
			  struct lbmesh_error *err);

/* Dumps (dump.c). */

typedef int (*lbmesh_device_fn)(const struct lbmesh_device *device, void *data);
typedef int (*lbmesh_network_fn)(const struct lbmesh_network *network, void *data);
typedef int (*lbmesh_bridge_fn)(const struct lbmesh_bridge *bridge, void *data);
typedef int (*lbmesh_peer_fn)(const struct lbmesh_peer *peer, void *data);
typedef int (*lbmesh_member_fn)(const struct lbmesh_member *member, void *data);

LBMESH_PUBLIC LBMESH_MUST_CHECK
int lbmesh_device_dump(struct lbmesh *conn, lbmesh_device_fn fn, void *data,
		       uint64_t *generation, struct lbmesh_error *err);
LBMESH_PUBLIC LBMESH_MUST_CHECK
int lbmesh_network_dump(struct lbmesh *conn, lbmesh_network_fn fn, void *data,
			uint64_t *generation, struct lbmesh_error *err);
LBMESH_PUBLIC LBMESH_MUST_CHECK
int lbmesh_bridge_dump(struct lbmesh *conn, lbmesh_bridge_fn fn, void *data,
		       uint64_t *generation, struct lbmesh_error *err);
LBMESH_PUBLIC LBMESH_MUST_CHECK
int lbmesh_peer_dump(struct lbmesh *conn, uint32_t device, lbmesh_peer_fn fn, void *data,
		     uint64_t *generation, struct lbmesh_error *err);
LBMESH_PUBLIC LBMESH_MUST_CHECK
int lbmesh_member_dump(struct lbmesh *conn, uint32_t network, lbmesh_member_fn fn, void *data,
		       uint64_t *generation, struct lbmesh_error *err);

/* Dumps of the firewall (dump-firewall.c). */

/* state is NULL when the kernel did not say. */
typedef int (*lbmesh_layer_fn)(const struct lbmesh_layer *layer,
			       const struct lbmesh_layer_state *state, void *data);
typedef int (*lbmesh_rule_fn)(const struct lbmesh_rule *rule, const struct lbmesh_rule_state *state,
			      void *data);
typedef int (*lbmesh_set_fn)(const struct lbmesh_set *set, void *data);
typedef int (*lbmesh_element_fn)(const struct lbmesh_element *element, void *data);
typedef int (*lbmesh_endpoint_fn)(const struct lbmesh_endpoint *endpoint, void *data);
typedef int (*lbmesh_flow_fn)(const struct lbmesh_judgement *judgement, void *data);

LBMESH_PUBLIC LBMESH_MUST_CHECK
int lbmesh_layer_dump(struct lbmesh *conn, lbmesh_layer_fn fn, void *data, uint64_t *generation,
		      struct lbmesh_error *err);
LBMESH_PUBLIC LBMESH_MUST_CHECK
int lbmesh_rule_dump(struct lbmesh *conn, uint32_t layer, lbmesh_rule_fn fn, void *data,
		     uint64_t *generation, struct lbmesh_error *err);
LBMESH_PUBLIC LBMESH_MUST_CHECK
int lbmesh_set_dump(struct lbmesh *conn, lbmesh_set_fn fn, void *data, uint64_t *generation,
		    struct lbmesh_error *err);
LBMESH_PUBLIC LBMESH_MUST_CHECK
int lbmesh_element_dump(struct lbmesh *conn, uint32_t set, lbmesh_element_fn fn, void *data,
			uint64_t *generation, struct lbmesh_error *err);
LBMESH_PUBLIC LBMESH_MUST_CHECK
int lbmesh_endpoint_dump(struct lbmesh *conn, lbmesh_endpoint_fn fn, void *data,
			 uint64_t *generation, struct lbmesh_error *err);
LBMESH_PUBLIC LBMESH_MUST_CHECK
int lbmesh_flow_dump(struct lbmesh *conn, lbmesh_flow_fn fn, void *data, uint64_t *generation,
		     struct lbmesh_error *err);

/* One object by its key (get.c). */

LBMESH_PUBLIC LBMESH_MUST_CHECK
int lbmesh_device_get(struct lbmesh *conn, uint32_t id, lbmesh_device_fn fn, void *data,
		      uint64_t *generation, struct lbmesh_error *err);
LBMESH_PUBLIC LBMESH_MUST_CHECK
int lbmesh_network_get(struct lbmesh *conn, uint32_t id, lbmesh_network_fn fn, void *data,
		       uint64_t *generation, struct lbmesh_error *err);
LBMESH_PUBLIC LBMESH_MUST_CHECK
int lbmesh_bridge_get(struct lbmesh *conn, uint32_t id, lbmesh_bridge_fn fn, void *data,
		      uint64_t *generation, struct lbmesh_error *err);
LBMESH_PUBLIC LBMESH_MUST_CHECK
int lbmesh_peer_get(struct lbmesh *conn, uint32_t device, const uint8_t public_key[LBMESH_KEY_LEN],
		    lbmesh_peer_fn fn, void *data, uint64_t *generation, struct lbmesh_error *err);
LBMESH_PUBLIC LBMESH_MUST_CHECK
int lbmesh_member_get(struct lbmesh *conn, uint32_t device, const struct lbmesh_prefix *prefix,
		      lbmesh_member_fn fn, void *data, uint64_t *generation,
		      struct lbmesh_error *err);

/* One object of the firewall by its key (get-firewall.c). */

LBMESH_PUBLIC LBMESH_MUST_CHECK
int lbmesh_layer_get(struct lbmesh *conn, uint32_t id, lbmesh_layer_fn fn, void *data,
		     uint64_t *generation, struct lbmesh_error *err);
LBMESH_PUBLIC LBMESH_MUST_CHECK
int lbmesh_rule_get(struct lbmesh *conn, uint32_t layer, uint32_t id, lbmesh_rule_fn fn, void *data,
		    uint64_t *generation, struct lbmesh_error *err);
LBMESH_PUBLIC LBMESH_MUST_CHECK
int lbmesh_set_get(struct lbmesh *conn, uint32_t id, lbmesh_set_fn fn, void *data,
		   uint64_t *generation, struct lbmesh_error *err);
LBMESH_PUBLIC LBMESH_MUST_CHECK
int lbmesh_element_get(struct lbmesh *conn, uint32_t set, const struct lbmesh_prefix *prefix,
		       lbmesh_element_fn fn, void *data, uint64_t *generation,
		       struct lbmesh_error *err);
LBMESH_PUBLIC LBMESH_MUST_CHECK
int lbmesh_endpoint_get(struct lbmesh *conn, uint32_t id, lbmesh_endpoint_fn fn, void *data,
			uint64_t *generation, struct lbmesh_error *err);

/* Learned elements of sets (set-update.c). */

LBMESH_PUBLIC LBMESH_MUST_CHECK
int lbmesh_set_update(struct lbmesh *conn, const struct lbmesh_element *added, size_t n_added,
		      const struct lbmesh_element *removed, size_t n_removed,
		      struct lbmesh_error *err);

/* Verdicts (explain.c). */

LBMESH_PUBLIC LBMESH_MUST_CHECK
int lbmesh_explain(struct lbmesh *conn, const struct lbmesh_flow *flow,
		   struct lbmesh_judgement *judgement, struct lbmesh_error *err);
LBMESH_PUBLIC LBMESH_MUST_CHECK
int lbmesh_flow_get(struct lbmesh *conn, const struct lbmesh_flow *flow,
		    struct lbmesh_judgement *judgement, struct lbmesh_error *err);

/* Events (event.c). */

LBMESH_PUBLIC LBMESH_MUST_CHECK
int lbmesh_event_subscribe(struct lbmesh *conn, struct lbmesh_error *err);
LBMESH_PUBLIC LBMESH_MUST_CHECK
int lbmesh_event_subscribe_verdicts(struct lbmesh *conn, struct lbmesh_error *err);
LBMESH_PUBLIC int lbmesh_event_fd(const struct lbmesh *conn);
LBMESH_PUBLIC LBMESH_MUST_CHECK
int lbmesh_event_next(struct lbmesh *conn, struct lbmesh_event *event, struct lbmesh_error *err);

/* Addresses and prefixes (prefix.c). */

LBMESH_PUBLIC LBMESH_MUST_CHECK
int lbmesh_prefix_parse(const char *text, struct lbmesh_prefix *prefix);
LBMESH_PUBLIC LBMESH_MUST_CHECK
int lbmesh_address_parse(const char *text, struct lbmesh_prefix *address);
LBMESH_PUBLIC int lbmesh_prefix_format(const struct lbmesh_prefix *prefix, char *text,
				       size_t size);
LBMESH_PUBLIC int lbmesh_address_format(const struct lbmesh_prefix *address, char *text,
					size_t size);
LBMESH_PUBLIC int lbmesh_prefix_check(const struct lbmesh_prefix *prefix);
LBMESH_PUBLIC int lbmesh_prefix_compare(const struct lbmesh_prefix *a,
					const struct lbmesh_prefix *b);

/* Names of enum values, as in the spec (name.c). */

LBMESH_PUBLIC const char *lbmesh_state_name(enum lbmesh_state state);
LBMESH_PUBLIC const char *lbmesh_phase_name(enum lbmesh_phase phase);
LBMESH_PUBLIC const char *lbmesh_object_name(enum lbmesh_object object);
LBMESH_PUBLIC const char *lbmesh_capability_name(uint32_t bit);
LBMESH_PUBLIC const char *lbmesh_drift_name(enum lbmesh_drift_kind kind);
LBMESH_PUBLIC const char *lbmesh_direction_name(enum lbmesh_direction direction);
LBMESH_PUBLIC const char *lbmesh_action_name(enum lbmesh_action action);
LBMESH_PUBLIC const char *lbmesh_keyword_name(enum lbmesh_keyword keyword);
LBMESH_PUBLIC const char *lbmesh_endpoint_kind_name(enum lbmesh_endpoint_kind kind);
LBMESH_PUBLIC const char *lbmesh_reason_name(enum lbmesh_reason reason);

#ifdef __cplusplus
}
#endif

#endif /* LBMESH_LBMESH_H */
