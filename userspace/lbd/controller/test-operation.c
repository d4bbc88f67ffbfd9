// SPDX-License-Identifier: GPL-2.0-only
/* Operations, from their beginning to their end, with agents that answer or do not, on both stores. */
#include "controller/agent-testing.h"

#include "controller/api-hooks.h"
#include "testing/resources.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static enum network_state network_state(struct bed *bed, const char *id)
{
	struct resource *network = bed_get(bed, RESOURCE_NETWORK, id);
	enum network_state state;

	cr_assert(network);
	state = ((struct network *)network)->state;
	resource_free(network);
	return state;
}

/* Hosts that are online and have applied all that there is. */
static void crew_begin(struct bed *bed, struct simulated *agents, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char name[8];

		snprintf(name, sizeof(name), "h%zu", i);
		simulated_begin(&agents[i], bed, name);
	}
	for (size_t i = 0; i < n; i++) {
		simulated_connect(&agents[i]);
		simulated_follow(&agents[i]);
	}
	bed_later(bed, 2000);
}

static void crew_end(struct simulated *agents, size_t n)
{
	for (size_t i = 0; i < n; i++)
		simulated_end(&agents[i]);
}

STORE_TEST(a_network_without_online_hosts_is_active_at_once)
{
	struct simulated a;
	struct bed bed;

	bed_begin(&bed, database);
	cr_expect_eq(network_state(&bed, bed.network), NETWORK_PENDING);
	simulated_begin(&a, &bed, "a");
	bed_later(&bed, 1000);
	cr_expect_eq(network_state(&bed, bed.network), NETWORK_ACTIVE, "nobody is online");
	simulated_end(&a);
	bed_end(&bed);
}

STORE_TEST(a_network_is_active_when_every_online_host_has_acknowledged_it)
{
	char network[RESOURCE_ID_SIZE];
	struct simulated crew[3];
	struct bed bed;

	bed_begin(&bed, database);
	crew_begin(&bed, crew, 3);
	simulated_disconnect(&crew[2]);
	bed_later(&bed, 40000);
	bed_network_make(&bed, bed.org, "blue", network);
	for (size_t i = 0; i < 3; i++)
		bed_member_make(&bed, network, crew[i].host);
	bed_later(&bed, 1000);
	cr_expect_eq(network_state(&bed, network), NETWORK_ACTIVATING);
	simulated_follow(&crew[0]);
	simulated_read(&crew[1]);
	bed_later(&bed, 2000);
	cr_expect_eq(network_state(&bed, network), NETWORK_ACTIVATING, "h1 has not acknowledged");
	simulated_report(&crew[1], "no");
	bed_later(&bed, 2000);
	cr_expect_eq(network_state(&bed, network), NETWORK_ACTIVATING, "h1 has failed");
	simulated_report(&crew[1], NULL);
	bed_later(&bed, 1000);
	cr_expect_eq(network_state(&bed, network), NETWORK_ACTIVE, "h2 is offline");
	crew_end(crew, 3);
	bed_end(&bed);
}

STORE_TEST(an_operation_survives_a_restart)
{
	char network[RESOURCE_ID_SIZE];
	struct simulated crew[2];
	struct bed bed;

	bed_begin(&bed, database);
	crew_begin(&bed, crew, 2);
	bed_network_make(&bed, bed.org, "blue", network);
	for (size_t i = 0; i < 2; i++)
		bed_member_make(&bed, network, crew[i].host);
	bed_later(&bed, 1000);
	simulated_follow(&crew[0]);
	for (size_t i = 0; i < 2; i++)
		simulated_disconnect(&crew[i]);
	bed_restart(&bed);
	for (size_t i = 0; i < 2; i++)
		simulated_connect(&crew[i]);
	bed_later(&bed, 2000);
	cr_expect_eq(network_state(&bed, network), NETWORK_ACTIVATING);
	for (size_t i = 0; i < 2; i++)
		simulated_follow(&crew[i]);
	bed_later(&bed, 1000);
	cr_expect_eq(network_state(&bed, network), NETWORK_ACTIVE);
	crew_end(crew, 2);
	bed_end(&bed);
}

