// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading of files. What is checked is checked on the open file, so that nobody can swap it between
 * the check and the reading; bytes of private keys are wiped from every buffer that they passed.
 */
#include "agent/file.h"

#include "model/key.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* O_NONBLOCK: a FIFO in the place of the file must not hang us before it is refused. */
static int file_open(int directory, const char *path, int *fd, struct stat *status)
{
	*fd = openat(directory, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (*fd < 0 || fstat(*fd, status))
		return -errno;
	return S_ISREG(status->st_mode) ? 0 : -EMEDIUMTYPE;
}

/* Why a file could not be opened or read, by a code of the functions here. */
static const char *file_why(int code)
{
	return code == -EMEDIUMTYPE ? "is not a regular file" : strerror(-code);
}

/* Fills the buffer as far as the file goes; -errno. */
static ssize_t file_fill(int fd, char *buffer, size_t size)
{
	size_t used = 0;
	ssize_t n;

	while (used < size) {
		n = read(fd, buffer + used, size - used);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		used += (size_t)n;
	}
	return (ssize_t)used;
}

int file_read(int directory, const char *path, size_t max, char **bytes, size_t *size,
	      struct fault *fault)
{
	__attribute__((cleanup(closep))) int fd = -1;
	struct stat status = {0};
	char *buffer;
	ssize_t n;
	int ret;

	if ((ret = file_open(directory, path, &fd, &status)))
		return fault_set(fault, ret, NULL, "%s", file_why(ret));
	if (status.st_size > (off_t)max)
		return fault_set(fault, -EFBIG, NULL, "is larger than %zu bytes", max);
	/* One more than there should be, to see a file that grows under us. */
	buffer = malloc((size_t)status.st_size + 1);
	if (!buffer)
		return fault_memory(fault);
	n = file_fill(fd, buffer, (size_t)status.st_size + 1);
	if (n < 0 || n > status.st_size) {
		free(buffer);
		return fault_set(fault, n < 0 ? (int)n : -EAGAIN, NULL, "%s",
				 n < 0 ? file_why((int)n) : "is being written to");
	}
	*bytes = buffer;
	*size = (size_t)n;
	return 0;
}

static int mode_check(const char *path, const struct stat *status, struct fault *fault)
{
	if (status->st_mode & (S_IRWXG | S_IRWXO))
		return fault_set(fault, -EPERM, NULL,
				 "%.200s: has mode %04o; a private key is for its owner alone "
				 "(chmod 600)",
				 path, (unsigned int)(status->st_mode & 07777));
	if (status->st_uid != geteuid() && status->st_uid != 0)
		return fault_set(fault, -EPERM, NULL, "%.200s: belongs to another user", path);
	return 0;
}

int file_key_read(int directory, const char *path, uint8_t key[LBMESH_KEY_LEN], struct fault *fault)
{
	/* The key, a newline, and one byte more to see that there is no more. */
	char text[KEY_TEXT_LENGTH + 2];
	__attribute__((cleanup(closep))) int fd = -1;
	struct stat status = {0};
	ssize_t n;
	int ret;

	if ((ret = file_open(directory, path, &fd, &status)))
		return fault_set(fault, ret, NULL, "%.200s: %s", path, file_why(ret));
	if ((ret = mode_check(path, &status, fault)))
		return ret;
	n = file_fill(fd, text, sizeof(text));
	if (n == KEY_TEXT_LENGTH + 1 && text[KEY_TEXT_LENGTH] == '\n')
		n--;
	ret = n < 0 ? (int)n : key_decode(text, (size_t)n, key);
	sodium_memzero(text, sizeof(text));
	if (ret == -EINVAL)
		return fault_set(fault, ret, NULL,
				 "%.200s: does not hold a private key: 44 characters of base64",
				 path);
	if (ret)
		return fault_set(fault, ret, NULL, "%.200s: %s", path, file_why(ret));
	return 0;
}
