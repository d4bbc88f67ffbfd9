// SPDX-License-Identifier: GPL-2.0-only
/* What a topology says, and how a bad one is refused: with the field's path and one sentence. */
#include "model/address.h"
#include "model/document.h"
#include "model/key.h"
#include "testing/sample.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One edit of the sample that makes it bad. */
struct refusal {
	const char *from;
	const char *to;
	int code;
	const char *path;
	const char *text;
};

static const char not_endpoint[] =
	" is not ADDRESS:PORT or [IPV6]:PORT, with an address in numbers "
	"and a port from 1 to 65535";

/* clang-format off */
static const struct refusal refusals[] = {
	/* The document. */
	{"{\n  \"version\"", "\n", -EINVAL, "", "line 2, column 1: unexpected character"},
	{"\"version\": 1,", "\"version\": 1,,", -EINVAL, "",
	 "line 2, column 16: quoted object property name expected"},
	{"]\n}\n", "]\n}\n{}", -EINVAL, "", "line 31, column 1: unexpected character"},
	{"]\n}\n", "]", -EINVAL, "", "line 29, column 4: the JSON text ends too early"},
	{"\"version\": 1", "\"version\": 2", -ERANGE, "version", "must be 1"},
	{"\"version\": 1", "\"version\": \"1\"", -EINVAL, "version", "must be a whole number"},
	{"\"version\": 1", "\"version\": 1.0", -EINVAL, "version", "must be a whole number"},
	{"\"version\": 1,", "", -EINVAL, "version", "is missing"},
	{"\"version\": 1,", "\"version\": 1, \"version\": 1,", -EINVAL, "version",
	 "is given twice"},
	{"\"version\": 1,", "\"version\": 1, \"vers\\u0069on\": 1,", -EINVAL, "vers\\u0069on",
	 "unknown field"},
	{"\"version\": 1,", "\"version\": 1, \"colour\": 1,", -EINVAL, "colour", "unknown field"},
	{"\"version\": 1,", "\"version\": [[[[[[[[1]]]]]]]],", -EINVAL, "",
	 "line 2, column 22: nesting too deep"},
	{"\"bridges\": [", "\"bridges\": [ [],", -EINVAL, "bridges[0]", "must be an object"},
	/* Hosts. */
	{"\"name\": \"b\"", "\"name\": \"b\", \"name\": \"x\"", -EINVAL, "hosts[1].name",
	 "is given twice"},
	{"\"name\": \"b\",", "", -EINVAL, "hosts[1].name", "is missing"},
	{"\"name\": \"b\"", "\"name\": \"\"", -EINVAL, "hosts[1].name", "must not be empty"},
	{"\"name\": \"b\"", "\"name\": \"b\\u0000c\"", -EINVAL, "hosts[1].name",
	 "must not contain a NUL character"},
	{"\"name\": \"b\"", "\"name\": \"-b\"", -EINVAL, "hosts[1].name",
	 "must be 1 to 63 letters, digits, \".\", \"_\" or \"-\", "
	 "and start with a letter or digit"},
	{"\"name\": \"b\"", "\"name\": \"a\"", -EEXIST, "hosts[1].name",
	 "\"a\" is already the name at hosts[0].name"},
	{"\"public-key\": \"pOCSkrZR", "\"public-key\": \"pOCSkrZ", -EINVAL, "hosts[0].public-key",
	 "is not a key: 44 characters of base64"},
	{"\"public-key\": \"pOCS", "\"public-key\": \"pO S", -EINVAL, "hosts[0].public-key",
	 "is not a key: 44 characters of base64"},
	{"\"public-key\": \"pOCS", "\"public-key\": 5, \"x\": \"pOCS", -EINVAL,
	 "hosts[0].public-key", "must be a string"},
	{"\"keepalive\": 7", "\"keepalive\": 65536", -ERANGE, "hosts[1].keepalive",
	 "must be from 0 to 65535"},
	{"\"keepalive\": 7", "\"keepalive\": -1", -ERANGE, "hosts[1].keepalive",
	 "must be from 0 to 65535"},
	{"\"keepalive\": 7", "\"keepalive\": 99999999999999999999", -ERANGE, "hosts[1].keepalive",
	 "must be from 0 to 65535"},
	{"\"keepalive\": 7", "\"keepalive\": true", -EINVAL, "hosts[1].keepalive",
	 "must be a whole number"},
	{"\"private-key-file\": \"b.key\"", "\"private-key-file\": \"\"", -EINVAL,
	 "hosts[1].private-key-file", "must not be empty"},
	{"192.0.2.1:51820", "192.0.2.1", -EINVAL, "hosts[0].endpoint", "\"192.0.2.1\"%"},
	{"192.0.2.1:51820", "192.0.2.1:0", -EINVAL, "hosts[0].endpoint", "\"192.0.2.1:0\"%"},
	{"192.0.2.1:51820", "192.0.2.1:65536", -EINVAL, "hosts[0].endpoint",
	 "\"192.0.2.1:65536\"%"},
	{"192.0.2.1:51820", "[192.0.2.1]:5", -EINVAL, "hosts[0].endpoint", "\"[192.0.2.1]:5\"%"},
	{"192.0.2.1:51820", "2001:db8::1:5", -EINVAL, "hosts[0].endpoint", "\"2001:db8::1:5\"%"},
	{"192.0.2.1:51820", "example.org:51820", -EINVAL, "hosts[0].endpoint",
	 "\"example.org:51820\"%"},
	{"192.0.2.1:51820", "192.0.2.2:51821", -EEXIST, "hosts[1].endpoint",
	 "is the same as hosts[0].endpoint"},
	{"192.0.2.1:51820", "100.64.3.200:51820", -EEXIST, "hosts[0].endpoint",
	 "100.64.3.200 lies inside of network \"red\"; the tunnel would be sent into itself"},
	{"192.0.2.1:51820", "255.255.255.255:51820", -EINVAL, "hosts[0].endpoint",
	 "255.255.255.255 cannot be used: it is multicast or reserved"},
	/* Networks. */
	{"\"id\": 2", "\"id\": 0", -ERANGE, "networks[1].id", "must be from 1 to 4294967295"},
	{"\"id\": 2", "\"id\": 4294967296", -ERANGE, "networks[1].id",
	 "must be from 1 to 4294967295"},
	{"\"id\": 2", "\"id\": 1", -EEXIST, "networks[1].id", "is the same as networks[0].id"},
	{"\"green\"", "\"blue\"", -EEXIST, "networks[1].name",
	 "\"blue\" is already the name at networks[0].name"},
	{"100.64.2.0/24", "100.64.2.0", -EINVAL, "networks[1].cidr",
	 "\"100.64.2.0\" is not a CIDR, as in \"100.64.1.0/24\""},
	{"100.64.2.0/24", "100.64.2.0/33", -EINVAL, "networks[1].cidr",
	 "\"100.64.2.0/33\" is not a CIDR, as in \"100.64.1.0/24\""},
	{"100.64.2.0/24", "100.64.2.1/24", -EINVAL, "networks[1].cidr",
	 "\"100.64.2.1/24\" has bits set beyond its length"},
	{"fd00:1::/64", "fd00:1::/129", -EINVAL, "networks[0].cidr[1]",
	 "\"fd00:1::/129\" is not a CIDR, as in \"100.64.1.0/24\""},
	{"\"100.64.2.0/24\"", "[]", -EINVAL, "networks[1].cidr", "must not be empty"},
	{"\"100.64.2.0/24\"", "7", -EINVAL, "networks[1].cidr", "must be a string"},
	{"100.64.2.0/24", "127.0.0.0/16", -EINVAL, "networks[1].cidr",
	 "127.0.0.0/16 cannot be used: it is or holds loopback"},
	{"100.64.2.0/24", "0.0.0.0/0", -EINVAL, "networks[1].cidr",
	 "0.0.0.0/0 cannot be used: it is or holds \"this network\" (RFC 1122)"},
	{"100.64.2.0/24", "100.64.2.0/23", -EEXIST, "networks[2].cidr",
	 "100.64.3.0/24 overlaps 100.64.2.0/23 of network \"green\" at networks[1].cidr"},
	{"100.64.3.0/24", "100.64.2.0/23", -EEXIST, "networks[2].cidr",
	 "100.64.2.0/23 overlaps 100.64.2.0/24 of network \"green\" at networks[1].cidr"},
	{"\"mtu\": 1300", "\"mtu\": 1279", -ERANGE, "networks[1].mtu",
	 "must be from 1280 to 65535"},
	{"\"mtu\": 1300", "\"mtu\": null", -EINVAL, "networks[1].mtu", "must be a whole number"},
	/* Members. */
	{"\"host\": \"c\", \"address\": \"100.64.1.3\"",
	 "\"host\": \"z\", \"address\": \"100.64.1.3\"",
	 -ENOENT, "networks[0].members[2].host", "no host has the name \"z\""},
	{"\"100.64.2.2\"", "\"100.64.2.2/32\"", -EINVAL, "networks[1].members[1].address",
	 "\"100.64.2.2/32\" is not an IPv4 or IPv6 address"},
	{"\"100.64.2.2\"", "\"100.64.9.2\"", -EINVAL, "networks[1].members[1].address",
	 "100.64.9.2 is outside of network \"green\", 100.64.2.0/24"},
	{"\"100.64.2.2\"", "\"100.64.2.1\"", -EEXIST, "networks[1].members[1].address",
	 "100.64.2.1 already belongs to host \"a\" at networks[1].members[0].address"},
	{"\"100.64.2.1\"", "\"100.64.1.3\"", -EEXIST, "networks[1].members[0].address",
	 "100.64.1.3 already belongs to host \"c\" at networks[0].members[2].address"},
	{"\"100.64.2.2\"", "\"100.64.2.0\"", -EINVAL, "networks[1].members[1].address",
	 "100.64.2.0 is the network or broadcast address of 100.64.2.0/24"},
	{"\"100.64.2.2\"", "\"100.64.2.255\"", -EINVAL, "networks[1].members[1].address",
	 "100.64.2.255 is the network or broadcast address of 100.64.2.0/24"},
	{"\"fd00:1::1\"", "\"fd00:1::\"", -EINVAL, "networks[0].members[3].address",
	 "fd00:1:: is the network or broadcast address of fd00:1::/64"},
	{"\"address\": \"100.64.2.2\"", "\"adress\": \"100.64.2.2\"", -EINVAL,
	 "networks[1].members[1].adress", "unknown field"},
	/* Bridges. */
	{"[\"red\", \"green\"]", "[\"red\", \"gold\"]", -ENOENT, "bridges[0].networks[1]",
	 "no network has the name \"gold\""},
	{"[\"red\", \"green\"]", "[\"red\"]", -EINVAL, "bridges[0].networks",
	 "must be the names of two networks"},
	{"[\"red\", \"green\"]", "[\"red\", \"red\"]", -EINVAL, "bridges[0].networks[1]",
	 "is the same network as the first; a bridge joins two"},
	{"{ \"id\": 9,", "{ \"id\": 9, \"networks\": [\"red\", \"blue\"] }, { \"id\": 9,", -EEXIST,
	 "bridges[1].id", "is the same as bridges[0].id"},
	{"{ \"id\": 9,", "{ \"id\": 8, \"networks\": [\"green\", \"red\"] }, { \"id\": 9,", -EEXIST,
	 "bridges[1].networks", "is the same as bridges[0].networks"},
};
/* clang-format on */

