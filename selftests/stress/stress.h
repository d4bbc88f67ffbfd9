/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the stress tests share beside family/util.h: how much to do, random numbers that can be had
 * again, processes, interfaces, the modules, and one small mesh that is put back again and again.
 */
#ifndef LBMESH_SELFTESTS_STRESS_H
#define LBMESH_SELFTESTS_STRESS_H

#include <lbmesh/lbmesh.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* How much. */

/* The second when LBMESH_LONG=1 is in the environment (scripts/test --long), else the first. */
unsigned int how_many(unsigned int ordinary, unsigned int in_long_runs);
/* Time limit of a test, in seconds; the lane has one of its own. */
#define PATIENCE how_many(600, 6 * 3600)

/*
 * Random numbers. They begin with LBMESH_SEED, or with 1; in long runs with the clock. The first
 * call prints the seed.
 */
uint32_t random_number(void);
/* 0 to below - 1. */
uint32_t random_below(uint32_t below);
/* True once in so many times. */
bool one_in(uint32_t times);
void random_fill(void *data, size_t size);

/* Processes. */

/* Becomes root of a new user namespace, and of what else the flags make new. Returns 0 or -errno. */
int user_namespace_enter(int flags);
/* Runs in a child that ends with the value returned, at the latest with us. Returns its number. */
pid_t child_start(int (*run)(void *data), void *data);
/* Returns its exit status, or 128 and the signal that ended it. */
int child_wait(pid_t child);
/* Returns as child_wait() does; 137 when it was still running. */
int child_kill(pid_t child);
/* Memory that children share with us. Ends the process when there is none. */
void *shared_new(size_t size);
/* Writes a short text to a file of the kernel. Returns 0 or -errno. */
int file_write(const char *path, const char *text);
/* A line "NAME: 123 kB" of a file such as /proc/meminfo; -1 when there is none. */
long file_number(const char *path, const char *name);
/*
 * KiB that the kernel uses for itself, when it has dropped its caches and no namespace is ending:
 * Slab, VmallocUsed, Percpu, KernelStack and PageTables of /proc/meminfo, the least of some looks.
 */
long kernel_memory(void);

/* Interfaces, by rtnetlink: a race has no time for ip(8). Each returns 0 or a positive errno. */

/* Of a type, and up. */
int link_add(const char *ifname, const char *type);
int link_delete(const char *ifname);
int link_rename(const char *ifname, const char *name);
/* To the namespace of the descriptor. */
int link_move(const char *ifname, int fd);
int link_up(const char *ifname);
/* A packet for an IPv4 address, sent into the interface whatever the routes are. */
void packet_send(const char *ifname, const char *address);

/* Modules. Those that return int return 0 or a positive errno. */

int module_load(const char *path);
/* EAGAIN when somebody needs it. */
int module_unload(const char *name);
/* How many hold it; -1 when it is not loaded. */
int module_references(const char *name);
/* Waits, minutes if need be, until so many hold lbmesh: namespaces end some time after their last
 * process. Returns whether it came to that.
 */
bool references_return_to(int count);

/* Two hosts. */

/**
 * struct tunnel - namespaces "left" and "right" with a tunnel between them, both managed by lbmesh
 * @fd: the namespaces
 * @conn: a connection in each
 * @key: public keys
 *
 * Left is 10.0.0.1, right is 10.0.0.2, both are in network 1 on device 1, which is wg0.
 */
struct tunnel {
	int fd[2];
	struct lbmesh *conn[2];
	uint8_t key[2][LBMESH_KEY_LEN];
};

/* Returns 0 when packets go through, or says what failed and returns another number. */
int tunnel_open(struct tunnel *tunnel);
void tunnel_close(struct tunnel *tunnel);
/* All of the state of one side, to add to. */
struct lbmesh_commit *tunnel_commit(const struct tunnel *tunnel, int side);

/**
 * struct flow - numbered UDP packets through the tunnel, from one side to the other
 * @sent: how many were sent
 * @received: how many have arrived
 * @end: tells the sender to stop
 * @sender: process
 * @receiver: process
 */
struct flow {
	unsigned int sent;
	unsigned int received;
	volatile bool end;
	pid_t sender;
	pid_t receiver;
};

/* A packet each so many microseconds. Returns shared memory, or NULL when it does not flow. */
struct flow *flow_start(const struct tunnel *tunnel, int from, unsigned int every_us);
/* Waits for what is on its way. Returns how many were lost. */
unsigned int flow_end(struct flow *flow);

/* The mesh. */

/* Waits until no job runs. Returns the number in force, or UINT64_MAX when a job does not end. */
uint64_t settle(struct lbmesh *conn);
/*
 * All of a small state: device 1, which is wg0 with this private key, networks 1 and 2 with a
 * bridge, peers 100 to 103, IPv4 and IPv6 members.
 */
struct lbmesh_commit *mesh_new(void);
/*
 * All that the dumps show but the numbers of interfaces, which are others when one was made again; for
 * the caller to free.
 */
char *mesh_state(struct lbmesh *conn);
/* Whether wg0 has its gate: only that drops and counts a packet that is no member's. */
bool gate_is_there(struct lbmesh *conn);
/* Commits it, after a flush of whatever there is, and of a pending generation. Returns as run(). */
int mesh_restore(struct lbmesh *conn, struct lbmesh_result *result);

#endif
