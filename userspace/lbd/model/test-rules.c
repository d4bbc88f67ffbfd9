// SPDX-License-Identifier: GPL-2.0-only
/* What must hold between resources, rule by rule: what is taken, and what is refused with what. */
#include "model/rules.h"
#include "testing/resources.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define NOW 1795659963000

/* A small world of two organisations; every test changes what it is about. */
struct world {
	struct org org;
	struct workspace workspace, foreign_workspace;
	struct host host, other_host, foreign_host;
	struct sandbox sandbox, other_sandbox, foreign_sandbox;
	struct network network, other, foreign, workspace_network, system;
	struct member member;
	struct bridge bridge;
	struct alias alias;
	struct policy policy;
	struct firewall firewall;
	struct attachment attachment;
	struct port_number ports[2];
};

static struct world w;
static struct fault fault;

static void network_make(struct network *network, char last, char org, int context)
{
	head_fill(&network->head, RESOURCE_NETWORK, last, org);
	network->context = context;
	network->state = NETWORK_ACTIVE;
	network->cidr = (struct lbmesh_prefix){AF_INET, 24, {100, 64, (uint8_t)last}};
}

static void hosts_make(void)
{
	head_fill(&w.workspace.head, RESOURCE_WORKSPACE, 'A', 'A');
	head_fill(&w.foreign_workspace.head, RESOURCE_WORKSPACE, 'B', 'B');
	head_fill(&w.host.head, RESOURCE_HOST, 'A', 'A');
	head_fill(&w.other_host.head, RESOURCE_HOST, 'B', 'A');
	head_fill(&w.foreign_host.head, RESOURCE_HOST, 'C', 'B');
	head_place(&w.host.head, &w.workspace.head, NULL);
	head_place(&w.other_host.head, &w.workspace.head, NULL);
	head_place(&w.foreign_host.head, &w.foreign_workspace.head, NULL);
	head_fill(&w.sandbox.head, RESOURCE_SANDBOX, 'A', 'A');
	head_fill(&w.other_sandbox.head, RESOURCE_SANDBOX, 'B', 'A');
	head_fill(&w.foreign_sandbox.head, RESOURCE_SANDBOX, 'C', 'B');
	head_place(&w.sandbox.head, &w.workspace.head, &w.host.head);
	head_place(&w.other_sandbox.head, &w.workspace.head, &w.other_host.head);
	head_place(&w.foreign_sandbox.head, &w.foreign_workspace.head, &w.foreign_host.head);
}

static void setup(void)
{
	memset(&w, 0, sizeof(w));
	memset(&fault, 0, sizeof(fault));
	head_fill(&w.org.head, RESOURCE_ORG, 'A', 'A');
	hosts_make();
	network_make(&w.network, 'A', 'A', NETWORK_ORGANIZATION);
	network_make(&w.other, 'B', 'A', NETWORK_ORGANIZATION);
	network_make(&w.foreign, 'C', 'B', NETWORK_ORGANIZATION);
	network_make(&w.workspace_network, 'D', 'A', NETWORK_WORKSPACE);
	network_make(&w.system, 'E', 0, NETWORK_SYSTEM);
	memcpy(w.workspace_network.head.owner, w.workspace.head.id, RESOURCE_ID_SIZE);
	head_fill(&w.member.head, RESOURCE_MEMBER, 'A', 'A');
	head_place(&w.member.head, &w.network.head, &w.sandbox.head);
	w.member.member_kind = MEMBER_SANDBOX;
	memcpy(w.member.host, w.host.head.id, RESOURCE_ID_SIZE);
	head_fill(&w.bridge.head, RESOURCE_BRIDGE, 'A', 'A');
	memcpy(w.bridge.networks[0], w.network.head.id, RESOURCE_ID_SIZE);
	memcpy(w.bridge.networks[1], w.other.head.id, RESOURCE_ID_SIZE);
	head_fill(&w.alias.head, RESOURCE_ALIAS, 'A', 'A');
	head_place(&w.alias.head, &w.network.head, &w.sandbox.head);
	w.ports[0].port = 80;
	w.ports[1].port = 443;
	w.alias.ports = (struct resource_list){w.ports, 2};
	head_fill(&w.policy.head, RESOURCE_POLICY, 'A', 'A');
	head_place(&w.policy.head, &w.network.head, NULL);
	snprintf(w.policy.to, sizeof(w.policy.to), "%s", w.alias.head.name);
	head_fill(&w.firewall.head, RESOURCE_FIREWALL, 'A', 'A');
	w.firewall.level = FIREWALL_HOST;
	head_fill(&w.attachment.head, RESOURCE_ATTACHMENT, 'A', 'A');
	head_place(&w.attachment.head, &w.host.head, &w.firewall.head);
}

