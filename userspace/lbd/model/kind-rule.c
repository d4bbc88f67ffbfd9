// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rules of firewalls: their fields, and which of them fit together (L11). Each refusal names the
 * field. Called by kind-firewall.c.
 */
#include "model/rule.h"
#include "model/table.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static const char *const directions[] = {"ingress", "egress"};
static const char *const actions[] = {"allow", "deny", "reject", "pass"};

static const struct property range_properties[] = {
	{.name = "first",
	 .type = PROPERTY_NUMBER,
	 .flags = PROPERTY_REQUIRED,
	 PLACE(struct port_range, first),
	 .min = 1,
	 .max = UINT16_MAX,
	 .help = "The lowest port."},
	{.name = "last",
	 .type = PROPERTY_NUMBER,
	 .flags = PROPERTY_REQUIRED,
	 PLACE(struct port_range, last),
	 .min = 1,
	 .max = UINT16_MAX,
	 .help = "The highest port, which may be the same."},
};

const struct property rule_properties[RULE_PROPERTIES] = {
	{.name = "id",
	 .type = PROPERTY_NUMBER,
	 PLACE(struct firewall_rule, id),
	 .min = 1,
	 .max = INT32_MAX,
	 .help = "Unique in the firewall; the lowest free number when not given."},
	{.name = "direction",
	 .flags = PROPERTY_REQUIRED,
	 WORDS(directions),
	 PLACE(struct firewall_rule, direction),
	 .help = "As seen from the host or sandbox that is protected."},
	{.name = "protocol",
	 .type = PROPERTY_TEXT,
	 PLACE(struct firewall_rule, protocol),
	 .min = 1,
	 .initial_text = "any",
	 .help = "any, tcp, udp, sctp, icmp, icmpv6, or a number from 1 to 255."},
	{.name = "source",
	 .type = PROPERTY_TEXT,
	 PLACE(struct firewall_rule, source),
	 .min = 1,
	 .initial_text = "any",
	 .help = "any, a CIDR, same-network, internet, network:NAME or host:NAME."},
	{.name = "destination",
	 .type = PROPERTY_TEXT,
	 PLACE(struct firewall_rule, destination),
	 .min = 1,
	 .initial_text = "any",
	 .help = "As source."},
	{.name = "source_ports",
	 .flags = PROPERTY_UNIQUE,
	 LIST(struct firewall_rule, source_ports, struct port_range, range_properties),
	 .max = RULE_PORTS_MAX,
	 .help = "Of tcp, udp and sctp; empty: all."},
	{.name = "destination_ports",
	 .flags = PROPERTY_UNIQUE,
	 LIST(struct firewall_rule, destination_ports, struct port_range, range_properties),
	 .max = RULE_PORTS_MAX,
	 .help = "Of tcp, udp and sctp; empty: all."},
	{.name = "icmp_type",
	 .type = PROPERTY_NUMBER,
	 PLACE(struct firewall_rule, icmp_type),
	 .min = -1,
	 .max = UINT8_MAX,
	 .initial = -1,
	 .help = "Of icmp and icmpv6; -1: all."},
	{.name = "icmp_code",
	 .type = PROPERTY_NUMBER,
	 PLACE(struct firewall_rule, icmp_code),
	 .min = -1,
	 .max = UINT8_MAX,
	 .initial = -1,
	 .help = "Of an icmp_type; -1: all."},
	{.name = "action",
	 .flags = PROPERTY_REQUIRED,
	 WORDS(actions),
	 PLACE(struct firewall_rule, action),
	 .help = "allow, deny and reject are final; pass goes on to the next layer."},
	{.name = "log",
	 .type = PROPERTY_BOOLEAN,
	 PLACE(struct firewall_rule, log),
	 .help = "Whether matches are reported."},
	{.name = "description",
	 .type = PROPERTY_TEXT,
	 PLACE(struct firewall_rule, description),
	 .help = "Free text."},
};

/* Protocols that have the same fields. */
enum group {
	GROUP_ANY,
	GROUP_PORTS,
	GROUP_ICMP,
	GROUP_ICMPV6,
	GROUP_OTHER,
	GROUP_INVALID
};

static enum group protocol_group(const char *protocol)
{
	static const struct {
		const char *name;
		long number;
		enum group group;
	} known[] = {
		{"any", -1, GROUP_ANY},	  {"icmp", 1, GROUP_ICMP},	{"tcp", 6, GROUP_PORTS},
		{"udp", 17, GROUP_PORTS}, {"icmpv6", 58, GROUP_ICMPV6}, {"sctp", 132, GROUP_PORTS},
	};
	size_t digits = strspn(protocol, "0123456789");
	long number = digits && digits <= 3 && !protocol[digits] ? strtol(protocol, NULL, 10) : 0;

