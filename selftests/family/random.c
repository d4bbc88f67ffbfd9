// SPDX-License-Identifier: GPL-2.0
/*
 * Random commits against a slow, obvious model (model.h): after each the dumps of the module and of
 * WireGuard are what the model says. Several interfaces, networks, bridges, peers, and members of
 * both families whose prefixes lie inside of one another; as deltas and as whole states, in any
 * order of objects; some refused on purpose, some taken back.
 *
 * LBMESH_SEED repeats a run (each run prints its own), LBMESH_ROUNDS says how many commits.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "kselftest_harness.h"
#include "model.h"
#include "util.h"

#define ROUNDS	     1000
#define BLOCKED_PORT 7000
/* Ids and seeds that no object of the model has. */
#define NOWHERE 99
#define NOBODY	999

/* What becomes of a round. */
enum outcome {
	BY_DELTA,
	BY_REPLACE,
	UNCHANGED,
	FLUSHED,
	STALE,
	UNKNOWN_REFERENCE,
	DUPLICATE,
	ABSENT,
	REFERRED,
	PORT_IN_USE,
	CONFIRMED,
	REVERTED,
	TIMED_OUT,
	OUTCOMES
};

static const char *const outcome_names[OUTCOMES] = {
	[BY_DELTA] = "delta",
	[BY_REPLACE] = "replace",
	[UNCHANGED] = "unchanged",
	[FLUSHED] = "flush",
	[STALE] = "refused: stale",
	[UNKNOWN_REFERENCE] = "refused: unknown reference",
	[DUPLICATE] = "refused: duplicate",
	[ABSENT] = "refused: removal of what is not there",
	[REFERRED] = "refused: removal of what is referred to",
	[PORT_IN_USE] = "failed: port in use",
	[CONFIRMED] = "confirmed",
	[REVERTED] = "reverted",
	[TIMED_OUT] = "timed out",
};

FIXTURE(random)
{
	struct lbmesh *conn;
	struct lbmesh_result result;
	int blocker;
	/* What is in force, its number, and the highest there was. */
	struct model now;
	struct model_wireguard wireguard;
	uint64_t number;
	uint64_t highest;
	unsigned int round;
	unsigned int audits;
	unsigned int drifts;
	unsigned int outcomes[OUTCOMES];
	unsigned int operations[MODEL_OPERATIONS];
};

#define self_t FIXTURE_DATA(random)

/* A port that an interface cannot have while it is up. */
static int port_block(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(BLOCKED_PORT) };
	int udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return bind(udp, (struct sockaddr *)&address, sizeof(address)) ? -errno : udp;
}

static int interfaces_make(self_t *self)
{
	for (int i = 0; i < MODEL_INTERFACES; i++) {
		int port = 20000 + 100 * i + 99;

		if (ip(NULL, "link add wg%d type wireguard\nlink set wg%d mtu 1420 up\n", i, i) ||
		    sh("wg set wg%d listen-port %d", i, port))
			return -EIO;
		self->wireguard.interface[i].port = port;
		self->wireguard.interface[i].mtu = 1420;
	}
	return 0;
}

FIXTURE_SETUP(random)
{
	uint64_t seed;

	if (missing_family())
		SKIP(return, "%s", missing_family());
	ASSERT_EQ(0, namespace_enter());
	if (missing_wireguard())
		SKIP(return, "%s", missing_wireguard());
	ASSERT_EQ(sizeof(seed), getrandom(&seed, sizeof(seed), 0));
	seed = env_number("LBMESH_SEED", seed % 1000000000);
	model_seed(seed);
	TH_LOG("LBMESH_SEED=%llu", (unsigned long long)seed);
	self->blocker = port_block();
	ASSERT_LE(0, self->blocker);
	ASSERT_EQ(0, interfaces_make(self));
	ASSERT_EQ(0, lbmesh_open(&self->conn, NULL));
}

