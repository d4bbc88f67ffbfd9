/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tables of faults, as refusals.c and firewall.c have them; needs the harness. A row changes one object
 * of a commit that is good, and says the errno, how the sentence begins and which attribute is at fault.
 */
#ifndef LBMESH_SELFTESTS_ROWS_H
#define LBMESH_SELFTESTS_ROWS_H

#include <linux/netlink.h>
#include <string.h>

#include "raw.h"
#include "refusal.h"
#include "util.h"

#define ATTRIBUTES_MAX 8
#define PUT_MAX	       3

struct attribute {
	uint16_t type;
	uint16_t length;
	const void *data;
};

struct object {
	uint16_t type;
	struct attribute attributes[ATTRIBUTES_MAX];
};

#define BYTES(the_type, ...) \
	{ the_type, sizeof((uint8_t[]){ __VA_ARGS__ }), (uint8_t[]){ __VA_ARGS__ } }
#define NUMBER(the_type, value) { the_type, 4, &(uint32_t){ value } }
#define SHORT(the_type, value) { the_type, 2, &(uint16_t){ value } }
#define TEXT(the_type, text) { the_type, sizeof(text), text }
#define MARK(the_type) { the_type, 0, "" }
#define KEY_OF(the_type, byte) { the_type, LBMESH_KEY_LEN, (uint8_t[LBMESH_KEY_LEN]){ byte } }
#define FAMILY6(the_type, ...) { the_type, 16, (uint8_t[16]){ 0xfd, 0, __VA_ARGS__ } }

/* What is the culprit besides an attribute of the object: the object, or something in it. */
#define IN_OBJECT 0

/**
 * struct row - one fault
 * @sentence: for the log
 * @object: where
 * @drop: attribute to leave out, or 0
 * @put: attributes to add, or to put in the place of all of this number
 * @again: send the object twice, changed in the second
 * @error: expected errno
 * @start: how the kernel's sentence begins
 * @culprit: attribute of the object that is at fault, or IN_OBJECT
 * @inside: how far behind the start of the culprit the fault is
 */
struct row {
	const char *sentence;
	int object;
	uint16_t drop;
	struct attribute put[PUT_MAX];
	bool again;
	int error;
	const char *start;
	uint16_t culprit;
	size_t inside;
};

static bool is_changed(const struct attribute *attribute, const struct row *row)
{
	for (size_t i = 0; i < PUT_MAX; i++) {
		if (attribute->type == row->put[i].type)
			return true;
	}
	return attribute->type == row->drop;
}

/* Writes one object, changed by the row if there is one; remembers where the culprit starts. */
static void object_put(struct raw *raw, const struct object *object, const struct row *row,
		       size_t *culprit, size_t *nest, size_t *end)
{
	size_t at;

	*nest = raw_nest(raw, object->type);
	for (size_t i = 0; i < ATTRIBUTES_MAX && object->attributes[i].type; i++) {
		const struct attribute *attribute = &object->attributes[i];

		if (row && is_changed(attribute, row))
			continue;
		at = raw_put(raw, attribute->type, attribute->data, attribute->length);
		if (row && attribute->type == row->culprit)
			*culprit = at;
	}
	for (size_t i = 0; row && i < PUT_MAX && row->put[i].type; i++) {
		at = raw_put(raw, row->put[i].type, row->put[i].data, row->put[i].length);
		if (row->put[i].type == row->culprit)
			*culprit = at;
	}
	raw_nest_end(raw, *nest);
	*end = raw->header->nlmsg_len;
}

/* Runs all rows of a table against the commit of these good objects. */
static void rows_run(struct __test_metadata *_metadata, struct raw *raw, struct lbmesh *conn,
		     const struct object *good, int objects, const struct row *rows, size_t count)
{
	const char *state = state_text(conn);

	for (const struct row *row = rows; row < rows + count; row++) {
		size_t culprit = 0, nest = 0, end = 0, other;
		uint64_t before = generation_number(conn);
		struct raw_answer answer;

		raw_begin(raw, LBMESH_CMD_COMMIT, 0);
		raw_put_u8(raw, LBMESH_A_MODE, LBMESH_COMMIT_MODE_REPLACE);
		for (int i = 0; i < objects; i++) {
			if (i != row->object || row->again)
				object_put(raw, &good[i], NULL, &other, &other, &other);
			if (i == row->object)
				object_put(raw, &good[i], row, &culprit, &nest, &end);
		}
		answer = raw_ask(raw);
		EXPECT_EQ(row->error, answer.error)
			TH_LOG("%s: answered \"%s\"", row->sentence, answer.message);
		EXPECT_EQ(0, strncmp(answer.message, row->start, strlen(row->start)))
			TH_LOG("%s: the sentence is \"%s\"", row->sentence, answer.message);
		if (row->culprit) {
			EXPECT_EQ(culprit + row->inside, answer.offset)
				TH_LOG("%s: \"%s\"", row->sentence, answer.message);
		} else if (answer.offset) {
			EXPECT_TRUE(answer.offset >= nest && answer.offset < end)
				TH_LOG("%s: offset %zu is not in %zu..%zu", row->sentence,
				       answer.offset, nest, end);
		}
		EXPECT_EQ(before, generation_number(conn))
			TH_LOG("%s: the generation changed", row->sentence);
	}
	EXPECT_STREQ(state, state_text(conn));
}

#endif
