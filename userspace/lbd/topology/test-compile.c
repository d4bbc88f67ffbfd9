// SPDX-License-Identifier: GPL-2.0-only
/* What a host has to do when all its networks are merged into one interface. */
#include "model/address.h"
#include "model/key.h"
#include "testing/sample.h"
#include "topology/wanted.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct wanted *compile(const char *text, const char *host)
{
	struct model *model = sample_parse(text);
	struct wanted *wanted = NULL;

	cr_assert_eq(wanted_compile(model, sample_host(model, host), &wanted, NULL), 0);
	model_free(model);
	return wanted;
}

/* Which of the sample's hosts has this key: "a", "b" or "c". */
static char key_name(const uint8_t key[LBMESH_KEY_LEN])
{
	uint8_t known[LBMESH_KEY_LEN];

	for (size_t i = 0; i < 3; i++) {
		cr_assert_eq(key_decode(sample_public_keys[i], KEY_TEXT_LENGTH, known), 0);
		if (!memcmp(known, key, sizeof(known)))
			return (char)('a' + i);
	}
	return '?';
}

/* All of a wanted state as one text, so that a test shows it whole. */
static char *render(const struct wanted *wanted)
{
	char to[ADDRESS_TEXT_SIZE], from[ADDRESS_TEXT_SIZE];
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	cr_assert_not_null(out);
	fprintf(out, "%c mtu %u port %u\n", key_name(wanted->public_key), wanted->mtu,
		wanted->listen_port);
	for (size_t i = 0; i < wanted->n_addresses; i++)
		fprintf(out, "address %s\n", prefix_text(&wanted->addresses[i], to));
	for (size_t i = 0; i < wanted->n_routes; i++)
		fprintf(out, "route %s from %s\n", prefix_text(&wanted->routes[i].destination, to),
			address_text(&wanted->routes[i].source, from));
	for (size_t i = 0; i < wanted->n_networks; i++)
		fprintf(out, "network %u %s\n", wanted->networks[i].id, wanted->networks[i].label);
	for (size_t i = 0; i < wanted->n_bridges; i++)
		fprintf(out, "bridge %u %u-%u\n", wanted->bridges[i].id,
			wanted->bridges[i].network_a, wanted->bridges[i].network_b);
	for (size_t i = 0; i < wanted->n_peers; i++)
		fprintf(out, "peer %c at %s port %u every %u s\n",
			key_name(wanted->peers[i].public_key),
			address_text(&wanted->peers[i].endpoint, to),
			wanted->peers[i].endpoint_port, wanted->peers[i].keepalive);
	for (size_t i = 0; i < wanted->n_members; i++)
		fprintf(out, "member %s of %u is %c\n",
			prefix_text(&wanted->members[i].address, to), wanted->members[i].network,
			wanted->members[i].local ? '-' : key_name(wanted->members[i].public_key));
	fclose(out);
	return text;
}

static void expect(const char *topology, const char *host, const char *expected)
{
	struct wanted *wanted = compile(topology, host);
	char *text = render(wanted);

	cr_expect_str_eq(text, expected, "%s has to do:\n%sand not:\n%s", host, text, expected);
	free(text);
	wanted_free(wanted);
}

Test(compile, a_host_in_two_networks_and_a_bridge_has_one_interface_for_all)
{
	expect(sample_text, "a",
	       "a mtu 1300 port 51820\n"
	       "address 100.64.1.1/32\n"
	       "address 100.64.2.1/32\n"
	       "address fd00:1::1/128\n"
	       "route 100.64.1.0/24 from 100.64.1.1\n"
	       "route 100.64.2.0/24 from 100.64.2.1\n"
	       "route 100.64.3.0/24 from 100.64.2.1\n"
	       "route fd00:1::/64 from fd00:1::1\n"
	       "network 1 blue\n"
	       "network 2 green\n"
	       "network 3 red\n"
	       "bridge 9 2-3\n"
	       "peer c at 2001:db8::3 port 51822 every 25 s\n"
	       "peer b at 192.0.2.2 port 51821 every 25 s\n"
	       "member 100.64.1.1/32 of 1 is -\n"
	       "member 100.64.1.2/32 of 1 is b\n"
	       "member 100.64.1.3/32 of 1 is c\n"
	       "member 100.64.2.1/32 of 2 is -\n"
	       "member 100.64.2.2/32 of 2 is b\n"
	       "member 100.64.3.3/32 of 3 is c\n"
	       "member fd00:1::1/128 of 1 is -\n");
}

Test(compile, the_keepalive_of_a_host_is_what_it_sends_itself)
{
	struct wanted *wanted = compile(sample_text, "b");

	for (size_t i = 0; i < wanted->n_peers; i++)
		cr_expect_eq(wanted->peers[i].keepalive, 7);
	wanted_free(wanted);
}

Test(compile, without_a_wish_the_mtu_is_1380)
{
	char *text = sample_edit(sample_text, ", \"mtu\": 1300", "");
	struct wanted *wanted = compile(text, "a");

	cr_expect_eq(wanted->mtu, 1380);
	wanted_free(wanted);
	free(text);
}

