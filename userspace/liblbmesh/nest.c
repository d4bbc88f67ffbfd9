// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * nest.c - the buffer of a commit grows here, and attributes are put into it.
 * Called by commit-mesh.c and commit-firewall.c.
 *
 * libmnl appends to messages without asking for room, and closes a nest
 * without looking whether its length fits; both are checked here first. The
 * first error of an object sticks to it, so that a caller checks once.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* A nest ends here: nla_len has 16 bits. */
#define NEST_MAX UINT16_MAX
/* nlmsg_len has 32 bits and the send buffer an int; the module allows 64 MiB. */
#define BODY_MAX ((size_t)1 << 30)

/* realloc() would leave a copy of the keys where the buffer was. */
static int body_grow(struct lbmesh_commit *commit, size_t room)
{
	size_t need = commit->body->nlmsg_len + room;
	size_t size = commit->size;
	void *grown;

	if (need <= size)
		return 0;
	if (need > BODY_MAX)
		return -EMSGSIZE;
	while (size < need)
		size *= 2;
	grown = malloc(size);
	if (!grown)
		return -ENOMEM;
	memcpy(grown, commit->body, commit->body->nlmsg_len);
	explicit_bzero(commit->body, commit->size);
	free(commit->body);
	commit->body = grown;
	commit->size = size;
	return 0;
}

static struct nlattr *nest_attr(const struct lbm_nest *nest)
{
	return (struct nlattr *)(void *)((uint8_t *)nest->commit->body + nest->start);
}

static struct lbm_nest nest_open(struct lbmesh_commit *commit, uint16_t type, int error)
{
	struct lbm_nest nest = {commit, commit->body->nlmsg_len, error};

	if (!nest.error)
		nest.error = body_grow(commit, MNL_ATTR_HDRLEN);
	if (!nest.error)
		(void)mnl_attr_nest_start(commit->body, type);
	return nest;
}

/* lbm_put() has counted what it put here itself, not what stands in further nests. */
static void nest_close(struct lbm_nest *nest)
{
	if (nest->commit->body->nlmsg_len - nest->start > NEST_MAX)
		nest->error = -EMSGSIZE;
	else
		mnl_attr_nest_end(nest->commit->body, nest_attr(nest));
}

/**
 * lbm_object_begin() - Begin an object at the top level.
 * @commit: where it goes
 * @type: LBMESH_A_DEVICE to LBMESH_A_ENDPOINT
 *
 * Return: the nest to put into; close it with lbm_object_end().
 */
struct lbm_nest lbm_object_begin(struct lbmesh_commit *commit, uint16_t type)
{
	return nest_open(commit, type, 0);
}

/**
 * lbm_object_end() - End an object, or take it back when something in it failed.
 * @object: of lbm_object_begin()
 *
 * Return: 0, or the first error since the object was begun. The commit is
 * then as it was before.
 */
int lbm_object_end(struct lbm_nest *object)
{
	struct lbmesh_commit *commit = object->commit;

	if (!object->error)
		nest_close(object);
	if (object->error) {
		explicit_bzero((uint8_t *)commit->body + object->start,
			       commit->body->nlmsg_len - object->start);
		commit->body->nlmsg_len = (uint32_t)object->start;
		return object->error;
	}
	commit->objects++;
	return 0;
}

/**
 * lbm_nest_begin() - Begin a nest within another.
 * @parent: the other; nothing else is put into it until lbm_nest_end()
 * @type: of the attribute
 *
 * Return: the nest to put into.
 */
struct lbm_nest lbm_nest_begin(struct lbm_nest *parent, uint16_t type)
{
	return nest_open(parent->commit, type, parent->error);
}

/**
 * lbm_nest_end() - End a nest of lbm_nest_begin().
 * @parent: gets the error of @nest
 * @nest: to be ended
 */
void lbm_nest_end(struct lbm_nest *parent, struct lbm_nest *nest)
{
	if (!nest->error)
		nest_close(nest);
	parent->error = nest->error;
}

/**
 * lbm_nest_refuse() - Make the object fail, unless it has failed before.
 * @nest: of the object
 * @error: negative errno
 */
void lbm_nest_refuse(struct lbm_nest *nest, int error)
{
	if (!nest->error)
		nest->error = error;
}

/**
 * lbm_put() - Append an attribute.
 * @nest: where it goes; nothing happens when it has failed before
 * @type: of the attribute
 * @data: @len bytes, copied
 * @len: bytes
 */
