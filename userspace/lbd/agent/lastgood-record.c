// SPDX-License-Identifier: GPL-2.0-only
/*
 * The format of a last-good file. Numbers are little-endian.
 *
 *      0  magic "lbd-good"
 *      8  version, 4 bytes
 *     12  length of the body, 4 bytes
 *     16  generation, 8 bytes
 *     24  checksum: BLAKE2b, 32 bytes, of all that is before it and all that comes after it
 *     56  body: host, 64 bytes, and interface, 16, both padded with NUL; then the topology
 *
 * What comes before the body is so in every version, and the checksum is looked at before the version:
 * so a file of a newer version is told from a damaged one.
 */
#include "agent/lastgood.h"

#include "lbmesh/lbmesh.h"
#include "model/document.h"
#include "model/model.h"

#include <endian.h>
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static const char magic[8] = {'l', 'b', 'd', '-', 'g', 'o', 'o', 'd'};

struct header {
	char magic[sizeof(magic)];
	uint32_t version;
	uint32_t length;
	uint64_t generation;
	uint8_t checksum[LASTGOOD_CHECKSUM_SIZE];
};

struct body {
	char host[MODEL_NAME_SIZE];
	char interface[LBMESH_IFNAME_MAX + 1];
};

#define BODY_AT	    sizeof(struct header)
#define TOPOLOGY_AT (sizeof(struct header) + sizeof(struct body))

_Static_assert(BODY_AT == 56, "the header of every version");
_Static_assert(TOPOLOGY_AT == 136, "the body of this version");

size_t lastgood_size_max(void)
{
	return TOPOLOGY_AT + DOCUMENT_SIZE_MAX;
}

const uint8_t *lastgood_checksum(const char *bytes)
{
	return (const uint8_t *)bytes + offsetof(struct header, checksum);
}

static void checksum_make(const char *bytes, size_t size, uint8_t checksum[LASTGOOD_CHECKSUM_SIZE])
{
	crypto_generichash_state state;

	crypto_generichash_init(&state, NULL, 0, LASTGOOD_CHECKSUM_SIZE);
	crypto_generichash_update(&state, (const uint8_t *)bytes,
				  offsetof(struct header, checksum));
	crypto_generichash_update(&state, (const uint8_t *)bytes + BODY_AT, size - BODY_AT);
	crypto_generichash_final(&state, checksum, LASTGOOD_CHECKSUM_SIZE);
}

int lastgood_encode(const struct lastgood_record *record, char **bytes, size_t *size,
		    struct fault *fault)
{
	struct header header = {
		.version = htole32(LASTGOOD_VERSION),
		.generation = htole64(record->generation),
	};
	struct body body = {0};
	char *buffer;

	if (record->size > DOCUMENT_SIZE_MAX || strlen(record->host) >= sizeof(body.host) ||
	    strlen(record->interface) >= sizeof(body.interface))
		return fault_set(fault, -EINVAL, NULL, "does not fit into a last-good file");
	*size = TOPOLOGY_AT + record->size;
	buffer = malloc(*size);
	if (!buffer)
		return fault_memory(fault);
	memcpy(header.magic, magic, sizeof(magic));
	header.length = htole32((uint32_t)(*size - BODY_AT));
	memcpy(body.host, record->host, strlen(record->host));
	memcpy(body.interface, record->interface, strlen(record->interface));
	memcpy(buffer, &header, sizeof(header));
	memcpy(buffer + BODY_AT, &body, sizeof(body));
	memcpy(buffer + TOPOLOGY_AT, record->topology, record->size);
	checksum_make(buffer, *size, (uint8_t *)buffer + offsetof(struct header, checksum));
	*bytes = buffer;
	return 0;
}

/* What every version has. */
static int header_check(const char *bytes, size_t size, struct header *header, struct fault *fault)
{
	uint8_t checksum[LASTGOOD_CHECKSUM_SIZE];

	if (size < sizeof(*header))
		return fault_set(fault, -EBADMSG, NULL, "is damaged: it is cut short");
	memcpy(header, bytes, sizeof(*header));
	if (memcmp(header->magic, magic, sizeof(magic)) != 0)
		return fault_set(fault, -EBADMSG, NULL,
				 "is damaged: it does not begin as it should");
	if (le32toh(header->length) != size - BODY_AT)
		return fault_set(fault, -EBADMSG, NULL,
				 "is damaged: it has %zu bytes after its header and should have %u",
				 size - BODY_AT, le32toh(header->length));
	checksum_make(bytes, size, checksum);
	if (sodium_memcmp(checksum, header->checksum, sizeof(checksum)) != 0)
		return fault_set(fault, -EBADMSG, NULL, "is damaged: its checksum is wrong");
	return 0;
}

int lastgood_decode(const char *bytes, size_t size, struct lastgood_record *record,
		    struct fault *fault)
{
	const struct body *body = (const struct body *)(bytes + BODY_AT);
	struct header header = {0};
	int ret;

	if ((ret = header_check(bytes, size, &header, fault)))
		return ret;
	if (le32toh(header.version) > LASTGOOD_VERSION)
		return fault_set(
			fault, -EPROTONOSUPPORT, NULL,
			"has version %u, which a newer lbd has written; this one reads version "
			"%d",
			le32toh(header.version), LASTGOOD_VERSION);
	if (le32toh(header.version) != LASTGOOD_VERSION || size < TOPOLOGY_AT ||
	    body->host[sizeof(body->host) - 1] || body->interface[sizeof(body->interface) - 1])
		return fault_set(fault, -EBADMSG, NULL, "is damaged: it is no record");
	*record = (struct lastgood_record){
		.host = body->host,
		.interface = body->interface,
		.generation = le64toh(header.generation),
		.topology = bytes + TOPOLOGY_AT,
		.size = size - TOPOLOGY_AT,
	};
	return 0;
}

int lastgood_owner_check(const struct lastgood_record *record, const char *host,
			 const char *interface, struct fault *fault)
{
	if (strcmp(record->host, host) != 0)
		return fault_set(fault, -EXDEV, NULL, "is of host \"%s\", not of \"%s\"",
				 record->host, host);
	if (strcmp(record->interface, interface) != 0)
		return fault_set(fault, -EXDEV, NULL, "is of interface %s, not of %s",
				 record->interface, interface);
	return 0;
}
