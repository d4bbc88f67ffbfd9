// SPDX-License-Identifier: GPL-2.0-only
/* What kinds refuse beyond their tables, document by document, with code and path. */
#include "testing/resources.h"

#include <criterion/criterion.h>
#include <string.h>

#define KEY "\"AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=\""

struct refusal {
	enum resource_kind kind;
	enum resource_mode mode;
	const char *document;
	enum code code;
	const char *path;
};

#define SANDBOX(mode_, fields_, code_, path_)                                                    \
	{                                                                                        \
		RESOURCE_SANDBOX, RESOURCE_##mode_,                                              \
			sizeof(#mode_) == sizeof("PATCH") ? "{" fields_ "}"                      \
							  : "{\"name\":\"a\",\"host\":\"" HOST_A \
							    "\"," fields_ "}",                   \
			CODE_##code_, path_                                                      \
	}
#define NETWORK(fields_, code_, path_)                                                           \
	{                                                                                        \
		RESOURCE_NETWORK, RESOURCE_CREATE, "{\"name\":\"a\"," fields_ "}", CODE_##code_, \
			path_                                                                    \
	}
#define RULES(rules_, code_, path_)                                                            \
	{                                                                                      \
		RESOURCE_FIREWALL, RESOURCE_CREATE, "{\"name\":\"a\",\"rules\":[" rules_ "]}", \
			CODE_##code_, path_                                                    \
	}
#define RULE(fields_, code_, path_)                                                  \
	RULES("{\"direction\":\"ingress\",\"action\":\"allow\"," fields_ "}", code_, \
	      "rules[0]" path_)

static const struct refusal refusals[] = {
	{RESOURCE_ORG, RESOURCE_CREATE, "{\"networks_max\":1}", CODE_FIELD_UNKNOWN, "networks_max"},
	{RESOURCE_WORKSPACE, RESOURCE_PATCH, "{\"managed_network\":true}", CODE_FIELD_IMMUTABLE,
	 "managed_network"},
	{RESOURCE_WORKSPACE, RESOURCE_PATCH, "{\"name\":\"b\"}", CODE_FIELD_IMMUTABLE, "name"},
	{RESOURCE_HOST, RESOURCE_PATCH, "{\"name\":\"b\"}", CODE_FIELD_IMMUTABLE, "name"},
	{RESOURCE_HOST, RESOURCE_PATCH, "{\"endpoint\":\"127.0.0.1:51820\"}", CODE_FIELD_VALUE,
	 "endpoint"},
	{RESOURCE_HOST, RESOURCE_PATCH, "{\"endpoint\":\"[ff02::1]:51820\"}", CODE_FIELD_VALUE,
	 "endpoint"},
	{RESOURCE_HOST, RESOURCE_PATCH, "{\"keepalive\":65536}", CODE_FIELD_VALUE, "keepalive"},
	{RESOURCE_HOST, RESOURCE_PATCH, "{\"labels\":[\"a\",\"b\",\"a\"]}", CODE_FIELD_VALUE,
	 "labels[2]"},
	{RESOURCE_HOST, RESOURCE_STORED,
	 "{\"version\":1,\"id\":\"" HOST_A "\",\"public_key\":" KEY ",\"infra_public_key\":" KEY
	 "}",
	 CODE_FIELD_VALUE, "infra_public_key"},
	{RESOURCE_HOST, RESOURCE_STORED,
	 "{\"version\":1,\"id\":\"" HOST_A "\",\"public_key\":" KEY ","
	 "\"next_public_key\":" KEY "}",
	 CODE_FIELD_VALUE, "next_public_key"},
	/* O4 to O7, O17. */
	SANDBOX(CREATE, "\"allow_internet\":false,\"egress\":[\"10.0.0.0/8\"]", FIELD_VALUE,
		"egress"),
	SANDBOX(PATCH, "\"allow_internet\":false,\"egress\":[\"10.0.0.0/8\"]", FIELD_VALUE,
		"egress"),
	SANDBOX(CREATE, "\"egress\":[\"example.org\",\"internet\"]", FIELD_VALUE, "egress[1]"),
	SANDBOX(CREATE, "\"egress\":[\"10.0.0.1/8\"]", FIELD_VALUE, "egress[0]"),
	SANDBOX(CREATE, "\"egress\":[\"10.0.0.256\"]", FIELD_VALUE, "egress[0]"),
	SANDBOX(CREATE, "\"egress\":[\"Example.org\"]", FIELD_VALUE, "egress[0]"),
	SANDBOX(CREATE, "\"egress\":[\"*.*.example.org\"]", FIELD_VALUE, "egress[0]"),
	SANDBOX(CREATE, "\"egress\":[\"a*.example.org\"]", FIELD_VALUE, "egress[0]"),
	SANDBOX(CREATE, "\"egress\":[\"*\"]", FIELD_VALUE, "egress[0]"),
	SANDBOX(CREATE, "\"egress\":[\"*.\"]", FIELD_VALUE, "egress[0]"),
	SANDBOX(CREATE, "\"egress\":[\"*.org\"]", FIELD_VALUE, "egress[0]"),
	SANDBOX(CREATE, "\"egress\":[\"example.org.\"]", FIELD_VALUE, "egress[0]"),
	SANDBOX(CREATE, "\"egress\":[\".example.org\"]", FIELD_VALUE, "egress[0]"),
	SANDBOX(CREATE, "\"egress\":[\"-a.example.org\"]", FIELD_VALUE, "egress[0]"),
	SANDBOX(CREATE, "\"egress\":[\"example.org:80\"]", FIELD_VALUE, "egress[0]"),
	SANDBOX(CREATE, "\"egress\":[\"localhost\"]", FIELD_VALUE, "egress[0]"),
	SANDBOX(CREATE, "\"egress\":[\"\"]", FIELD_VALUE, "egress[0]"),
	SANDBOX(CREATE, "\"egress\":[\"a.org\",\"a.org\"]", FIELD_VALUE, "egress[1]"),
	SANDBOX(CREATE, "\"ingress\":[\"internet\"]", FIELD_VALUE, "ingress[0]"),
	SANDBOX(CREATE,
		"\"ingress\":[\"10.0.0.0/8\","
		"\"example.org\"]",
		FIELD_VALUE, "ingress[1]"),
	SANDBOX(CREATE, "\"public_access\":true,\"ingress\":[\"internet\",\"internet\"]",
		FIELD_VALUE, "ingress[1]"),
	SANDBOX(CREATE, "\"ingress_ports\":[0]", FIELD_VALUE, "ingress_ports[0]"),
	SANDBOX(CREATE, "\"ingress_ports\":[80,65536]", FIELD_VALUE, "ingress_ports[1]"),
	SANDBOX(CREATE, "\"ingress_ports\":[80,81,80]", FIELD_VALUE, "ingress_ports[2]"),
	SANDBOX(CREATE, "\"private_link_ids\":[\"10.0.0.1\"]", FIELD_VALUE, "private_link_ids[0]"),
	SANDBOX(CREATE, "\"private_link_ids\":[null]", FIELD_TYPE, "private_link_ids[0]"),
	SANDBOX(CREATE, "\"private_link_ids\":[\"" SBX_A "\",\"" SBX_A "\"]", FIELD_VALUE,
		"private_link_ids[1]"),
	/* L1, L2, L6, G4, B8. */
	NETWORK("\"context\":\"system\"", FIELD_VALUE, "context"),
	NETWORK("\"context\":\"galaxy\"", FIELD_VALUE, "context"),
	NETWORK("\"context\":\"workspace\"", FIELD_MISSING, "workspace"),
	NETWORK("\"context\":\"organization\",\"workspace\":\"" WS_A "\"", FIELD_VALUE,
		"workspace"),
	NETWORK("\"family\":\"ipv6\"", FAMILY_UNSUPPORTED, "family"),
	NETWORK("\"family\":\"ipv5\"", FIELD_VALUE, "family"),
	NETWORK("\"mode\":\"bridge\"", FIELD_VALUE, "mode"),
	NETWORK("\"cidr\":\"10.0.0.0/7\"", FIELD_VALUE, "cidr"),
	NETWORK("\"cidr\":\"10.0.0.0/30\"", FIELD_VALUE, "cidr"),
	NETWORK("\"cidr\":\"fd00::/64\"", FIELD_VALUE, "cidr"),
	NETWORK("\"cidr\":\"127.0.0.0/24\"", FIELD_VALUE, "cidr"),
	NETWORK("\"cidr\":\"0.1.0.0/16\"", FIELD_VALUE, "cidr"),
	NETWORK("\"cidr\":\"224.0.0.0/24\"", FIELD_VALUE, "cidr"),
	NETWORK("\"cidr\":\"255.255.255.0/24\"", FIELD_VALUE, "cidr"),
	NETWORK("\"cidr\":\"169.254.1.0/24\"", FIELD_VALUE, "cidr"),
	NETWORK("\"cidr6\":\"fd00::/64\"", FIELD_VALUE, "cidr6"),
	NETWORK("\"family\":\"dual\",\"cidr6\":\"10.0.0.0/24\"", FIELD_VALUE, "cidr6"),
	NETWORK("\"family\":\"dual\",\"cidr6\":\"fd00::/47\"", FIELD_VALUE, "cidr6"),
	NETWORK("\"family\":\"dual\",\"cidr6\":\"fd00::/121\"", FIELD_VALUE, "cidr6"),
	NETWORK("\"family\":\"dual\",\"cidr6\":\"fe80::/64\"", FIELD_VALUE, "cidr6"),
	NETWORK("\"mtu\":1279", FIELD_VALUE, "mtu"),
	NETWORK("\"mtu\":9001", FIELD_VALUE, "mtu"),
	{RESOURCE_NETWORK, RESOURCE_PATCH, "{\"name\":\"b\"}", CODE_FIELD_IMMUTABLE, "name"},
	{RESOURCE_NETWORK, RESOURCE_PATCH, "{\"family\":\"dual\"}", CODE_FIELD_IMMUTABLE, "family"},
	{RESOURCE_NETWORK, RESOURCE_PATCH, "{\"cidr\":\"10.0.0.0/24\"}", CODE_FIELD_IMMUTABLE,
	 "cidr"},
	{RESOURCE_NETWORK, RESOURCE_PATCH, "{\"context\":\"workspace\"}", CODE_FIELD_IMMUTABLE,
	 "context"},
	{RESOURCE_NETWORK, RESOURCE_PATCH, "{\"workspace\":\"" WS_A "\"}", CODE_FIELD_IMMUTABLE,
	 "workspace"},
	/* Members. */
	{RESOURCE_MEMBER, RESOURCE_CREATE, "{}", CODE_FIELD_MISSING, "owner"},
	{RESOURCE_MEMBER, RESOURCE_CREATE, "{\"owner\":\"" WS_A "\"}", CODE_FIELD_VALUE, "owner"},
	{RESOURCE_MEMBER, RESOURCE_CREATE, "{\"owner\":\"" TOK_A "\"}", CODE_FIELD_VALUE, "owner"},
	{RESOURCE_MEMBER, RESOURCE_CREATE, "{\"owner\":\"" HOST_A "\",\"name\":\"a\"}",
	 CODE_FIELD_READ_ONLY, "name"},
	{RESOURCE_MEMBER, RESOURCE_STORED,
	 "{\"version\":1,\"id\":\"mem_01KB00000000000000000000AA\",\"owner\":\"" HOST_A
	 "\",\"address\":\"fd00::1\"}",
	 CODE_FIELD_VALUE, "address"},
	{RESOURCE_MEMBER, RESOURCE_STORED,
	 "{\"version\":1,\"id\":\"mem_01KB00000000000000000000AA\",\"owner\":\"" HOST_A
	 "\",\"address\":\"127.0.0.1\"}",
	 CODE_FIELD_VALUE, "address"},
	{RESOURCE_MEMBER, RESOURCE_STORED,
	 "{\"version\":1,\"id\":\"mem_01KB00000000000000000000AA\",\"owner\":\"" HOST_A
	 "\",\"address6\":\"10.0.0.1\"}",
	 CODE_FIELD_VALUE, "address6"},
	{RESOURCE_MEMBER, RESOURCE_STORED,
	 "{\"version\":1,\"id\":\"mem_01KB00000000000000000000AA\",\"owner\":\"" TOK_A
	 "\",\"kind\":\"user\"}",
	 CODE_FIELD_VALUE, "expires_at"},
	{RESOURCE_MEMBER, RESOURCE_STORED,
	 "{\"version\":1,\"id\":\"mem_01KB00000000000000000000AA\",\"owner\":\"" HOST_A
	 "\",\"expires_at\":\"2026-11-26T02:26:03Z\"}",
	 CODE_FIELD_VALUE, "expires_at"},
	/* Bridges. */
	{RESOURCE_BRIDGE, RESOURCE_CREATE, "{}", CODE_FIELD_MISSING, "networks"},
	{RESOURCE_BRIDGE, RESOURCE_CREATE, "{\"networks\":[\"" NET_A "\",\"dev\"]}",
	 CODE_FIELD_VALUE, "networks[1]"},
	{RESOURCE_BRIDGE, RESOURCE_CREATE, "{\"networks\":[\"" NET_A "\",\"" NET_A "\"]}",
	 CODE_FIELD_VALUE, "networks[1]"},
	{RESOURCE_BRIDGE, RESOURCE_CREATE, "{\"networks\":[\"" NET_A "\",5]}", CODE_FIELD_TYPE,
	 "networks[1]"},
	{RESOURCE_BRIDGE, RESOURCE_STORED,
	 "{\"version\":1,\"id\":\"br_01KB00000000000000000000AA\",\"networks\":[\"" NET_B
	 "\",\"" NET_A "\"]}",
	 CODE_FIELD_VALUE, "networks"},
	/* L11: firewalls and rules. */
	{RESOURCE_FIREWALL, RESOURCE_CREATE, "{\"name\":\"a\",\"level\":\"workspace\"}",
	 CODE_FIELD_MISSING, "workspace"},
	{RESOURCE_FIREWALL, RESOURCE_CREATE, "{\"name\":\"a\",\"workspace\":\"" WS_A "\"}",
	 CODE_FIELD_VALUE, "workspace"},
	{RESOURCE_FIREWALL, RESOURCE_CREATE, "{\"name\":\"a\",\"priority\":65536}",
	 CODE_FIELD_VALUE, "priority"},
	RULES("{\"action\":\"allow\"}", FIELD_MISSING, "rules[0].direction"),
	RULES("{\"direction\":\"ingress\"}", FIELD_MISSING, "rules[0].action"),
	RULES("{\"direction\":\"up\",\"action\":\"allow\"}", FIELD_VALUE, "rules[0].direction"),
	RULES("{\"direction\":\"egress\",\"action\":\"drop\"}", FIELD_VALUE, "rules[0].action"),
	RULES("{\"direction\":\"egress\",\"action\":null}", FIELD_TYPE, "rules[0].action"),
	RULES("7", FIELD_TYPE, "rules[0]"),
	RULES("{\"direction\":\"ingress\",\"action\":\"allow\",\"id\":4},"
	      "{\"direction\":\"egress\",\"action\":\"deny\",\"id\":4}",
	      FIELD_VALUE, "rules[1].id"),
	RULE("\"colour\":1", FIELD_UNKNOWN, ".colour"),
	RULE("\"id\":0", FIELD_VALUE, ".id"),
	RULE("\"id\":\"1\"", FIELD_TYPE, ".id"),
	RULE("\"protocol\":\"gre\"", FIELD_VALUE, ".protocol"),
	RULE("\"protocol\":\"0\"", FIELD_VALUE, ".protocol"),
	RULE("\"protocol\":\"256\"", FIELD_VALUE, ".protocol"),
	RULE("\"protocol\":\"06\"", FIELD_VALUE, ".protocol"),
	RULE("\"protocol\":\"-1\"", FIELD_VALUE, ".protocol"),
	RULE("\"protocol\":\"6 \"", FIELD_VALUE, ".protocol"),
	RULE("\"protocol\":6", FIELD_TYPE, ".protocol"),
	RULE("\"protocol\":\"\"", FIELD_VALUE, ".protocol"),
	RULE("\"protocol\":\"1234567890123456\"", FIELD_VALUE, ".protocol"),
	RULE("\"source\":\"everybody\"", FIELD_VALUE, ".source"),
	RULE("\"source\":\"10.0.0.1/8\"", FIELD_VALUE, ".source"),
	RULE("\"source\":\"network:\"", FIELD_VALUE, ".source"),
	RULE("\"source\":\"network:A\"", FIELD_VALUE, ".source"),
	RULE("\"source\":7", FIELD_TYPE, ".source"),
	RULE("\"destination\":\"host:a.b\"", FIELD_VALUE, ".destination"),
	RULE("\"destination\":\"workspace:a\"", FIELD_VALUE, ".destination"),
	RULE("\"source\":\"10.0.0.0/8\","
	     "\"destination\":\"fd00::/8\"",
	     FIELD_VALUE, ".destination"),
	RULE("\"protocol\":\"icmp\",\"source\":\"fd00::/8\"", FIELD_VALUE, ".source"),
	RULE("\"protocol\":\"58\",\"destination\":\"10.0.0.0/8\"", FIELD_VALUE, ".destination"),
	RULE("\"destination_ports\":[{\"first\":1,"
	     "\"last\":2}]",
	     FIELD_VALUE, ".destination_ports"),
	RULE("\"protocol\":\"47\",\"source_ports\":[{\"first\":1,\"last\":2}]", FIELD_VALUE,
	     ".source_ports"),
	RULE("\"protocol\":\"tcp\",\"source_ports\":[{\"first\":0,\"last\":2}]", FIELD_VALUE,
	     ".source_ports[0].first"),
	RULE("\"protocol\":\"tcp\",\"source_ports\":[{\"first\":1,\"last\":65536}]", FIELD_VALUE,
	     ".source_ports[0].last"),
	RULE("\"protocol\":\"tcp\",\"source_ports\":[{\"first\":2,\"last\":1}]", FIELD_VALUE,
	     ".source_ports[0].last"),
	RULE("\"protocol\":\"tcp\",\"destination_ports\":[{\"first\":1,\"last\":1},"
	     "{\"first\":2}]",
	     FIELD_MISSING, ".destination_ports[1].last"),
	RULE("\"protocol\":\"tcp\",\"destination_ports\":[{\"first\":1,\"last\":1},"
	     "{\"first\":1,\"last\":1}]",
	     FIELD_VALUE, ".destination_ports[1]"),
	RULE("\"protocol\":\"tcp\",\"destination_ports\":[80]", FIELD_TYPE,
	     ".destination_ports[0]"),
	RULE("\"protocol\":\"tcp\",\"destination_ports\":{}", FIELD_TYPE, ".destination_ports"),
	RULE("\"protocol\":\"tcp\",\"destination_ports\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,"
	     "15,16,17]",
	     LIST_TOO_LONG, ".destination_ports"),
	RULE("\"icmp_type\":8", FIELD_VALUE, ".icmp_type"),
	RULE("\"protocol\":\"tcp\",\"icmp_type\":8", FIELD_VALUE, ".icmp_type"),
	RULE("\"protocol\":\"icmp\",\"icmp_type\":256", FIELD_VALUE, ".icmp_type"),
	RULE("\"protocol\":\"icmp\",\"icmp_code\":0", FIELD_VALUE, ".icmp_code"),
	RULE("\"log\":1", FIELD_TYPE, ".log"),
	RULE("\"description\":\"\\u001b[2J\"", FIELD_VALUE, ".description"),
	/* Aliases and policies (G3, G17). */
	{RESOURCE_ALIAS, RESOURCE_CREATE, "{\"name\":\"a\",\"sandbox\":\"" SBX_A "\"}",
	 CODE_FIELD_MISSING, "ports"},
	{RESOURCE_ALIAS, RESOURCE_CREATE, "{\"name\":\"a\",\"ports\":[1]}", CODE_FIELD_MISSING,
	 "sandbox"},
	{RESOURCE_ALIAS, RESOURCE_CREATE,
	 "{\"name\":\"a\",\"sandbox\":\"" SBX_A "\",\"ports\":[1,1]}", CODE_FIELD_VALUE,
	 "ports[1]"},
	{RESOURCE_ALIAS, RESOURCE_CREATE,
	 "{\"name\":\"a.b\",\"sandbox\":\"" SBX_A "\",\"ports\":[1]}", CODE_FIELD_VALUE, "name"},
	{RESOURCE_ALIAS, RESOURCE_PATCH, "{\"ports\":[]}", CODE_FIELD_VALUE, "ports"},
	{RESOURCE_ALIAS, RESOURCE_PATCH, "{\"ports\":null}", CODE_FIELD_TYPE, "ports"},
	{RESOURCE_ALIAS, RESOURCE_PATCH, "{\"name\":\"b\"}", CODE_FIELD_IMMUTABLE, "name"},
	{RESOURCE_ALIAS, RESOURCE_PATCH, "{\"sandbox\":\"" SBX_B "\"}", CODE_FIELD_IMMUTABLE,
	 "sandbox"},
	{RESOURCE_POLICY, RESOURCE_CREATE, "{\"from\":\"local\"}", CODE_FIELD_MISSING, "to"},
	{RESOURCE_POLICY, RESOURCE_CREATE, "{\"to\":\"api\"}", CODE_FIELD_MISSING, "from"},
	{RESOURCE_POLICY, RESOURCE_CREATE,
	 "{\"from\":\"locals\","
	 "\"to\":\"api\"}",
	 CODE_FIELD_VALUE, "from"},
	{RESOURCE_POLICY, RESOURCE_CREATE,
	 "{\"from\":\"alias:\","
	 "\"to\":\"api\"}",
	 CODE_FIELD_VALUE, "from"},
	{RESOURCE_POLICY, RESOURCE_CREATE, "{\"from\":\"sandbox:api\",\"to\":\"api\"}",
	 CODE_FIELD_VALUE, "from"},
	{RESOURCE_POLICY, RESOURCE_CREATE,
	 "{\"from\":\"host:a\","
	 "\"to\":\"api\"}",
	 CODE_FIELD_VALUE, "from"},
	{RESOURCE_POLICY, RESOURCE_CREATE, "{\"from\":\"label:a b\",\"to\":\"api\"}",
	 CODE_FIELD_VALUE, "from"},
	{RESOURCE_POLICY, RESOURCE_CREATE, "{\"from\":\"local\",\"to\":\"api\",\"port\":65536}",
	 CODE_FIELD_VALUE, "port"},
	{RESOURCE_POLICY, RESOURCE_CREATE,
	 "{\"from\":\"local\",\"to\":\"api\",\"action\":\"pass\"}", CODE_FIELD_VALUE, "action"},
	{RESOURCE_POLICY, RESOURCE_PATCH, "{\"port\":80}", CODE_FIELD_IMMUTABLE, "port"},
	{RESOURCE_POLICY, RESOURCE_PATCH, "{\"from\":null}", CODE_FIELD_TYPE, "from"},
	/* Tokens. */
	{RESOURCE_TOKEN, RESOURCE_CREATE, "{}", CODE_FIELD_MISSING, "scopes"},
	{RESOURCE_TOKEN, RESOURCE_CREATE, "{\"scopes\":[\"system\"]}", CODE_FIELD_VALUE,
	 "scopes[0]"},
	{RESOURCE_TOKEN, RESOURCE_CREATE, "{\"scopes\":[\"read\",\"read\"]}", CODE_FIELD_VALUE,
	 "scopes[1]"},
	{RESOURCE_TOKEN, RESOURCE_CREATE, "{\"kind\":\"join\",\"scopes\":[\"read\"]}",
	 CODE_FIELD_VALUE, "scopes"},
	{RESOURCE_TOKEN, RESOURCE_CREATE, "{\"scopes\":[\"read\"],\"workspace\":\"" WS_A "\"}",
	 CODE_FIELD_VALUE, "workspace"},
	{RESOURCE_TOKEN, RESOURCE_CREATE, "{\"scopes\":[\"read\"],\"hash\":" KEY "}",
	 CODE_FIELD_UNKNOWN, "hash"},
	{RESOURCE_TOKEN, RESOURCE_PATCH, "{\"scopes\":[\"admin\"]}", CODE_FIELD_IMMUTABLE,
	 "scopes"},
	{RESOURCE_TOKEN, RESOURCE_PATCH, "{\"expires_at\":\"2030-01-01T00:00:00Z\"}",
	 CODE_FIELD_IMMUTABLE, "expires_at"},
	{RESOURCE_TOKEN, RESOURCE_STORED,
	 "{\"version\":1,\"id\":\"" TOK_A
	 "\",\"org\":\"org_01KB00000000000000000000AA\",\"scopes\":[\"system\"]}",
	 CODE_FIELD_VALUE, "scopes[0]"},
	{RESOURCE_OPERATION, RESOURCE_CREATE, "{\"verb\":\"network.delete\"}", CODE_FIELD_READ_ONLY,
	 "verb"},
	{RESOURCE_OPERATION, RESOURCE_STORED, "{\"target\":\"x\"}", CODE_FIELD_VALUE, "target"},
};

Test(kind_checks, each_bad_document_is_refused_with_its_code_and_its_place)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		const struct refusal *refusal = &refusals[i];
		struct resource *resource = refusal->mode == RESOURCE_PATCH
						    ? least_resource(refusal->kind)
						    : resource_new(refusal->kind);
		struct fault fault = {0};
		int ret = text_decode(resource, refusal->document, refusal->mode, false, &fault);

		cr_expect_neq(ret, 0, "%s is taken", refusal->document);
		cr_expect_str_eq(code_info(fault.code)->text, code_info(refusal->code)->text,
				 "%s: %s: %s", refusal->document, fault.path, fault.text);
		cr_expect_str_eq(fault.path, refusal->path, "%s: at \"%s\"", refusal->document,
				 fault.path);
		resource_free(resource);
	}
}
