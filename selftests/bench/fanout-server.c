// SPDX-License-Identifier: GPL-2.0-only
/*
 * The controller of the fan-out's measurement: the real one, with store, hub and server, in a process
 * of its own, with one network that all hosts are in. Made past the API, in large transactions, so
 * that it starts soon. fanout.c forks it.
 */
#include "fanout.h"

#include "controller/api-hooks.h"
#include "controller/api.h"
#include "controller/stream.h"

#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define BATCH 500

struct served {
	struct fanout *fanout;
	struct controller controller;
	char org[RESOURCE_ID_SIZE];
	char workspace[RESOURCE_ID_SIZE];
	struct host *host; /* the one that joins and leaves */
	int control;
	unsigned int next;
};

static void die(const char *what, const struct fault *fault)
{
	fprintf(stderr, "controller: %s: %s %s\n", what, fault->path, fault->text);
	_exit(1);
}

static void change(struct served *served, change_fn work, const char *what)
{
	struct fault fault = {0};

	if (controller_change(&served->controller, NULL, work, served, &fault))
		die(what, &fault);
}

static int scopes_make(struct changes *changes, void *argument, struct fault *fault)
{
	struct served *served = argument;
	struct resource *org = resource_new(RESOURCE_ORG);
	struct resource *workspace = resource_new(RESOURCE_WORKSPACE);
	struct network *network = (struct network *)resource_new(RESOURCE_NETWORK);
	int ret;

	resource_id_make(RESOURCE_ORG, changes->now, org->id);
	snprintf(org->org, sizeof(org->org), "%s", org->id);
	snprintf(org->name, sizeof(org->name), "acme");
	((struct org *)org)->hosts_max = 100000;
	snprintf(workspace->name, sizeof(workspace->name), "main");
	memcpy(workspace->org, org->id, sizeof(org->id));
	memcpy(workspace->scope, org->id, sizeof(org->id));
	ret = changes_insert(changes, org, fault);
	if (!ret)
		ret = changes_insert(changes, workspace, fault);
	snprintf(network->head.name, sizeof(network->head.name), "main");
	memcpy(network->head.org, org->id, sizeof(org->id));
	memcpy(network->head.scope, org->id, sizeof(org->id));
	memcpy(network->head.owner, workspace->id, sizeof(workspace->id));
	network->managed = true;
	if (!ret)
		ret = network_add(changes, network, NULL, fault);
	memcpy(served->org, org->id, sizeof(org->id));
	memcpy(served->workspace, workspace->id, sizeof(workspace->id));
	memcpy(served->fanout->network, network->head.id, sizeof(network->head.id));
	resource_free(org);
	resource_free(workspace);
	resource_free(&network->head);
	return ret;
}

static struct host *host_new(struct changes *changes, struct served *served, unsigned int number)
{
	struct host *host = (struct host *)resource_new(RESOURCE_HOST);

	resource_id_make(RESOURCE_HOST, changes->now, host->head.id);
	memcpy(host->head.org, served->org, sizeof(served->org));
	memcpy(host->head.scope, served->workspace, sizeof(served->workspace));
	snprintf(host->head.name, sizeof(host->head.name), "host-%u", number);
	randombytes_buf(host->identity_key, sizeof(host->identity_key));
	randombytes_buf(host->public_key, sizeof(host->public_key));
	secret_make("lba", host->head.id, NULL, served->fanout->credentials[number],
		    host->credential_hash);
	return host;
}

static int hosts_make(struct changes *changes, void *argument, struct fault *fault)
{
	struct served *served = argument;
	struct network *network = NULL;
	unsigned int end = served->next + BATCH;
	int ret = network_managed_find(changes->tx, served->workspace, &network, fault);

	if (end > served->fanout->agents)
		end = served->fanout->agents;
	for (unsigned int i = served->next; i < end && !ret; i++) {
		struct host *host = host_new(changes, served, i);

		ret = changes_insert(changes, &host->head, fault);
		if (!ret)
			ret = member_make(changes, network, &host->head, host, 0, NULL, fault);
		resource_free(&host->head);
	}
	resource_free(&network->head);
	return ret;
}

/* One host that is not a member yet. */
static int joiner_make(struct changes *changes, void *argument, struct fault *fault)
{
	struct served *served = argument;

	served->host = host_new(changes, served, served->fanout->agents);
	return changes_insert(changes, &served->host->head, fault);
}

