// SPDX-License-Identifier: GPL-2.0-only
/*
 * show-verdict.c - flows and their verdicts: a table of what the cache holds,
 * a paragraph that explains one, and a line for each event. Called by
 * cmd-objects.c, cmd-explain.c and cmd-monitor.c.
 */
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "show.h"

/* "[fd00::1]:65535" */
struct end_text {
	char text[LBMESH_PREFIX_STRLEN + 8];
};

/* "ingress of endpoint 4294967295" */
struct place_text {
	char text[64];
};

/* "12:00:00.123" */
struct clock_text {
	char text[24];
};

static const char *address_format(const struct lbmesh_prefix *address, char *text, size_t size)
{
	return lbmesh_address_format(address, text, size) ? NULL : text;
}

static const char *end_format(const struct lbmesh_prefix *address, bool has_port, uint16_t port,
			      struct end_text *text)
{
	char plain[LBMESH_PREFIX_STRLEN];
	const char *shown = address_format(address, plain, sizeof(plain));
	const bool v6 = address->family == AF_INET6;

	if (!shown)
		(void)snprintf(text->text, sizeof(text->text), "?");
	else if (has_port)
		(void)snprintf(text->text, sizeof(text->text), "%s%s%s:%u", v6 ? "[" : "", shown,
			       v6 ? "]" : "", port);
	else
		(void)snprintf(text->text, sizeof(text->text), "%s", shown);
	return text->text;
}

/**
 * flow_format() - A packet's tuple.
 * @flow: of the library
 * @text: gets protocol, both ends, and the ICMP type
 *
 * Return: the text.
 */
const char *flow_format(const struct lbmesh_flow *flow, struct flow_text *text)
{
	struct protocol_text protocol = {""};
	struct end_text src;
	struct end_text dst;
	char icmp[32] = "";

	if (flow->has_protocol)
		(void)protocol_format(flow->protocol, &protocol);
	if (flow->has_icmp_type && flow->has_icmp_code)
		(void)snprintf(icmp, sizeof(icmp), " type %u code %u", flow->icmp_type,
			       flow->icmp_code);
	else if (flow->has_icmp_type)
		(void)snprintf(icmp, sizeof(icmp), " type %u", flow->icmp_type);
	(void)snprintf(text->text, sizeof(text->text), "%s%s%s -> %s%s", protocol.text,
		       flow->has_protocol ? " " : "",
		       end_format(&flow->src, flow->has_src_port, flow->src_port, &src),
		       end_format(&flow->dst, flow->has_dst_port, flow->dst_port, &dst), icmp);
	return text->text;
}

/* Where it was judged; empty when nobody says. */
static const char *place_format(const struct lbmesh_judgement *judgement, struct place_text *text)
{
	const struct lbmesh_flow *flow = &judgement->flow;
	uint32_t endpoint =
		judgement->verdict.endpoint ? judgement->verdict.endpoint : flow->endpoint;
	const char *direction =
		flow->has_direction ? lbmesh_direction_name(flow->direction) : "passing";
	const char *of = flow->has_direction ? " of" : "";
	char ifname[IF_NAMESIZE];

	text->text[0] = '\0';
	if (endpoint)
		(void)snprintf(text->text, sizeof(text->text), "%s%s endpoint %u", direction, of,
			       endpoint);
	else if (flow->ifindex && if_indextoname(flow->ifindex, ifname))
		(void)snprintf(text->text, sizeof(text->text), "%s%s interface %s", direction, of,
			       ifname);
	else if (flow->ifindex)
		(void)snprintf(text->text, sizeof(text->text), "%s%s interface %u", direction, of,
			       flow->ifindex);
	else if (flow->has_direction)
		(void)snprintf(text->text, sizeof(text->text), "%s", direction);
	return text->text;
}

static const char *participle(enum lbmesh_action action)
{
	switch (action) {
	case LBMESH_ACTION_ALLOW:
		return "allowed";
	case LBMESH_ACTION_DENY:
		return "denied";
	default:
		return "rejected";
	}
}

