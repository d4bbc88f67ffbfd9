/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The firewall's objects in tests: short ways to put them into a commit and into set-update, and what
 * the dumps show of them as text. The text is read from bare netlink, attribute by attribute in the
 * order in which they come, so that nothing of an answer goes unseen.
 */
#ifndef LBMESH_SELFTESTS_POLICY_H
#define LBMESH_SELFTESTS_POLICY_H

#include "raw.h"
#include "util.h"

struct lbmesh_rule rule_of(uint32_t layer, uint32_t id, uint32_t position);
struct lbmesh_selector select_set(uint32_t set);
struct lbmesh_selector select_prefix(const char *prefix);

void put_layer(struct lbmesh_commit *commit, uint32_t id);
void put_set(struct lbmesh_commit *commit, uint32_t id);
/* Allows everything. */
void put_rule(struct lbmesh_commit *commit, uint32_t layer, uint32_t id, uint32_t position);
/* Allows what comes from a set. */
void put_rule_of(struct lbmesh_commit *commit, uint32_t layer, uint32_t id, uint32_t position,
		 uint32_t set);
void put_element(struct lbmesh_commit *commit, uint32_t set, const char *prefix);
void remove_element(struct lbmesh_commit *commit, uint32_t set, const char *prefix);
/* A sandbox on lo with an IPv4 address, and one layer unless that is 0. */
void put_endpoint(struct lbmesh_commit *commit, uint32_t id, const char *address, uint32_t layer);

/* Element of a set-update under construction. Returns where it starts. */
size_t learn(struct raw *raw, uint32_t set, const char *prefix, uint32_t timeout_ms);
size_t unlearn(struct raw *raw, uint32_t set, const char *prefix);

/*
 * All that a dump of this command shows, a line an object: "rule layer 1 id 2 position 3 action 0". With
 * an id, what belongs to that object. Numbers are decimal, and what is nested is in braces. "errno N: "
 * and a sentence when it fails. Valid until the fourth call after.
 */
const char *dump_text(struct raw *raw, uint8_t command, uint32_t id);
/* The same for the answer to a request that has been built. */
const char *answer_text(struct raw *raw);
/* How many lines a text has. */
int count_lines(const char *text);

#endif
