// SPDX-License-Identifier: GPL-2.0
/*
 * Persistent binary radix trie.
 *
 * Theory of operation
 * -------------------
 * A node holds a bit string; everything below it begins with that string. A
 * node without an object exists only where two subtrees part, so n objects
 * need less than 2n nodes, whatever the length of their keys:
 *
 *	set 0000, 0011, 01		      (fork "0")
 *					      /        \
 *				       (fork "00")    "01"
 *				       /        \
 *				   "0000"      "0011"
 *
 * A version is a pointer to a root. To change a published version, the nodes
 * on the path from the root to the place are copied, and the copies point to
 * everything that did not change ("path copying": Driscoll, Sarnak, Sleator
 * and Tarjan, Making Data Structures Persistent, 1989):
 *
 *	old root --> 0 --> 00 --> 0000
 *	               \        \-> 0011 <-+
 *	                \--> 01 <-----+    |
 *	new root --> 0' ------------/      |	after setting 0010:
 *	               \--> 00' -> (001) --+	three nodes are new, and
 *	                     |        \-> 0010	"0000", "0011" and "01"
 *	                     +--> 0000		belong to both
 *
 * So a change costs the depth of the trie, readers of the old version see
 * nothing of it, to publish is to store one pointer, and to abort is to drop
 * the new root. Within one edit a node that the edit has made itself is
 * written in place: its @edit tells.
 *
 * Nodes are counted. The count of a published version is dropped only after a
 * grace period, hence readers need the RCU read lock and no count.
 *
 * Nothing here recurses: a hostile sender chooses the keys, and a chain of 424
 * nodes is within his means.
 */

#include <linux/bitops.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "trie.h"

static unsigned int key_bit(const u8 *key, unsigned int at)
{
	return (key[at / 8] >> (7 - at % 8)) & 1;
}

/*
 * Length in bits of what @a and @b, of at least @max bits, have in common; the
 * first @from are known to be.
 */
static unsigned int common_bits(const u8 *a, const u8 *b, unsigned int from,
				unsigned int max)
{
	unsigned int i;

	for (i = round_down(from, 8); i < max; i += 8) {
		u8 diff = a[i / 8] ^ b[i / 8];

		if (diff)
			return min(max, i + 8 - fls(diff));
	}
	return max;
}

/* New node for the first @bits of @key; takes no reference on @object. */
static struct lbm_node *node_new(u64 edit, const u8 *key, unsigned int bits,
				 struct lbm_object *object)
{
	unsigned int len = DIV_ROUND_UP(bits, 8);
	struct lbm_node *node;

	node = kmalloc(struct_size(node, key, len), GFP_KERNEL_ACCOUNT);
	if (!node)
		return NULL;
	refcount_set(&node->refs, 1);
	node->bits = bits;
	node->edit = edit;
	node->child[0] = NULL;
	node->child[1] = NULL;
	node->object = object;
	memcpy(node->key, key, len);
	if (bits % 8)
		node->key[len - 1] &= 0xff << (8 - bits % 8);
	return node;
}

static void node_get(struct lbm_node *node)
{
	if (node)
		refcount_inc(&node->refs);
}

/* Drop a reference and free what nobody holds any more, without recursion. */
static void node_put(struct lbm_node *node)
{
	struct lbm_node *dead = NULL;
	int i;

	if (!node || !refcount_dec_and_test(&node->refs))
		return;
	node->dead = NULL;
	dead = node;
	while (dead) {
		node = dead;
		dead = node->dead;
		for (i = 0; i < 2; i++) {
			struct lbm_node *child = node->child[i];

			if (!child || !refcount_dec_and_test(&child->refs))
				continue;
			child->dead = dead;
			dead = child;
		}
		lbm_object_put(node->object);
		kfree(node);
		/* There may be a million, and nobody waits for this. */
		cond_resched();
	}
}

/* Make *@slot a node that this edit may write, copying it if need be. */
static struct lbm_node *node_own(const struct lbm_trie *trie,
				 struct lbm_node **slot)
{
	struct lbm_node *node = *slot, *copy;

	if (node->edit == trie->edit)
		return node;
	copy = node_new(trie->edit, node->key, node->bits, node->object);
	if (!copy)
		return NULL;
	if (copy->object)
		lbm_object_get(copy->object);
	copy->child[0] = node->child[0];
	copy->child[1] = node->child[1];
	node_get(copy->child[0]);
	node_get(copy->child[1]);
	*slot = copy;
	node_put(node);
	return copy;
}