FIXTURE_TEARDOWN(random)
{
	lbmesh_close(self->conn);
}

/* --- Messages ------------------------------------------------------------- */

/* An object that a message names. */
struct item {
	enum lbmesh_object kind;
	int device;
	int index;
	bool remove;
};

struct items {
	struct item item[2048];
	size_t count;
};

/* What a message names of one object, given its states before and after. */
static void note(struct items *items, enum lbmesh_commit_mode mode, struct item item,
		 const void *old, const void *new, size_t size, bool was, bool is)
{
	bool same = was == is && memcmp(old, new, size) == 0;

	item.remove = !is;
	/* What did not change is restated from time to time. */
	if (mode == LBMESH_COMMIT_MODE_REPLACE ? is : !same || (is && model_coin(16)))
		items->item[items->count++] = item;
}

#define NOTE(kind, device, index, place)                                                       \
	note(items, mode, (struct item){kind, device, index, false}, &old->place, &new->place, \
	     sizeof(old->place), old->place.there, new->place.there)

static void notes(struct items *items, enum lbmesh_commit_mode mode, const struct model *old,
		  const struct model *new)
{
	for (int n = 0; n < MODEL_NETWORKS; n++)
		NOTE(LBMESH_OBJECT_NETWORK, 0, n, network[n]);
	for (int b = 0; b < MODEL_BRIDGES; b++)
		NOTE(LBMESH_OBJECT_BRIDGE, 0, b, bridge[b]);
	for (int d = 0; d < MODEL_DEVICES; d++) {
		NOTE(LBMESH_OBJECT_DEVICE, d, 0, device[d]);
		for (int p = 0; p < MODEL_PEERS; p++)
			NOTE(LBMESH_OBJECT_PEER, d, p, peer[d][p]);
		for (int m = 0; m < MODEL_PREFIXES; m++)
			NOTE(LBMESH_OBJECT_MEMBER, d, m, member[d][m]);
	}
}

static void shuffle(struct items *items)
{
	for (size_t i = items->count; i > 1; i--) {
		size_t other = model_below(i);
		struct item item = items->item[i - 1];

		items->item[i - 1] = items->item[other];
		items->item[other] = item;
	}
}

/* Whether to say what need not be said, because it stays as it is. */
static bool say(int old, int new, bool fresh)
{
	return new != UNSAID && (fresh || new != old || model_coin(2));
}

static void say_device(struct lbmesh_commit *commit, const struct model *old,
		       const struct model *new, int d)
{
	bool fresh = !old->device[d].there || model_rebound(old, new, d);
	const struct model_device *was = &old->device[d], *is = &new->device[d];
	struct lbmesh_device device = { .id = d + 1 };
	char ifname[8];

	snprintf(ifname, sizeof(ifname), "wg%d", is->interface);
	if (model_coin(2))
		device.ifname = ifname;
	else
		device.ifindex = if_nametoindex(ifname);
	device.has_listen_port = say(was->port, is->port, fresh);
	device.listen_port = is->port;
	device.has_fwmark = say(was->fwmark, is->fwmark, fresh);
	device.fwmark = is->fwmark - 1;
	if (say(was->mtu, is->mtu, fresh))
		device.mtu = is->mtu;
	if (say(was->key, is->key, fresh))
		device.private_key = model_private_key(is->key);
	must(lbmesh_commit_put_device(commit, &device));
}

static void say_peer(struct lbmesh_commit *commit, const struct model *old, const struct model *new,
		     int d, int p)
{
	static const uint8_t zeros[LBMESH_KEY_LEN];
	const struct model_peer *was = &old->peer[d][p], *is = &new->peer[d][p];
	bool fresh = !was->there || model_rebound(old, new, d);
	struct lbmesh_peer peer = {
		.device = d + 1,
		.public_key = key_of(model_peer_key(p)),
		.keepalive = is->keepalive,
	};

	if (is->endpoint) {
		must(lbmesh_address_parse(model_endpoints[is->endpoint - 1].address,
					  &peer.endpoint));
		peer.endpoint_port = model_endpoints[is->endpoint - 1].port;
	}
	if (say(was->psk, is->psk, fresh))
		peer.preshared_key = is->psk == PSK_NONE ? zeros : key_of(is->psk);
	must(lbmesh_commit_put_peer(commit, &peer));
}

