// SPDX-License-Identifier: GPL-2.0-only
/* test-show.c - made-up state on both outputs: joins, filters, what is absent. */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "show.h"

static struct lbmesh_device devices[] = {
	{.id = 1, .ifindex = 0x7ffffff0, .has_listen_port = true, .listen_port = 51820},
	{.id = 2, .ifindex = 0x7ffffff1, .has_fwmark = true, .mtu = 1420},
};

static struct snapshot_network networks[] = {{1, "red"}, {2, ""}};

static struct lbmesh_bridge bridges[] = {{1, 1, 2}, {2, 3, 4}};

static struct snapshot_peer peers[] = {
	{.peer = {.device = 1, .keepalive = 25, .endpoint_port = 1}, .public_key = {1}},
	{.peer = {.device = 1}, .public_key = {2}},
	{.peer = {.device = 2}, .public_key = {1}},
};

static struct snapshot_member members[4];
static struct snapshot snapshot;

static void member_set(size_t i, uint32_t network, uint32_t device, const char *prefix, uint8_t key)
{
	members[i].member.network = network;
	members[i].member.device = device;
	members[i].local = !key;
	members[i].public_key[0] = key;
	cr_assert_eq(lbmesh_prefix_parse(prefix, &members[i].member.prefix), 0);
}

static struct vector vector_of(void *items, size_t count, size_t size)
{
	return (struct vector){items, count, count, size};
}

#define VECTOR(array) vector_of(array, lbctl_array_size(array), sizeof((array)[0]))

/* Sorted as snapshot_read() sorts. */
static void setup(void)
{
	member_set(0, 1, 1, "10.0.0.1", 0);
	member_set(1, 1, 1, "10.0.0.2", 1);
	member_set(2, 2, 1, "fd00::/8", 1);
	member_set(3, 2, 2, "10.0.0.2", 1);
	cr_assert_eq(lbmesh_address_parse("fd00::9", &peers[0].peer.endpoint), 0);
	snapshot.generation.number = 4;
	snapshot.generation.state = LBMESH_STATE_ACTIVE;
	snapshot.devices = VECTOR(devices);
	snapshot.networks = VECTOR(networks);
	snapshot.bridges = VECTOR(bridges);
	snapshot.peers = VECTOR(peers);
	snapshot.members = VECTOR(members);
}

static char *text;
static FILE *to;

static struct output *begin(void)
{
	static size_t size;
	struct output *out;

	to = open_memstream(&text, &size);
	cr_assert(to);
	out = output_new(false, to);
	cr_assert(out);
	return out;
}

static void expect(struct output *out, const char *expected)
{
	cr_assert_eq(output_finish(out), 0);
	output_freep(&out);
	cr_assert_eq(fclose(to), 0);
	cr_assert_str_eq(text, expected, "%s", text);
	free(text);
}

#define KEY_1 "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define KEY_2 "AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define PEERS_HEADER \
	"DEVICE  PUBLIC KEY                                    ENDPOINT     KEEPALIVE  ADDRESSES\n"

TestSuite(show, .init = setup);

Test(show, peers_have_the_addresses_of_the_members_that_name_them)
{
	struct output *out = begin();

	show_peers(out, &snapshot, &(struct options){.n_args = 1});
	expect(out, PEERS_HEADER "1       " KEY_1 "  [fd00::9]:1  25         10.0.0.2/32,fd00::/8\n"
				 "1       " KEY_2 "  -            -          -\n"
				 "2       " KEY_1 "  -            -          10.0.0.2/32\n");
}

Test(show, peers_are_filtered_by_device_and_by_network)
{
	struct output *out = begin();

	show_peers(out, &snapshot, &(struct options){.device = 1, .network = 2});
	expect(out,
	       PEERS_HEADER "1       " KEY_1 "  [fd00::9]:1  25         10.0.0.2/32,fd00::/8\n");
}

Test(show, members_say_who_has_them)
{
	struct output *out = begin();

	show_members(out, &snapshot, &(struct options){.device = 1});
	expect(out, "NETWORK  DEVICE  ADDRESS      OWNER  PUBLIC KEY\n"
		    "1        1       10.0.0.1/32  local  -\n"
		    "1        1       10.0.0.2/32  peer   " KEY_1 "\n"
		    "2        1       fd00::/8     peer   " KEY_1 "\n");
}

Test(show, devices_count_their_peers_and_members)
{
	struct output *out = begin();

	show_devices(out, &snapshot, 0);
	expect(out, "DEVICE  INTERFACE  IFINDEX     LISTEN PORT  FWMARK  MTU   PEERS  MEMBERS\n"
		    "1       -          2147483632  51820        -       -     2      3\n"
		    "2       -          2147483633  -            0       1420  1      1\n");
}

