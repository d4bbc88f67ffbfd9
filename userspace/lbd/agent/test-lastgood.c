// SPDX-License-Identifier: GPL-2.0-only
/*
 * The last good state on disk: what comes back, what is found out, and what a failure leaves. What
 * a power cut leaves is the matter of selftests/powercut.sh.
 */
#include "agent/lastgood.h"
#include "model/document.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static char folder[] = "/tmp/lbd-test-XXXXXX";
static char state[64];
static struct lastgood store;

/* How many calls of fsync() from now on one fails; 0: none does. */
static int fsync_fails;

/* In place of the C library's, for all of this program. */
int fsync(int fd)
{
	if (fsync_fails && !--fsync_fails) {
		errno = EIO;
		return -1;
	}
	return (int)syscall(SYS_fsync, fd);
}

static void setup(void)
{
	struct fault fault;

	cr_redirect_stderr();
	cr_assert_not_null(mkdtemp(folder));
	snprintf(state, sizeof(state), "%s/state", folder);
	cr_assert_eq(lastgood_open(&store, state, &fault), 0, "%s", fault.text);
}

static void teardown(void)
{
	static const char *const files[] = {"last-good", "last-good.old", "last-good.new"};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		unlinkat(store.directory, files[i], 0);
	lastgood_close(&store);
	rmdir(state);
	cr_expect_eq(rmdir(folder), 0);
}

TestSuite(lastgood, .init = setup, .fini = teardown);

static struct lastgood_record record_of(uint64_t generation, const char *topology)
{
	return (struct lastgood_record){
		.host = "amber",
		.interface = "lbm0",
		.generation = generation,
		.topology = topology,
		.size = strlen(topology),
	};
}

static int record_write(uint64_t generation, const char *topology)
{
	const struct lastgood_record record = record_of(generation, topology);
	struct fault fault;

	return lastgood_write(&store, &record, &fault);
}

static void bytes_put(const char *file, const char *bytes, size_t size)
{
	int fd = openat(store.directory, file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, bytes, size), (ssize_t)size);
	close(fd);
}

/* What reading gives for amber's lbm0: a generation, or an error. */
static int64_t generation_read(void)
{
	struct lastgood_found found;
	struct fault fault;
	int64_t generation;
	int ret = lastgood_read(&store, "amber", "lbm0", &found, &fault);

	if (ret)
		return ret;
	generation = (int64_t)found.record.generation;
	lastgood_found_release(&found);
	return generation;
}

/* A file's bytes with another version and the checksum that goes with it. */
static void version_set(char *bytes, size_t size, uint32_t version)
{
	crypto_generichash_state hash;

	version = htole32(version);
	memcpy(bytes + 8, &version, sizeof(version));
	crypto_generichash_init(&hash, NULL, 0, 32);
	crypto_generichash_update(&hash, (uint8_t *)bytes, 24);
	crypto_generichash_update(&hash, (uint8_t *)bytes + 56, size - 56);
	crypto_generichash_final(&hash, (uint8_t *)bytes + 24, 32);
}

Test(lastgood, what_was_written_comes_back)
{
	struct lastgood_found found;
	struct fault fault;

	cr_assert_eq(record_write(7, "{\"version\": 1}"), 0);
	cr_assert_eq(lastgood_read(&store, "amber", "lbm0", &found, &fault), 0);
	cr_expect_str_eq(found.file, "last-good");
	cr_expect_eq(found.record.generation, 7);
	cr_expect_str_eq(found.record.host, "amber");
	cr_expect_str_eq(found.record.interface, "lbm0");
	cr_expect_eq(found.record.size, 14);
	cr_expect_arr_eq(found.record.topology, "{\"version\": 1}", 14);
	lastgood_found_release(&found);
}

