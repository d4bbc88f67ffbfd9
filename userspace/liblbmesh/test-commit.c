// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * test-commit.c - the bytes of a commit, read again by a walk that shares
 * nothing with the builder; what it refuses; and that it wipes its secrets.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <arpa/inet.h>

#include "test.h"

static const uint8_t key[LBMESH_KEY_LEN] = "0123456789abcdef0123456789abcde";

static struct lbmesh_prefix prefix(const char *text)
{
	struct lbmesh_prefix parsed;

	cr_assert_eq(lbmesh_prefix_parse(text, &parsed), 0, "%s", text);
	return parsed;
}

/* The attributes of the commit as text: "type(hex)", nests as "type{...}". */
static void dump(const void *attrs, size_t len, char *to)
{
	const uint8_t *pos = attrs;

	while (len) {
		struct nlattr attr;
		uint16_t type;

		cr_assert_geq(len, sizeof(attr));
		memcpy(&attr, pos, sizeof(attr));
		cr_assert_geq(attr.nla_len, sizeof(attr));
		cr_assert_leq(MNL_ALIGN((size_t)attr.nla_len), len);
		type = attr.nla_type & NLA_TYPE_MASK;
		to += sprintf(to, "%u", type);
		if (attr.nla_type & NLA_F_NESTED) {
			to = stpcpy(to, "{");
			dump(pos + sizeof(attr), attr.nla_len - sizeof(attr), to);
			to += strlen(to);
			to = stpcpy(to, "}");
		} else {
			to = stpcpy(to, "(");
			for (size_t i = sizeof(attr); i < attr.nla_len; i++)
				to += sprintf(to, "%02x", pos[i]);
			to = stpcpy(to, ")");
		}
		pos += MNL_ALIGN((size_t)attr.nla_len);
		len -= MNL_ALIGN((size_t)attr.nla_len);
	}
	*to = '\0';
}

static void expect(struct lbmesh_commit *commit, const char *text)
{
	char shown[2048];

	dump(mnl_nlmsg_get_payload_offset(commit->body, GENL_HDRLEN), lbmesh_commit_size(commit),
	     shown);
	cr_assert_str_eq(shown, text);
	lbmesh_commit_free(commit);
}

static struct lbmesh_commit *new_commit(void)
{
	struct lbmesh_commit *commit = lbmesh_commit_new(LBMESH_COMMIT_MODE_DELTA);

	cr_assert(commit);
	return commit;
}

#define KEY_HEX "3031323334353637383961626364656630313233343536373839616263646500"

TestSuite(commit);

Test(commit, a_device_has_what_was_given_and_nothing_else)
{
	struct lbmesh_commit *commit = new_commit();

	cr_assert_eq(lbmesh_commit_put_device(commit,
					      &(struct lbmesh_device){.id = 1, .ifindex = 2}),
		     0);
	cr_assert_eq(lbmesh_commit_put_device(commit,
					      &(struct lbmesh_device){
						      .id = 1,
						      .ifname = "wg0",
						      .private_key = key,
						      .has_listen_port = true,
						      .listen_port = 0x1234,
						      .has_fwmark = true,
						      .fwmark = 0,
						      .mtu = 1420,
					      }),
		     0);
	cr_assert_eq(lbmesh_commit_objects(commit), 2);
	expect(commit, "9{1(01000000)2(02000000)}"
		       "9{1(01000000)3(77673000)4(" KEY_HEX ")5(3412)6(00000000)7(8c050000)}");
}

Test(commit, networks_and_bridges_are_as_the_spec_says)
{
	struct lbmesh_commit *commit = new_commit();

	cr_assert_eq(lbmesh_commit_put_network(commit, &(struct lbmesh_network){1, "a"}), 0);
	cr_assert_eq(lbmesh_commit_put_network(commit, &(struct lbmesh_network){.id = 2}), 0);
	cr_assert_eq(lbmesh_commit_put_bridge(commit, &(struct lbmesh_bridge){3, 1, 2}), 0);
	expect(commit, "10{1(01000000)2(6100)}10{1(02000000)}"
		       "11{1(03000000)2(01000000)3(02000000)}");
}

