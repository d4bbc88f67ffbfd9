// SPDX-License-Identifier: GPL-2.0-only
/* When the last good state is kept, and when it is restored. How is in lastgood.c. */
#include "agent/agent.h"
#include "agent/log.h"

#include <errno.h>
#include <stdlib.h>

int agent_state_open(struct agent *agent, struct fault *fault)
{
	if (!agent->options->state)
		return 0;
	return lastgood_open(&agent->lastgood, agent->options->state, fault);
}

void agent_state_keep(struct agent *agent)
{
	struct target *target = &agent->target;
	const struct lastgood_record record = {
		.host = agent->options->host,
		.interface = agent->options->interface,
		.generation = agent->generation,
		.topology = target->text,
		.size = target->text_size,
	};
	struct fault fault;
	int ret;

	if (agent->options->state) {
		ret = lastgood_write(&agent->lastgood, &record, &fault);
		if (!ret)
			log_line("last good: generation %llu is on disk",
				 (unsigned long long)record.generation);
		else if (ret < 0)
			log_line("warning: last good: generation %llu may not be on disk: %s; "
				 "the next SIGHUP tries again",
				 (unsigned long long)record.generation, fault.text);
	}
	free(target->text);
	target->text = NULL;
}

static int found_use(struct agent *agent, const struct lastgood_found *found, struct target *target,
		     struct fault *fault)
{
	const struct agent_options *options = agent->options;
	const struct lastgood_record *record = &found->record;
	uint64_t now = agent_generation_now();

	if (now && now != record->generation)
		return fault_set(fault, -ESTALE, NULL,
				 "generation %llu is in force, and %s has %llu; left as it is, "
				 "until there is a topology that can be used",
				 (unsigned long long)now, found->file,
				 (unsigned long long)record->generation);
	log_line("warning: %s cannot be used; restoring %s/%s, generation %llu when it was kept",
		 options->topology, options->state, found->file,
		 (unsigned long long)record->generation);
	return target_load_text(options->topology, record->topology, record->size, options->host,
				target, fault);
}

int agent_state_restore(struct agent *agent, struct target *target, struct fault *fault)
{
	const struct agent_options *options = agent->options;
	struct lastgood_found found;
	int ret;

	*target = (struct target){0};
	ret = lastgood_read(&agent->lastgood, options->host, options->interface, &found, fault);
	if (ret)
		return ret;
	ret = found_use(agent, &found, target, fault);
	lastgood_found_release(&found);
	return ret;
}