Test(lastgood, the_largest_and_the_smallest_topology_come_back)
{
	char *topology = malloc(DOCUMENT_SIZE_MAX + 1);

	cr_assert_not_null(topology);
	memset(topology, ' ', DOCUMENT_SIZE_MAX);
	topology[DOCUMENT_SIZE_MAX] = '\0';
	cr_expect_eq(record_write(1, topology), 0);
	cr_expect_eq(generation_read(), 1);
	cr_expect_eq(record_write(2, ""), 0);
	cr_expect_eq(generation_read(), 2);
	free(topology);
}

Test(lastgood, directory_and_file_are_for_their_owner_alone)
{
	struct stat status;

	cr_assert_eq(record_write(7, "{}"), 0);
	cr_assert_eq(stat(state, &status), 0);
	cr_expect_eq(status.st_mode & 07777, 0700);
	cr_assert_eq(fstatat(store.directory, "last-good", &status, 0), 0);
	cr_expect_eq(status.st_mode & 07777, 0600);
}

Test(lastgood, a_directory_that_others_can_enter_is_refused)
{
	struct lastgood other;
	struct fault fault;

	lastgood_close(&store);
	cr_assert_eq(chmod(state, 0750), 0);
	cr_expect_eq(lastgood_open(&other, state, &fault), -EPERM);
	cr_expect_str_eq(fault.text, "has mode 0750; the state is for its owner alone (chmod 700)");
}

Test(lastgood, one_process_at_a_time_keeps_its_state_in_a_directory)
{
	struct lastgood other;
	struct fault fault;

	cr_expect_eq(lastgood_open(&other, state, &fault), -EEXIST);
	cr_expect_str_eq(fault.text, "another agent keeps its state there");
	lastgood_close(&store);
	cr_expect_eq(lastgood_open(&store, state, &fault), 0);
}

Test(lastgood, a_directory_that_cannot_be_made_is_refused)
{
	struct lastgood other;
	struct fault fault;

	cr_expect_eq(lastgood_open(&other, "/proc/lbd/state", &fault), -ENOENT);
	cr_expect_eq(lastgood_open(&other, "/proc/self/exe", &fault), -ENOTDIR);
}

/* The bytes of a file that is good. */
static char *good_bytes(size_t *size)
{
	const struct lastgood_record record = record_of(7, "{\"version\": 1, \"hosts\": []}");
	char *bytes = NULL;
	struct fault fault;

	cr_assert_eq(lastgood_encode(&record, &bytes, size, &fault), 0);
	return bytes;
}

Test(lastgood, every_truncation_is_detected)
{
	struct lastgood_record record;
	struct fault fault;
	size_t size;
	char *bytes = good_bytes(&size);

	for (size_t n = 0; n < size; n++) {
		/* A copy of that size, so that a sanitizer sees what is read behind its end. */
		char *cut = malloc(n ? n : 1);

		cr_assert_not_null(cut);
		memcpy(cut, bytes, n);
		cr_expect_eq(lastgood_decode(cut, n, &record, &fault), -EBADMSG, "%zu bytes", n);
		free(cut);
		bytes_put("last-good", bytes, n);
		cr_expect_eq(generation_read(), -EBADMSG, "%zu bytes", n);
	}
	bytes_put("last-good", bytes, size);
	cr_expect_eq(generation_read(), 7);
	free(bytes);
}

Test(lastgood, every_flipped_bit_is_detected)
{
	struct lastgood_record record;
	struct fault fault;
	size_t size;
	char *bytes = good_bytes(&size);

	for (size_t bit = 0; bit < size * 8; bit++) {
		bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << bit % 8);
		cr_expect_eq(lastgood_decode(bytes, size, &record, &fault), -EBADMSG,
			     "bit %zu of byte %zu", bit % 8, bit / 8);
		bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << bit % 8);
	}
	cr_expect_eq(lastgood_decode(bytes, size, &record, &fault), 0);
	free(bytes);
}

