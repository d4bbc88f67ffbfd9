// SPDX-License-Identifier: GPL-2.0-only
/*
 * show-generation.c - module, generation, gate and last job on an output.
 * Called by cmd-generation.c.
 */
#include <string.h>

#include "show.h"

static void show_counts(struct output *out, const char *key, const struct lbmesh_counts *counts,
			bool limits)
{
	output_group_begin(out, key);
	output_field(out, "devices", value_u64(counts->devices));
	output_field(out, "networks", value_u64(counts->networks));
	output_field(out, "bridges", value_u64(counts->bridges));
	output_field(out, "peers", value_u64(counts->peers));
	output_field(out, "members", value_u64(counts->members));
	output_field(out, "layers", value_u64(counts->layers));
	output_field(out, "rules", value_u64(counts->rules));
	output_field(out, "sets", value_u64(counts->sets));
	output_field(out, "elements", value_u64(counts->elements));
	output_field(out, "endpoints", value_u64(counts->endpoints));
	if (limits) {
		output_field(out, "message_bytes", value_u64(counts->message_bytes));
		output_field(out, "cache_entries",
			     value_u64(counts->cache_entries == LBMESH_CACHE_OFF
					       ? 0
					       : counts->cache_entries));
	}
	output_group_end(out);
}

static void show_gate(struct output *out, const struct lbmesh_gate *gate)
{
	output_group_begin(out, "gate");
	output_field(out, "passed", value_u64(gate->passed));
	output_field(out, "not_member", value_u64(gate->not_member));
	output_field(out, "not_connected", value_u64(gate->not_connected));
	output_field(out, "malformed", value_u64(gate->malformed));
	output_field(out, "moving", value_u64(gate->moving));
	output_group_end(out);
}

/* Tenths of a percent of the packets; null when there were none. */
static struct value hit_percent(const struct lbmesh_cache *cache)
{
	double all = (double)cache->hits + (double)cache->misses + (double)cache->stale;

	return all > 0 ? value_tenths((uint64_t)((double)cache->hits * 1000 / all)) : value_null();
}

static void show_cache(struct output *out, const struct lbmesh_generation *generation)
{
	const struct lbmesh_cache *cache = &generation->cache;

	if (!generation->has_cache)
		return;
	output_group_begin(out, "cache");
	output_field(out, "entries", value_u64(cache->entries));
	output_field(out, "hits", value_u64(cache->hits));
	output_field(out, "misses", value_u64(cache->misses));
	output_field(out, "stale", value_u64(cache->stale));
	output_field(out, "evictions", value_u64(cache->evictions));
	output_field(out, "hit_percent", hit_percent(cache));
	output_group_end(out);
}

static void show_path(struct output *out, const struct lbmesh_generation *generation)
{
	const struct lbmesh_path *path = &generation->path;

	if (!generation->has_path)
		return;
	output_group_begin(out, "path");
	output_field(out, "allowed", value_u64(path->allowed));
	output_field(out, "denied", value_u64(path->denied));
	output_field(out, "rejected", value_u64(path->rejected));
	output_field(out, "spoofed", value_u64(path->spoofed));
	output_field(out, "no_endpoint", value_u64(path->no_endpoint));
	output_field(out, "malformed", value_u64(path->malformed));
	output_field(out, "no_state", value_u64(path->no_state));
	output_group_end(out);
}

static void show_totals(struct output *out, const struct lbmesh_totals *totals)
{
	output_group_begin(out, "totals");
	output_field(out, "commits", value_u64(totals->commits));
	output_field(out, "unchanged", value_u64(totals->unchanged));
	output_field(out, "failures", value_u64(totals->failures));
	output_field(out, "confirms", value_u64(totals->confirms));
	output_field(out, "reverts", value_u64(totals->reverts));
	output_field(out, "audits", value_u64(totals->audits));
	output_field(out, "repairs", value_u64(totals->repairs));
	output_field(out, "requests", value_u64(totals->requests));
	output_group_end(out);
}

/**
 * pending_format() - How long a generation is still pending, and what then.
 * @generation: in state pending
 * @text: gets the sentence
 *
 * Return: the text.
 */