Test(show, networks_without_a_label_have_none)
{
	struct output *out = begin();

	show_networks(out, &snapshot, 0);
	expect(out, "NETWORK  LABEL  MEMBERS\n"
		    "1        red    2\n"
		    "2        -      2\n");
}

Test(show, bridges_are_filtered_by_either_network)
{
	struct output *out = begin();

	show_bridges(out, &snapshot, 2);
	expect(out, "BRIDGE  NETWORK A  NETWORK B\n"
		    "1       1          2\n");
}

Test(show, the_status_has_module_generation_gate_and_devices)
{
	struct lbmesh_info info = {.family_version = 1,
				   .module_version = "0.1",
				   .capabilities =
					   LBMESH_CAPABILITY_MESH | LBMESH_CAPABILITY_EXPLAIN};
	struct output *out = begin();

	show_status(out, &info, &snapshot);
	cr_assert_eq(output_finish(out), 0);
	output_freep(&out);
	cr_assert_eq(fclose(to), 0);
	cr_assert_not_null(strstr(text, "  capabilities: mesh,explain\n"));
	cr_assert_not_null(strstr(text, "state: active\ngeneration: 4\n"));
	cr_assert_not_null(strstr(text, "gate:\n  passed: 0\n"));
	cr_assert_not_null(strstr(text, "DEVICE  INTERFACE"));
	cr_assert_null(strstr(text, "last job"));
	free(text);
}

Test(show, a_failed_job_is_told_with_its_place)
{
	struct lbmesh_generation generation = {
		.has_last = true,
		.has_last_result = true,
		.last = {.cookie = 3,
			 .error = {.code = 28,
				   .object = LBMESH_OBJECT_PEER,
				   .index = 5,
				   .message = "peer: too many"},
			 .n_timings = 1,
			 .timings = {{LBMESH_PHASE_FLIP, 1999}}},
	};
	struct output *out = begin();

	show_generation(out, &generation);
	expect(out, "state: empty\ngeneration: 0\n"
		    "counts:\n  devices: 0\n  networks: 0\n  bridges: 0\n  peers: 0\n"
		    "  members: 0\n  layers: 0\n  rules: 0\n  sets: 0\n  elements: 0\n"
		    "  endpoints: 0\n"
		    "gate:\n  passed: 0\n  not member: 0\n  not connected: 0\n  malformed: 0\n"
		    "  moving: 0\n"
		    "totals:\n  commits: 0\n  unchanged: 0\n  failures: 0\n  confirms: 0\n"
		    "  reverts: 0\n  audits: 0\n  repairs: 0\n  requests: 0\n"
		    "last job:\n  cookie: 3\n  errno: 28\n  error: ENOSPC\n  phase: parse\n"
		    "  object: peer\n"
		    "  index: 5\n  message: peer: too many\n"
		    "  PHASE  DURATION US\n  flip   1\n");
}

static struct lbmesh_generation pending = {
	.number = 7,
	.state = LBMESH_STATE_PENDING,
	.pending_ms = 12399,
	.has_fallback = true,
	.fallback = 6,
};

Test(show, a_pending_generation_says_how_long_and_what_then)
{
	struct pending_text said;

	cr_assert_str_eq(pending_format(&pending, &said),
			 "generation 7 is pending: 12.3 s left, then 6 returns; lbctl confirm 7 "
			 "keeps it");
	pending.pending_ms = 0;
	pending.fallback = 0;
	cr_assert_str_eq(pending_format(&pending, &said),
			 "generation 7 is pending: 0.0 s left, then nothing is in force; lbctl "
			 "confirm 7 keeps it");
	pending.pending_ms = 86400000;
	pending.has_fallback = false;
	cr_assert_str_eq(pending_format(&pending, &said),
			 "generation 7 is pending: 86400.0 s left, then the one before returns; "
			 "lbctl confirm 7 keeps it");
	/* The longest there can be is not cut. */
	pending.number = UINT64_MAX;
	pending.pending_ms = UINT32_MAX;
	pending.has_fallback = true;
	pending.fallback = UINT64_MAX;
	cr_assert_str_eq(
		pending_format(&pending, &said),
		"generation 18446744073709551615 is pending: 4294967.2 s left, then "
		"18446744073709551615 returns; lbctl confirm 18446744073709551615 keeps it");
}