TestSuite(rules, .init = setup);

/* L2, G11. */
Test(rules, the_systems_objects_are_invisible_to_tenants)
{
	cr_expect(rules_visible(&w.network.head, w.org.head.id, false));
	cr_expect(!rules_visible(&w.foreign.head, w.org.head.id, false));
	cr_expect(!rules_visible(&w.system.head, w.org.head.id, false));
	cr_expect(!rules_visible(&w.system.head, "", false));
	cr_expect(rules_visible(&w.system.head, "", true));
}

Test(rules, an_organisation_has_limits)
{
	w.org.networks_max = 2;
	w.org.hosts_max = 0;
	TAKEN(rules_networks_limit(&w.org, 1, &fault));
	REFUSED(rules_networks_limit(&w.org, 2, &fault), LIMIT, "");
	REFUSED(rules_hosts_limit(&w.org, 0, &fault), LIMIT, "");
}

/* L20. */
Test(rules, a_key_belongs_to_one_host_in_one_role)
{
	memset(w.host.public_key, 1, sizeof(w.host.public_key));
	memset(w.other_host.public_key, 2, sizeof(w.other_host.public_key));
	TAKEN(rules_host_keys(&w.host, &w.other_host, &fault));
	TAKEN(rules_host_keys(&w.host, &w.host, &fault));
	memset(w.other_host.next_public_key, 1, sizeof(w.other_host.next_public_key));
	REFUSED(rules_host_keys(&w.host, &w.other_host, &fault), KEY_TAKEN, "public_key");
	memset(w.host.public_key, 3, sizeof(w.host.public_key));
	memset(w.host.infra_public_key, 2, sizeof(w.host.infra_public_key));
	REFUSED(rules_host_keys(&w.host, &w.other_host, &fault), KEY_TAKEN, "infra_public_key");
	memset(w.host.infra_public_key, 0, sizeof(w.host.infra_public_key));
	memset(w.host.identity_key, 2, sizeof(w.host.identity_key));
	REFUSED(rules_host_keys(&w.host, &w.other_host, &fault), KEY_TAKEN, "identity_key");
}

/* G4. */
Test(rules, a_routed_mesh_takes_hosts_that_have_opted_in)
{
	const struct network *const networks[] = {&w.other, &w.network};
	const struct host *const hosts[] = {&w.other_host, &w.host};
	struct host before;

	TAKEN(rules_network_hosts(&w.network, hosts, 2, &fault));
	w.network.mode = NETWORK_ROUTED_MESH;
	w.other_host.routed_mesh = true;
	REFUSED(rules_network_hosts(&w.network, hosts, 2, &fault), NOT_OPTED_IN, "mode");
	REFUSED(rules_member(&w.member, &w.network, &w.sandbox.head, &w.host, &fault), NOT_OPTED_IN,
		"owner");
	w.host.routed_mesh = true;
	TAKEN(rules_network_hosts(&w.network, hosts, 2, &fault));
	TAKEN(rules_member(&w.member, &w.network, &w.sandbox.head, &w.host, &fault));
	before = w.host;
	TAKEN(rules_host_change(&before, &w.host, networks, 2, &fault));
	w.host.routed_mesh = false;
	REFUSED(rules_host_change(&before, &w.host, networks, 2, &fault), IN_USE, "routed_mesh");
	TAKEN(rules_host_change(&before, &w.host, networks, 1, &fault));
}