Test(lastgood, every_byte_that_reads_as_zero_or_ones_is_detected)
{
	struct lastgood_record record;
	struct fault fault;
	size_t size;
	char *bytes = good_bytes(&size);

	for (size_t i = 0; i < size; i++) {
		char good = bytes[i];

		bytes[i] = 0;
		cr_expect_eq(lastgood_decode(bytes, size, &record, &fault), good ? -EBADMSG : 0,
			     "byte %zu", i);
		bytes[i] = -1;
		cr_expect_eq(lastgood_decode(bytes, size, &record, &fault),
			     good == -1 ? 0 : -EBADMSG, "byte %zu", i);
		bytes[i] = good;
	}
	free(bytes);
}

Test(lastgood, what_comes_after_the_end_is_detected)
{
	struct lastgood_record record;
	struct fault fault;
	size_t size;
	char *bytes = good_bytes(&size);
	char *longer = realloc(bytes, size + 1);

	cr_assert_not_null(longer);
	longer[size] = ' ';
	cr_expect_eq(lastgood_decode(longer, size + 1, &record, &fault), -EBADMSG);
	free(longer);
}

Test(lastgood, a_file_of_zeros_is_damaged)
{
	static const char zeros[4096];

	bytes_put("last-good", zeros, sizeof(zeros));
	cr_expect_eq(generation_read(), -EBADMSG);
	bytes_put("last-good", zeros, 0);
	cr_expect_eq(generation_read(), -EBADMSG);
}

Test(lastgood, a_newer_version_is_refused_and_is_no_damage)
{
	struct lastgood_found found;
	struct fault fault;
	size_t size;
	char *bytes = good_bytes(&size);

	cr_assert_eq(record_write(6, "{}"), 0);
	cr_assert_eq(record_write(7, "{}"), 0);
	version_set(bytes, size, 2);
	bytes_put("last-good", bytes, size);
	cr_expect_eq(lastgood_read(&store, "amber", "lbm0", &found, &fault), -EPROTONOSUPPORT);
	cr_expect_str_eq(fault.text, "last-good: has version 2, which a newer lbd has written; "
				     "this one reads version 1");
	version_set(bytes, size, 0);
	bytes_put("last-good", bytes, size);
	cr_expect_eq(generation_read(), 6);
	free(bytes);
}

Test(lastgood, the_state_of_another_host_or_interface_is_refused)
{
	struct lastgood_found found;
	struct fault fault;

	cr_assert_eq(record_write(7, "{}"), 0);
	cr_expect_eq(lastgood_read(&store, "beryl", "lbm0", &found, &fault), -EXDEV);
	cr_expect_str_eq(fault.text, "last-good: is of host \"amber\", not of \"beryl\"");
	cr_expect_null(found.bytes);
	cr_expect_eq(lastgood_read(&store, "amber", "lbm1", &found, &fault), -EXDEV);
	cr_expect_str_eq(fault.text, "last-good: is of interface lbm0, not of lbm1");
}

Test(lastgood, an_older_file_of_ours_is_no_substitute_for_a_newer_one_of_another_host)
{
	struct lastgood_record other = record_of(8, "{}");
	struct fault fault;

	cr_assert_eq(record_write(7, "{}"), 0);
	other.host = "beryl";
	cr_assert_eq(lastgood_write(&store, &other, &fault), 0);
	cr_expect_eq(generation_read(), -EXDEV);
}

Test(lastgood, the_one_before_is_kept_and_used_when_the_last_is_damaged)
{
	cr_assert_eq(record_write(7, "{}"), 0);
	cr_assert_eq(record_write(8, "{}"), 0);
	cr_expect_eq(generation_read(), 8);
	bytes_put("last-good", "lbd-good", 8);
	cr_expect_eq(generation_read(), 7);
	fflush(NULL);
	cr_expect_stderr_eq_str("lbd: warning: last-good: is damaged: it is cut short\n");
}

Test(lastgood, when_the_last_is_missing_the_one_before_is_used)
{
	cr_assert_eq(record_write(7, "{}"), 0);
	cr_assert_eq(record_write(8, "{}"), 0);
	cr_assert_eq(unlinkat(store.directory, "last-good", 0), 0);
	cr_expect_eq(generation_read(), 7);
}

