// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd-explain.c - lbctl explain: what would happen to a packet, and why. Called
 * by command.c.
 */
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "output.h"
#include "show.h"

#define ICMP_ECHO_REQUEST   8
#define ICMPV6_ECHO_REQUEST 128

static enum lbctl_exit usage_error(const char *why)
{
	(void)fprintf(stderr, "lbctl: explain: %s; run: lbctl help explain\n", why);
	return LBCTL_USAGE;
}

static enum lbctl_exit options_together(const struct options *options)
{
	static const struct {
		uint32_t flag;
		const char *why;
	} required[] = {
		{OPTION_FROM, "--from ADDRESS[:PORT] is required"},
		{OPTION_TO, "--to ADDRESS[:PORT] is required"},
		{OPTION_PROTO, "--proto NAME is required"},
	};

	for (size_t i = 0; i < lbctl_array_size(required); i++) {
		if (!(options->given & required[i].flag))
			return usage_error(required[i].why);
	}
	if (options->flow.endpoint && options->interface)
		return usage_error("--endpoint and --interface exclude each other");
	return LBCTL_OK;
}

/* What nobody needs to say of a ping. */
static void complete_icmp(const struct options *options, struct lbmesh_flow *flow)
{
	const bool v6 = flow->src.family == AF_INET6;

	if (options->icmp_by_name && v6)
		flow->protocol = IPPROTO_ICMPV6;
	if (!protocol_is_icmp(flow->protocol))
		return;
	if (!flow->has_icmp_type)
		flow->icmp_type =
			flow->protocol == IPPROTO_ICMP ? ICMP_ECHO_REQUEST : ICMPV6_ECHO_REQUEST;
	flow->has_icmp_type = true;
	flow->has_icmp_code = true;
}

static enum lbctl_exit flow_check(const struct lbmesh_flow *flow)
{
	const bool ports = protocol_has_ports(flow->protocol);
	const bool icmp = protocol_is_icmp(flow->protocol);

	if (flow->src.family != flow->dst.family)
		return usage_error("--from and --to must be of one family, IPv4 or IPv6");
	if (flow->protocol == IPPROTO_ICMP && flow->src.family == AF_INET6)
		return usage_error("--proto: ICMP of IPv6 is \"icmp\" or 58");
	if (flow->protocol == IPPROTO_ICMPV6 && flow->src.family == AF_INET)
		return usage_error("--proto: ICMP of IPv4 is \"icmp\" or 1");
	if (ports && !flow->has_dst_port)
		return usage_error("--to needs a port with this --proto, ADDRESS:PORT");
	if (!ports && (flow->has_src_port || flow->has_dst_port))
		return usage_error("--from and --to have no ports with this --proto");
	if (!icmp && (flow->has_icmp_type || flow->has_icmp_code))
		return usage_error("--icmp-type and --icmp-code go with --proto icmp only");
	return LBCTL_OK;
}

static enum lbctl_exit flow_make(const struct options *options, struct lbmesh_flow *flow)
{
	enum lbctl_exit ret = options_together(options);

	if (ret != LBCTL_OK)
		return ret;
	*flow = options->flow;
	if (flow->has_icmp_code && !flow->has_icmp_type)
		return usage_error("--icmp-code goes with --icmp-type only");
	complete_icmp(options, flow);
	ret = flow_check(flow);
	if (ret != LBCTL_OK || !options->interface)
		return ret;
	flow->ifindex = if_nametoindex(options->interface);
	if (flow->ifindex)
		return LBCTL_OK;
	(void)fprintf(stderr,
		      "lbctl: explain: --interface: there is no \"%s\" in this network namespace; "
		      "run: ip link\n",
		      options->interface);
	return LBCTL_FAILED;
}

/* Names of what the verdict stands on; of a later generation they would be lies. */

static void label_copy(char to[LBMESH_LABEL_MAX + 1], const char *label)
{
	(void)snprintf(to, LBMESH_LABEL_MAX + 1, "%s", label ? label : "");
}