static void say_new(struct lbmesh_commit *commit, const struct model *old, const struct model *new,
		    const struct item *item)
{
	static const char *const labels[] = {NULL, "red", "green"};
	const struct model_member *member;
	int i = item->index;

	switch (item->kind) {
	case LBMESH_OBJECT_DEVICE:
		say_device(commit, old, new, item->device);
		break;
	case LBMESH_OBJECT_NETWORK:
		must(lbmesh_commit_put_network(
			commit, &(struct lbmesh_network){ .id = i + 1,
							 .label = labels[new->network[i].label]}));
		break;
	case LBMESH_OBJECT_BRIDGE:
		put_bridge(commit, i + 1, new->bridge[i].a + 1, new->bridge[i].b + 1);
		break;
	case LBMESH_OBJECT_PEER:
		say_peer(commit, old, new, item->device, i);
		break;
	default:
		member = &new->member[item->device][i];
		put_member(commit, member->network + 1, item->device + 1, model_prefixes[i],
			   member->owner ? model_peer_key(member->owner - 1) : 0);
		break;
	}
}

static void say_gone(struct lbmesh_commit *commit, const struct item *item)
{
	switch (item->kind) {
	case LBMESH_OBJECT_DEVICE:
		must(lbmesh_commit_remove_device(commit, item->device + 1));
		break;
	case LBMESH_OBJECT_NETWORK:
		must(lbmesh_commit_remove_network(commit, item->index + 1));
		break;
	case LBMESH_OBJECT_BRIDGE:
		must(lbmesh_commit_remove_bridge(commit, item->index + 1));
		break;
	case LBMESH_OBJECT_PEER:
		remove_peer(commit, item->device + 1, model_peer_key(item->index));
		break;
	default:
		remove_member(commit, item->device + 1, model_prefixes[item->index]);
		break;
	}
}

/* The message that makes next of what is in force. */
static struct lbmesh_commit *message_new(self_t *self, enum lbmesh_commit_mode mode,
					 const struct model *next)
{
	bool whole = mode == LBMESH_COMMIT_MODE_REPLACE;
	struct lbmesh_commit *commit = whole ? replace_new() : delta_new(self->number);
	struct items *items = calloc(1, sizeof(*items));

	if (!items)
		must(-ENOMEM);
	notes(items, mode, &self->now, next);
	shuffle(items);
	for (size_t i = 0; i < items->count; i++) {
		if (items->item[i].remove)
			say_gone(commit, &items->item[i]);
		else
			say_new(commit, &self->now, next, &items->item[i]);
	}
	free(items);
	return commit;
}

/* A device changes its interface only where all is restated. */
static bool needs_replace(self_t *self, const struct model *next)
{
	for (int d = 0; d < MODEL_DEVICES; d++) {
		if (model_rebound(&self->now, next, d))
			return true;
	}
	return false;
}

static enum lbmesh_commit_mode some_mode(self_t *self, const struct model *next)
{
	return needs_replace(self, next) || model_coin(3) ? LBMESH_COMMIT_MODE_REPLACE
							  : LBMESH_COMMIT_MODE_DELTA;
}

/* --- Looking at it -------------------------------------------------------- */

static size_t line_length(const char *text)
{
	return strcspn(text, "\n") + !!*text;
}

/* Prints the lines that only one of two sorted texts has. */
static void print_difference(const char *wanted, const char *found)
{
	while (*wanted || *found) {
		size_t w = line_length(wanted), f = line_length(found);
		int order = !w ? 1 : !f ? -1 : strncmp(wanted, found, w < f ? f : w);

		if (order < 0)
			printf("#   wanted: %.*s", (int)w, wanted);
		if (order > 0)
			printf("#   found:  %.*s", (int)f, found);
		wanted += order <= 0 ? w : 0;
		found += order >= 0 ? f : 0;
	}
}