/* A "%" at the end of an expected text stands for the long sentence about endpoints. */
static void text_check(const struct refusal *refusal, const char *text)
{
	char expected[FAULT_TEXT_SIZE];
	size_t length = strlen(refusal->text);

	if (refusal->text[length - 1] == '%')
		snprintf(expected, sizeof(expected), "%.*s%s", (int)length - 1, refusal->text,
			 not_endpoint);
	else
		snprintf(expected, sizeof(expected), "%s", refusal->text);
	cr_expect_str_eq(text, expected, "%s -> %s: \"%s\", not \"%s\"", refusal->from, refusal->to,
			 text, expected);
}

Test(model, every_bad_topology_is_refused_with_its_path_and_a_sentence)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		const struct refusal *refusal = &refusals[i];
		char *text = sample_edit(sample_text, refusal->from, refusal->to);
		struct model *model = NULL;
		struct fault fault = {0};
		int ret = model_parse(text, strlen(text), &model, &fault);

		cr_expect_eq(ret, refusal->code, "%s -> %s: %d, not %d", refusal->from, refusal->to,
			     ret, refusal->code);
		cr_expect_str_eq(fault.path, refusal->path, "%s -> %s: at \"%s\", not \"%s\"",
				 refusal->from, refusal->to, fault.path, refusal->path);
		text_check(refusal, fault.text);
		cr_expect_null(model);
		model_free(model);
		free(text);
	}
}

