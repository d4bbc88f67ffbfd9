/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Random rules, and packets that almost match them, for the test and the
 * benchmark of the classifier. Facts are made up from the address alone.
 */
#ifndef MODEL_RULES_H
#define MODEL_RULES_H

#include "classifier.h"

/* What kind of rules are drawn. */
enum style {
	STYLE_REALISTIC,	/* of one who protects many networks */
	STYLE_NARROW,		/* the same; one end is never without a prefix */
	STYLE_CLUSTERED,	/* few networks and ports, so keys are alike */
	STYLE_ADVERSE,		/* all lengths of prefixes on both sides */
	STYLES
};

struct lbm_facts {
	const struct lbm_packet *packet;
	long asked;
};

static uint64_t rules_seed = 1;

static inline uint32_t draw(uint32_t below)
{
	rules_seed ^= rules_seed << 13;
	rules_seed ^= rules_seed >> 7;
	rules_seed ^= rules_seed << 17;
	return (uint32_t)(((rules_seed >> 32) * below) >> 32);
}

static inline bool percent(uint32_t chance)
{
	return draw(100) < chance;
}

static inline uint32_t fact_of(const struct lbm_facts *facts, bool dst,
			       uint32_t salt)
{
	const struct in6_addr *of = dst ? &facts->packet->dst :
				    &facts->packet->src;
	uint32_t hash = salt, i;

	for (i = 0; i < 4; i++)
		hash = (hash ^ of->s6_addr32[i]) * 0x9e3779b1u;
	return hash >> 8;
}

bool lbm_facts_in_set(struct lbm_facts *facts, u32 set, bool dst)
{
	facts->asked++;
	return fact_of(facts, dst, set) % 8 == 0;
}

bool lbm_facts_same_network(struct lbm_facts *facts, bool dst)
{
	facts->asked++;
	return fact_of(facts, dst, 1000) % 4 == 0;
}

bool lbm_facts_internet(struct lbm_facts *facts, bool dst)
{
	facts->asked++;
	return fact_of(facts, dst, 2000) % 4 == 0;
}

static inline unsigned int address_bits(u8 family)
{
	return family == AF_INET ? 32 : 128;
}

static inline void flip_bit(struct in6_addr *address, unsigned int at)
{
	address->s6_addr[at / 8] ^= (u8)(0x80 >> at % 8);
}

/* Zero the bits after the first @len, or draw them. */
static inline void host_bits(struct in6_addr *address, u8 family,
			     unsigned int len, bool random_bits)
{
	unsigned int i;

	for (i = len; i < address_bits(family); i++)
		if (random_bits ? draw(2) :
		    address->s6_addr[i / 8] >> (7 - i % 8) & 1)
			flip_bit(address, i);
}

static inline struct in6_addr draw_address(u8 family, enum style style)
{
	struct in6_addr address = {};

	host_bits(&address, family, 0, true);
	if (style == STYLE_CLUSTERED || style == STYLE_ADVERSE) {
		address.s6_addr[0] = 10;
		address.s6_addr[1] &= 1;
		address.s6_addr[2] &= 0x81;
		if (family == AF_INET6) {
			memset(address.s6_addr + 3, 0, 12);
			address.s6_addr[7] = (u8)draw(4);
			address.s6_addr[11] = (u8)draw(2);
		}
	}
	return address;
}

static inline u8 draw_len(u8 family, enum style style, bool exact)
{
	if (style == STYLE_ADVERSE)
		return (u8)draw(address_bits(family) + 1);
	if (exact)
		return (u8)address_bits(family);
	return (u8)(family == AF_INET ? 8 + draw(17) : 32 + draw(33));
}

static inline struct lbm_selector draw_selector(u8 family, enum style style)
{
	struct lbm_selector selector = {};
	uint32_t kind = draw(100);

	if (style == STYLE_NARROW)
		kind = 30 + draw(55);
	if (style == STYLE_ADVERSE)
		kind = 30;
	if (kind >= 85) {
		selector.type = kind < 95 ? LBM_SELECT_SET : kind < 98 ?
				LBM_SELECT_SAME_NETWORK : LBM_SELECT_INTERNET;
		if (kind < 95)
			selector.set = 1 + draw(50);
	} else if (kind >= 30) {
		selector.type = LBM_SELECT_PREFIX;
		selector.family = family;
		selector.len = draw_len(family, style, kind >= 60);
		selector.address = draw_address(family, style);
		host_bits(&selector.address, family, selector.len, false);
	}
	return selector;
}

static inline struct lbm_range draw_range(enum style style, bool exact)
{
	static const u16 known[] = { 22, 53, 80, 443, 3306, 5432, 6443, 8080 };
	struct lbm_range range;
	uint32_t at = style == STYLE_CLUSTERED || percent(30) ?
		      known[draw(8)] : draw(65536);
	uint32_t len = percent(50) ? draw(100) : draw(30000);

	range.first = (u16)at;
	range.last = (u16)(exact ? at : at + len > 65535 ? 65535 : at + len);
	return range;
}

static inline void draw_protocol(struct lbm_rule *rule, u8 protocol, u8 family)
{
	if (!protocol)
		return;
	rule->has_protocol = true;
	rule->protocol = protocol;
	if (protocol != IPPROTO_ICMP)
		return;
	if (family == AF_INET6)
		rule->protocol = IPPROTO_ICMPV6;
	rule->has_icmp_type = percent(60);
	rule->icmp_type = rule->has_icmp_type ? (u8)draw(16) : 0;
	rule->has_icmp_code = rule->has_icmp_type && percent(30);
	rule->icmp_code = rule->has_icmp_code ? (u8)draw(4) : 0;
}