Test(commit, addresses_and_ports_of_peers_are_big_endian)
{
	struct lbmesh_commit *commit = new_commit();

	cr_assert_eq(lbmesh_commit_put_peer(commit,
					    &(struct lbmesh_peer){
						    .device = 1,
						    .public_key = key,
						    .endpoint = prefix("192.0.2.1"),
						    .endpoint_port = 51820,
						    .keepalive = 25,
					    }),
		     0);
	cr_assert_eq(lbmesh_commit_put_peer(commit,
					    &(struct lbmesh_peer){
						    .device = 1,
						    .public_key = key,
						    .preshared_key = key,
						    .endpoint = prefix("fd00::1"),
						    .endpoint_port = 1,
					    }),
		     0);
	expect(commit, "12{1(01000000)2(" KEY_HEX ")4(c0000201)6(ca6c)7(1900)}"
		       "12{1(01000000)2(" KEY_HEX ")3(" KEY_HEX ")"
		       "5(fd000000000000000000000000000001)6(0001)}");
}

Test(commit, a_member_says_its_length_only_when_it_is_no_whole_address)
{
	struct lbmesh_commit *commit = new_commit();

	cr_assert_eq(lbmesh_commit_put_member(
			     commit, &(struct lbmesh_member){1, 2, prefix("10.0.0.1"), key}),
		     0);
	cr_assert_eq(lbmesh_commit_put_member(
			     commit, &(struct lbmesh_member){1, 2, prefix("fd00::/8"), NULL}),
		     0);
	expect(commit, "13{1(01000000)2(02000000)3(0a000001)6(" KEY_HEX ")}"
		       "13{1(01000000)2(02000000)4(fd000000000000000000000000000000)5(08)}");
}

Test(commit, a_rule_nests_its_selectors_and_ports)
{
	static const struct lbmesh_range ports[] = {{80, 80}, {1000, 2000}};
	struct lbmesh_commit *commit = new_commit();

	cr_assert_eq(lbmesh_commit_put_rule(commit,
					    &(struct lbmesh_rule){
						    .layer = 1,
						    .id = 2,
						    .position = 0,
						    .has_direction = true,
						    .direction = LBMESH_DIRECTION_INGRESS,
						    .action = LBMESH_ACTION_ALLOW,
						    .has_protocol = true,
						    .protocol = 6,
						    .src = {.kind = LBMESH_SELECTOR_PREFIX,
							    .prefix = prefix("10.0.0.0/8")},
						    .dst = {.kind = LBMESH_SELECTOR_SET, .set = 9},
						    .dst_ports = ports,
						    .n_dst_ports = 2,
						    .log = true,
					    }),
		     0);
	cr_assert_eq(lbmesh_commit_put_rule(commit,
					    &(struct lbmesh_rule){
						    .layer = 1,
						    .id = 3,
						    .position = 5,
						    .action = LBMESH_ACTION_PASS,
						    .src = {.kind = LBMESH_SELECTOR_KEYWORD,
							    .keyword = LBMESH_KEYWORD_INTERNET},
						    .has_icmp_type = true,
						    .icmp_type = 8,
						    .has_icmp_code = true,
					    }),
		     0);
	expect(commit, "15{1(01000000)2(02000000)3(00000000)4(00)5(00)6(06)"
		       "7{1(0a000000)3(08)}8{4(09000000)}"
		       "10{1(5000)2(5000)}10{1(e803)2(d007)}13()}"
		       "15{1(01000000)2(03000000)3(05000000)5(03)7{5(02)}11(08)12(00)}");
}

Test(commit, layers_sets_elements_and_endpoints_are_as_the_spec_says)
{
	static const uint32_t layers[] = {5, 4};
	struct lbmesh_commit *commit = new_commit();

	cr_assert_eq(lbmesh_commit_put_layer(commit, &(struct lbmesh_layer){1, "org"}), 0);
	cr_assert_eq(lbmesh_commit_put_set(commit, &(struct lbmesh_set){2, NULL}), 0);
	cr_assert_eq(lbmesh_commit_put_element(
			     commit, &(struct lbmesh_element){2, prefix("10.0.0.0/8"), false, 1000}),
		     0);
	cr_assert_eq(lbmesh_commit_put_endpoint(commit,
						&(struct lbmesh_endpoint){
							.id = 7,
							.kind = LBMESH_ENDPOINT_KIND_SANDBOX,
							.ifname = "v0",
							.ipv4 = prefix("10.0.0.1"),
							.ipv6 = prefix("fd00::1"),
							.layers = layers,
							.n_layers = 2,
							.has_egress_default = true,
							.egress_default = LBMESH_ACTION_DENY,
						}),
		     0);
	expect(commit, "14{1(01000000)2(6f726700)}16{1(02000000)}"
		       "17{1(02000000)2(0a000000)4(08)5(e8030000)}"
		       "18{1(07000000)3(01)5(763000)6(0a000001)"
		       "7(fd000000000000000000000000000001)8(05000000)8(04000000)10(01)}");
}

