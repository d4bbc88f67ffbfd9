// SPDX-License-Identifier: GPL-2.0-only
/* What lists of several kinds hold, and the checks of texts and prefixes that kinds share. */
#include "model/address.h"
#include "model/table.h"

#include <string.h>
#include <sys/socket.h>

#define HOSTNAME_MAX 253

const struct property label_element[1] = {
	{.type = PROPERTY_NAME, PLACE(struct label, name)},
};

const struct property port_element[1] = {
	{.type = PROPERTY_NUMBER, PLACE(struct port_number, port), .min = 1, .max = UINT16_MAX},
};

bool label_valid(const char *text, size_t length)
{
	if (!length || length >= RESOURCE_NAME_SIZE || text[0] == '-' || text[length - 1] == '-')
		return false;
	return strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") >= length;
}

/* Of at least two labels, the last of which is no number: that would be an address gone wrong. */
static bool hostname_valid(const char *text)
{
	size_t length;

	if (strlen(text) > HOSTNAME_MAX)
		return false;
	if (!strncmp(text, "*.", 2))
		text += 2;
	if (!strchr(text, '.'))
		return false;
	for (;; text += length + 1) {
		length = strcspn(text, ".");
		if (!label_valid(text, length))
			return false;
		if (!text[length])
			return strspn(text, "0123456789") < length;
	}
}

int peer_text_check(const char *text, bool hostname, const struct field *at, struct fault *fault)
{
	struct lbmesh_prefix prefix;

	if (!lbmesh_prefix_parse(text, &prefix) || (hostname && hostname_valid(text)))
		return 0;
	return fault_refuse(fault, CODE_FIELD_VALUE, at,
			    hostname ? "must be a host name in lower case (\"*.\" may stand in "
				       "front), or a CIDR without bits beyond its length"
				     : "must be a CIDR without bits beyond its length, or "
				       "\"internet\"");
}

int overlay_check(const struct lbmesh_prefix *cidr, const struct field *at, struct fault *fault)
{
	const char *what = prefix_reserved(cidr, false);
	char text[ADDRESS_TEXT_SIZE];

	if (!what)
		return 0;
	return fault_refuse(fault, CODE_FIELD_VALUE, at, "%s cannot be used: it is or holds %s",
			    prefix_text(cidr, text), what);
}
