// SPDX-License-Identifier: GPL-2.0-only
/*
 * show-drift.c - what an audit or a repair found, on an output. Called by
 * cmd-audit.c.
 */
#include <net/if.h>

#include "show.h"

/* The name that the interface has now; NULL when it is gone. */
static const char *interface_of(const struct snapshot *snapshot, uint32_t id,
				char ifname[IF_NAMESIZE])
{
	const struct lbmesh_device *device;

	vector_for_each(device, &snapshot->devices)
	{
		if (device->id == id)
			return if_indextoname(device->ifindex, ifname);
	}
	return NULL;
}

/**
 * show_drifts() - Differences between WireGuard and the generation.
 * @out: where to
 * @snapshot: with devices
 * @drifts: of struct drift
 * @repair: show whether they are mended
 */
void show_drifts(struct output *out, const struct snapshot *snapshot, const struct vector *drifts,
		 bool repair)
{
	static const char *const columns[] = {"device", "interface", "drift", "public_key",
					      "mended"};
	const struct drift *item;

	/* "mended" comes last, so that an audit can do without it. */
	output_table_begin(out, "drift", columns, lbctl_array_size(columns) - (repair ? 0 : 1));
	vector_for_each(item, drifts)
	{
		const struct lbmesh_drift *drift = &item->drift;
		char ifname[IF_NAMESIZE];
		struct key_text key;

		output_row(out, (struct value[]){
					value_u64(drift->device),
					value_text(interface_of(snapshot, drift->device, ifname)),
					value_text(lbmesh_drift_name(drift->kind)),
					value_text(drift->has_public_key
							   ? key_format(drift->public_key, &key)
							   : NULL),
					item->known ? value_bool(item->mended) : value_null(),
				});
	}
	output_table_end(out);
}