STORE_TEST(an_operation_that_a_host_does_not_answer_fails_and_names_it)
{
	char id[RESOURCE_ID_SIZE];
	struct resource *operation;
	struct simulated crew[2];
	struct bed bed;

	bed_begin(&bed, database);
	crew_begin(&bed, crew, 2);
	bed_operation(&bed, OPERATION_NETWORK_REFRESH, bed.network, crew[0].host, id);
	bed_later(&bed, 1000);
	simulated_follow(&crew[0]);
	cr_expect_eq(bed_operation_state(&bed, id), OPERATION_RUNNING);
	bed_later(&bed, 125000);
	operation = bed_get(&bed, RESOURCE_OPERATION, id);
	cr_expect_eq(((struct operation *)operation)->state, OPERATION_FAILED);
	cr_expect_str_eq(((struct operation *)operation)->error,
			 "h1 did not acknowledge it in time");
	cr_expect_gt(((struct operation *)operation)->finished_at, 0);
	resource_free(operation);
	crew_end(crew, 2);
	bed_end(&bed);
}

STORE_TEST(a_refresh_tells_each_host_of_the_network_and_leaves_nothing_behind)
{
	char id[RESOURCE_ID_SIZE], key[96];
	struct simulated crew[3];
	struct frame *before, *after;
	struct fault fault = {0};
	struct bed bed;
	size_t entries;

	bed_begin(&bed, database);
	crew_begin(&bed, crew, 3);
	before = fragment_body(simulated_log(&crew[0], bed.network));
	bed_operation(&bed, OPERATION_NETWORK_REFRESH, bed.network, crew[0].host, id);
	bed_later(&bed, 1000);
	snprintf(key, sizeof(key), "refresh/%s", id);
	for (size_t i = 0; i < 3; i++) {
		simulated_read(&crew[i]);
		cr_expect_not_null(simulated_value(&crew[i], crew[i].host, key));
	}
	cr_expect_eq(bed_operation_state(&bed, id), OPERATION_RUNNING);
	for (size_t i = 0; i < 3; i++)
		simulated_report(&crew[i], NULL);
	bed_later(&bed, 1000);
	cr_expect_eq(bed_operation_state(&bed, id), OPERATION_DONE);
	for (size_t i = 0; i < 3; i++) {
		simulated_read(&crew[i]);
		cr_expect_null(simulated_value(&crew[i], crew[i].host, key));
	}
	after = fragment_body(simulated_log(&crew[0], bed.network));
	cr_expect_eq(before->size, after->size);
	cr_expect_arr_eq(before->bytes, after->bytes, before->size, "something was lost");
	frame_release(before);
	frame_release(after);
	cr_expect_eq(controller_verify(&bed.controller, &entries, &fault), 0, "%s", fault.text);
	crew_end(crew, 3);
	bed_end(&bed);
}

static int refresh_ask(struct bed *bed, const char *host, json_object **answer, struct fault *fault)
{
	static const struct route route = {.path = "/v1/orgs/{org}/hosts/{host}/refresh",
					   .operation = "host.refresh"};
	struct http_request request = {0};
	struct call call = {.route = &route, .request = &request};

	call.identity = (struct identity){.known = true, .right = RIGHT_ADMIN, .actor = "test"};
	TEXT_SET(call.identity.org, bed->org);
	TEXT_SET(request.params[0], bed->org);
	TEXT_SET(request.params[1], host);
	return bed_call(bed, api_host_refresh, &call, NULL, answer, fault);
}

STORE_TEST(refreshing_a_host_is_one_operation_for_each_of_its_networks)
{
	char network[RESOURCE_ID_SIZE];
	struct simulated crew[1];
	struct fault fault;
	json_object *answer, *items;
	struct bed bed;

	bed_begin(&bed, database);
	crew_begin(&bed, crew, 1);
	bed_network_make(&bed, bed.org, "blue", network);
	bed_member_make(&bed, network, crew[0].host);
	TAKEN(refresh_ask(&bed, crew[0].host, &answer, &fault));
	cr_assert(json_object_object_get_ex(answer, "items", &items));
	cr_expect_eq(json_object_array_length(items), 2);
	json_object_put(answer);
	REFUSED(refresh_ask(&bed, HOST_A, &answer, &fault), NOT_FOUND, "");
	crew_end(crew, 1);
	bed_end(&bed);
}

static int network_end(struct changes *changes, void *argument, struct fault *fault)
{
	struct bed *bed = argument;
	struct resource *before = NULL, *after;
	int ret = store_get(changes->tx, RESOURCE_NETWORK, bed->network, &before, fault);

	if (ret)
		return ret;
	after = resource_copy(before);
	((struct network *)after)->state = NETWORK_DELETING;
	ret = changes_update(changes, before, after, fault);
	if (!ret)
		ret = operation_start(changes, OPERATION_NETWORK_DELETE, bed->org, bed->network, "",
				      NULL, fault);
	resource_free(before);
	resource_free(after);
	return ret;
}