static const char *reason_sentence(enum lbmesh_reason reason)
{
	switch (reason) {
	case LBMESH_REASON_NONE:
		return "Nothing judges it: no generation is in force, or the interface is not "
		       "managed.";
	case LBMESH_REASON_NOT_MEMBER_SRC:
		return "The source is no member of any network.";
	case LBMESH_REASON_NOT_MEMBER_DST:
		return "The destination is no member of any network.";
	case LBMESH_REASON_NOT_CONNECTED:
		return "Both ends are members, of networks that are neither the same nor bridged.";
	case LBMESH_REASON_MOVING:
		return "One of the addresses is changing its owner at this moment.";
	case LBMESH_REASON_MALFORMED:
		return "The headers are not well formed, or of a kind that is not judged.";
	case LBMESH_REASON_RULE:
		return "A rule decided.";
	case LBMESH_REASON_DEFAULT:
		return "No rule decided; the default of the endpoint did.";
	case LBMESH_REASON_MEMBER:
		return "Both ends are members of one network, or of bridged networks.";
	case LBMESH_REASON_SPOOFED:
		return "The source is not an address of the endpoint.";
	case LBMESH_REASON_NO_STATE:
		return "It needs a connection that is known, and there is none.";
	case LBMESH_REASON_NO_ENDPOINT:
		return "The destination is not an address of an endpoint there.";
	default:
		return "The module gives a reason that this lbctl does not know.";
	}
}

/* " (label)", or nothing. */
static const char *label_format(const char *label, char text[LBMESH_LABEL_MAX + 4])
{
	text[0] = '\0';
	if (label[0])
		(void)snprintf(text, LBMESH_LABEL_MAX + 4, " (%s)", label);
	return text;
}

static void say_what(struct output *out, const struct lbmesh_judgement *judgement,
		     const struct verdict_names *names)
{
	const char *verdict = participle(judgement->verdict.action);
	char label[LBMESH_LABEL_MAX + 4];
	struct place_text place;
	struct flow_text flow;

	(void)place_format(judgement, &place);
	output_note(out, "%c%s: %s%s%s%s.", verdict[0] - 'a' + 'A', verdict + 1,
		    flow_format(&judgement->flow, &flow), place.text[0] ? ", " : "", place.text,
		    label_format(names->endpoint, label));
}

static void say_why(struct output *out, const struct lbmesh_verdict *verdict,
		    const struct verdict_names *names)
{
	char label[LBMESH_LABEL_MAX + 4];

	if (verdict->reason != LBMESH_REASON_RULE || !verdict->layer)
		output_note(out, "%s", reason_sentence(verdict->reason));
	else
		output_note(out, "Rule %u of layer %u%s decided%s%s.", verdict->rule,
			    verdict->layer, label_format(names->layer, label),
			    names->rule.text[0] ? ": " : "", names->rule.text);
}

static void say_networks(struct output *out, const struct lbmesh_verdict *verdict,
			 const struct verdict_names *names)
{
	char src[LBMESH_LABEL_MAX + 4];
	char dst[LBMESH_LABEL_MAX + 4];

	(void)label_format(names->src_network, src);
	(void)label_format(names->dst_network, dst);
	if (verdict->src_network && verdict->dst_network)
		output_note(out, "It goes from network %u%s to network %u%s.", verdict->src_network,
			    src, verdict->dst_network, dst);
	else if (verdict->src_network)
		output_note(out, "It goes from network %u%s to no member of any network.",
			    verdict->src_network, src);
	else if (verdict->dst_network)
		output_note(out, "It goes from no member of any network to network %u%s.",
			    verdict->dst_network, dst);
}

static void say_since(struct output *out, const struct lbmesh_verdict *verdict)
{
	unsigned long long number = (unsigned long long)verdict->generation;

	if (verdict->cached)
		output_note(
			out,
			"So says generation %llu; the verdict is cached and has judged %llu packet%s.",
			number, (unsigned long long)verdict->hits, verdict->hits == 1 ? "" : "s");
	else if (number)
		output_note(out, "So says generation %llu; the verdict is not cached.", number);
}

static void address_field(struct output *out, const char *key, const struct lbmesh_prefix *address)
{
	char text[LBMESH_PREFIX_STRLEN];

	output_field(out, key, value_text(address_format(address, text, sizeof(text))));
}

static struct value value_if(bool is, uint64_t number)
{
	return is ? value_u64(number) : value_null();
}

