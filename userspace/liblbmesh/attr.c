// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * attr.c - reads attributes that came from outside. Every length is checked
 * before a byte is read, and what does not fit its policy is -EPROTO. Called
 * by all that decodes: decode.c, object.c, object-firewall.c, judgement.c,
 * error.c, family.c.
 *
 * libmnl's own iterators stop quietly at an attribute that is cut off; here
 * that is an error, for half an answer must not pass for a whole one.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "internal.h"

/* libmnl takes a number that is longer than it should be. */
static int attr_check(const struct nlattr *attr, const struct lbm_policy *policy)
{
	uint16_t len = mnl_attr_get_payload_len(attr);

	switch (policy->type) {
	case MNL_TYPE_UNSPEC:
		return 0;
	case MNL_TYPE_BINARY:
		return len == policy->len ? 0 : -EPROTO;
	case MNL_TYPE_U8:
		return len == sizeof(uint8_t) ? 0 : -EPROTO;
	case MNL_TYPE_U16:
		return len == sizeof(uint16_t) ? 0 : -EPROTO;
	case MNL_TYPE_U32:
		return len == sizeof(uint32_t) ? 0 : -EPROTO;
	case MNL_TYPE_U64:
		return len == sizeof(uint64_t) ? 0 : -EPROTO;
	default:
		return mnl_attr_validate(attr, policy->type) < 0 ? -EPROTO : 0;
	}
}

/**
 * lbm_attrs_parse() - Check a run of attributes and index them by type.
 * @attrs: first attribute, aligned as netlink aligns
 * @len: bytes in all
 * @tb: array of max + 1; the last attribute of each type, NULL where none is
 * @max: highest type that is known; higher ones are skipped, for a newer
 *	module may say more
 * @policy: array of max + 1
 *
 * Return: 0, or -EPROTO.
 */
int lbm_attrs_parse(const void *attrs, size_t len, const struct nlattr **tb, uint16_t max,
		    const struct lbm_policy *policy)
{
	const uint8_t *pos = attrs;
	size_t left = len;

	for (size_t type = 0; type <= max; type++)
		tb[type] = NULL;
	while (left) {
		const struct nlattr *attr = (const void *)pos;
		size_t step;

		if (left < sizeof(*attr) || attr->nla_len < sizeof(*attr) || attr->nla_len > left)
			return -EPROTO;
		if (mnl_attr_get_type(attr) <= max) {
			if (attr_check(attr, &policy[mnl_attr_get_type(attr)]))
				return -EPROTO;
			tb[mnl_attr_get_type(attr)] = attr;
		}
		/* The padding behind the last one may be missing. */
		step = MNL_ALIGN((size_t)attr->nla_len);
		step = step < left ? step : left;
		pos += step;
		left -= step;
	}
	return 0;
}

/**
 * lbm_nest_parse() - lbm_attrs_parse() for what is in a nest.
 * @nest: the nest
 * @tb: see lbm_attrs_parse()
 * @max: see lbm_attrs_parse()
 * @policy: see lbm_attrs_parse()
 *
 * Return: 0, or -EPROTO.
 */
int lbm_nest_parse(const struct nlattr *nest, const struct nlattr **tb, uint16_t max,
		   const struct lbm_policy *policy)
{
	return lbm_attrs_parse(mnl_attr_get_payload(nest), mnl_attr_get_payload_len(nest), tb, max,
			       policy);
}

/**
 * lbm_message_genl() - The generic netlink header of a message.
 * @nlh: a message whose nlmsg_len was checked against what was received
 *
 * Return: the header, or NULL when the message is too short for one.
 */
const struct genlmsghdr *lbm_message_genl(const struct nlmsghdr *nlh)
{
	if (nlh->nlmsg_len < MNL_NLMSG_HDRLEN + GENL_HDRLEN)
		return NULL;
	return mnl_nlmsg_get_payload(nlh);
}