STORE_TEST(a_network_goes_when_its_hosts_have_it_out_of_force)
{
	struct simulated crew[2];
	struct resource *gone;
	struct fault fault = {0};
	struct bed bed;
	size_t entries, changes;

	bed_begin(&bed, database);
	crew_begin(&bed, crew, 2);
	changes = crew[0].changes;
	cr_assert_eq(controller_change(&bed.controller, NULL, network_end, &bed, &fault), 0, "%s",
		     fault.text);
	bed_later(&bed, 1000);
	simulated_read(&crew[0]);
	cr_expect_eq(crew[0].changes - changes, 1, "one record takes it out of force");
	cr_expect_null(simulated_value(&crew[0], bed.network, "network"));
	cr_expect_eq(network_state(&bed, bed.network), NETWORK_DELETING);
	simulated_report(&crew[0], NULL);
	bed_later(&bed, 1000);
	cr_expect_eq(network_state(&bed, bed.network), NETWORK_DELETING);
	simulated_follow(&crew[1]);
	bed_later(&bed, 1000);
	gone = bed_get(&bed, RESOURCE_NETWORK, bed.network);
	cr_expect_null(gone);
	resource_free(gone);
	simulated_read(&crew[0]);
	cr_expect_null(simulated_log(&crew[0], bed.network), "it follows a log that is gone");
	cr_expect_eq(controller_verify(&bed.controller, &entries, &fault), 0, "%s", fault.text);
	crew_end(crew, 2);
	bed_end(&bed);
}

static int bridge_remove(struct changes *changes, void *argument, struct fault *fault)
{
	struct resource *bridge = NULL;
	int ret = store_get(changes->tx, RESOURCE_BRIDGE, argument, &bridge, fault);

	if (!ret)
		ret = changes_delete(changes, bridge, fault);
	resource_free(bridge);
	return ret;
}

STORE_TEST(a_bridge_comes_and_goes_in_one_record_each)
{
	char network[RESOURCE_ID_SIZE], bridge[RESOURCE_ID_SIZE], id[RESOURCE_ID_SIZE];
	struct bridge *made = (struct bridge *)resource_new(RESOURCE_BRIDGE);
	struct simulated crew[2];
	struct fault fault = {0};
	struct bed bed;
	size_t changes;

	bed_begin(&bed, database);
	crew_begin(&bed, crew, 2);
	bed_network_make(&bed, bed.org, "blue", network);
	bed_member_make(&bed, network, crew[1].host);
	simulated_follow(&crew[1]);
	TEXT_SET(made->head.org, bed.org);
	TEXT_SET(made->head.scope, bed.org);
	TEXT_SET(made->networks[0], strcmp(network, bed.network) < 0 ? network : bed.network);
	TEXT_SET(made->networks[1], strcmp(network, bed.network) < 0 ? bed.network : network);
	bed_insert(&bed, &made->head, bridge);
	bed_operation(&bed, OPERATION_BRIDGE_CREATE, bridge, "", id);
	bed_later(&bed, 1000);
	simulated_follow(&crew[0]);
	cr_expect_not_null(simulated_log(&crew[0], network), "h0 sees the other network");
	bed_later(&bed, 1000);
	cr_expect_eq(bed_operation_state(&bed, id), OPERATION_RUNNING, "h1 has not answered");
	simulated_follow(&crew[1]);
	bed_later(&bed, 1000);
	cr_expect_eq(bed_operation_state(&bed, id), OPERATION_DONE);
	changes = crew[0].changes;
	cr_assert_eq(controller_change(&bed.controller, NULL, bridge_remove, bridge, &fault), 0);
	bed_operation(&bed, OPERATION_BRIDGE_DELETE, bridge, "", id);
	simulated_follow(&crew[0]);
	cr_expect_eq(crew[0].changes - changes, 1);
	cr_expect_null(simulated_log(&crew[0], network));
	bed_later(&bed, 1000);
	cr_expect_eq(bed_operation_state(&bed, id), OPERATION_RUNNING);
	simulated_follow(&crew[1]);
	bed_later(&bed, 1000);
	cr_expect_eq(bed_operation_state(&bed, id), OPERATION_DONE);
	crew_end(crew, 2);
	bed_end(&bed);
}