Test(model, a_key_that_two_hosts_have_is_refused_with_both_paths)
{
	char *text = sample_edit(sample_text, sample_public_keys[2], sample_public_keys[0]);
	struct model *model = NULL;
	struct fault fault;

	cr_assert_eq(model_parse(text, strlen(text), &model, &fault), -EEXIST);
	cr_expect_str_eq(fault.path, "hosts[2].public-key");
	cr_expect_str_eq(fault.text, "is the same as hosts[0].public-key");
	free(text);
}

Test(model, a_good_topology_is_read_as_it_was_written)
{
	struct model *model = sample_parse(sample_text);
	const struct model_network *blue = &model->networks[0];
	uint8_t key[LBMESH_KEY_LEN];
	char text[ADDRESS_TEXT_SIZE];

	cr_expect_eq(model->n_hosts, 3);
	cr_expect_str_eq(model->hosts[1].name, "b");
	cr_expect_str_eq(model->hosts[1].private_key_file, "b.key");
	cr_expect_null(model->hosts[2].private_key_file);
	cr_assert_eq(key_decode(sample_public_keys[1], KEY_TEXT_LENGTH, key), 0);
	cr_expect_arr_eq(model->hosts[1].public_key, key, sizeof(key));
	cr_expect_eq(model->hosts[0].keepalive, 25, "25 seconds when nothing is said");
	cr_expect_eq(model->hosts[1].keepalive, 7);
	cr_expect_str_eq(address_text(&model->hosts[2].endpoint, text), "2001:db8::3");
	cr_expect_eq(model->hosts[2].endpoint_port, 51822);
	cr_expect_eq(model->n_networks, 3);
	cr_expect_eq(blue->id, 1);
	cr_expect_str_eq(blue->name, "blue");
	cr_expect_eq(blue->n_cidrs, 2);
	cr_expect_str_eq(prefix_text(&blue->cidrs[1], text), "fd00:1::/64");
	cr_expect_eq(blue->mtu, 0);
	cr_expect_eq(model->networks[1].mtu, 1300);
	cr_expect_eq(blue->n_members, 4);
	cr_expect_eq(blue->members[3].host, sample_host(model, "a"));
	cr_expect_str_eq(address_text(&blue->members[3].address, text), "fd00:1::1");
	cr_expect_eq(model->n_bridges, 1);
	cr_expect_eq(model->bridges[0].id, 9);
	cr_expect_eq(model->bridges[0].networks[0], 2);
	cr_expect_eq(model->bridges[0].networks[1], 1);
	model_free(model);
}