Test(show, the_first_line_says_that_it_is_pending)
{
	struct lbmesh_info info = {.family_version = 1};
	struct output *out = begin();

	snapshot.generation = pending;
	show_status(out, &info, &snapshot);
	cr_assert_eq(output_finish(out), 0);
	output_freep(&out);
	cr_assert_eq(fclose(to), 0);
	cr_assert_eq(strncmp(text, "generation 7 is pending: 12.3 s left", 36), 0, "%s", text);
	cr_assert_not_null(strstr(text, "state: pending\ngeneration: 7\npending ms: 12399\n"
					"fallback: 6\n"));
	free(text);
}

Test(show, totals_and_gate_are_shown_under_their_names)
{
	const struct lbmesh_generation generation = {
		.gate = {1, 2, 3, 4, 5},
		.totals = {11, 12, 13, 14, 15, 16, 17, 18},
	};
	struct output *out = begin();

	show_generation(out, &generation);
	cr_assert_eq(output_finish(out), 0);
	output_freep(&out);
	cr_assert_eq(fclose(to), 0);
	cr_assert_not_null(strstr(text, "gate:\n  passed: 1\n  not member: 2\n"
					"  not connected: 3\n  malformed: 4\n  moving: 5\n"));
	cr_assert_not_null(strstr(text,
				  "totals:\n  commits: 11\n  unchanged: 12\n  failures: 13\n"
				  "  confirms: 14\n  reverts: 15\n  audits: 16\n  repairs: 17\n"
				  "  requests: 18\n"));
	cr_assert_null(strstr(text, "pending"));
	free(text);
}

static void expect_cache(const struct lbmesh_cache *cache, const char *expected)
{
	const struct lbmesh_generation generation = {.has_cache = true, .cache = *cache};
	struct output *out = begin();

	show_generation(out, &generation);
	cr_assert_eq(output_finish(out), 0);
	output_freep(&out);
	cr_assert_eq(fclose(to), 0);
	cr_assert_not_null(strstr(text, expected), "%s", text);
	free(text);
}

Test(show, the_cache_has_counters_and_a_hit_rate)
{
	expect_cache(&(struct lbmesh_cache){4096, 987, 10, 3, 1},
		     "cache:\n  entries: 4096\n  hits: 987\n  misses: 10\n  stale: 3\n"
		     "  evictions: 1\n  hit percent: 98.7\ntotals:\n");
	expect_cache(&(struct lbmesh_cache){.entries = 4096}, "  hit percent: -\n");
	expect_cache(&(struct lbmesh_cache){.hits = UINT64_MAX}, "  hit percent: 100.0\n");
	expect_cache(&(struct lbmesh_cache){.hits = 9999, .misses = 1}, "  hit percent: 99.9\n");
}

static struct drift drifts[] = {
	{.drift = {.kind = LBMESH_DRIFT_KIND_DEVICE_MISSING, .device = 1}},
	{.drift = {LBMESH_DRIFT_KIND_PEER_FOREIGN, 2, true, {1}}, .known = true, .mended = true},
	{.drift = {LBMESH_DRIFT_KIND_PRESHARED_KEY, 9, true, {2}}, .known = true},
};

Test(show, drift_has_interface_kind_and_key)
{
	struct vector all = VECTOR(drifts);
	struct output *out = begin();

	devices[1].ifindex = 1; /* lo is here, and the first device is gone */
	show_drifts(out, &snapshot, &all, false);
	expect(out, "DEVICE  INTERFACE  DRIFT           PUBLIC KEY\n"
		    "1       -          device-missing  -\n"
		    "2       lo         peer-foreign    " KEY_1 "\n"
		    "9       -          preshared-key   " KEY_2 "\n");
}

Test(show, after_a_repair_drift_says_whether_it_is_mended)
{
	struct vector all = VECTOR(drifts);
	struct output *out = begin();

	show_drifts(out, &snapshot, &all, true);
	expect(out, "DEVICE  INTERFACE  DRIFT           PUBLIC KEY"
		    "                                    MENDED\n"
		    "1       -          device-missing  -"
		    "                                             -\n"
		    "2       -          peer-foreign    " KEY_1 "  yes\n"
		    "9       -          preshared-key   " KEY_2 "  no\n");
}

Test(show, limits_stand_beside_what_is_in_use)
{
	const struct lbmesh_counts most = {
		.devices = 3, .peers = UINT32_MAX, .members = 10, .message_bytes = 67108864};
	const struct lbmesh_counts used = {.devices = 2, .peers = UINT32_MAX, .members = 25};
	struct output *out = begin();

	show_limits(out, &most, &used);
	expect(out, "NAME           IN USE      LIMIT       PERCENT\n"
		    "devices        2           3           66\n"
		    "peers          4294967295  4294967295  100\n"
		    "members        25          10          250\n"
		    "message-bytes  -           67108864    -\n");
}