/**
 * lbm_trie_copy - begin a version that is @from with changes
 * @trie: the new version; not initialised before
 * @from: the version to begin with; NULL for an empty one
 * @edit: number that no other edit has or had, not 0
 */
void lbm_trie_copy(struct lbm_trie *trie, const struct lbm_trie *from,
		   u64 edit)
{
	trie->root = from ? from->root : NULL;
	trie->edit = edit;
	node_get(trie->root);
}

/**
 * lbm_trie_clear - drop a version
 * @trie: the version; when it was published, a grace period has passed
 */
void lbm_trie_clear(struct lbm_trie *trie)
{
	node_put(trie->root);
	trie->root = NULL;
}

/* Put @object under @key where *@slot holds keys that are not below it. */
static int insert_at(struct lbm_trie *trie, struct lbm_node **slot,
		     const struct lbm_key *key, unsigned int common,
		     struct lbm_object *object)
{
	struct lbm_node *node = *slot, *leaf, *fork;

	leaf = node_new(trie->edit, key->bytes, key->bits, object);
	if (!leaf)
		return -ENOMEM;
	if (!node) {
		*slot = leaf;
	} else if (common == key->bits) {
		leaf->child[key_bit(node->key, common)] = node;
		*slot = leaf;
	} else {
		fork = node_new(trie->edit, key->bytes, common, NULL);
		if (!fork) {
			kfree(leaf);
			return -ENOMEM;
		}
		fork->child[key_bit(key->bytes, common)] = leaf;
		fork->child[key_bit(node->key, common)] = node;
		*slot = fork;
	}
	lbm_object_get(object);
	return 0;
}

/**
 * lbm_trie_set - store an object under a key, in the place of any other
 * @trie: a version under edit
 * @key: the key
 * @object: the object; the trie takes a reference of its own
 *
 * Return: 0, or -ENOMEM, when the version still holds what it held.
 */
int lbm_trie_set(struct lbm_trie *trie, const struct lbm_key *key,
		 struct lbm_object *object)
{
	struct lbm_node **slot = &trie->root, *node;
	unsigned int common = 0;

	while ((node = *slot)) {
		common = common_bits(node->key, key->bytes, common,
				     min(node->bits, key->bits));
		if (common < node->bits)
			return insert_at(trie, slot, key, common, object);
		node = node_own(trie, slot);
		if (!node)
			return -ENOMEM;
		if (node->bits == key->bits) {
			lbm_object_get(object);
			lbm_object_put(node->object);
			node->object = object;
			return 0;
		}
		slot = &node->child[key_bit(key->bytes, node->bits)];
	}
	return insert_at(trie, slot, key, 0, object);
}

/* Take the owned node at *@slot out when it only connects or holds nothing. */
static void collapse(struct lbm_node **slot)
{
	struct lbm_node *node = *slot;

	if (node->object || (node->child[0] && node->child[1]))
		return;
	*slot = node->child[0] ?: node->child[1];
	node->child[0] = NULL;
	node->child[1] = NULL;
	node_put(node);
}

/**
 * lbm_trie_unset - remove what is stored under a key
 * @trie: a version under edit
 * @key: the key
 *
 * Return: 0; -ENOENT when there is nothing; -ENOMEM, when the version still
 * holds what it held.
 */
int lbm_trie_unset(struct lbm_trie *trie, const struct lbm_key *key)
{
	struct lbm_node **parent = NULL, **slot = &trie->root, *node;

	if (!lbm_trie_get(trie, key))
		return -ENOENT;
	for (;;) {
		node = node_own(trie, slot);
		if (!node)
			return -ENOMEM;
		if (node->bits == key->bits)
			break;
		parent = slot;
		slot = &node->child[key_bit(key->bytes, node->bits)];
	}
	lbm_object_put(node->object);
	node->object = NULL;
	collapse(slot);
	if (parent)
		collapse(parent);
	return 0;
}

static bool is_same_key(const struct lbm_node *node, const struct lbm_key *key)
{
	/* Ids, which packets ask for: of this length it is no call. */
	if (key->bits == 32)
		return !memcmp(node->key, key->bytes, sizeof(u32));
	return !memcmp(node->key, key->bytes, DIV_ROUND_UP(key->bits, 8));
}