static const char *member_of(const struct simulated *reader, const struct bed *bed,
			     const uint8_t key[32], const char *field)
{
	const struct fragment *log = simulated_log(reader, bed->network);
	static char wanted[80];
	struct frame *body = fragment_body(log);
	char text[48];
	bool found;

	sodium_bin2base64(text, sizeof(text), key, 32, sodium_base64_VARIANT_ORIGINAL);
	snprintf(wanted, sizeof(wanted), "\"%s\":\"%s\"", field, text);
	found = memmem(body->bytes, body->size, wanted, strlen(wanted)) != NULL;
	frame_release(body);
	return found ? wanted : NULL;
}

STORE_TEST(a_key_rotates_make_before_break)
{
	char id[RESOURCE_ID_SIZE];
	struct simulated crew[3];
	struct resource *host;
	struct fault fault;
	uint8_t old[32], key[32], other[32];
	struct bed bed;
	size_t entries;

	bed_begin(&bed, database);
	crew_begin(&bed, crew, 3);
	memcpy(old, crew[0].enrolment.public_key, 32);
	randombytes_buf(key, sizeof(key));
	randombytes_buf(other, sizeof(other));
	bed_operation(&bed, OPERATION_KEY_ROTATE, crew[0].host, crew[0].host, id);
	bed_later(&bed, 1000);
	simulated_follow(&crew[0]);
	cr_assert(strstr(simulated_value(&crew[0], crew[0].host, "rotate"), "\"make\""));
	REFUSED(simulated_key(&crew[0], old, false, &fault), FIELD_VALUE, "public_key");
	REFUSED(simulated_key(&crew[0], crew[1].enrolment.public_key, false, &fault), KEY_TAKEN,
		"public_key");
	TAKEN(simulated_key(&crew[0], key, false, &fault));
	TAKEN(simulated_key(&crew[0], key, false, &fault));
	REFUSED(simulated_key(&crew[0], other, false, &fault), STATE, "public_key");
	bed_later(&bed, 1000);
	simulated_follow(&crew[1]);
	cr_expect(member_of(&crew[1], &bed, key, "next_key"));
	cr_expect(member_of(&crew[1], &bed, old, "key"), "both keys are known");
	bed_later(&bed, 1000);
	REFUSED(simulated_key(&crew[0], key, true, &fault), STATE, "in_use");
	simulated_follow(&crew[2]);
	simulated_follow(&crew[0]);
	bed_later(&bed, 1000);
	simulated_follow(&crew[0]);
	cr_assert(strstr(simulated_value(&crew[0], crew[0].host, "rotate"), "\"switch\""));
	REFUSED(simulated_key(&crew[0], other, true, &fault), STATE, "public_key");
	TAKEN(simulated_key(&crew[0], key, true, &fault));
	TAKEN(simulated_key(&crew[0], key, true, &fault));
	bed_later(&bed, 1000);
	cr_expect_eq(bed_operation_state(&bed, id), OPERATION_DONE);
	simulated_follow(&crew[1]);
	cr_expect(member_of(&crew[1], &bed, key, "key"));
	cr_expect_null(member_of(&crew[1], &bed, old, "key"), "the old key is still there");
	host = bed_get(&bed, RESOURCE_HOST, crew[0].host);
	cr_expect_arr_eq(((struct host *)host)->public_key, key, 32);
	resource_free(host);
	/* Nobody else may ever have the old one. */
	REFUSED(simulated_key(&crew[1], old, false, &fault), KEY_TAKEN, "public_key");
	simulated_read(&crew[0]);
	cr_expect_null(simulated_value(&crew[0], crew[0].host, "rotate"));
	cr_expect_eq(controller_verify(&bed.controller, &entries, &fault), 0, "%s", fault.text);
	crew_end(crew, 3);
	bed_end(&bed);
}

STORE_TEST(a_silent_peer_holds_a_rotation_up_for_a_bounded_time)
{
	struct simulated crew[2];
	struct fault fault;
	uint8_t key[32];
	struct bed bed;

	bed_begin(&bed, database);
	crew_begin(&bed, crew, 2);
	randombytes_buf(key, sizeof(key));
	/* The host begins on its own. */
	TAKEN(simulated_key(&crew[0], key, false, &fault));
	for (size_t i = 0; i < 50; i++) {
		bed_later(&bed, 1000);
		simulated_follow(&crew[0]);
	}
	cr_assert_null(simulated_value(&crew[0], crew[0].host, "rotate"));
	bed_later(&bed, 15000);
	simulated_follow(&crew[0]);
	cr_assert(strstr(simulated_value(&crew[0], crew[0].host, "rotate"), "\"switch\""));
	crew_end(crew, 2);
	bed_end(&bed);
}

