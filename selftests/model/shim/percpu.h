/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CPUs, memory barriers, RCU and time, for what is written by one CPU and read
 * by others. A CPU is a thread that has set shim_cpu. What is given to
 * kvfree_rcu() is kept until the test calls shim_grace_period().
 */
#ifndef SHIM_PERCPU_H
#define SHIM_PERCPU_H

#include <stdatomic.h>
#include <stddef.h>

#include "kernel.h"

#define SHIM_CPUS 2

extern _Thread_local int shim_cpu;
extern unsigned long jiffies;

#define get_jiffies_64() ((u64)jiffies)

#define HZ 1000
#define GOLDEN_RATIO_32 0x61C88647

#define __percpu
#define __rcu
#define __force
#define __aligned(n) __attribute__((aligned(n)))
#undef __always_inline
#define __always_inline inline __attribute__((always_inline))
#define noinline __attribute__((__noinline__))

#undef static_assert
#define static_assert(expr, ...) _Static_assert(expr, #expr)

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define PTR_ALIGN(p, a) \
	((__typeof__(p))(((uintptr_t)(p) + (a) - 1) & ~(uintptr_t)((a) - 1)))
#define offsetofend(type, member) \
	(offsetof(type, member) + sizeof(((type *)0)->member))
#define is_power_of_2(n) ((n) && !((n) & ((n) - 1)))
#define __ffs64(v) __builtin_ctzll(v)

/* What happens between any two accesses that others may see; a test's. */
#ifdef SHIM_INTERLEAVE
extern _Thread_local void (*shim_interleave)(void);
#define shim_between() (shim_interleave ? shim_interleave() : (void)0)
#else
#define shim_between() ((void)0)
#endif

#define READ_ONCE(v) (shim_between(), __atomic_load_n(&(v), __ATOMIC_RELAXED))
#define WRITE_ONCE(v, to) \
	(shim_between(), __atomic_store_n(&(v), to, __ATOMIC_RELAXED))
#define smp_rmb() atomic_thread_fence(memory_order_acquire)
#define smp_wmb() atomic_thread_fence(memory_order_release)
#define cpu_relax() ((void)0)

#define nr_cpu_ids ((unsigned int)SHIM_CPUS)
#define cpu_possible(cpu) ((cpu) < nr_cpu_ids)
#define cpu_to_node(cpu) (cpu)
#define for_each_possible_cpu(cpu) for ((cpu) = 0; (cpu) < SHIM_CPUS; (cpu)++)
#define alloc_percpu_gfp(type, gfp) \
	((type *)kzalloc(SHIM_CPUS * sizeof(type), gfp))
#define free_percpu(p) kfree(p)
#define this_cpu_ptr(p) ((p) + shim_cpu)
#define per_cpu_ptr(p, cpu) ((p) + (cpu))

#define kvzalloc_node(size, gfp, node) ((void)(node), kzalloc(size, gfp))
#define kvfree(p) kfree(p)

struct rcu_head {
	struct rcu_head *next;
};

extern struct rcu_head *shim_rcu;

#define rcu_dereference(p) __atomic_load_n(&(p), __ATOMIC_ACQUIRE)
#define rcu_dereference_bh(p) rcu_dereference(p)
#define rcu_replace_pointer(p, to, c) \
	__atomic_exchange_n(&(p), to, __ATOMIC_ACQ_REL)
/* The head is the first member. */
#define kvfree_rcu(p, head) do {					\
	static_assert(!offsetof(__typeof__(*(p)), head));		\
	(p)->head.next = shim_rcu;					\
	shim_rcu = &(p)->head;						\
} while (0)

static inline void shim_grace_period(void)
{
	struct rcu_head *head;

	while ((head = shim_rcu)) {
		shim_rcu = head->next;
		kfree(head);
	}
}

struct u64_stats_sync {
	char unused;
};

typedef struct {
	u64 value;
} u64_stats_t;

#define u64_stats_init(s) ((void)(s))
#define u64_stats_update_begin(s) ((void)(s))
#define u64_stats_update_end(s) ((void)(s))
#define u64_stats_inc(c) WRITE_ONCE((c)->value, (c)->value + 1)
#define u64_stats_set(c, to) WRITE_ONCE((c)->value, to)
#define u64_stats_read(c) READ_ONCE((c)->value)
#define u64_stats_fetch_begin(s) ((void)(s), 0U)
#define u64_stats_fetch_retry(s, start) ((void)(s), (void)(start), false)

#endif /* SHIM_PERCPU_H */
