/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the dumps share: dump.c knows how a dump goes on and shows the objects of
 * the mesh, dump-firewall.c those of the firewall.
 */
#ifndef _LBM_DUMP_INTERNAL_H
#define _LBM_DUMP_INTERNAL_H

#include <net/genetlink.h>

#include "netlink.h"
#include "netlink-gen.h"

/**
 * struct dumper - how one kind of object is shown
 * @kind: the kind
 * @command: of the messages
 * @attr: nest of an object
 * @key: bits of the attributes in @attr that are its key; 0 when that is the
 *	attribute id
 * @index: what is dumped, when that is not the index of the kind; @by_id: only
 *	what belongs to an object, whose id its keys begin with
 * @learned: the learned elements follow
 * @write: writes an object
 * @state: writes what it has done, behind it; NULL when nothing is counted
 * @named: refusal of a request for one object that has not exactly its key
 * @absent: refusal of a key that no object has
 */
struct dumper {
	enum lbmesh_object kind;
	u8 command;
	int attr;
	u32 key;
	const struct lbm_trie *(*index)(const struct lbm_generation *gen,
					bool by_id);
	bool learned;
	int (*write)(struct sk_buff *skb, const struct lbm_object *object);
	int (*state)(struct sk_buff *skb, const struct lbm_object *object);
	const char *named;
	const char *absent;
};

int lbm_dump_all(struct sk_buff *skb, struct netlink_callback *cb,
		 const struct dumper *dumper);
int lbm_dump_one(struct genl_info *info, const struct dumper *dumper);

#define SHOW(name, NAME, key_bits, index_of, with_learned, write_state,	\
	     key_text)							\
	static const struct dumper name##_dumper = {			\
		.kind = LBMESH_OBJECT_##NAME,				\
		.command = LBMESH_CMD_##NAME##_GET,			\
		.attr = LBMESH_A_##NAME,				\
		.key = key_bits,					\
		.index = index_of,					\
		.learned = with_learned,				\
		.write = write_##name,					\
		.state = write_state,					\
		.named = #name ": one is named by " key_text,		\
		.absent = #name ": there is none with this key",	\
	};								\
									\
	int lbmesh_nl_##name##_get_doit(struct sk_buff *skb,		\
					struct genl_info *info)		\
	{								\
		return lbm_dump_one(info, &name##_dumper);		\
	}								\
									\
	int lbmesh_nl_##name##_get_dumpit(struct sk_buff *skb,		\
					  struct netlink_callback *cb)	\
	{								\
		return lbm_dump_all(skb, cb, &name##_dumper);		\
	}

#endif /* _LBM_DUMP_INTERNAL_H */