/**
 * lbm_message_parse() - lbm_attrs_parse() for a generic netlink message.
 * @nlh: a message whose nlmsg_len was checked against what was received
 * @tb: see lbm_attrs_parse()
 * @max: see lbm_attrs_parse()
 * @policy: see lbm_attrs_parse()
 *
 * Return: 0, or -EPROTO.
 */
int lbm_message_parse(const struct nlmsghdr *nlh, const struct nlattr **tb, uint16_t max,
		      const struct lbm_policy *policy)
{
	if (!lbm_message_genl(nlh))
		return -EPROTO;
	return lbm_attrs_parse(mnl_nlmsg_get_payload_offset(nlh, GENL_HDRLEN),
			       nlh->nlmsg_len - MNL_NLMSG_HDRLEN - GENL_HDRLEN, tb, max, policy);
}

/**
 * lbm_attr_string() - Copy a checked string, cut to fit.
 * @attr: attribute of type MNL_TYPE_NUL_STRING, or NULL for an empty string
 * @text: gets the string with its NUL
 * @size: bytes in @text, not 0
 */
void lbm_attr_string(const struct nlattr *attr, char *text, size_t size)
{
	size_t len = attr ? strlen(mnl_attr_get_str(attr)) : 0;

	if (len >= size)
		len = size - 1;
	if (len)
		memcpy(text, mnl_attr_get_str(attr), len);
	text[len] = '\0';
}

/* An absent number reads as 0: the spec gives absence no other meaning here. */

uint8_t lbm_attr_u8(const struct nlattr *attr)
{
	return attr ? mnl_attr_get_u8(attr) : 0;
}

uint16_t lbm_attr_u16(const struct nlattr *attr)
{
	return attr ? mnl_attr_get_u16(attr) : 0;
}

uint32_t lbm_attr_u32(const struct nlattr *attr)
{
	return attr ? mnl_attr_get_u32(attr) : 0;
}

uint64_t lbm_attr_u64(const struct nlattr *attr)
{
	return attr ? mnl_attr_get_u64(attr) : 0;
}

/**
 * lbm_attr_text() - A checked string where it stands.
 * @attr: attribute of type MNL_TYPE_NUL_STRING, or NULL
 *
 * Return: points into @attr; NULL when that is.
 */
const char *lbm_attr_text(const struct nlattr *attr)
{
	return attr ? mnl_attr_get_str(attr) : NULL;
}

/**
 * lbm_attr_prefix() - A prefix out of checked attributes.
 * @ipv4: of MNL_TYPE_U32, or NULL; exactly one of the two must be there
 * @ipv6: of MNL_TYPE_BINARY and 16 bytes, or NULL
 * @len: of MNL_TYPE_U8; NULL is a whole address
 * @prefix: set when 0 is returned
 *
 * Return: 0, or -EPROTO, also for bits beyond the length.
 */
int lbm_attr_prefix(const struct nlattr *ipv4, const struct nlattr *ipv6, const struct nlattr *len,
		    struct lbmesh_prefix *prefix)
{
	if (!ipv4 == !ipv6)
		return -EPROTO;
	memset(prefix, 0, sizeof(*prefix));
	prefix->family = ipv4 ? AF_INET : AF_INET6;
	memcpy(prefix->addr, mnl_attr_get_payload(ipv4 ? ipv4 : ipv6), ipv4 ? 4 : 16);
	if (len)
		prefix->len = lbm_attr_u8(len);
	else
		prefix->len = ipv4 ? 32 : 128;
	return lbmesh_prefix_check(prefix) ? -EPROTO : 0;
}

/**
 * lbm_attr_address() - lbm_attr_prefix() for a whole address that may be absent.
 * @ipv4: see lbm_attr_prefix(); both may be NULL
 * @ipv6: see lbm_attr_prefix()
 * @address: set when 0 is returned; its family is 0 when there is none
 *
 * Return: 0, or -EPROTO.
 */
int lbm_attr_address(const struct nlattr *ipv4, const struct nlattr *ipv6,
		     struct lbmesh_prefix *address)
{
	memset(address, 0, sizeof(*address));
	return ipv4 || ipv6 ? lbm_attr_prefix(ipv4, ipv6, NULL, address) : 0;
}