static bool is_equal(self_t *self, const char *what, const char *wanted, const char *found)
{
	if (strcmp(wanted, found) == 0)
		return true;
	printf("# round %u: %s:\n", self->round, what);
	print_difference(wanted, found);
	return false;
}

/* Whether a list of words has all the words of another. */
static bool has_words(const char *list, const char *words)
{
	char *copy = strdup(words), *rest = copy, *word, needle[64], hay[4096];
	bool all = true;

	snprintf(hay, sizeof(hay), " %s ", list);
	while (all && (word = strsep(&rest, " "))) {
		snprintf(needle, sizeof(needle), " %s ", word);
		all = !*word || strstr(hay, needle);
	}
	free(copy);
	return all;
}

/*
 * Whether each wanted line of wg_settings() is found, with all of its addresses. While a generation
 * is pending WireGuard may have more: what the fallback needs.
 */
static bool is_within(self_t *self, const char *wanted, const char *found)
{
	char *copy = strdup(wanted), *rest = copy, *line, hay[65536], needle[1024], list[4096];
	bool all = true;

	snprintf(hay, sizeof(hay), "\n%s", found);
	while ((line = strsep(&rest, "\n"))) {
		size_t head = strcspn(line, "|");
		const char *at;

		if (!*line)
			continue;
		snprintf(needle, sizeof(needle), "\n%.*s", (int)head, line);
		at = strstr(hay, needle);
		if (at)
			snprintf(list, sizeof(list), "%.*s", (int)strcspn(at + 1, "\n"), at + 1);
		if (at && has_words(list + head, line + head))
			continue;
		printf("# round %u, while it is pending:\n#   wanted: %s\n", self->round, line);
		if (at)
			printf("#   found:  %s\n", list);
		all = false;
	}
	free(copy);
	return all;
}

static int interface_mtu(int interface)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), err;
	struct ifreq request = {};

	snprintf(request.ifr_name, sizeof(request.ifr_name), "wg%d", interface);
	err = ioctl(fd, SIOCGIFMTU, &request);
	close(fd);
	return err ? -1 : request.ifr_mtu;
}

static bool mtus_are(self_t *self, const struct model_wireguard *wireguard)
{
	for (int i = 0; i < MODEL_INTERFACES; i++) {
		int mtu = interface_mtu(i);

		if (mtu == wireguard->interface[i].mtu)
			continue;
		printf("# round %u: wg%d has mtu %d, not %d\n", self->round, i, mtu,
		       wireguard->interface[i].mtu);
		return false;
	}
	return true;
}

/* Whether generation-get and all dumps show this, and WireGuard this or (pending) more. */
static bool shows(self_t *self, const struct model *model, const struct model_wireguard *wireguard,
		  uint64_t number, enum lbmesh_state state)
{
	const char *wanted = model_wireguard_text(wireguard, model);
	struct lbmesh_generation generation;

	must(lbmesh_generation_get(self->conn, &generation, NULL));
	if (generation.number != number || generation.state != state) {
		printf("# round %u: generation %llu, %s; wanted %llu, %s\n", self->round,
		       (unsigned long long)generation.number, lbmesh_state_name(generation.state),
		       (unsigned long long)number, lbmesh_state_name(state));
		return false;
	}
	if (!is_equal(self, "the module", model_state_text(model), state_text(self->conn)))
		return false;
	if (state == LBMESH_STATE_PENDING)
		return is_within(self, wanted, wg_settings(NULL)) && mtus_are(self, wireguard);
	return is_equal(self, "WireGuard", wanted, wg_settings(NULL)) && mtus_are(self, wireguard);
}