/* Protocol: TCP 45 %, UDP 25 %, ICMP 10 %, any 20 %. NULL without memory. */
static inline struct lbm_rule *draw_rule(u8 family, enum style style,
					 u32 position)
{
	uint32_t kind = draw(100), port = draw(100);
	u8 protocol = kind < 45 ? IPPROTO_TCP : kind < 70 ? IPPROTO_UDP :
		      kind < 80 ? IPPROTO_ICMP : 0;
	bool has_ports = kind < 70;
	u8 n_src = has_ports && percent(5), n_dst = has_ports && port < 80;
	struct lbm_rule *rule;

	if (n_dst && percent(5))
		n_dst++;
	rule = lbm_rule_new(n_src, n_dst);
	if (!rule)
		return NULL;
	rule->position = position;
	rule->directions = percent(80) ? (u8)(1 << draw(2)) : 3;
	draw_protocol(rule, protocol, family);
	rule->src = draw_selector(family, style);
	rule->dst = draw_selector(family, style);
	while (style == STYLE_NARROW && percent(40)) {
		struct lbm_selector any = draw_selector(family,
							STYLE_REALISTIC);

		*(percent(50) ? &rule->src : &rule->dst) = any;
		break;
	}
	for (kind = 0; kind < n_src + n_dst; kind++)
		rule->ports[kind] = draw_range(style, kind >= n_src &&
					       port < 50);
	return rule;
}

static inline struct in6_addr address_near(const struct lbm_selector *selector,
					   u8 family, enum style style,
					   bool exact)
{
	struct in6_addr address;

	if (selector->type != LBM_SELECT_PREFIX || selector->family != family)
		return draw_address(family, style);
	address = selector->address;
	host_bits(&address, family, selector->len, true);
	/* Just outside, and by the last bits just inside. */
	if (!exact && selector->len && percent(20))
		flip_bit(&address, selector->len - 1);
	return address;
}

static inline u16 port_near(const struct lbm_range *range, unsigned int count,
			    bool exact)
{
	const struct lbm_range *of;

	if (!count)
		return (u16)draw(65536);
	of = &range[draw(count)];
	if (exact)
		return (u16)(of->first + draw(of->last - of->first + 1u));
	switch (draw(6)) {
	case 0:
		return (u16)(of->first - 1);
	case 1:
		return of->first;
	case 2:
		return of->last;
	case 3:
		return (u16)(of->last + 1);
	default:
		return (u16)(of->first + draw(of->last - of->first + 1u));
	}
}

/* A packet that has all that its protocol must have. */
static inline void packet_complete(struct lbm_packet *packet)
{
	packet->has_ports = packet->protocol == IPPROTO_TCP ||
			    packet->protocol == IPPROTO_UDP;
	if (!packet->has_ports) {
		packet->src_port = 0;
		packet->dst_port = 0;
	}
	if (packet->protocol != IPPROTO_ICMP &&
	    packet->protocol != IPPROTO_ICMPV6) {
		packet->icmp_type = 0;
		packet->icmp_code = 0;
	}
}

static inline struct lbm_packet draw_packet(u8 family, enum style style)
{
	static const u8 protocols[] = { IPPROTO_TCP, IPPROTO_TCP, IPPROTO_UDP,
					IPPROTO_ICMP, IPPROTO_ICMPV6, 47 };
	struct lbm_packet packet = {
		.family = family,
		.protocol = protocols[draw(6)],
		.direction = (u8)draw(2),
		.src_port = (u16)draw(65536),
		.dst_port = (u16)draw(65536),
		.icmp_type = (u8)draw(17),
		.icmp_code = (u8)draw(5),
		.src = draw_address(family, style),
		.dst = draw_address(family, style),
	};

	packet_complete(&packet);
	return packet;
}

/*
 * A packet that @rule matches, as far as the packet alone is concerned; or,
 * not @exact, one that is at its boundaries, inside or outside.
 */
static inline struct lbm_packet packet_near(const struct lbm_rule *rule,
					    u8 family, enum style style,
					    bool exact)
{
	struct lbm_packet packet = draw_packet(family, style);

	packet.src = address_near(&rule->src, family, style, exact);
	packet.dst = address_near(&rule->dst, family, style, exact);
	if (rule->directions != 3 && (exact || percent(90)))
		packet.direction = rule->directions >> 1;
	packet.src_port = port_near(rule->ports, rule->n_src_ports, exact);
	packet.dst_port = port_near(rule->ports + rule->n_src_ports,
				    rule->n_dst_ports, exact);
	packet.icmp_type = (u8)draw(17);
	packet.icmp_code = (u8)draw(5);
	if (rule->has_icmp_type && (exact || percent(90)))
		packet.icmp_type = rule->icmp_type;
	if (rule->has_icmp_code && (exact || percent(70)))
		packet.icmp_code = rule->icmp_code;
	if (rule->has_protocol && (exact || percent(95)))
		packet.protocol = rule->protocol;
	packet_complete(&packet);
	return packet;
}

static const struct lbm_rule *look(const struct lbm_classifier *classifier,
				   const struct lbm_packet *packet,
				   struct lbm_facts *facts)
{
	struct lbm_hashes hashes;

	lbm_classifier_hash(&hashes, packet);
	return lbm_classifier_find(classifier, packet, &hashes, facts);
}

#endif /* MODEL_RULES_H */
