// SPDX-License-Identifier: GPL-2.0-only
/* Files of keys: what is read, and what is refused before it is read. */
#include "agent/file.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char good[] = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n";

/* A file with this text and mode in a folder of its own; returns the folder. */
static int folder_make(const char *text, mode_t mode)
{
	char path[] = "/tmp/lbd-test-XXXXXX";
	int folder, file;

	cr_assert_not_null(mkdtemp(path));
	folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cr_assert_geq(folder, 0);
	file = openat(folder, "a.key", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	cr_assert_geq(file, 0);
	cr_assert_eq(write(file, text, strlen(text)), (ssize_t)strlen(text));
	cr_assert_eq(fchmod(file, mode), 0);
	close(file);
	return folder;
}

static void folder_remove(int folder)
{
	char link[64], path[256];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", folder);
	n = readlink(link, path, sizeof(path) - 1);
	cr_assert_gt(n, 0);
	path[n] = '\0';
	unlinkat(folder, "a.key", 0);
	close(folder);
	cr_assert_eq(rmdir(path), 0);
}

static void expect(const char *text, mode_t mode, int code, const char *sentence)
{
	int folder = folder_make(text, mode);
	uint8_t key[LBMESH_KEY_LEN], ones[LBMESH_KEY_LEN];
	struct fault fault = {0};

	memset(ones, 1, sizeof(ones));
	cr_expect_eq(file_key_read(folder, "a.key", key, &fault), code, "mode %04o, \"%s\"", mode,
		     text);
	cr_expect_str_eq(fault.text, sentence);
	if (!code)
		cr_expect_arr_eq(key, ones, sizeof(key));
	folder_remove(folder);
}

Test(file, a_private_key_of_its_owner_alone_is_read)
{
	expect(good, 0600, 0, "");
	expect(good, 0400, 0, "");
	expect("AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=", 0600, 0, "");
}

Test(file, a_private_key_that_others_can_get_at_is_refused)
{
	expect(good, 0640, -EPERM,
	       "a.key: has mode 0640; a private key is for its owner alone (chmod 600)");
	expect(good, 0604, -EPERM,
	       "a.key: has mode 0604; a private key is for its owner alone (chmod 600)");
	expect(good, 0620, -EPERM,
	       "a.key: has mode 0620; a private key is for its owner alone (chmod 600)");
}

Test(file, what_is_no_private_key_is_refused_without_being_shown)
{
	static const char sentence[] =
		"a.key: does not hold a private key: 44 characters of base64";

	expect("", 0600, -EINVAL, sentence);
	expect("AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE\n", 0600, -EINVAL, sentence);
	expect("AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n\n", 0600, -EINVAL, sentence);
	expect("AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQF=\n", 0600, -EINVAL, sentence);
	expect("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", 0600, -EINVAL, sentence);
}

Test(file, what_is_no_regular_file_is_refused_and_does_not_hang, .timeout = 10)
{
	int folder = folder_make(good, 0600);
	uint8_t key[LBMESH_KEY_LEN];
	struct fault fault;

	cr_assert_eq(unlinkat(folder, "a.key", 0), 0);
	cr_assert_eq(mkfifoat(folder, "a.key", 0600), 0);
	cr_expect_eq(file_key_read(folder, "a.key", key, &fault), -EMEDIUMTYPE);
	cr_expect_str_eq(fault.text, "a.key: is not a regular file");
	cr_expect_eq(file_key_read(folder, "b.key", key, &fault), -ENOENT);
	cr_expect_str_eq(fault.text, "b.key: No such file or directory");
	folder_remove(folder);
}

Test(file, a_file_that_is_larger_than_allowed_is_not_read)
{
	struct fault fault;
	char *bytes = NULL;
	size_t size;

	cr_expect_eq(file_read(AT_FDCWD, "/proc/self/exe", 16, &bytes, &size, &fault), -EFBIG);
	cr_expect_str_eq(fault.text, "is larger than 16 bytes");
	cr_expect_null(bytes);
}
