// SPDX-License-Identifier: GPL-2.0-only
/* Commits that are built from targets: which objects are in them, and where the private key is. */
#include "agent/commit.h"
#include "testing/sample.h"

#include <criterion/criterion.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static struct target target_make(const char *from, const char *to)
{
	char *text = sample_edit(sample_text, from, to);
	struct model *model = sample_parse(text);
	struct target target = {0};

	cr_assert_geq(sodium_init(), 0);
	cr_assert_eq(wanted_compile(model, sample_host(model, "a"), &target.wanted, NULL), 0);
	target.private_key = sodium_malloc(LBMESH_KEY_LEN);
	cr_assert_not_null(target.private_key);
	memset(target.private_key, 1, LBMESH_KEY_LEN);
	model_free(model);
	free(text);
	return target;
}

Test(commit, of_the_whole_state_has_every_object_once)
{
	struct target target = target_make("", "");
	struct lbmesh_commit *commit = commit_replace_build(&target, 7);

	cr_assert_not_null(commit);
	/* A device, 3 networks, a bridge, 2 peers, 7 members. */
	cr_expect_eq(lbmesh_commit_objects(commit), 1 + 3 + 1 + 2 + 7);
	cr_expect_neq(lbmesh_commit_token(commit), 0);
	lbmesh_commit_free(commit);
	target_release(&target);
}

Test(commit, of_a_change_has_what_changed)
{
	struct target before = target_make("", "");
	struct target after = target_make("192.0.2.2:51821", "192.0.2.2:51900");
	struct lbmesh_commit *commit;
	struct delta delta;

	cr_assert_eq(delta_compute(before.wanted, after.wanted, &delta, NULL), 0);
	commit = commit_delta_build(&after, &delta, 7, 41);
	cr_assert_not_null(commit);
	cr_expect_eq(lbmesh_commit_objects(commit), 1);
	lbmesh_commit_free(commit);
	delta_release(&delta);
	target_release(&before);
	target_release(&after);
}

Test(commit, of_a_new_port_does_not_carry_the_private_key)
{
	struct target before = target_make("", "");
	struct target port = target_make("192.0.2.1:51820", "192.0.2.1:51900");
	struct target key =
		target_make(sample_public_keys[0], "BAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ=");
	struct lbmesh_commit *with, *without;
	struct delta delta;

	cr_assert_eq(delta_compute(before.wanted, port.wanted, &delta, NULL), 0);
	without = commit_delta_build(&port, &delta, 7, 1);
	delta_release(&delta);
	cr_assert_eq(delta_compute(before.wanted, key.wanted, &delta, NULL), 0);
	with = commit_delta_build(&key, &delta, 7, 1);
	delta_release(&delta);
	cr_assert_not_null(with);
	cr_assert_not_null(without);
	cr_expect_eq(lbmesh_commit_size(with) - lbmesh_commit_size(without), 4 + LBMESH_KEY_LEN);
	lbmesh_commit_free(with);
	lbmesh_commit_free(without);
	target_release(&before);
	target_release(&port);
	target_release(&key);
}