Test(rules, a_sandbox_lives_on_a_host_of_its_workspace)
{
	TAKEN(rules_sandbox(&w.sandbox, &w.host, &fault));
	REFUSED(rules_sandbox(&w.sandbox, &w.foreign_host, &fault), CROSS_ORG, "host");
	w.host.head.scope[10] = 'X';
	REFUSED(rules_sandbox(&w.sandbox, &w.host, &fault), FIELD_VALUE, "host");
	head_place(&w.host.head, &w.workspace.head, NULL);
	w.host.state = HOST_DRAINING;
	REFUSED(rules_sandbox(&w.sandbox, &w.host, &fault), STATE, "host");
	w.host.state = HOST_REMOVED;
	REFUSED(rules_sandbox(&w.sandbox, &w.host, &fault), STATE, "host");
	w.host.state = HOST_OFFLINE;
	TAKEN(rules_sandbox(&w.sandbox, &w.host, &fault));
}

/* O17. */
Test(rules, a_private_link_stays_within_the_organisation)
{
	TAKEN(rules_sandbox_link(&w.sandbox, 0, &w.other_sandbox, &fault));
	REFUSED(rules_sandbox_link(&w.sandbox, 3, &w.foreign_sandbox, &fault), CROSS_ORG,
		"private_link_ids[3]");
	REFUSED(rules_sandbox_link(&w.sandbox, 0, NULL, &fault), FIELD_VALUE,
		"private_link_ids[0]");
}

Test(rules, a_network_belongs_to_its_organisation_or_to_the_system)
{
	TAKEN(rules_network(&w.network, NULL, false, &fault));
	TAKEN(rules_network(&w.system, NULL, true, &fault));
	REFUSED(rules_network(&w.system, NULL, false, &fault), FORBIDDEN, "context");
	TAKEN(rules_network(&w.workspace_network, &w.workspace, false, &fault));
	REFUSED(rules_network(&w.workspace_network, NULL, false, &fault), FIELD_VALUE, "workspace");
	REFUSED(rules_network(&w.workspace_network, &w.foreign_workspace, false, &fault), CROSS_ORG,
		"workspace");
	w.system.head.org[0] = 'o';
	REFUSED(rules_network(&w.system, NULL, true, &fault), FIELD_VALUE, "context");
	w.network.head.org[0] = '\0';
	REFUSED(rules_network(&w.network, NULL, true, &fault), FIELD_VALUE, "context");
}

/* L3. */
Test(rules, a_managed_network_is_not_the_tenants_to_change)
{
	TAKEN(rules_network_touch(&w.network, false, &fault));
	w.network.managed = true;
	REFUSED(rules_network_touch(&w.network, false, &fault), MANAGED, "");
	TAKEN(rules_network_touch(&w.network, true, &fault));
	REFUSED(rules_network_touch(&w.system, false, &fault), MANAGED, "");
	w.network.state = NETWORK_DELETING;
	REFUSED(rules_network_touch(&w.network, true, &fault), STATE, "");
}

Test(rules, networks_of_one_host_do_not_overlap)
{
	const struct network *const others[] = {&w.network, &w.other, &w.foreign};

	TAKEN(rules_cidr_apart(&w.network, others, 3, &fault));
	w.network.cidr = (struct lbmesh_prefix){AF_INET, 16, {100, 64}};
	REFUSED(rules_cidr_apart(&w.network, others, 3, &fault), CIDR_OVERLAP, "cidr");
	w.network.cidr.family = 0;
	TAKEN(rules_cidr_apart(&w.network, others, 3, &fault));
	w.network.cidr6 = w.foreign.cidr6 = (struct lbmesh_prefix){AF_INET6, 64, {0xfd}};
	REFUSED(rules_cidr_apart(&w.network, others, 3, &fault), CIDR_OVERLAP, "cidr6");
}