const char *pending_format(const struct lbmesh_generation *generation, struct pending_text *text)
{
	unsigned long long number = (unsigned long long)generation->number;
	char then[64] = "the one before returns";

	if (generation->has_fallback && generation->fallback)
		(void)snprintf(then, sizeof(then), "%llu returns",
			       (unsigned long long)generation->fallback);
	else if (generation->has_fallback)
		(void)snprintf(then, sizeof(then), "nothing is in force");
	(void)snprintf(text->text, sizeof(text->text),
		       "generation %llu is pending: %u.%u s left, then %s; lbctl confirm %llu "
		       "keeps it",
		       number, generation->pending_ms / 1000, generation->pending_ms % 1000 / 100,
		       then, number);
	return text->text;
}

static void show_pending(struct output *out, const struct lbmesh_generation *generation)
{
	struct pending_text text;

	if (generation->state == LBMESH_STATE_PENDING)
		output_note(out, "%s", pending_format(generation, &text));
}

static void show_last(struct output *out, const struct lbmesh_generation *generation)
{
	static const char *const columns[] = {"phase", "duration_us"};
	const struct lbmesh_result *last = &generation->last;
	const struct lbmesh_error *error = &last->error;

	if (!generation->has_last || !generation->has_last_result)
		return;
	output_group_begin(out, "last_job");
	output_field(out, "cookie", value_u64(last->cookie));
	output_field(out, "errno", value_u64((uint64_t)error->code));
	if (error->code)
		output_field(out, "error", value_text(strerrorname_np(error->code)));
	output_field(out, "phase", value_text(lbmesh_phase_name(error->phase)));
	if (error->object != LBMESH_OBJECT_NONE) {
		output_field(out, "object", value_text(lbmesh_object_name(error->object)));
		output_field(out, "index", value_u64(error->index));
	}
	if (error->message[0])
		output_field(out, "message", value_text(error->message));
	if (last->n_timings) {
		output_table_begin(out, "timing", columns, lbctl_array_size(columns));
		for (size_t i = 0; i < last->n_timings; i++)
			output_row(out,
				   (struct value[]){
					   value_text(lbmesh_phase_name(last->timings[i].phase)),
					   value_u64(last->timings[i].duration_ns / 1000),
				   });
		output_table_end(out);
	}
	output_group_end(out);
}

static void show_summary(struct output *out, const struct lbmesh_generation *generation)
{
	output_field(out, "state", value_text(lbmesh_state_name(generation->state)));
	output_field(out, "generation", value_u64(generation->number));
	if (generation->state == LBMESH_STATE_PENDING) {
		output_field(out, "pending_ms", value_u64(generation->pending_ms));
		output_field(out, "fallback",
			     generation->has_fallback ? value_u64(generation->fallback)
						      : value_null());
	}
	show_counts(out, "counts", &generation->counts, false);
	show_gate(out, &generation->gate);
	show_path(out, generation);
	show_cache(out, generation);
	show_totals(out, &generation->totals);
}

/**
 * show_generation() - What is in force, and the last job.
 * @out: where to
 * @generation: of the kernel
 */
void show_generation(struct output *out, const struct lbmesh_generation *generation)
{
	show_pending(out, generation);
	show_summary(out, generation);
	show_last(out, generation);
}

static void show_module(struct output *out, const struct lbmesh_info *info)
{
	const char *names[32];
	size_t count = 0;

	for (uint32_t bit = 1; bit; bit <<= 1) {
		if (info->capabilities & bit)
			names[count++] = lbmesh_capability_name(bit);
	}
	output_group_begin(out, "module");
	output_field(out, "version", value_text(info->module_version));
	output_field(out, "family_version", value_u64(info->family_version));
	output_field(out, "capabilities", value_list(names, count));
	show_counts(out, "limits", &info->limits, true);
	output_group_end(out);
}

/**
 * show_status() - Module, generation, gate, last job and devices.
 * @out: where to
 * @info: of the kernel
 * @snapshot: with devices, peers and members
 */
void show_status(struct output *out, const struct lbmesh_info *info,
		 const struct snapshot *snapshot)
{
	show_pending(out, &snapshot->generation);
	show_module(out, info);
	show_summary(out, &snapshot->generation);
	show_last(out, &snapshot->generation);
	show_devices(out, snapshot, 0);
}