Test(lastgood, when_both_are_damaged_it_says_what_to_do)
{
	struct lastgood_found found;
	struct fault fault;

	bytes_put("last-good", "x", 1);
	bytes_put("last-good.old", "x", 1);
	cr_expect_eq(lastgood_read(&store, "amber", "lbm0", &found, &fault), -EBADMSG);
	cr_expect_str_eq(fault.text, "what it holds is damaged; start with a topology that can be "
				     "used, which replaces it");
	cr_expect_eq(record_write(9, "{}"), 0);
	cr_expect_eq(generation_read(), 9);
}

Test(lastgood, an_empty_directory_has_no_state)
{
	cr_expect_eq(generation_read(), -ENOENT);
}

Test(lastgood, a_damaged_file_does_not_take_the_place_of_the_one_before)
{
	cr_assert_eq(record_write(7, "{}"), 0);
	cr_assert_eq(record_write(8, "{}"), 0);
	bytes_put("last-good", "x", 1);
	cr_expect_eq(record_write(9, "{}"), 0);
	cr_expect_eq(generation_read(), 9);
	bytes_put("last-good", "x", 1);
	cr_expect_eq(generation_read(), 7);
}

Test(lastgood, what_an_interrupted_process_left_is_no_obstacle)
{
	bytes_put("last-good.new", "half of it", 10);
	cr_expect_eq(generation_read(), -ENOENT);
	cr_expect_eq(record_write(7, "{}"), 0);
	cr_expect_eq(generation_read(), 7);
	cr_expect_eq(faccessat(store.directory, "last-good.new", F_OK, 0), -1);
}

Test(lastgood, the_same_again_is_not_written_again)
{
	struct stat before, after;

	cr_assert_eq(record_write(7, "{}"), 0);
	cr_assert_eq(fstatat(store.directory, "last-good", &before, 0), 0);
	cr_expect_eq(record_write(7, "{}"), 1);
	cr_assert_eq(fstatat(store.directory, "last-good", &after, 0), 0);
	cr_expect_eq(before.st_ino, after.st_ino);
	cr_expect_eq(record_write(8, "{}"), 0);
	cr_expect_eq(record_write(8, "{ }"), 0);
}

Test(lastgood, a_failed_fsync_of_the_file_is_a_failed_write)
{
	cr_assert_eq(record_write(7, "{}"), 0);
	fsync_fails = 1;
	cr_expect_eq(record_write(8, "{}"), -EIO);
	cr_expect_eq(generation_read(), 7);
	cr_expect_eq(faccessat(store.directory, "last-good.new", F_OK, 0), -1);
	cr_expect_eq(record_write(8, "{}"), 0);
	cr_expect_eq(generation_read(), 8);
}

/* The new file has its name then; but nobody knows whether it will keep it. */
Test(lastgood, a_failed_fsync_of_the_directory_is_a_failed_write)
{
	cr_assert_eq(record_write(7, "{}"), 0);
	fsync_fails = 2;
	cr_expect_eq(record_write(8, "{}"), -EIO);
	cr_expect_eq(record_write(8, "{}"), 0);
	cr_expect_eq(generation_read(), 8);
}

Test(lastgood, a_full_disk_leaves_the_file_of_before)
{
	const struct rlimit limit = {.rlim_cur = 150, .rlim_max = RLIM_INFINITY};
	const struct rlimit none = {.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};

	cr_assert_eq(record_write(7, "{}"), 0);
	signal(SIGXFSZ, SIG_IGN);
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	cr_expect_eq(record_write(8, "{\"more\": \"than fits into the limit\"}"), -EFBIG);
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &none), 0);
	cr_expect_eq(generation_read(), 7);
	cr_expect_eq(faccessat(store.directory, "last-good.new", F_OK, 0), -1);
}