Test(rules, members_are_of_the_networks_organisation)
{
	TAKEN(rules_member(&w.member, &w.network, &w.sandbox.head, &w.host, &fault));
	REFUSED(rules_member(&w.member, &w.foreign, &w.sandbox.head, &w.host, &fault), CROSS_ORG,
		"owner");
	REFUSED(rules_member(&w.member, &w.system, &w.sandbox.head, &w.host, &fault), FIELD_VALUE,
		"owner");
	REFUSED(rules_member(&w.member, &w.network, &w.other_sandbox.head, &w.other_host, &fault),
		FIELD_VALUE, "owner");
	REFUSED(rules_member(&w.member, &w.network, &w.sandbox.head, &w.other_host, &fault),
		FIELD_VALUE, "host");
	w.network.state = NETWORK_DELETING;
	REFUSED(rules_member(&w.member, &w.network, &w.sandbox.head, &w.host, &fault), STATE,
		"network");
	w.network.state = NETWORK_PENDING;
	w.host.state = HOST_DRAINING;
	REFUSED(rules_member(&w.member, &w.network, &w.sandbox.head, &w.host, &fault), STATE,
		"owner");
}

Test(rules, a_workspaces_network_takes_its_hosts_and_sandboxes_only)
{
	TAKEN(rules_member(&w.member, &w.workspace_network, &w.sandbox.head, &w.host, &fault));
	w.workspace_network.head.owner[10] = 'X';
	REFUSED(rules_member(&w.member, &w.workspace_network, &w.sandbox.head, &w.host, &fault),
		FIELD_VALUE, "owner");
}

/* G11: the infra plane holds hosts of every organisation. */
Test(rules, a_systems_network_takes_any_host)
{
	w.member.member_kind = MEMBER_HOST;
	memcpy(w.member.head.owner, w.foreign_host.head.id, RESOURCE_ID_SIZE);
	memcpy(w.member.host, w.foreign_host.head.id, RESOURCE_ID_SIZE);
	TAKEN(rules_member(&w.member, &w.system, &w.foreign_host.head, &w.foreign_host, &fault));
	REFUSED(rules_member(&w.member, &w.network, &w.foreign_host.head, &w.foreign_host, &fault),
		CROSS_ORG, "owner");
}

Test(rules, an_address_is_inside_its_network_and_is_not_its_first_or_last)
{
	static const struct {
		uint8_t last;
		bool good;
	} cases[] = {{0, false}, {1, true}, {254, true}, {255, false}};

	for (size_t i = 0; i < 4; i++) {
		w.member.address =
			(struct lbmesh_prefix){AF_INET, 32, {100, 64, 'A', cases[i].last}};
		if (cases[i].good)
			TAKEN(rules_member(&w.member, &w.network, &w.sandbox.head, &w.host,
					   &fault));
		else
			REFUSED(rules_member(&w.member, &w.network, &w.sandbox.head, &w.host,
					     &fault),
				FIELD_VALUE, "address");
	}
	w.member.address = (struct lbmesh_prefix){AF_INET, 32, {100, 64, 'B', 1}};
	REFUSED(rules_member(&w.member, &w.network, &w.sandbox.head, &w.host, &fault), FIELD_VALUE,
		"address");
	w.member.address.family = 0;
	w.member.address6 = (struct lbmesh_prefix){AF_INET6, 128, {0xfd, [15] = 1}};
	REFUSED(rules_member(&w.member, &w.network, &w.sandbox.head, &w.host, &fault), FIELD_VALUE,
		"address6");
}

/* G24. */
Test(rules, a_users_membership_ends)
{
	w.member.member_kind = MEMBER_USER;
	cr_expect(!rules_member_expired(&w.member, NOW));
	w.member.expires_at = NOW + 1;
	cr_expect(!rules_member_expired(&w.member, NOW));
	w.member.expires_at = NOW;
	cr_expect(rules_member_expired(&w.member, NOW));
}

/* L9. */
Test(rules, a_bridge_joins_two_networks_of_one_organisation)
{
	TAKEN(rules_bridge(&w.bridge, &w.network, &w.other, &fault));
	REFUSED(rules_bridge(&w.bridge, &w.network, &w.foreign, &fault), FIELD_VALUE,
		"networks[1]");
	memcpy(w.bridge.networks[1], w.foreign.head.id, RESOURCE_ID_SIZE);
	REFUSED(rules_bridge(&w.bridge, &w.network, &w.foreign, &fault), CROSS_ORG, "networks[1]");
	memcpy(w.bridge.networks[1], w.system.head.id, RESOURCE_ID_SIZE);
	REFUSED(rules_bridge(&w.bridge, &w.network, &w.system, &fault), CROSS_ORG, "networks[1]");
	memcpy(w.bridge.networks[1], w.other.head.id, RESOURCE_ID_SIZE);
	w.other.cidr = w.network.cidr;
	REFUSED(rules_bridge(&w.bridge, &w.network, &w.other, &fault), CIDR_OVERLAP, "networks[1]");
	w.network.state = NETWORK_DELETING;
	REFUSED(rules_bridge(&w.bridge, &w.network, &w.other, &fault), STATE, "networks[0]");
}