static int take_endpoint(const struct lbmesh_endpoint *endpoint, void *data)
{
	label_copy(data, endpoint->label);
	return 0;
}

static int take_layer(const struct lbmesh_layer *layer, const struct lbmesh_layer_state *state,
		      void *data)
{
	(void)state;
	label_copy(data, layer->label);
	return 0;
}

static int take_network(const struct lbmesh_network *network, void *data)
{
	label_copy(data, network->label);
	return 0;
}

static int take_rule(const struct lbmesh_rule *rule, const struct lbmesh_rule_state *state,
		     void *data)
{
	(void)state;
	(void)rule_format(rule, data);
	return 0;
}

/* Labels of the objects of one generation. */
struct naming {
	struct lbmesh *conn;
	uint64_t generation;
};

static void keep(const struct naming *naming, int error, uint64_t generation, char *text)
{
	if (error || generation != naming->generation)
		text[0] = '\0';
}

static void name_network(const struct naming *naming, uint32_t id, char *label)
{
	uint64_t now = 0;
	int ret = id ? lbmesh_network_get(naming->conn, id, take_network, label, &now, NULL) : -1;

	keep(naming, ret, now, label);
}

static void name_endpoint(const struct naming *naming, uint32_t id, char *label)
{
	uint64_t now = 0;
	int ret = id ? lbmesh_endpoint_get(naming->conn, id, take_endpoint, label, &now, NULL) : -1;

	keep(naming, ret, now, label);
}

static void name_rule(const struct naming *naming, const struct lbmesh_verdict *verdict,
		      struct verdict_names *names)
{
	uint64_t now = 0;
	int ret;

	if (!verdict->layer)
		return;
	ret = lbmesh_layer_get(naming->conn, verdict->layer, take_layer, names->layer, &now, NULL);
	keep(naming, ret, now, names->layer);
	ret = lbmesh_rule_get(naming->conn, verdict->layer, verdict->rule, take_rule, &names->rule,
			      &now, NULL);
	keep(naming, ret, now, names->rule.text);
}

static void names_read(struct lbmesh *conn, const struct lbmesh_judgement *judgement,
		       struct verdict_names *names)
{
	const struct naming naming = {conn, judgement->generation};
	const struct lbmesh_verdict *verdict = &judgement->verdict;

	memset(names, 0, sizeof(*names));
	name_endpoint(&naming, verdict->endpoint, names->endpoint);
	name_rule(&naming, verdict, names);
	name_network(&naming, verdict->src_network, names->src_network);
	name_network(&naming, verdict->dst_network, names->dst_network);
}

static enum lbctl_exit show(const struct options *options, struct lbmesh *conn,
			    const struct lbmesh_judgement *judgement)
{
	struct output *out lbctl_cleanup(output_freep) = output_new(options->json, stdout);
	struct verdict_names names;

	if (!out)
		return report_memory();
	names_read(conn, judgement, &names);
	show_explanation(out, judgement, &names);
	return report_output(out);
}

/**
 * cmd_explain() - lbctl explain.
 * @options: of the command line
 *
 * Return: the exit code; LBCTL_DENIED when the packet would be denied or
 * rejected, so that a script need not read the output.
 */
enum lbctl_exit cmd_explain(const struct options *options)
{
	struct lbmesh *conn lbctl_cleanup(lbmesh_closep) = NULL;
	struct lbmesh_judgement judgement;
	struct lbmesh_error err;
	struct lbmesh_flow flow;
	enum lbctl_exit ret = flow_make(options, &flow);

	if (ret == LBCTL_OK)
		ret = connect_module(&conn);
	if (ret != LBCTL_OK)
		return ret;
	if (lbmesh_explain(conn, &flow, &judgement, &err))
		return report_missing(&err, "look at: lbctl endpoints");
	ret = show(options, conn, &judgement);
	if (ret == LBCTL_OK && judgement.verdict.action != LBMESH_ACTION_ALLOW)
		return LBCTL_DENIED;
	return ret;
}