static void flow_fields(struct output *out, const struct lbmesh_judgement *judgement)
{
	const struct lbmesh_flow *flow = &judgement->flow;
	struct protocol_text protocol;
	char ifname[IF_NAMESIZE];

	output_field(out, "direction",
		     value_text(flow->has_direction ? lbmesh_direction_name(flow->direction)
						    : NULL));
	output_field(out, "interface",
		     value_text(flow->ifindex ? if_indextoname(flow->ifindex, ifname) : NULL));
	output_field(out, "ifindex", value_id(flow->ifindex));
	output_field(out, "protocol",
		     value_text(flow->has_protocol ? protocol_format(flow->protocol, &protocol)
						   : NULL));
	address_field(out, "source", &flow->src);
	output_field(out, "source_port", value_if(flow->has_src_port, flow->src_port));
	address_field(out, "destination", &flow->dst);
	output_field(out, "destination_port", value_if(flow->has_dst_port, flow->dst_port));
	output_field(out, "icmp_type", value_if(flow->has_icmp_type, flow->icmp_type));
	output_field(out, "icmp_code", value_if(flow->has_icmp_code, flow->icmp_code));
}

static void verdict_fields(struct output *out, const struct lbmesh_judgement *judgement)
{
	const struct lbmesh_verdict *verdict = &judgement->verdict;

	output_field(out, "verdict", value_text(lbmesh_action_name(verdict->action)));
	output_field(out, "reason", value_text(lbmesh_reason_name(verdict->reason)));
	flow_fields(out, judgement);
	output_field(out, "endpoint", value_id(verdict->endpoint));
	output_field(out, "source_network", value_id(verdict->src_network));
	output_field(out, "destination_network", value_id(verdict->dst_network));
	output_field(out, "layer", value_id(verdict->layer));
	output_field(out, "rule", value_id(verdict->rule));
	output_field(out, "generation", value_u64(verdict->generation));
}

static void label_field(struct output *out, const char *key, const char *label)
{
	output_field(out, key, value_text(label[0] ? label : NULL));
}

/**
 * show_explanation() - Why a packet gets its verdict: a paragraph, or fields.
 * @out: where to
 * @judgement: of the kernel
 * @names: what people call what it names
 */
void show_explanation(struct output *out, const struct lbmesh_judgement *judgement,
		      const struct verdict_names *names)
{
	const struct lbmesh_verdict *verdict = &judgement->verdict;

	if (!output_is_json(out)) {
		say_what(out, judgement, names);
		say_why(out, verdict, names);
		say_networks(out, verdict, names);
		say_since(out, verdict);
		return;
	}
	verdict_fields(out, judgement);
	output_field(out, "cached", value_bool(verdict->cached));
	output_field(out, "hits", value_if(verdict->cached, verdict->hits));
	label_field(out, "endpoint_label", names->endpoint);
	label_field(out, "layer_label", names->layer);
	label_field(out, "source_network_label", names->src_network);
	label_field(out, "destination_network_label", names->dst_network);
	label_field(out, "rule_text", names->rule.text);
}

static void flow_row(struct output *out, const struct lbmesh_judgement *judgement)
{
	const struct lbmesh_flow *flow = &judgement->flow;
	const struct lbmesh_verdict *verdict = &judgement->verdict;
	char src[LBMESH_PREFIX_STRLEN];
	char dst[LBMESH_PREFIX_STRLEN];
	struct protocol_text protocol;

	output_row(out,
		   (struct value[]){
			   value_id(verdict->endpoint ? verdict->endpoint : flow->endpoint),
			   value_text(flow->has_direction ? lbmesh_direction_name(flow->direction)
							  : NULL),
			   value_text(flow->has_protocol
					      ? protocol_format(flow->protocol, &protocol)
					      : NULL),
			   value_text(address_format(&flow->src, src, sizeof(src))),
			   value_if(flow->has_src_port, flow->src_port),
			   value_text(address_format(&flow->dst, dst, sizeof(dst))),
			   value_if(flow->has_dst_port, flow->dst_port),
			   value_text(lbmesh_action_name(verdict->action)),
			   value_text(lbmesh_reason_name(verdict->reason)),
			   value_id(verdict->layer),
			   value_id(verdict->rule),
			   value_u64(verdict->generation),
			   value_u64(verdict->hits),
		   });
}

/**
 * show_flows() - What the verdict cache holds, the busiest first.
 * @out: where to
 * @snapshot: with flows
 * @options: of the command line
 */
void show_flows(struct output *out, const struct snapshot *snapshot, const struct options *options)
{
	static const char *const columns[] = {
		"endpoint",    "direction",	     "protocol", "source", "source_port",
		"destination", "destination_port",   "verdict",	 "reason", "layer",
		"rule",	       "verdict_generation", "hits",
	};
	const struct lbmesh_judgement *judgement;

	(void)options;
	output_table_begin(out, "flows", columns, lbctl_array_size(columns));
	vector_for_each(judgement, &snapshot->flows) flow_row(out, judgement);
	output_table_end(out);
}

