/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The little of the kernel that the module's data structures need, so that
 * they can be built in userspace and tested under ASan and UBSan. The headers
 * beside this one include it under the kernel's names.
 *
 * kmalloc() can be made to fail: see shim_fail_after.
 */
#ifndef SHIM_KERNEL_H
#define SHIM_KERNEL_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <linux/errno.h>
#include <asm/types.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef uint16_t __be16;
typedef uint32_t __be32;

typedef struct {
	int count;
} refcount_t;

typedef struct {
	u64 value;
} atomic64_t;

#define ATOMIC64_INIT(v) { v }
#define atomic64_inc_return(v) (++(v)->value)

#define refcount_set(r, n) ((r)->count = (n))
#define refcount_inc(r) ((void)(r)->count++)
#define refcount_inc_not_zero(r) ((r)->count ? ((r)->count++, true) : false)
#define refcount_dec_and_test(r) (--(r)->count == 0)

#define min(a, b) ((a) < (b) ? (a) : (b))
#define max(a, b) ((a) > (b) ? (a) : (b))
#define min_t(type, a, b) min((type)(a), (type)(b))
#define max_t(type, a, b) max((type)(a), (type)(b))
#define round_up(n, to) (((n) + (to) - 1) & ~((to) - 1))
#define round_down(n, to) ((n) & ~((to) - 1))
#define DIV_ROUND_UP(n, d) (((n) + (d) - 1) / (d))
#define struct_size(p, member, n) (sizeof(*(p)) + sizeof(*(p)->member) * (n))
#define cpu_to_be32(v) htonl(v)
#define hweight64(v) ((unsigned int)__builtin_popcountll(v))
#define U32_MAX UINT32_MAX
#define __init
#define __ro_after_init
#define WARN_ON_ONCE(c) ((c) ? abort() : (void)0)
#define GFP_KERNEL_ACCOUNT 0
#define __GFP_NOWARN 0
typedef int gfp_t;
#define cond_resched() ((void)0)
#define container_of_const(ptr, type, member) \
	((type *)((char *)(ptr) - offsetof(type, member)))

static inline int fls(unsigned int v)
{
	return v ? 32 - __builtin_clz(v) : 0;
}

static inline bool ipv6_addr_equal(const struct in6_addr *a,
				   const struct in6_addr *b)
{
	return !memcmp(a, b, sizeof(*a));
}

static inline bool ipv6_prefix_equal(const struct in6_addr *a,
				     const struct in6_addr *b, unsigned int len)
{
	unsigned int words = len / 32, rest = len % 32;

	if (memcmp(a, b, words * sizeof(u32)))
		return false;
	return !rest || !(ntohl(a->s6_addr32[words] ^ b->s6_addr32[words]) >>
			  (32 - rest));
}

/* As a test seeds random(), so that a failure can be repeated. */
static inline void get_random_bytes(void *buffer, size_t len)
{
	u8 *bytes = buffer;

	while (len--)
		*bytes++ = (u8)(random() >> 7);
}

/* Allocations until one fails; below 0 none ever does. */
extern long shim_fail_after;
/* Allocations that have not been freed. */
extern long shim_live;

/* Filled with what nobody may rely on. */
static inline void *kmalloc(size_t size, int flags)
{
	(void)flags;
	if (shim_fail_after == 0)
		return NULL;
	if (shim_fail_after > 0)
		shim_fail_after--;
	shim_live++;
	return memset(malloc(size), 0xa5, size);
}

static inline void *kzalloc(size_t size, int flags)
{
	void *memory = kmalloc(size, flags);

	return memory ? memset(memory, 0, size) : NULL;
}

static inline void kfree(void *p)
{
	if (p)
		shim_live--;
	free(p);
}

#define kvmalloc(size, flags) kmalloc(size, flags)
#define kvfree(p) kfree(p)

#endif /* SHIM_KERNEL_H */
