/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Records and fragments: how the topology travels. A log is a map of keys to values with a version;
 * each record sets or removes one key, and is signed once (Ed25519, libsodium). A fragment is a
 * whole log at one version, for who has fallen behind the kept history. Both are frames of bytes,
 * the same for every subscriber. Made by the controller, read by the agent. No I/O here.
 *
 * Frame, numbers big endian:
 *
 *   0       4      5        37         45
 *   +-------+------+--------+----------+---------------------------+-----------+
 *   | size  | type | log    | version  | body                      | signature |
 *   | u32   | u8   | 32     | u64      |                           | 64        |
 *   +-------+------+--------+----------+---------------------------+-----------+
 *
 * size counts everything after itself. log is the id padded with zeros. The signature is over
 * "lbmesh record v1" and everything between size and signature. Body of a record: u8 operation
 * (1 set, 2 remove), u8 length of the key, the key, and, of a set, the value up to the signature.
 * Body of a fragment: u32 number of entries, and each as u8 length of the key, the key, u32 length
 * of the value, the value, in the order of the keys' bytes. An end has an empty body: the subscriber
 * does not follow this log any more. A heartbeat has no log, version 0, an empty body and no
 * signature.
 *
 * A log is letters, digits and "_"; a key is printable ASCII without space; what is else in a frame
 * makes it malformed.
 */
#ifndef LBD_TOPOLOGY_RECORD_H
#define LBD_TOPOLOGY_RECORD_H

#include "model/resource.h"

#define RECORD_KEY_MAX	   95
#define RECORD_VALUE_MAX   (1u << 20)
#define RECORD_FRAME_MAX   (64u << 20)
#define RECORD_SIGNATURE   64
#define RECORD_SIGN_SECRET 64 /* libsodium's crypto_sign secret key */
#define RECORD_SIGN_PUBLIC 32

enum record_type {
	RECORD_CHANGE = 1,
	RECORD_FRAGMENT = 2,
	RECORD_HEARTBEAT = 3,
	RECORD_END = 4
};

/* Bytes that many hold: every subscriber who still has to send them. Not for several threads. */
struct frame {
	unsigned int references;
	size_t size;
	uint8_t bytes[];
};

struct frame *frame_hold(struct frame *frame);
void frame_release(struct frame *frame);

/* value NULL removes. */
struct record {
	char log[RESOURCE_ID_SIZE];
	uint64_t version;
	char key[RECORD_KEY_MAX + 1];
	const char *value;
	size_t value_size;
};

/*
 * A frame with its header written and room for a body, which is the caller's to fill before
 * frame_sign(). NULL without memory, and for what does not fit into a frame.
 */
struct frame *frame_make(enum record_type type, const char *log, uint64_t version,
			 size_t body_size);
uint8_t *frame_body(struct frame *frame);

/* -ENOMEM; the frame is not to be sent then. */
int frame_sign(struct frame *frame, const uint8_t secret[RECORD_SIGN_SECRET]);

/* NULL without memory, and for a record that frame_open() would refuse. */
struct frame *record_seal(const struct record *record, const uint8_t secret[RECORD_SIGN_SECRET]);
struct frame *record_seal_end(const char *log, uint64_t version,
			      const uint8_t secret[RECORD_SIGN_SECRET]);
struct frame *record_heartbeat(void);

/* Would frame_open() take a record with this key; with this log. */
bool record_key_valid(const char *key, size_t length);
bool record_log_valid(const char *log);

/*
 * What a reader sees of a frame: a type, and for a change the record, whose value is borrowed from
 * bytes, or for a fragment its body, to be walked with fragment_next().
 */
struct frame_view {
	enum record_type type;
	struct record record; /* log and version are set for fragments and ends, too */
	const uint8_t *body;
	size_t body_size;
	size_t size; /* of the frame, for the next one */
};

/*
 * Reads one frame from the front of size bytes. 0; -EAGAIN when more bytes are needed; -EBADMSG
 * when it is malformed or the signature is not by public_key; -ENOMEM; never reads beyond size. Of a
 * fragment every entry is looked at: they are well formed, and each key is greater than the one
 * before.
 */
int frame_open(const uint8_t *bytes, size_t size, const uint8_t public_key[RECORD_SIGN_PUBLIC],
	       struct frame_view *view, struct fault *fault);

/* Entries one after another, cursor from 0; 1: one is there, 0: the end, -EBADMSG. */
int fragment_next(const struct frame_view *view, size_t *cursor, struct record *entry);

#endif
