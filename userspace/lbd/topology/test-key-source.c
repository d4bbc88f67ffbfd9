// SPDX-License-Identifier: GPL-2.0-only
/* One private key across all that is merged for a host (L20). */
#include "testing/sample.h"
#include "topology/wanted.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The sample, with a key of its own for host a in network green. */
static struct model *override_parse(void)
{
	char *text =
		sample_edit(sample_text, "\"address\": \"100.64.2.1\"",
			    "\"address\": \"100.64.2.1\", \"private-key-file\": \"other.key\"");
	struct model *model = sample_parse(text);

	free(text);
	return model;
}

Test(key_source, every_place_that_names_a_key_for_the_host_is_found)
{
	struct model *model = override_parse();
	struct key_source *sources = NULL;
	struct fault fault;
	size_t n;

	cr_assert_eq(key_sources_collect(model, 0, &sources, &n, &fault), 0);
	cr_assert_eq(n, 2);
	cr_expect_str_eq(sources[0].path, "hosts[0].private-key-file");
	cr_expect_str_eq(sources[0].name, "a.key");
	cr_expect_str_eq(sources[1].path, "networks[1].members[0].private-key-file");
	cr_expect_str_eq(sources[1].name, "other.key");
	free(sources);
	model_free(model);
}

Test(key_source, two_private_keys_are_refused_with_both_paths)
{
	uint8_t keys[2][LBMESH_KEY_LEN];
	struct model *model = override_parse();
	struct key_source *sources = NULL;
	struct fault fault;
	size_t n;

	memset(keys[0], 1, LBMESH_KEY_LEN);
	memset(keys[1], 2, LBMESH_KEY_LEN);
	cr_assert_eq(key_sources_collect(model, 0, &sources, &n, &fault), 0);
	cr_expect_eq(key_sources_check(model, 0, sources, (const uint8_t(*)[LBMESH_KEY_LEN])keys, n,
				       &fault),
		     -EEXIST);
	cr_expect_str_eq(fault.path, "networks[1].members[0].private-key-file");
	cr_expect_str_eq(fault.text, "mixed keys: holds another private key than "
				     "hosts[0].private-key-file; host \"a\" has one key in all its "
				     "networks");
	memcpy(keys[1], keys[0], LBMESH_KEY_LEN);
	cr_expect_eq(key_sources_check(model, 0, sources, (const uint8_t(*)[LBMESH_KEY_LEN])keys, n,
				       &fault),
		     0, "the same key twice is one key");
	free(sources);
	model_free(model);
}

Test(key_source, a_private_key_that_does_not_fit_the_public_key_is_refused)
{
	uint8_t keys[1][LBMESH_KEY_LEN];
	struct model *model = sample_parse(sample_text);
	struct key_source *sources = NULL;
	struct fault fault;
	size_t n;

	memset(keys[0], 2, LBMESH_KEY_LEN);
	cr_assert_eq(key_sources_collect(model, 0, &sources, &n, &fault), 0);
	cr_expect_eq(key_sources_check(model, 0, sources, (const uint8_t(*)[LBMESH_KEY_LEN])keys, n,
				       &fault),
		     -EINVAL);
	cr_expect_str_eq(fault.path, "hosts[0].private-key-file");
	cr_expect_str_eq(fault.text,
			 "holds a private key that does not belong to hosts[0].public-key");
	free(sources);
	model_free(model);
}

Test(key_source, a_host_without_a_private_key_is_told_where_it_is_missing)
{
	struct model *model = sample_parse(sample_text);
	struct key_source *sources = NULL;
	struct fault fault;
	size_t n;

	cr_assert_eq(key_sources_collect(model, 2, &sources, &n, &fault), -EINVAL);
	cr_expect_str_eq(fault.path, "hosts[2].private-key-file");
	cr_expect_str_eq(fault.text, "is missing; host \"c\" needs it here");
	model_free(model);
}