STORE_TEST(a_rotation_that_its_host_does_not_begin_fails)
{
	char id[RESOURCE_ID_SIZE];
	struct simulated crew[1];
	struct bed bed;

	bed_begin(&bed, database);
	crew_begin(&bed, crew, 1);
	bed_operation(&bed, OPERATION_KEY_ROTATE, crew[0].host, crew[0].host, id);
	bed_later(&bed, 590000);
	cr_expect_eq(bed_operation_state(&bed, id), OPERATION_RUNNING);
	bed_later(&bed, 20000);
	cr_expect_eq(bed_operation_state(&bed, id), OPERATION_FAILED);
	simulated_read(&crew[0]);
	cr_expect_null(simulated_value(&crew[0], crew[0].host, "rotate"));
	crew_end(crew, 1);
	bed_end(&bed);
}

static void credential_take(struct host *host)
{
	sodium_memzero(host->credential_hash, sizeof(host->credential_hash));
}

/* Both controllers, in turns. */
static void beds_later(struct bed *a, struct bed *b, int64_t milliseconds)
{
	for (; milliseconds > 0; milliseconds -= 1000) {
		bed_later(a, 1000);
		bed_later(b, 1000);
	}
}

Test(postgres, two_controllers_share_operations_states_and_revocations)
{
	char network[RESOURCE_ID_SIZE];
	struct database database;
	struct simulated here, there;
	struct resource *host;
	struct bed a, b;

	database_make(&database, DATABASE_POSTGRES);
	database.store = database_open(&database);
	bed_begin(&a, &database);
	bed_join(&b, &a);
	simulated_begin(&here, &a, "here");
	simulated_begin(&there, &a, "there");
	simulated_connect(&there);
	beds_later(&a, &b, 2000);
	/* It goes over to the other controller. */
	there.bed = &b;
	simulated_connect(&here);
	simulated_connect(&there);
	simulated_follow(&here);
	simulated_follow(&there);
	bed_later(&b, 1000);
	for (size_t i = 0; i < 45; i++) {
		bed_later(&a, 1000);
		host = bed_get(&a, RESOURCE_HOST, there.host);
		cr_expect_eq(((struct host *)host)->state, HOST_ONLINE,
			     "a says that b's host is offline");
		resource_free(host);
		bed_later(&b, 1000);
	}
	bed_network_make(&a, a.org, "blue", network);
	bed_member_make(&a, network, here.host);
	bed_member_make(&b, network, there.host);
	beds_later(&a, &b, 2000);
	simulated_follow(&here);
	beds_later(&a, &b, 3000);
	cr_expect_eq(network_state(&a, network), NETWORK_ACTIVATING, "\"there\" has not answered");
	simulated_follow(&there);
	beds_later(&a, &b, 3000);
	cr_expect_eq(network_state(&a, network), NETWORK_ACTIVE);
	bed_host_change(&a, there.host, credential_take);
	beds_later(&a, &b, 11000);
	simulated_read(&there);
	cr_expect(there.ended, "the other controller does not know of the revocation");
	simulated_end(&here);
	simulated_end(&there);
	bed_end(&a);
	bed_end(&b);
	database_remove(&database);
}

STORE_TEST(a_host_whose_controller_is_gone_is_flagged_by_another)
{
	struct simulated here, there;
	struct resource *host;
	struct bed a, b;

	bed_begin(&a, database);
	if (!agents_shared(a.controller.agents)) {
		/* There is no other controller with this store. */
		bed_end(&a);
		return;
	}
	bed_join(&b, &a);
	simulated_begin(&here, &a, "here");
	simulated_begin(&there, &b, "there");
	simulated_connect(&here);
	simulated_connect(&there);
	beds_later(&a, &b, 12000);
	simulated_disconnect(&there);
	bed_end(&b);
	bed_later(&a, 60000);
	host = bed_get(&a, RESOURCE_HOST, there.host);
	cr_expect_eq(((struct host *)host)->state, HOST_OFFLINE);
	resource_free(host);
	host = bed_get(&a, RESOURCE_HOST, here.host);
	cr_expect_eq(((struct host *)host)->state, HOST_ONLINE);
	resource_free(host);
	simulated_end(&here);
	simulated_end(&there);
	bed_end(&a);
}

int main(int argc, char **argv)
{
	return database_main(argc, argv);
}