static int drift_print(const struct lbmesh_drift *drift, void *data)
{
	self_t *self = data;

	printf("# round %u: drift: %s of device %u, peer %s\n", self->round,
	       lbmesh_drift_name(drift->kind), drift->device,
	       drift->has_public_key ? key_hex(drift->public_key) : "-");
	self->drifts++;
	return 0;
}

/* Whether the module, too, finds that WireGuard has what it should. */
static bool audits_well(self_t *self)
{
	struct lbmesh_error error = {};

	self->audits++;
	if (!lbmesh_audit(self->conn, drift_print, self, UTIL_TIMEOUT_MS, &self->result, &error))
		return !self->drifts;
	printf("# round %u: audit: \"%s\"\n", self->round, error.message);
	return false;
}

static bool shows_now(self_t *self)
{
	if (!shows(self, &self->now, &self->wireguard, self->number,
		   self->number ? LBMESH_STATE_ACTIVE : LBMESH_STATE_EMPTY))
		return false;
	return !self->number || !model_coin(4) || audits_well(self);
}

/* --- Rounds --------------------------------------------------------------- */

/* Operations of which one commit is made. */
struct plan {
	struct model next;
	unsigned int operations[MODEL_OPERATIONS];
};

static enum model_operation some_operation(void)
{
	enum model_operation operation = model_below(MODEL_OPERATIONS);

	/* What adds one object must happen more often than what removes many. */
	if (model_coin(3))
		return model_coin(2) ? PEER_ADD : MEMBER_ADD;
	if ((operation == DEVICE_REMOVE || operation == NETWORK_REMOVE) && !model_coin(4))
		return MEMBER_ADD;
	return operation;
}

static void plan_make(self_t *self, struct plan *plan)
{
	unsigned int count = model_coin(12) ? 0 : model_coin(8) ? 40 : 1 + model_below(9);

	memset(plan, 0, sizeof(*plan));
	plan->next = self->now;
	while (count--) {
		enum model_operation operation = some_operation();

		if (model_operate(operation, &self->now, &plan->next))
			plan->operations[operation]++;
	}
	model_inherit(&self->now, &plan->next);
}

/* The plan is in force. */
static void plan_done(self_t *self, const struct plan *plan)
{
	model_apply(&self->wireguard, &self->now, &plan->next);
	self->now = plan->next;
	for (int i = 0; i < MODEL_OPERATIONS; i++)
		self->operations[i] += plan->operations[i];
}

static bool ended_as(self_t *self, int error, int wanted)
{
	if (error == wanted)
		return true;
	printf("# round %u: ended with %d (%s) \"%s\" at \"%s\", not with %d (%s)\n", self->round,
	       error, strerror(error), self->result.error.message, self->result.error.path, wanted,
	       strerror(wanted));
	return false;
}

static bool number_is_new(self_t *self)
{
	if (self->result.generation > self->highest) {
		self->highest = self->result.generation;
		return true;
	}
	printf("# round %u: number %llu after %llu\n", self->round,
	       (unsigned long long)self->result.generation, (unsigned long long)self->highest);
	return false;
}

static bool round_commit(self_t *self, const struct plan *plan)
{
	enum lbmesh_commit_mode mode = some_mode(self, &plan->next);
	bool same = memcmp(&plan->next, &self->now, sizeof(self->now)) == 0 && self->number;

	if (!ended_as(self, run(self->conn, message_new(self, mode, &plan->next), &self->result),
		      0))
		return false;
	if (!same && !number_is_new(self))
		return false;
	self->number = self->result.generation;
	self->outcomes[same				  ? UNCHANGED
		       : mode == LBMESH_COMMIT_MODE_DELTA ? BY_DELTA
							  : BY_REPLACE]++;
	plan_done(self, plan);
	return shows_now(self);
}

static bool round_flush(self_t *self)
{
	struct plan plan = {};

	if (!ended_as(self, flush(self->conn, &self->result), 0))
		return false;
	self->number = 0;
	self->outcomes[FLUSHED]++;
	plan_done(self, &plan);
	return shows_now(self);
}

