// SPDX-License-Identifier: GPL-2.0-only
/* Reading and writing of endpoints; the addresses in them are liblbmesh's to read. */
#include "model/endpoint.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* Splits "ADDRESS:PORT" or "[ADDRESS]:PORT"; the address goes to a buffer of ADDRESS_TEXT_SIZE. */
static int endpoint_split(const char *text, char *address, const char **port)
{
	const char *start = text, *end;

	if (*text == '[') {
		start++;
		end = strchr(start, ']');
		if (!end || end[1] != ':')
			return -EINVAL;
		*port = end + 2;
	} else {
		end = strchr(start, ':');
		if (!end)
			return -EINVAL;
		*port = end + 1;
	}
	if ((size_t)(end - start) >= ADDRESS_TEXT_SIZE)
		return -EINVAL;
	memcpy(address, start, (size_t)(end - start));
	address[end - start] = '\0';
	return 0;
}

static int port_parse(const char *text, uint16_t *port)
{
	unsigned int value = 0;
	size_t i;

	for (i = 0; text[i] >= '0' && text[i] <= '9' && i < 6; i++)
		value = value * 10 + (unsigned int)(text[i] - '0');
	if (!i || text[i] || text[0] == '0' || value > UINT16_MAX)
		return -EINVAL;
	*port = (uint16_t)value;
	return 0;
}

int endpoint_parse(const char *text, struct lbmesh_prefix *address, uint16_t *port)
{
	char copy[ADDRESS_TEXT_SIZE];
	const char *number;

	if (endpoint_split(text, copy, &number) || port_parse(number, port) ||
	    lbmesh_address_parse(copy, address) || (address->family == AF_INET) != (*text != '['))
		return -EINVAL;
	return 0;
}

const char *endpoint_text(const struct lbmesh_prefix *address, uint16_t port,
			  char text[ENDPOINT_TEXT_SIZE])
{
	char copy[ADDRESS_TEXT_SIZE];

	snprintf(text, ENDPOINT_TEXT_SIZE, address->family == AF_INET ? "%s:%u" : "[%s]:%u",
		 address_text(address, copy), port);
	return text;
}