Test(commit, removing_sends_the_key_and_the_flag)
{
	struct lbmesh_commit *commit = new_commit();
	struct lbmesh_prefix v4 = prefix("10.0.0.0/8");

	cr_assert_eq(lbmesh_commit_remove_device(commit, 1), 0);
	cr_assert_eq(lbmesh_commit_remove_network(commit, 1), 0);
	cr_assert_eq(lbmesh_commit_remove_bridge(commit, 1), 0);
	cr_assert_eq(lbmesh_commit_remove_peer(commit, 1, key), 0);
	cr_assert_eq(lbmesh_commit_remove_member(commit, 1, &v4), 0);
	cr_assert_eq(lbmesh_commit_remove_layer(commit, 1), 0);
	cr_assert_eq(lbmesh_commit_remove_rule(commit, 1, 2), 0);
	cr_assert_eq(lbmesh_commit_remove_set(commit, 1), 0);
	cr_assert_eq(lbmesh_commit_remove_element(commit, 1, &v4), 0);
	cr_assert_eq(lbmesh_commit_remove_endpoint(commit, 1), 0);
	expect(commit, "9{1(01000000)8()}10{1(01000000)3()}11{1(01000000)4()}"
		       "12{1(01000000)2(" KEY_HEX ")8()}13{2(01000000)3(0a000000)5(08)7()}"
		       "14{1(01000000)3()}15{1(01000000)2(02000000)14()}16{1(01000000)3()}"
		       "17{1(01000000)2(0a000000)4(08)6()}18{1(01000000)11()}");
}

Test(commit, what_is_missing_or_bad_is_refused_and_leaves_the_commit_as_it_was)
{
	struct lbmesh_commit *commit = new_commit();
	struct lbmesh_prefix none = {0};
	char label[LBMESH_LABEL_MAX + 2];

	memset(label, 'x', sizeof(label) - 1);
	label[sizeof(label) - 1] = '\0';
	cr_assert_eq(lbmesh_commit_put_network(commit, &(struct lbmesh_network){1, "kept"}), 0);

#define REFUSED(error, call) cr_expect_eq(call, error)
	REFUSED(-EINVAL, lbmesh_commit_put_device(commit, &(struct lbmesh_device){.ifindex = 1}));
	REFUSED(-EINVAL, lbmesh_commit_put_device(commit, &(struct lbmesh_device){.id = 1}));
	REFUSED(-EINVAL,
		lbmesh_commit_put_device(
			commit, &(struct lbmesh_device){.id = 1, .ifindex = 1, .ifname = "wg0"}));
	REFUSED(-EINVAL, lbmesh_commit_put_device(
				 commit, &(struct lbmesh_device){.id = 1, .ifindex = 0x80000000U}));
	REFUSED(-ENAMETOOLONG,
		lbmesh_commit_put_device(
			commit, &(struct lbmesh_device){.id = 1, .ifname = "sixteen-bytes-xx"}));
	REFUSED(-ENAMETOOLONG,
		lbmesh_commit_put_network(commit, &(struct lbmesh_network){1, label}));
	REFUSED(-EINVAL, lbmesh_commit_put_bridge(commit, &(struct lbmesh_bridge){1, 0, 2}));
	REFUSED(-EINVAL, lbmesh_commit_put_peer(commit, &(struct lbmesh_peer){.device = 1}));
	REFUSED(-EINVAL, lbmesh_commit_put_peer(
				 commit, &(struct lbmesh_peer){.device = 1,
							       .public_key = key,
							       .endpoint = prefix("10.0.0.1")}));
	REFUSED(-ERANGE, lbmesh_commit_put_peer(
				 commit, &(struct lbmesh_peer){.device = 1,
							       .public_key = key,
							       .endpoint = prefix("10.0.0.0/8"),
							       .endpoint_port = 1}));
	REFUSED(-EAFNOSUPPORT, lbmesh_commit_put_member(
				       commit, &(struct lbmesh_member){.network = 1, .device = 1}));
	REFUSED(-EAFNOSUPPORT, lbmesh_commit_remove_member(commit, 1, &none));
	REFUSED(-EINVAL, lbmesh_commit_remove_peer(commit, 1, NULL));
	REFUSED(-EINVAL, lbmesh_commit_remove_device(commit, 0));
	REFUSED(-EINVAL,
		lbmesh_commit_put_rule(
			commit, &(struct lbmesh_rule){.layer = 1, .id = 1, .has_icmp_code = true}));
	REFUSED(-EINVAL,
		lbmesh_commit_put_rule(
			commit, &(struct lbmesh_rule){.layer = 1,
						      .id = 1,
						      .src_ports = (struct lbmesh_range[]){{2, 1}},
						      .n_src_ports = 1}));
	REFUSED(-EAFNOSUPPORT,
		lbmesh_commit_put_endpoint(
			commit, &(struct lbmesh_endpoint){
					.id = 1, .ifindex = 1, .ipv6 = prefix("10.0.0.1")}));
	REFUSED(-EINVAL, lbmesh_commit_set_token(commit, 0));
#undef REFUSED
	cr_assert_eq(lbmesh_commit_objects(commit), 1);
	expect(commit, "10{1(01000000)2(6b65707400)}");
}

