// SPDX-License-Identifier: GPL-2.0-only
/*
 * The key that signs records. Agents pin its public half, so it is made once, and a start with
 * another one would shut all of them out: a file that is there and cannot be used ends the start.
 * It is written under another name first, so that no start sees half of it.
 */
#include "controller/config.h"

#include "agent/file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert(crypto_sign_SEEDBYTES == LBMESH_KEY_LEN, "file_key_read() reads a seed");

#define TEXT_SIZE (sodium_base64_ENCODED_LEN(crypto_sign_SEEDBYTES, sodium_base64_VARIANT_ORIGINAL))

static int folder_sync(const char *path)
{
	char *copy = strdup(path);
	int fd, ret = 0;

	if (!copy)
		return -ENOMEM;
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(copy);
	if (fd < 0)
		return -errno;
	if (fsync(fd))
		ret = -errno;
	close(fd);
	return ret;
}

static int file_write(const char *path, const char *text, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	ssize_t n;
	int ret = 0;

	if (fd < 0)
		return -errno;
	n = write(fd, text, size);
	if (n != (ssize_t)size)
		ret = n < 0 ? -errno : -ENOSPC;
	if (!ret && fsync(fd))
		ret = -errno;
	if (close(fd) && !ret)
		ret = -errno;
	if (ret)
		unlink(path);
	return ret;
}

/* link(2) gives the name to one of several that make a key at the same time. */
static int key_keep(const char *path, const char *text, size_t size)
{
	char *fresh = NULL;
	int ret;

	if (asprintf(&fresh, "%s.%ld", path, (long)getpid()) < 0)
		return -ENOMEM;
	/* What a process of this number has left. */
	unlink(fresh);
	ret = file_write(fresh, text, size);
	if (!ret && link(fresh, path) && errno != EEXIST)
		ret = -errno;
	if (!ret)
		ret = folder_sync(path);
	unlink(fresh);
	free(fresh);
	return ret;
}

static int key_make(const char *path, struct fault *fault)
{
	uint8_t seed[crypto_sign_SEEDBYTES];
	char text[TEXT_SIZE + 1];
	size_t size;
	int ret;

	randombytes_buf(seed, sizeof(seed));
	sodium_bin2base64(text, TEXT_SIZE, seed, sizeof(seed), sodium_base64_VARIANT_ORIGINAL);
	size = strlen(text);
	text[size++] = '\n';
	ret = key_keep(path, text, size);
	sodium_memzero(seed, sizeof(seed));
	sodium_memzero(text, sizeof(text));
	return ret ? fault_set(fault, ret, NULL, "%.200s: cannot be made: %s", path, strerror(-ret))
		   : 0;
}

int signing_key_load(const char *path, uint8_t secret[RECORD_SIGN_SECRET],
		     uint8_t public_key[RECORD_SIGN_PUBLIC], bool *made, struct fault *fault)
{
	uint8_t seed[crypto_sign_SEEDBYTES];
	int ret = file_key_read(AT_FDCWD, path, seed, fault);

	*made = ret == -ENOENT;
	if (*made) {
		ret = key_make(path, fault);
		if (!ret)
			ret = file_key_read(AT_FDCWD, path, seed, fault);
	}
	if (!ret)
		crypto_sign_seed_keypair(public_key, secret, seed);
	sodium_memzero(seed, sizeof(seed));
	return ret;
}