/* --- Rounds that must change nothing -------------------------------------- */

/* Adds a reference to what is not there. */
static void spoil_reference(struct lbmesh_commit *commit, const struct model *next)
{
	int d = -1, n = -1;

	for (int i = 0; i < MODEL_DEVICES; i++)
		d = next->device[i].there ? i + 1 : d;
	for (int i = 0; i < MODEL_NETWORKS; i++)
		n = next->network[i].there ? i + 1 : n;
	if (d < 0 || n < 0 || model_coin(4))
		put_peer(commit, NOWHERE, NOBODY, NULL);
	else if (model_coin(4))
		put_bridge(commit, NOWHERE, n, NOWHERE);
	else if (model_coin(3))
		put_member(commit, NOWHERE, d, "203.0.113.1/32", 0);
	else if (model_coin(2))
		put_member(commit, n, NOWHERE, "203.0.113.1/32", 0);
	else
		put_member(commit, n, d, "203.0.113.1/32", NOBODY);
}

/* Adds an object whose key comes twice. */
static void spoil_duplicate(struct lbmesh_commit *commit, const struct model *next)
{
	for (int d = 0; d < MODEL_DEVICES; d++) {
		if (!next->device[d].there || model_coin(2))
			continue;
		put_peer(commit, d + 1, NOBODY, NULL);
		put_peer(commit, d + 1, NOBODY, "192.0.2.9");
		return;
	}
	put_network(commit, NOWHERE);
	put_network(commit, NOWHERE);
}

/* Adds a port that cannot be had; returns false when there is no device to have it. */
static bool spoil_port(self_t *self, struct model *next)
{
	for (int d = 0; d < MODEL_DEVICES; d++) {
		if (next->device[d].there && self->now.device[d].port != BLOCKED_PORT) {
			next->device[d].port = BLOCKED_PORT;
			return true;
		}
	}
	return false;
}

/* A removal of what others refer to: of a network with members, or of a device with any. */
static struct lbmesh_commit *message_referred(self_t *self)
{
	struct lbmesh_commit *commit = delta_new(self->number);

	for (int d = 0; d < MODEL_DEVICES; d++) {
		for (int m = 0; m < MODEL_PREFIXES; m++) {
			const struct model_member *member = &self->now.member[d][m];

			if (!member->there)
				continue;
			if (model_coin(2))
				must(lbmesh_commit_remove_device(commit, d + 1));
			else if (member->owner && model_coin(2))
				remove_peer(commit, d + 1, model_peer_key(member->owner - 1));
			else
				must(lbmesh_commit_remove_network(commit, member->network + 1));
			return commit;
		}
	}
	lbmesh_commit_free(commit);
	return NULL;
}

/* The spoilt message, or NULL where it cannot be made. */
static struct lbmesh_commit *message_bad(self_t *self, enum outcome how, struct plan *plan)
{
	enum lbmesh_commit_mode mode;
	struct lbmesh_commit *commit;

	if (how == REFERRED)
		return message_referred(self);
	if (how == PORT_IN_USE && !spoil_port(self, &plan->next))
		return NULL;
	mode = some_mode(self, &plan->next);
	if (how == STALE || how == ABSENT) {
		mode = LBMESH_COMMIT_MODE_DELTA;
		if (needs_replace(self, &plan->next))
			plan->next = self->now;
	}
	commit = message_new(self, mode, &plan->next);
	if (how == STALE)
		lbmesh_commit_set_expect_gen(commit, self->number + (model_coin(2) ? 1 : -1));
	else if (how == UNKNOWN_REFERENCE)
		spoil_reference(commit, &plan->next);
	else if (how == DUPLICATE)
		spoil_duplicate(commit, &plan->next);
	else if (how == ABSENT)
		must(lbmesh_commit_remove_network(commit, NOWHERE));
	return commit;
}

