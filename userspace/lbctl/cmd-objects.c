// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd-objects.c - the commands that list objects: devices, networks, bridges,
 * peers, members, and those of the firewall with what the verdict cache holds.
 * Called by command.c.
 */
#include "show.h"

typedef void (*show_fn)(struct output *out, const struct snapshot *snapshot,
			const struct options *options);

/* All lists alike: read, then the generation and the table. */
static enum lbctl_exit list(const struct options *options, unsigned int parts, show_fn show)
{
	struct lbmesh *conn lbctl_cleanup(lbmesh_closep) = NULL;
	struct output *out lbctl_cleanup(output_freep) = NULL;
	struct snapshot snapshot lbctl_cleanup(snapshot_free) = {0};
	enum lbctl_exit ret = connect_module(&conn);

	if (ret == LBCTL_OK)
		ret = snapshot_read_of(conn, parts, options->layer | options->set, &snapshot);
	if (ret != LBCTL_OK)
		return ret;
	out = output_new(options->json, stdout);
	if (!out)
		return report_memory();
	/* People have the header of the table; programs want to know of what it is. */
	if (options->json)
		output_field(out, "generation", value_u64(snapshot.generation.number));
	show(out, &snapshot, options);
	return report_output(out);
}

static void devices(struct output *out, const struct snapshot *snapshot,
		    const struct options *options)
{
	show_devices(out, snapshot, options->device);
}

static void networks(struct output *out, const struct snapshot *snapshot,
		     const struct options *options)
{
	show_networks(out, snapshot, options->network);
}

static void bridges(struct output *out, const struct snapshot *snapshot,
		    const struct options *options)
{
	show_bridges(out, snapshot, options->network);
}

/**
 * cmd_devices() - lbctl devices.
 * @options: of the command line
 *
 * Return: the exit code.
 */
enum lbctl_exit cmd_devices(const struct options *options)
{
	return list(options, SNAPSHOT_DEVICES | SNAPSHOT_PEERS | SNAPSHOT_MEMBERS, devices);
}

/**
 * cmd_networks() - lbctl networks.
 * @options: of the command line
 *
 * Return: the exit code.
 */
enum lbctl_exit cmd_networks(const struct options *options)
{
	return list(options, SNAPSHOT_NETWORKS | SNAPSHOT_MEMBERS, networks);
}

/**
 * cmd_bridges() - lbctl bridges.
 * @options: of the command line
 *
 * Return: the exit code.
 */
enum lbctl_exit cmd_bridges(const struct options *options)
{
	return list(options, SNAPSHOT_BRIDGES, bridges);
}

/**
 * cmd_peers() - lbctl peers.
 * @options: of the command line
 *
 * Return: the exit code.
 */
enum lbctl_exit cmd_peers(const struct options *options)
{
	return list(options, SNAPSHOT_PEERS | SNAPSHOT_MEMBERS, show_peers);
}

/**
 * cmd_members() - lbctl members.
 * @options: of the command line
 *
 * Return: the exit code.
 */
enum lbctl_exit cmd_members(const struct options *options)
{
	return list(options, SNAPSHOT_MEMBERS, show_members);
}

/**
 * cmd_layers() - lbctl layers.
 * @options: of the command line
 *
 * Return: the exit code.
 */
enum lbctl_exit cmd_layers(const struct options *options)
{
	return list(options, SNAPSHOT_LAYERS | SNAPSHOT_RULES | SNAPSHOT_ENDPOINTS, show_layers);
}

/**
 * cmd_rules() - lbctl rules.
 * @options: of the command line
 *
 * Return: the exit code.
 */
enum lbctl_exit cmd_rules(const struct options *options)
{
	return list(options, SNAPSHOT_RULES, show_rules);
}

/**
 * cmd_sets() - lbctl sets.
 * @options: of the command line
 *
 * Return: the exit code.
 */
enum lbctl_exit cmd_sets(const struct options *options)
{
	return list(options, SNAPSHOT_SETS | SNAPSHOT_ELEMENTS, show_sets);
}

/**
 * cmd_elements() - lbctl elements.
 * @options: of the command line
 *
 * Return: the exit code.
 */
enum lbctl_exit cmd_elements(const struct options *options)
{
	return list(options, SNAPSHOT_ELEMENTS, show_elements);
}

/**
 * cmd_endpoints() - lbctl endpoints.
 * @options: of the command line
 *
 * Return: the exit code.
 */
enum lbctl_exit cmd_endpoints(const struct options *options)
{
	return list(options, SNAPSHOT_ENDPOINTS, show_endpoints);
}

/**
 * cmd_flows() - lbctl flows.
 * @options: of the command line
 *
 * Return: the exit code.
 */
enum lbctl_exit cmd_flows(const struct options *options)
{
	return list(options, SNAPSHOT_FLOWS, show_flows);
}