Test(model, a_nul_byte_after_the_text_does_not_hide_what_follows)
{
	static const char text[] = "{\"version\":1,\"hosts\":[],\"networks\":[]}\0{}";
	struct model *model = NULL;
	struct fault fault;

	cr_assert_eq(model_parse(text, sizeof(text) - 1, &model, &fault), -EINVAL);
	cr_expect_str_eq(fault.text, "line 1, column 39: something follows the JSON text");
}

Test(model, a_text_of_more_than_16_mib_is_not_even_looked_at)
{
	char *text = calloc(1, DOCUMENT_SIZE_MAX + 1);
	struct model *model = NULL;
	struct fault fault;

	cr_assert_not_null(text);
	cr_assert_eq(model_parse(text, DOCUMENT_SIZE_MAX + 1, &model, &fault), -EFBIG);
	cr_expect_str_eq(fault.text, "is larger than 16 MiB");
	free(text);
}

Test(model, what_a_file_says_cannot_control_the_terminal)
{
	char *text = sample_edit(sample_text, "\"version\": 1,", "\"version\": 1, \"\x7f[2J\": 1,");
	struct model *model = NULL;
	struct fault fault;

	cr_assert_eq(model_parse(text, strlen(text), &model, &fault), -EINVAL);
	cr_expect_str_eq(fault.path, "?[2J");
	free(text);
}

Test(model, every_beginning_of_a_good_text_is_refused)
{
	size_t end = strlen(sample_text) - 1;

	for (size_t size = 0; size < end; size++) {
		struct model *model = NULL;
		struct fault fault;
		char *copy = malloc(size + 1);

		/* Of exactly this size, so that the sanitizer sees a byte too many. */
		cr_assert_not_null(copy);
		memcpy(copy, sample_text, size);
		cr_expect_neq(model_parse(copy, size, &model, &fault), 0, "%zu bytes", size);
		model_free(model);
		free(copy);
	}
}