/* The time of day here; events have none of their own. */
static const char *clock_format(uint64_t time_ms, struct clock_text *text)
{
	time_t seconds = (time_t)(time_ms / 1000);
	struct tm tm;
	size_t len = 0;

	if (localtime_r(&seconds, &tm))
		len = strftime(text->text, sizeof(text->text), "%H:%M:%S", &tm);
	(void)snprintf(text->text + len, sizeof(text->text) - len, ".%03u",
		       (unsigned int)(time_ms % 1000));
	return text->text;
}

/* "rule 5 of layer 2", or the reason's name. */
static const char *cause_format(const struct lbmesh_verdict *verdict, char *text, size_t size)
{
	if (verdict->reason != LBMESH_REASON_RULE || !verdict->layer)
		return lbmesh_reason_name(verdict->reason);
	(void)snprintf(text, size, "rule %u of layer %u", verdict->rule, verdict->layer);
	return text;
}

static void verdict_line(struct output *out, const struct lbmesh_judgement *judgement,
			 const char *when)
{
	const struct lbmesh_verdict *verdict = &judgement->verdict;
	char networks[64] = "";
	char kept_back[48] = "";
	struct place_text place;
	struct flow_text flow;
	char cause[48];

	if (verdict->src_network || verdict->dst_network)
		(void)snprintf(networks, sizeof(networks), ", network %u -> %u",
			       verdict->src_network, verdict->dst_network);
	if (judgement->suppressed)
		(void)snprintf(kept_back, sizeof(kept_back), ", %llu suppressed before",
			       (unsigned long long)judgement->suppressed);
	(void)place_format(judgement, &place);
	output_note(out, "%s %s %s%s%s: %s%s, generation %llu%s", when, participle(verdict->action),
		    flow_format(&judgement->flow, &flow), place.text[0] ? ", " : "", place.text,
		    cause_format(verdict, cause, sizeof(cause)), networks,
		    (unsigned long long)verdict->generation, kept_back);
}

static void generation_line(struct output *out, const struct lbmesh_generation *generation,
			    const char *when)
{
	struct pending_text pending;

	if (generation->state == LBMESH_STATE_PENDING)
		output_note(out, "%s %s", when, pending_format(generation, &pending));
	else if (generation->number)
		output_note(out, "%s generation %llu is in force", when,
			    (unsigned long long)generation->number);
	else
		output_note(out, "%s nothing is in force", when);
}

static void generation_fields(struct output *out, const struct lbmesh_generation *generation)
{
	output_field(out, "state", value_text(lbmesh_state_name(generation->state)));
	output_field(out, "generation", value_u64(generation->number));
	if (generation->state != LBMESH_STATE_PENDING)
		return;
	output_field(out, "pending_ms", value_u64(generation->pending_ms));
	output_field(out, "fallback", value_if(generation->has_fallback, generation->fallback));
}

/**
 * show_event() - A line for an event.
 * @out: where to; of output_new_line()
 * @event: of the kernel
 * @time_ms: when it came, in milliseconds since 1970
 */
void show_event(struct output *out, const struct lbmesh_event *event, uint64_t time_ms)
{
	const bool verdict = event->kind == LBMESH_EVENT_VERDICT;
	struct clock_text when;

	if (!output_is_json(out)) {
		(void)clock_format(time_ms, &when);
		if (verdict)
			verdict_line(out, &event->judgement, when.text);
		else
			generation_line(out, &event->generation, when.text);
		return;
	}
	output_field(out, "time_ms", value_u64(time_ms));
	output_field(out, "event", value_text(verdict ? "verdict" : "generation"));
	if (verdict) {
		verdict_fields(out, &event->judgement);
		output_field(out, "suppressed", value_u64(event->judgement.suppressed));
	} else {
		generation_fields(out, &event->generation);
	}
}

/**
 * show_lost() - A line that says that events are missing here.
 * @out: where to; of output_new_line()
 * @time_ms: as for show_event()
 */
void show_lost(struct output *out, uint64_t time_ms)
{
	struct clock_text when;

	if (!output_is_json(out)) {
		output_note(out, "%s events were lost", clock_format(time_ms, &when));
		return;
	}
	output_field(out, "time_ms", value_u64(time_ms));
	output_field(out, "event", value_text("lost"));
}