static int join(struct changes *changes, void *argument, struct fault *fault)
{
	struct served *served = argument;
	struct network *network = NULL;
	int ret = network_managed_find(changes->tx, served->workspace, &network, fault);

	if (!ret)
		ret = member_make(changes, network, &served->host->head, served->host, 0, NULL,
				  fault);
	resource_free(&network->head);
	return ret;
}

static int leave(struct changes *changes, void *argument, struct fault *fault)
{
	struct served *served = argument;
	struct resource *member = NULL;
	int ret = store_find(changes->tx, RESOURCE_MEMBER, served->fanout->network,
			     served->host->head.id, &member, fault);

	if (!ret)
		ret = member_remove(changes, (struct member *)member, fault);
	resource_free(member);
	return ret;
}

static uint64_t cpu_now(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000000 +
	       (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000;
}

static uint64_t rss_now(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	unsigned long size, resident = 0;

	if (file && fscanf(file, "%lu %lu", &size, &resident) != 2)
		resident = 0;
	if (file)
		fclose(file);
	return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

static uint64_t version_now(const struct served *served)
{
	return fragment_version(hub_fragment(served->controller.hub, served->fanout->network));
}

static void on_control(uv_poll_t *poll, int status, int events)
{
	struct served *served = poll->data;
	struct answer answer = {0};
	uint64_t begun = cpu_now();
	char command;

	(void)status;
	(void)events;
	if (read(served->control, &command, 1) != 1)
		_exit(0);
	if (command == COMMAND_JOIN)
		change(served, join, "join");
	else if (command == COMMAND_LEAVE)
		change(served, leave, "leave");
	answer.cpu = cpu_now();
	answer.change = answer.cpu - begun;
	answer.version = version_now(served);
	answer.rss = rss_now();
	answer.streams = served->controller.agents->n_streams;
	if (write(served->control, &answer, sizeof(answer)) != sizeof(answer))
		_exit(1);
}

static void world_make(struct served *served)
{
	const struct fanout *fanout = served->fanout;

	change(served, scopes_make, "organisation");
	for (; served->next < fanout->agents; served->next += BATCH)
		change(served, hosts_make, "hosts");
	change(served, joiner_make, "host");
	served->fanout->version = version_now(served);
	memcpy(served->fanout->signing_public, served->controller.signing_public, 32);
}

static void server_start(struct served *served, uv_loop_t *loop)
{
	struct fanout *fanout = served->fanout;
	struct fault fault = {0};
	struct http_options options = {
		.unix_path = fanout->socket,
		.tls_address = fanout->tls ? "127.0.0.1:0" : NULL,
		.certificate_file = fanout->certificate,
		.key_file = fanout->key,
		.connections_max = fanout->agents + 100,
		.connections_of_address = fanout->agents + 100,
		/* The agents that do not read are to stay. */
		.times.answer = 3600000,
		.handle = api_handle,
		.application = &served->controller,
	};

	if (http_start(loop, &options, &served->controller.http, &fault))
		die("server", &fault);
	fanout->port = http_port(served->controller.http);
}

void fanout_serve(struct fanout *fanout, int control)
{
	struct controller_options options = {.ready = stream_ready, .slice_length = 16};
	struct served served = {.fanout = fanout, .control = control};
	struct answer answer = {0};
	struct fault fault = {0};
	char url[96];
	uv_poll_t poll;
	uv_loop_t loop;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	snprintf(url, sizeof(url), "sqlite:%s/store.db", fanout->directory);
	options.store = url;
	served.controller.options = &options;
	crypto_sign_keypair(served.controller.signing_public, served.controller.signing_secret);
	uv_loop_init(&loop);
	if (controller_open(&served.controller, &loop, &fault))
		die("open", &fault);
	world_make(&served);
	if (agents_open(&served.controller, &fault))
		die("agents", &fault);
	server_start(&served, &loop);
	uv_poll_init(&loop, &poll, control);
	poll.data = &served;
	uv_poll_start(&poll, UV_READABLE, on_control);
	answer.rss = rss_now();
	if (write(control, &answer, sizeof(answer)) != sizeof(answer))
		_exit(1);
	uv_run(&loop, UV_RUN_DEFAULT);
	_exit(0);
}