/*
 * The node that holds exactly this key; it may be a mere fork. The way is found
 * by the bits where keys part; whether it was the way of this key is seen in
 * the end, by one comparison (Morrison, PATRICIA, 1968).
 */
static const struct lbm_node *node_at(const struct lbm_trie *trie,
				      const struct lbm_key *key)
{
	const struct lbm_node *node = trie->root;

	while (node && node->bits < key->bits)
		node = node->child[key_bit(key->bytes, node->bits)];
	if (!node || node->bits != key->bits || !is_same_key(node, key))
		return NULL;
	return node;
}

/**
 * lbm_trie_get - what is stored under exactly this key
 * @trie: a version; published ones under the RCU read lock or a reference
 * @key: the key
 *
 * Return: the object, with no reference of its own, or NULL.
 */
struct lbm_object *lbm_trie_get(const struct lbm_trie *trie,
				const struct lbm_key *key)
{
	const struct lbm_node *node = node_at(trie, key);

	return node ? node->object : NULL;
}

/**
 * lbm_trie_match - what is stored under the longest prefix of this key
 * @trie: a version; published ones under the RCU read lock or a reference
 * @key: the key
 *
 * Return: the object, with no reference of its own, or NULL.
 */
struct lbm_object *lbm_trie_match(const struct lbm_trie *trie,
				  const struct lbm_key *key)
{
	const struct lbm_node *node = trie->root;
	struct lbm_object *best = NULL;
	unsigned int common = 0;

	while (node && node->bits <= key->bits) {
		common = common_bits(node->key, key->bytes, common, node->bits);
		if (common < node->bits)
			break;
		if (node->object)
			best = node->object;
		if (node->bits == key->bits)
			break;
		node = node->child[key_bit(key->bytes, node->bits)];
	}
	return best;
}

/* First node with an object in the subtree @node, itself included. */
static const struct lbm_node *first_in(const struct lbm_node *node)
{
	while (node && !node->object)
		node = node->child[0] ?: node->child[1];
	return node;
}

/**
 * lbm_trie_next - the first object whose key comes after another
 * @trie: a version; published ones under the RCU read lock or a reference
 * @after: any key, in the trie or not; NULL means from the beginning
 *
 * Keys are ordered by their bits; a key comes before those that it begins.
 *
 * Return: the node of the object, or NULL at the end.
 */
const struct lbm_node *lbm_trie_next(const struct lbm_trie *trie,
				     const struct lbm_key *after)
{
	const struct lbm_node *node = trie->root, *later = NULL;
	unsigned int common = 0, bit;

	while (node && after) {
		common = common_bits(node->key, after->bytes, common,
				     min(node->bits, after->bits));
		if (common < node->bits) {
			if (common == after->bits || key_bit(node->key, common))
				later = node;
			break;
		}
		if (node->bits == after->bits) {
			if (node->child[0] || node->child[1])
				later = node->child[0] ?: node->child[1];
			break;
		}
		bit = key_bit(after->bytes, node->bits);
		if (!bit && node->child[1])
			later = node->child[1];
		node = node->child[bit];
	}
	return first_in(after ? later : node);
}

/**
 * lbm_trie_next_in - lbm_trie_next() among the keys that begin with a prefix
 * @trie: a version; published ones under the RCU read lock or a reference
 * @prefix: what the keys begin with
 * @after: a key that begins with @prefix; NULL means from the beginning
 *
 * Return: the node of the object, or NULL at the end.
 */
const struct lbm_node *lbm_trie_next_in(const struct lbm_trie *trie,
					const struct lbm_key *prefix,
					const struct lbm_key *after)
{
	const struct lbm_node *node;

	if (!after) {
		node = node_at(trie, prefix);
		if (node && node->object)
			return node;
		after = prefix;
	}
	node = lbm_trie_next(trie, after);
	if (!node || node->bits < prefix->bits ||
	    common_bits(node->key, prefix->bytes, 0, prefix->bits) < prefix->bits)
		return NULL;
	return node;
}

/**
 * lbm_key_of_node - copy a node's key, to go on after it later
 * @key: where to
 * @node: the node
 */
void lbm_key_of_node(struct lbm_key *key, const struct lbm_node *node)
{
	key->bits = node->bits;
	memcpy(key->bytes, node->key, DIV_ROUND_UP(node->bits, 8));
}
