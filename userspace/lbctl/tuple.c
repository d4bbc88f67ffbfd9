// SPDX-License-Identifier: GPL-2.0-only
/*
 * tuple.c - the parts of a packet's tuple as people write them: an address
 * with a port, and a protocol. Called by options.c and show-*.c. Names of
 * protocols are those of protocols(5); the few that the firewall knows more of
 * are known without that file too.
 */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>

#include "lbctl.h"

static int port_take(const char *text, uint16_t *port)
{
	uint64_t number = 0;

	if (options_number(text, UINT16_MAX, &number))
		return -EINVAL;
	*port = (uint16_t)number;
	return 0;
}

/**
 * tuple_end() - Read one end of a tuple.
 * @text: "192.0.2.1", "192.0.2.1:80", "fd00::1" or "[fd00::1]:80"
 * @address: set when 0 is returned
 * @has_port: set when 0 is returned
 * @port: set when 0 is returned, 0 when there is none
 *
 * Return: 0 or -EINVAL.
 */
int tuple_end(const char *text, struct lbmesh_prefix *address, bool *has_port, uint16_t *port)
{
	const bool bracket = *text == '[';
	const char *end = bracket ? strchr(text, ']') : strchr(text, ':');
	char copy[LBMESH_PREFIX_STRLEN];
	size_t len;

	*port = 0;
	*has_port = false;
	/* Without a bracket, two colons are an address. */
	if (!bracket && (!end || strchr(end + 1, ':')))
		return lbmesh_address_parse(text, address);
	if (!end || (bracket && end[1] != ':' && end[1]))
		return -EINVAL;
	text += bracket;
	len = (size_t)(end - text);
	if (len >= sizeof(copy))
		return -EINVAL;
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (lbmesh_address_parse(copy, address) || bracket != (address->family == AF_INET6))
		return -EINVAL;
	end += bracket;
	*has_port = *end;
	return *end ? port_take(end + 1, port) : 0;
}

/**
 * tuple_protocol() - Read a protocol.
 * @text: a name of protocols(5), or a number
 * @protocol: set when 0 is returned
 *
 * Return: 0 or -EINVAL.
 */
int tuple_protocol(const char *text, uint8_t *protocol)
{
	static const struct {
		const char *name;
		uint8_t number;
	} known[] = {
		{"tcp", IPPROTO_TCP},	{"udp", IPPROTO_UDP},	    {"icmp", IPPROTO_ICMP},
		{"sctp", IPPROTO_SCTP}, {"dccp", IPPROTO_DCCP},	    {"udplite", IPPROTO_UDPLITE},
		{"ip", IPPROTO_IP},	{"icmpv6", IPPROTO_ICMPV6}, {"ipv6-icmp", IPPROTO_ICMPV6},
	};
	const struct protoent *entry;
	uint64_t number = 0;

	if (!strcmp(text, "0") || !options_number(text, UINT8_MAX, &number)) {
		*protocol = strcmp(text, "0") != 0 ? (uint8_t)number : 0;
		return 0;
	}
	for (size_t i = 0; i < lbctl_array_size(known); i++) {
		if (strcmp(text, known[i].name) != 0)
			continue;
		*protocol = known[i].number;
		return 0;
	}
	entry = *text >= 'a' ? getprotobyname(text) : NULL;
	if (!entry || entry->p_proto < 0 || entry->p_proto > UINT8_MAX)
		return -EINVAL;
	*protocol = (uint8_t)entry->p_proto;
	return 0;
}

bool protocol_has_ports(uint8_t protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_DCCP ||
	       protocol == IPPROTO_SCTP || protocol == IPPROTO_UDPLITE;
}

bool protocol_is_icmp(uint8_t protocol)
{
	return protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6;
}

/**
 * protocol_format() - The name of a protocol.
 * @protocol: its number
 * @text: gets the name, or the number when protocols(5) has none
 *
 * Return: the text.
 */
const char *protocol_format(uint8_t protocol, struct protocol_text *text)
{
	const struct protoent *entry = getprotobynumber(protocol);

	if (entry && strlen(entry->p_name) < sizeof(text->text))
		(void)snprintf(text->text, sizeof(text->text), "%s", entry->p_name);
	else
		(void)snprintf(text->text, sizeof(text->text), "%u", protocol);
	return text->text;
}