	for (size_t i = 0; i < TABLE_SIZE(known); i++) {
		if (number ? number == known[i].number : !strcmp(protocol, known[i].name))
			return *protocol == '0' ? GROUP_INVALID : known[i].group;
	}
	return *protocol != '0' && number > 0 && number <= UINT8_MAX ? GROUP_OTHER : GROUP_INVALID;
}

/* family: that of a prefix, else 0. */
static bool selector_valid(const char *text, int *family)
{
	static const char *const words[] = {"any", "same-network", "internet"};
	static const char *const named[] = {"network:", "host:"};
	struct lbmesh_prefix prefix;

	*family = 0;
	for (size_t i = 0; i < TABLE_SIZE(words); i++) {
		if (!strcmp(text, words[i]))
			return true;
	}
	for (size_t i = 0; i < TABLE_SIZE(named); i++) {
		size_t length = strlen(named[i]);

		if (!strncmp(text, named[i], length))
			return label_valid(text + length, strlen(text + length));
	}
	if (lbmesh_prefix_parse(text, &prefix))
		return false;
	*family = prefix.family;
	return true;
}

static int selector_check(const char *text, const struct field *at, int *family,
			  struct fault *fault)
{
	if (selector_valid(text, family))
		return 0;
	return fault_refuse(fault, CODE_FIELD_VALUE, at,
			    "must be any, an address, a CIDR without bits beyond its length, "
			    "same-network, internet, network:NAME or host:NAME");
}

static int selectors_check(const struct firewall_rule *rule, enum group group,
			   const struct field *at, struct fault *fault)
{
	int wrong = group == GROUP_ICMP ? AF_INET6 : group == GROUP_ICMPV6 ? AF_INET : -1;
	int source, destination, ret;

	if ((ret = selector_check(rule->source, FIELD(at, "source"), &source, fault)) ||
	    (ret = selector_check(rule->destination, FIELD(at, "destination"), &destination,
				  fault)))
		return ret;
	if (source == wrong || destination == wrong)
		return fault_refuse(fault, CODE_FIELD_VALUE,
				    FIELD(at, source == wrong ? "source" : "destination"),
				    "is of a family that %s does not have", rule->protocol);
	if (source && destination && source != destination)
		return fault_refuse(fault, CODE_FIELD_VALUE, FIELD(at, "destination"),
				    "must be of the same family as source");
	return 0;
}

static int ports_check(const struct resource_list *ports, enum group group, const struct field *at,
		       struct fault *fault)
{
	const struct port_range *ranges = ports->items;

	if (ports->n && group != GROUP_PORTS)
		return fault_refuse(fault, CODE_FIELD_VALUE, at,
				    "must be empty unless protocol is tcp, udp or sctp");
	for (size_t i = 0; i < ports->n; i++) {
		if (ranges[i].first > ranges[i].last)
			return fault_refuse(fault, CODE_FIELD_VALUE, FIELD(ITEM(at, i), "last"),
					    "must not be less than first");
	}
	return 0;
}

static int icmp_check(const struct firewall_rule *rule, enum group group, const struct field *at,
		      struct fault *fault)
{
	bool icmp = group == GROUP_ICMP || group == GROUP_ICMPV6;

	if (rule->icmp_type >= 0 && !icmp)
		return fault_refuse(fault, CODE_FIELD_VALUE, FIELD(at, "icmp_type"),
				    "must be left out unless protocol is icmp or icmpv6");
	if (rule->icmp_code >= 0 && rule->icmp_type < 0)
		return fault_refuse(fault, CODE_FIELD_VALUE, FIELD(at, "icmp_code"),
				    "must be left out unless icmp_type is given");
	return 0;
}

int rule_check(const struct firewall_rule *rule, const struct field *at, struct fault *fault)
{
	enum group group = protocol_group(rule->protocol);
	int ret;

	if (group == GROUP_INVALID)
		return fault_refuse(fault, CODE_FIELD_VALUE, FIELD(at, "protocol"),
				    "must be any, tcp, udp, sctp, icmp, icmpv6, or a number from "
				    "1 to 255");
	if ((ret = selectors_check(rule, group, at, fault)) ||
	    (ret = ports_check(&rule->source_ports, group, FIELD(at, "source_ports"), fault)) ||
	    (ret = ports_check(&rule->destination_ports, group, FIELD(at, "destination_ports"),
			       fault)))
		return ret;
	return icmp_check(rule, group, at, fault);
}