void lbm_put(struct lbm_nest *nest, uint16_t type, const void *data, size_t len)
{
	struct lbmesh_commit *commit = nest->commit;

	if (nest->error)
		return;
	if (len > NEST_MAX - MNL_ATTR_HDRLEN ||
	    commit->body->nlmsg_len - nest->start + MNL_ATTR_HDRLEN + MNL_ALIGN(len) > NEST_MAX) {
		nest->error = -EMSGSIZE;
		return;
	}
	nest->error = body_grow(commit, MNL_ATTR_HDRLEN + MNL_ALIGN(len));
	if (nest->error)
		return;
	mnl_attr_put(commit->body, type, len, data);
	/* libmnl before 1.0.5 leaves in the padding what the heap held. */
	memset((uint8_t *)commit->body + commit->body->nlmsg_len - (MNL_ALIGN(len) - len), 0,
	       MNL_ALIGN(len) - len);
}

void lbm_put_u8(struct lbm_nest *nest, uint16_t type, uint8_t value)
{
	lbm_put(nest, type, &value, sizeof(value));
}

void lbm_put_u16(struct lbm_nest *nest, uint16_t type, uint16_t value)
{
	lbm_put(nest, type, &value, sizeof(value));
}

void lbm_put_u32(struct lbm_nest *nest, uint16_t type, uint32_t value)
{
	lbm_put(nest, type, &value, sizeof(value));
}

void lbm_put_flag(struct lbm_nest *nest, uint16_t type)
{
	lbm_put(nest, type, "", 0);
}

/**
 * lbm_put_id() - Append an id, which is never 0.
 * @nest: where it goes
 * @type: of the attribute
 * @id: refused with -EINVAL when 0
 */
void lbm_put_id(struct lbm_nest *nest, uint16_t type, uint32_t id)
{
	if (!id)
		lbm_nest_refuse(nest, -EINVAL);
	lbm_put_u32(nest, type, id);
}

/**
 * lbm_put_string() - Append a string, unless it is NULL.
 * @nest: where it goes
 * @type: of the attribute
 * @text: NUL-terminated or NULL
 * @max: most bytes without the NUL; longer is refused with -ENAMETOOLONG
 */
void lbm_put_string(struct lbm_nest *nest, uint16_t type, const char *text, size_t max)
{
	size_t len;

	if (!text)
		return;
	len = strnlen(text, max + 1);
	if (len > max) {
		lbm_nest_refuse(nest, -ENAMETOOLONG);
		return;
	}
	lbm_put(nest, type, text, len + 1);
}

/**
 * lbm_put_prefix() - Append an address and, when it is no whole one, its length.
 * @nest: where it goes
 * @attrs: types of the attributes
 * @prefix: refused when lbmesh_prefix_check() refuses it, or with -ERANGE when
 *	only an address will do and it is none
 */
void lbm_put_prefix(struct lbm_nest *nest, struct lbm_prefix_attrs attrs,
		    const struct lbmesh_prefix *prefix)
{
	int ret = lbmesh_prefix_check(prefix);
	bool v4 = prefix->family == AF_INET;
	bool whole = prefix->len == (v4 ? 32 : 128);

	if (ret || (!whole && !attrs.len)) {
		lbm_nest_refuse(nest, ret ? ret : -ERANGE);
		return;
	}
	lbm_put(nest, v4 ? attrs.ipv4 : attrs.ipv6, prefix->addr, v4 ? 4 : 16);
	if (!whole)
		lbm_put_u8(nest, attrs.len, prefix->len);
}

/**
 * lbm_put_labelled() - An object that is an id and a label.
 * @commit: where it goes
 * @type: of the object
 * @id_type: of its id
 * @id: not 0
 * @label_type: of its label
 * @label: at most LBMESH_LABEL_MAX bytes, or NULL
 *
 * Return: as lbm_object_end().
 */
int lbm_put_labelled(struct lbmesh_commit *commit, uint16_t type, uint16_t id_type, uint32_t id,
		     uint16_t label_type, const char *label)
{
	struct lbm_nest nest = lbm_object_begin(commit, type);

	lbm_put_id(&nest, id_type, id);
	lbm_put_string(&nest, label_type, label, LBMESH_LABEL_MAX);
	return lbm_object_end(&nest);
}

/**
 * lbm_put_removal() - The removal of an object whose key is an id.
 * @commit: where it goes
 * @type: of the object
 * @id_type: of its id
 * @id: not 0
 * @remove_type: of its flag "remove"
 *
 * Return: as lbm_object_end().
 */
int lbm_put_removal(struct lbmesh_commit *commit, uint16_t type, uint16_t id_type, uint32_t id,
		    uint16_t remove_type)
{
	struct lbm_nest nest = lbm_object_begin(commit, type);

	lbm_put_id(&nest, id_type, id);
	lbm_put_flag(&nest, remove_type);
	return lbm_object_end(&nest);
}