static bool round_bad(self_t *self, struct plan *plan)
{
	static const int errors[OUTCOMES] = {
		[STALE] = ESTALE,  [UNKNOWN_REFERENCE] = ENOENT, [DUPLICATE] = EEXIST,
		[ABSENT] = ENOENT, [REFERRED] = ENOTEMPTY,	 [PORT_IN_USE] = EADDRINUSE,
	};
	enum outcome how = STALE + model_below(PORT_IN_USE - STALE + 1);
	struct lbmesh_commit *commit = message_bad(self, how, plan);

	if (!commit)
		return true;
	if (!ended_as(self, run(self->conn, commit, &self->result), errors[how]))
		return false;
	self->outcomes[how]++;
	return shows_now(self);
}

/* --- Rounds that wait for confirm ----------------------------------------- */

/* Whether the plan is in force and pending, which a short timeout may have ended. */
static bool shows_pending(self_t *self, const struct plan *plan, enum outcome how)
{
	struct model_wireguard wireguard = self->wireguard;

	if (how == TIMED_OUT)
		return true;
	model_apply(&wireguard, &self->now, &plan->next);
	return shows(self, &plan->next, &wireguard, self->highest, LBMESH_STATE_PENDING);
}

static bool round_pending(self_t *self, struct plan *plan)
{
	enum outcome how = CONFIRMED + model_below(TIMED_OUT - CONFIRMED + 1);
	enum lbmesh_commit_mode mode = some_mode(self, &plan->next);
	struct lbmesh_commit *commit = message_new(self, mode, &plan->next);
	bool same = memcmp(&plan->next, &self->now, sizeof(self->now)) == 0 && self->number;
	bool ends;

	lbmesh_commit_set_confirm_timeout(commit, how == TIMED_OUT ? 1 + model_below(20) : 60000);
	if (!ended_as(self, run(self->conn, commit, &self->result), 0))
		return false;
	if (same) {
		self->outcomes[UNCHANGED]++;
		return shows_now(self);
	}
	if (!number_is_new(self) || !shows_pending(self, plan, how))
		return false;
	if (how == CONFIRMED)
		ends = ended_as(self, confirm(self->conn, self->highest, &self->result), 0);
	else if (how == REVERTED)
		ends = ended_as(self, revert(self->conn, self->highest, &self->result), 0);
	else
		ends = generation_settles(self->conn);
	self->outcomes[how]++;
	if (ends && how == CONFIRMED) {
		self->number = self->highest;
		plan_done(self, plan);
	}
	return ends && shows_now(self);
}

/* --- The test ------------------------------------------------------------- */

static bool round_any(self_t *self)
{
	struct plan plan;

	plan_make(self, &plan);
	if (model_coin(100))
		return round_flush(self);
	if (model_coin(6))
		return round_bad(self, &plan);
	if (model_coin(4))
		return round_pending(self, &plan);
	return round_commit(self, &plan);
}

TEST_F_TIMEOUT(random, commits_leave_what_the_model_says, 3600)
{
	unsigned int rounds = env_rounds("LBMESH_ROUNDS", ROUNDS);

	for (self->round = 1; self->round <= rounds; self->round++) {
		ASSERT_TRUE(round_any(self));
	}
	TH_LOG("%u rounds, %u audits", rounds, self->audits);
	for (int i = 0; i < OUTCOMES; i++) {
		TH_LOG("%6u %s", self->outcomes[i], outcome_names[i]);
		EXPECT_TRUE(rounds < ROUNDS || self->outcomes[i]) TH_LOG("it never happened");
	}
	for (int i = 0; i < MODEL_OPERATIONS; i++) {
		TH_LOG("%6u %s", self->operations[i], model_operation_names[i]);
		EXPECT_TRUE(rounds < ROUNDS || self->operations[i]) TH_LOG("it never happened");
	}
}

TEST_HARNESS_MAIN