Test(commit, a_message_of_more_than_a_megabyte_is_whole)
{
	enum {
		PEERS = 20000
	};
	struct lbmesh_commit *commit = new_commit();
	const struct nlattr *attr;
	uint32_t seen = 0;

	for (uint32_t i = 0; i < PEERS; i++) {
		uint8_t own[LBMESH_KEY_LEN] = {0};

		memcpy(own, &i, sizeof(i));
		cr_assert_eq(lbmesh_commit_put_peer(
				     commit, &(struct lbmesh_peer){.device = 1, .public_key = own}),
			     0);
	}
	cr_assert_gt(lbmesh_commit_size(commit), 1U << 20 >> 1);
	cr_assert_eq(lbmesh_commit_size(commit), PEERS * (size_t)(4 + 8 + 36));
	mnl_attr_for_each(attr, commit->body, GENL_HDRLEN) {
		const struct nlattr *inner = mnl_attr_get_payload(attr);
		uint32_t number;

		cr_assert_eq(mnl_attr_get_type(attr), LBMESH_A_PEER);
		inner = (const void *)((const uint8_t *)inner + MNL_ALIGN(inner->nla_len));
		memcpy(&number, mnl_attr_get_payload(inner), sizeof(number));
		cr_assert_eq(number, seen);
		seen++;
	}
	cr_assert_eq(seen, PEERS);
	for (uint32_t i = 0; i < PEERS; i++)
		cr_assert_eq(lbmesh_commit_remove_peer(commit, 1, key), 0);
	cr_assert_gt(lbmesh_commit_size(commit), 1U << 20);
	lbmesh_commit_free(commit);
}

/* A layer id takes 8 bytes, the nest, id, kind and ifindex take 28. */
#define LAYERS_THAT_FIT ((UINT16_MAX - 28) / 8)

Test(commit, a_nest_may_reach_its_limit_and_not_one_attribute_more)
{
	uint32_t *layers = malloc((LAYERS_THAT_FIT + 1) * sizeof(*layers));
	struct lbmesh_endpoint endpoint = {.id = 1, .ifindex = 1, .layers = layers};
	struct lbmesh_commit *commit = new_commit();
	size_t size;

	cr_assert(layers);
	for (size_t i = 0; i <= LAYERS_THAT_FIT; i++)
		layers[i] = 1;
	endpoint.n_layers = LAYERS_THAT_FIT;
	cr_assert_eq(lbmesh_commit_put_endpoint(commit, &endpoint), 0);
	size = lbmesh_commit_size(commit);
	cr_assert_gt(size, 65500);
	cr_assert_leq(size, UINT16_MAX);
	endpoint.n_layers = LAYERS_THAT_FIT + 1;
	cr_assert_eq(lbmesh_commit_put_endpoint(commit, &endpoint), -EMSGSIZE);
	cr_assert_eq(lbmesh_commit_size(commit), size);
	cr_assert_eq(lbmesh_commit_objects(commit), 1);
	lbmesh_commit_free(commit);
	free(layers);
}