/* G3. */
Test(rules, an_alias_is_unique_in_its_network_and_its_sandbox_is_a_member)
{
	struct alias taken = w.alias;

	TAKEN(rules_alias(&w.alias, &w.network, &w.sandbox, NULL, &w.member, &fault));
	TAKEN(rules_alias(&w.alias, &w.network, &w.sandbox, &taken, &w.member, &fault));
	taken.head.id[10] = 'X';
	REFUSED(rules_alias(&w.alias, &w.network, &w.sandbox, &taken, &w.member, &fault),
		ALIAS_TAKEN, "name");
	REFUSED(rules_alias(&w.alias, &w.network, &w.sandbox, NULL, NULL, &fault), STATE,
		"sandbox");
	REFUSED(rules_alias(&w.alias, &w.network, &w.other_sandbox, NULL, &w.member, &fault), STATE,
		"sandbox");
	REFUSED(rules_alias(&w.alias, &w.other, &w.sandbox, NULL, &w.member, &fault), STATE,
		"sandbox");
	REFUSED(rules_alias(&w.alias, &w.network, &w.foreign_sandbox, NULL, &w.member, &fault),
		CROSS_ORG, "sandbox");
	REFUSED(rules_alias(&w.alias, &w.system, &w.sandbox, NULL, &w.member, &fault), FIELD_VALUE,
		"network");
}

/* G17. */
Test(rules, a_policy_is_about_a_published_port_of_an_alias)
{
	TAKEN(rules_policy(&w.policy, &w.network, &w.alias, &fault));
	w.policy.port = 443;
	TAKEN(rules_policy(&w.policy, &w.network, &w.alias, &fault));
	w.policy.port = 444;
	REFUSED(rules_policy(&w.policy, &w.network, &w.alias, &fault), FIELD_VALUE, "port");
	REFUSED(rules_policy(&w.policy, &w.network, NULL, &fault), FIELD_VALUE, "to");
	REFUSED(rules_policy(&w.policy, &w.other, &w.alias, &fault), FIELD_VALUE, "to");
	REFUSED(rules_policy(&w.policy, &w.system, &w.alias, &fault), FIELD_VALUE, "network");
}

Test(rules, a_firewalls_level_fits_its_owner)
{
	TAKEN(rules_firewall(&w.firewall, NULL, &fault));
	w.firewall.level = FIREWALL_WORKSPACE;
	memcpy(w.firewall.head.owner, w.workspace.head.id, RESOURCE_ID_SIZE);
	TAKEN(rules_firewall(&w.firewall, &w.workspace, &fault));
	REFUSED(rules_firewall(&w.firewall, NULL, &fault), FIELD_VALUE, "workspace");
	memcpy(w.firewall.head.owner, w.foreign_workspace.head.id, RESOURCE_ID_SIZE);
	REFUSED(rules_firewall(&w.firewall, &w.foreign_workspace, &fault), CROSS_ORG, "workspace");
}

/* L12. */
Test(rules, an_attachment_takes_a_firewall_of_level_host_of_the_organisation)
{
	TAKEN(rules_attachment(&w.attachment, &w.host, &w.firewall, &fault));
	REFUSED(rules_attachment(&w.attachment, &w.foreign_host, &w.firewall, &fault), CROSS_ORG,
		"firewall");
	w.firewall.level = FIREWALL_ORGANIZATION;
	REFUSED(rules_attachment(&w.attachment, &w.host, &w.firewall, &fault), FIELD_VALUE,
		"firewall");
	w.attachment.head.owner[10] = 'X';
	REFUSED(rules_attachment(&w.attachment, &w.host, &w.firewall, &fault), FIELD_VALUE,
		"firewall");
}