Test(compile, a_network_without_a_bridge_to_ours_is_not_seen)
{
	char *text =
		sample_edit(sample_text, "{ \"id\": 9, \"networks\": [\"red\", \"green\"] }", "");

	expect(text, "b",
	       "b mtu 1300 port 51821\n"
	       "address 100.64.1.2/32\n"
	       "address 100.64.2.2/32\n"
	       "route 100.64.1.0/24 from 100.64.1.2\n"
	       "route 100.64.2.0/24 from 100.64.2.2\n"
	       "route fd00:1::/64 from ?\n"
	       "network 1 blue\n"
	       "network 2 green\n"
	       "peer c at 2001:db8::3 port 51822 every 7 s\n"
	       "peer a at 192.0.2.1 port 51820 every 7 s\n"
	       "member 100.64.1.1/32 of 1 is a\n"
	       "member 100.64.1.2/32 of 1 is -\n"
	       "member 100.64.1.3/32 of 1 is c\n"
	       "member 100.64.2.1/32 of 2 is a\n"
	       "member 100.64.2.2/32 of 2 is -\n"
	       "member fd00:1::1/128 of 1 is a\n");
	free(text);
}

Test(compile, bridges_do_not_add_up)
{
	/* a is alone in n1; n1-n2 and n2-n3 are bridged, so n3 stays out of its sight. */
	char *text = NULL;
	struct wanted *wanted;

	cr_assert_gt(
		asprintf(&text,
			 "{\"version\": 1, \"hosts\": ["
			 "{\"name\": \"a\", \"public-key\": \"%s\"},"
			 "{\"name\": \"b\", \"public-key\": \"%s\"},"
			 "{\"name\": \"c\", \"public-key\": \"%s\"}], \"networks\": ["
			 "{\"id\": 1, \"name\": \"n1\", \"cidr\": \"10.0.1.0/24\", \"members\":"
			 " [{\"host\": \"a\", \"address\": \"10.0.1.1\"}]},"
			 "{\"id\": 2, \"name\": \"n2\", \"cidr\": \"10.0.2.0/24\", \"members\":"
			 " [{\"host\": \"b\", \"address\": \"10.0.2.1\"}]},"
			 "{\"id\": 3, \"name\": \"n3\", \"cidr\": \"10.0.3.0/24\", \"members\":"
			 " [{\"host\": \"c\", \"address\": \"10.0.3.1\"}]}], \"bridges\": ["
			 "{\"id\": 1, \"networks\": [\"n1\", \"n2\"]},"
			 "{\"id\": 2, \"networks\": [\"n2\", \"n3\"]}]}",
			 sample_public_keys[0], sample_public_keys[1], sample_public_keys[2]),
		0);
	wanted = compile(text, "a");
	cr_expect_eq(wanted->n_peers, 1);
	cr_expect_eq(wanted->n_networks, 2);
	cr_expect_eq(wanted->n_bridges, 1);
	cr_expect_eq(wanted->n_members, 2);
	cr_expect(!wanted->has_listen_port, "no endpoint, so the port is the kernel's choice");
	wanted_free(wanted);
	wanted = compile(text, "b");
	cr_expect_eq(wanted->n_peers, 2);
	cr_expect_eq(wanted->n_bridges, 2);
	wanted_free(wanted);
	free(text);
}

Test(compile, a_host_in_no_network_has_a_bare_interface)
{
	char *text = sample_edit(
		sample_text, "\"name\": \"c\",",
		"\"name\": \"d\", \"public-key\": "
		"\"BAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ=\" }, { \"name\": \"c\",");
	struct wanted *wanted = compile(text, "d");

	cr_expect_eq(wanted->n_peers, 0);
	cr_expect_eq(wanted->n_members, 0);
	cr_expect_eq(wanted->n_routes, 0);
	cr_expect_eq(wanted->mtu, 1380);
	wanted_free(wanted);
	free(text);
}

Test(compile, each_of_n_hosts_has_n_minus_1_peers)
{
	char *text = sample_large(60);
	struct model *model = sample_parse(text);

	for (uint32_t host = 0; host < 60; host++) {
		struct wanted *wanted = NULL;

		cr_assert_eq(wanted_compile(model, host, &wanted, NULL), 0);
		cr_expect_eq(wanted->n_peers, 59);
		cr_expect_eq(wanted->n_members, 60);
		cr_expect_eq(wanted->n_addresses, 1);
		wanted_free(wanted);
	}
	model_free(model);
	free(text);
}

Test(compile, a_topology_of_10000_hosts_takes_less_than_2_seconds)
{
	char *text = sample_large(10000);
	struct timespec start, end;
	struct wanted *wanted;
	double seconds;

	clock_gettime(CLOCK_MONOTONIC, &start);
	wanted = compile(text, "host-5000");
	clock_gettime(CLOCK_MONOTONIC, &end);
	seconds = (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9;
	cr_log_info("10,000 hosts: %.3f s\n", seconds);
	cr_expect_eq(wanted->n_peers, 9999);
	cr_expect_lt(seconds, 2.0, "%.3f s", seconds);
	wanted_free(wanted);
	free(text);
}

static void file_load(const char *path, char *text, size_t size)
{
	FILE *file = fopen(path, "re");

	cr_assert_not_null(file, "%s", path);
	text[fread(text, 1, size - 1, file)] = '\0';
	fclose(file);
}

Test(compile, the_example_is_good_and_is_the_one_that_is_documented)
{
	static char text[65536], document[131072];
	struct wanted *wanted;

	file_load(SOURCE_ROOT "/examples/topology.json", text, sizeof(text));
	file_load(SOURCE_ROOT "/Documentation/topology.md", document, sizeof(document));
	cr_expect_not_null(strstr(document, text));
	wanted = compile(text, "amber");
	cr_expect_eq(wanted->n_peers, 3);
	cr_expect_eq(wanted->mtu, 1320);
	cr_expect_eq(wanted->n_addresses, 3);
	cr_expect_eq(wanted->n_routes, 4);
	wanted_free(wanted);
}