Test(commit, a_nest_full_of_nests_is_refused_too)
{
	enum {
		RANGES = 5000
	};
	struct lbmesh_range *ranges = calloc(RANGES, sizeof(*ranges));
	struct lbmesh_rule rule = {.layer = 1, .id = 1, .src_ports = ranges, .n_src_ports = RANGES};
	struct lbmesh_commit *commit = new_commit();

	cr_assert(ranges);
	cr_assert_eq(lbmesh_commit_put_rule(commit, &rule), -EMSGSIZE);
	cr_assert_eq(lbmesh_commit_size(commit), 0);
	rule.n_src_ports = 3000;
	cr_assert_eq(lbmesh_commit_put_rule(commit, &rule), 0);
	lbmesh_commit_free(commit);
	free(ranges);
}

/*
 * Memory that was given back is looked at by an allocator of our own: the
 * linker gives malloc() and free() of this program to the library's objects.
 */
static const uint8_t secret[LBMESH_KEY_LEN] = "\xf0\xf1\xf2SECRETSECRETSECRETSECRET\xff\xfe";
static const void *watched;
static size_t watched_size;

static bool holds_secret(const void *memory, size_t size)
{
	return memmem(memory, size, secret, sizeof(secret));
}

void __real_free(void *memory);
void __wrap_free(void *memory);
static bool leaked;

void __wrap_free(void *memory)
{
	if (memory && memory == watched)
		leaked |= holds_secret(memory, watched_size);
	__real_free(memory);
}

static void put_secret(struct lbmesh_commit *commit)
{
	cr_assert_eq(lbmesh_commit_put_device(
			     commit,
			     &(struct lbmesh_device){.id = 1, .ifindex = 1, .private_key = secret}),
		     0);
	cr_assert(holds_secret(commit->body, commit->size));
}

static void watch(const struct lbmesh_commit *commit)
{
	watched = commit->body;
	watched_size = commit->size;
}

Test(commit, secrets_are_wiped_when_a_commit_is_freed)
{
	struct lbmesh_commit *commit = new_commit();

	put_secret(commit);
	watch(commit);
	lbmesh_commit_free(commit);
	cr_assert_not(leaked);
}

Test(commit, secrets_are_wiped_when_the_buffer_grows)
{
	struct lbmesh_commit *commit = new_commit();
	const void *first = commit->body;

	put_secret(commit);
	watch(commit);
	for (uint32_t i = 1; commit->body == first; i++)
		cr_assert_eq(lbmesh_commit_remove_network(commit, i), 0);
	cr_assert_not(leaked);
	cr_assert(holds_secret(commit->body, commit->size));
	lbmesh_commit_free(commit);
}

Test(commit, secrets_are_wiped_when_an_object_is_taken_back)
{
	struct lbmesh_commit *commit = new_commit();

	cr_assert_eq(lbmesh_commit_put_peer(commit,
					    &(struct lbmesh_peer){.device = 1,
								  .public_key = key,
								  .preshared_key = secret,
								  .endpoint = prefix("10.0.0.1")}),
		     -EINVAL);
	cr_assert_not(holds_secret(commit->body, commit->size));
	lbmesh_commit_free(commit);
}

Test(commit, the_test_for_wiping_can_fail)
{
	uint8_t *memory = malloc(sizeof(secret));

	cr_assert(memory);
	memcpy(memory, secret, sizeof(secret));
	watched = memory;
	watched_size = sizeof(secret);
	__wrap_free(memory);
	cr_assert(leaked);
}

Test(commit, tokens_are_random_and_never_0)
{
	struct lbmesh_commit *a = new_commit();
	struct lbmesh_commit *b = new_commit();

	cr_assert_neq(lbmesh_commit_token(a), 0);
	cr_assert_neq(lbmesh_commit_token(a), lbmesh_commit_token(b));
	cr_assert_eq(lbmesh_commit_set_token(a, 42), 0);
	cr_assert_eq(lbmesh_commit_token(a), 42);
	lbmesh_commit_freep(&a);
	cr_assert_null(a);
	lbmesh_commit_free(b);
	lbmesh_commit_free(NULL);
}
