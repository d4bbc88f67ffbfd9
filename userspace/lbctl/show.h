/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * show.h - lists of objects on an output, without a connection: what the
 * commands show when they have read it, and what tests show of made-up state.
 */
#ifndef LBCTL_SHOW_H
#define LBCTL_SHOW_H

#include "output.h"
#include "snapshot.h"

/* "generation 7 is pending: 12.3 s left, then 6 returns; lbctl confirm 7 keeps it" */
struct pending_text {
	char text[160];
};

/* As wg(8) shows it. */
struct key_text {
	char base64[4 * ((LBMESH_KEY_LEN + 2) / 3) + 1];
};

/* "10 ingress tcp from 10.0.0.0/8 to set 3 port 80,8000-8099 allow log" */
struct rule_text {
	char text[1024];
};

/* "tcp 10.0.0.1:40000 -> [fd00::1]:443" */
struct flow_text {
	char text[256];
};

/* What people call what a verdict names; empty where nobody knows. */
struct verdict_names {
	char endpoint[LBMESH_LABEL_MAX + 1];
	char layer[LBMESH_LABEL_MAX + 1];
	char src_network[LBMESH_LABEL_MAX + 1];
	char dst_network[LBMESH_LABEL_MAX + 1];
	struct rule_text rule;
};

/* A difference that an audit or a repair found. */
struct drift {
	struct lbmesh_drift drift;
	bool known; /* whether it is mended */
	bool mended;
};

const char *pending_format(const struct lbmesh_generation *generation, struct pending_text *text);
const char *key_format(const uint8_t *key, struct key_text *text);

void show_status(struct output *out, const struct lbmesh_info *info,
		 const struct snapshot *snapshot);
void show_generation(struct output *out, const struct lbmesh_generation *generation);
void show_devices(struct output *out, const struct snapshot *snapshot, uint32_t id);
void show_networks(struct output *out, const struct snapshot *snapshot, uint32_t id);
void show_bridges(struct output *out, const struct snapshot *snapshot, uint32_t network);
void show_peers(struct output *out, const struct snapshot *snapshot, const struct options *options);
void show_members(struct output *out, const struct snapshot *snapshot,
		  const struct options *options);
void show_limits(struct output *out, const struct lbmesh_counts *most,
		 const struct lbmesh_counts *used);
void show_drifts(struct output *out, const struct snapshot *snapshot, const struct vector *drifts,
		 bool repair);

/* show-firewall.c, show-rule.c */

void show_layers(struct output *out, const struct snapshot *snapshot,
		 const struct options *options);
void show_rules(struct output *out, const struct snapshot *snapshot, const struct options *options);
void show_sets(struct output *out, const struct snapshot *snapshot, const struct options *options);
void show_elements(struct output *out, const struct snapshot *snapshot,
		   const struct options *options);
void show_endpoints(struct output *out, const struct snapshot *snapshot,
		    const struct options *options);
const char *rule_format(const struct lbmesh_rule *rule, struct rule_text *text);

/* show-verdict.c */

const char *flow_format(const struct lbmesh_flow *flow, struct flow_text *text);
void show_flows(struct output *out, const struct snapshot *snapshot, const struct options *options);
void show_explanation(struct output *out, const struct lbmesh_judgement *judgement,
		      const struct verdict_names *names);
void show_event(struct output *out, const struct lbmesh_event *event, uint64_t time_ms);
void show_lost(struct output *out, uint64_t time_ms);

#endif /* LBCTL_SHOW_H */
