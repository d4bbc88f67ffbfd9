/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints of jobs and their phases, under events/lbmesh in tracefs. The
 * cookie joins the events of a job with each other and with its result.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM lbmesh

#if !defined(_LBM_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _LBM_TRACE_H

#include <linux/tracepoint.h>

#include "job.h"

/* So that tools which read the format know the numbers behind the names. */
TRACE_DEFINE_ENUM(LBM_JOB_COMMIT);
TRACE_DEFINE_ENUM(LBM_JOB_FLUSH);
TRACE_DEFINE_ENUM(LBM_JOB_CONFIRM);
TRACE_DEFINE_ENUM(LBM_JOB_REVERT);
TRACE_DEFINE_ENUM(LBM_JOB_EXPIRE);
TRACE_DEFINE_ENUM(LBM_JOB_AUDIT);
TRACE_DEFINE_ENUM(LBM_JOB_REPAIR);
TRACE_DEFINE_ENUM(LBMESH_PHASE_PARSE);
TRACE_DEFINE_ENUM(LBMESH_PHASE_PREPARE);
TRACE_DEFINE_ENUM(LBMESH_PHASE_FLIP);
TRACE_DEFINE_ENUM(LBMESH_PHASE_CONFIRM);
TRACE_DEFINE_ENUM(LBMESH_PHASE_RETIRE);

#define lbm_trace_kind(kind)						\
	__print_symbolic(kind,						\
			 { LBM_JOB_COMMIT, "commit" },			\
			 { LBM_JOB_FLUSH, "flush" },			\
			 { LBM_JOB_CONFIRM, "confirm" },		\
			 { LBM_JOB_REVERT, "revert" },			\
			 { LBM_JOB_EXPIRE, "expire" },			\
			 { LBM_JOB_AUDIT, "audit" },			\
			 { LBM_JOB_REPAIR, "repair" })

#define lbm_trace_phase(phase)						\
	__print_symbolic(phase,						\
			 { LBMESH_PHASE_PARSE, "parse" },		\
			 { LBMESH_PHASE_PREPARE, "prepare" },		\
			 { LBMESH_PHASE_FLIP, "flip" },			\
			 { LBMESH_PHASE_CONFIRM, "confirm" },		\
			 { LBMESH_PHASE_RETIRE, "retire" })

/* The worker takes a job: its namespace, cookie and kind. */
TRACE_EVENT(lbmesh_job_begin,
	    TP_PROTO(unsigned int netns, u64 cookie, enum lbm_job_kind kind),
	    TP_ARGS(netns, cookie, kind),
	    TP_STRUCT__entry(__field(u64, cookie)
			     __field(unsigned int, netns)
			     __field(unsigned int, kind)),
	    TP_fast_assign(__entry->cookie = cookie;
			   __entry->netns = netns;
			   __entry->kind = kind;),
	    TP_printk("netns=%u cookie=%llu kind=%s", __entry->netns,
		      __entry->cookie, lbm_trace_kind(__entry->kind))
);

/* A phase has ended, after so many nanoseconds; 0 or a negative errno. */
TRACE_EVENT(lbmesh_phase,
	    TP_PROTO(unsigned int netns, u64 cookie, enum lbmesh_phase phase,
		     int error, u64 duration),
	    TP_ARGS(netns, cookie, phase, error, duration),
	    TP_STRUCT__entry(__field(u64, cookie)
			     __field(u64, duration)
			     __field(unsigned int, netns)
			     __field(unsigned int, phase)
			     __field(int, error)),
	    TP_fast_assign(__entry->cookie = cookie;
			   __entry->duration = duration;
			   __entry->netns = netns;
			   __entry->phase = phase;
			   __entry->error = error;),
	    TP_printk("netns=%u cookie=%llu phase=%s error=%d duration_ns=%llu",
		      __entry->netns, __entry->cookie,
		      lbm_trace_phase(__entry->phase), __entry->error,
		      __entry->duration)
);

/* A job has ended: the generation in force then, and 0 or a positive errno. */
TRACE_EVENT(lbmesh_job_end,
	    TP_PROTO(unsigned int netns, u64 cookie, u64 generation, int error),
	    TP_ARGS(netns, cookie, generation, error),
	    TP_STRUCT__entry(__field(u64, cookie)
			     __field(u64, generation)
			     __field(unsigned int, netns)
			     __field(int, error)),
	    TP_fast_assign(__entry->cookie = cookie;
			   __entry->generation = generation;
			   __entry->netns = netns;
			   __entry->error = error;),
	    TP_printk("netns=%u cookie=%llu generation=%llu error=%d",
		      __entry->netns, __entry->cookie, __entry->generation,
		      __entry->error)
);

#endif /* _LBM_TRACE_H */

/* Found by the -I of Kbuild that names our folder. */
#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
