/* SPDX-License-Identifier: GPL-2.0-only */
/* Endpoints as text: "192.0.2.1:51820", "[2001:db8::1]:51820"; never a host name. */
#ifndef LBD_MODEL_ENDPOINT_H
#define LBD_MODEL_ENDPOINT_H

#include "model/address.h"

#define ENDPOINT_TEXT_SIZE (ADDRESS_TEXT_SIZE + 8)

/* port: 1 to 65535, host byte order. -EINVAL; *address and *port are then unspecified. */
int endpoint_parse(const char *text, struct lbmesh_prefix *address, uint16_t *port);

const char *endpoint_text(const struct lbmesh_prefix *address, uint16_t port,
			  char text[ENDPOINT_TEXT_SIZE]);

#endif
