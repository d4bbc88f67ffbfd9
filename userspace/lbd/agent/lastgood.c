// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writing so that a power cut leaves the file of before or the new one, each whole:
 *
 *   1. write last-good.new, fsync it          its bytes are on disk, under a name that nobody reads
 *   2. last-good.old becomes a second name of last-good, if that reads well
 *   3. rename last-good.new to last-good      atomic: there is a last-good at every moment
 *   4. fsync the directory                    only now is it written
 *
 * In 2 there is no last-good.old for a moment, but then last-good is good. Steps 2 and 3 are
 * in no need of an order on disk: each subset of them leaves a last-good that is whole.
 */
#include "agent/lastgood.h"

#include "agent/file.h"
#include "agent/log.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define CURRENT	 "last-good"
#define PREVIOUS "last-good.old"
#define NEXT	 "last-good.new"

static void closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static void freep(char **bytes)
{
	free(*bytes);
}

/* Makes the name of the directory itself survive, also when a process made it that was killed. */
static int parent_sync(const char *path, struct fault *fault)
{
	__attribute__((cleanup(closep))) int fd = -1;
	char *copy = strdup(path);

	if (!copy)
		return fault_memory(fault);
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(copy);
	if (fd < 0 || fsync(fd))
		return fault_set(fault, -errno, NULL, "its folder: %s", strerror(errno));
	return 0;
}

static int directory_check(int fd, struct fault *fault)
{
	struct stat status;

	if (fstat(fd, &status))
		return fault_set(fault, -errno, NULL, "%s", strerror(errno));
	if (status.st_uid != geteuid())
		return fault_set(fault, -EPERM, NULL, "belongs to another user");
	if (status.st_mode & (S_IRWXG | S_IRWXO))
		return fault_set(fault, -EPERM, NULL,
				 "has mode %04o; the state is for its owner alone (chmod 700)",
				 (unsigned int)(status.st_mode & 07777));
	if (flock(fd, LOCK_EX | LOCK_NB))
		return fault_set(fault, errno == EWOULDBLOCK ? -EEXIST : -errno, NULL, "%s",
				 errno == EWOULDBLOCK ? "another agent keeps its state there"
						      : strerror(errno));
	return 0;
}

int lastgood_open(struct lastgood *store, const char *path, struct fault *fault)
{
	bool made = !mkdir(path, 0700);
	int fd, ret;

	*store = (struct lastgood){.directory = -1};
	if (!made && errno != EEXIST)
		return fault_set(fault, -errno, NULL, "%s", strerror(errno));
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return fault_set(fault, -errno, NULL, "%s", strerror(errno));
	ret = directory_check(fd, fault);
	/* Whoever made it long ago may have put it where we may not look. */
	if (!ret && (ret = parent_sync(path, fault)) && !made)
		ret = 0;
	if (ret)
		close(fd);
	else
		store->directory = fd;
	return ret;
}

void lastgood_close(struct lastgood *store)
{
	closep(&store->directory);
	store->directory = -1;
}

static int bytes_write(int fd, const char *bytes, size_t size)
{
	ssize_t n;

	for (; size; bytes += n, size -= (size_t)n) {
		n = write(fd, bytes, size);
		if (n < 0 && errno == EINTR)
			n = 0;
		else if (n < 0)
			return -errno;
	}
	return 0;
}

/* Step 1. close() can report what fsync() could not know, on some network file systems. */
static int next_write(int directory, const char *bytes, size_t size)
{
	int fd, ret;

	/* What an interrupted process has left. */
	if (unlinkat(directory, NEXT, 0) && errno != ENOENT)
		return -errno;
	fd = openat(directory, NEXT, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	ret = bytes_write(fd, bytes, size);
	if (!ret && fsync(fd))
		ret = -errno;
	if (close(fd) && !ret)
		ret = -errno;
	return ret;
}

static int found_read(int directory, const char *file, struct lastgood_found *found,
		      struct fault *fault)
{
	__attribute__((cleanup(freep))) char *bytes = NULL;
	size_t size;
	int ret;

	if ((ret = file_read(directory, file, lastgood_size_max(), &bytes, &size, fault)) ||
	    (ret = lastgood_decode(bytes, size, &found->record, fault)))
		return ret;
	found->file = file;
	found->bytes = bytes;
	bytes = NULL;
	return 0;
}

/* Step 2. One that is damaged must not take the place of one that may be good. */
static int previous_keep(int directory)
{
	struct lastgood_found found = {0};
	int ret = found_read(directory, CURRENT, &found, NULL);

	lastgood_found_release(&found);
	if (ret)
		return ret == -ENOMEM ? ret : 0;
	if (unlinkat(directory, PREVIOUS, 0) && errno != ENOENT)
		return -errno;
	return linkat(directory, CURRENT, directory, PREVIOUS, 0) ? -errno : 0;
}

static int bytes_replace(int directory, const char *bytes, size_t size)
{
	int ret = next_write(directory, bytes, size);

	if (!ret)
		ret = previous_keep(directory);
	if (!ret && renameat(directory, NEXT, directory, CURRENT))
		ret = -errno;
	if (ret) {
		unlinkat(directory, NEXT, 0);
		return ret;
	}
	return fsync(directory) ? -errno : 0;
}

int lastgood_write(struct lastgood *store, const struct lastgood_record *record,
		   struct fault *fault)
{
	__attribute__((cleanup(freep))) char *bytes = NULL;
	size_t size;
	int ret;

	if ((ret = lastgood_encode(record, &bytes, &size, fault)))
		return ret;
	if (!memcmp(store->kept, lastgood_checksum(bytes), sizeof(store->kept)))
		return 1;
	memset(store->kept, 0, sizeof(store->kept));
	if ((ret = bytes_replace(store->directory, bytes, size)))
		return fault_set(fault, ret, NULL, "%s", strerror(-ret));
	memcpy(store->kept, lastgood_checksum(bytes), sizeof(store->kept));
	return 0;
}

static int owned_read(int directory, const char *file, const char *host, const char *interface,
		      struct lastgood_found *found, struct fault *fault)
{
	int ret = found_read(directory, file, found, fault);

	if (!ret && (ret = lastgood_owner_check(&found->record, host, interface, fault)))
		lastgood_found_release(found);
	return ret;
}

int lastgood_read(const struct lastgood *store, const char *host, const char *interface,
		  struct lastgood_found *found, struct fault *fault)
{
	static const char *const files[] = {CURRENT, PREVIOUS};
	struct fault why;
	bool any = false;

	*found = (struct lastgood_found){0};
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		int ret = owned_read(store->directory, files[i], host, interface, found, &why);

		if (!ret)
			return 0;
		if (ret == -EXDEV || ret == -EPROTONOSUPPORT || ret == -ENOMEM)
			return fault_set(fault, ret, NULL, "%s: %s", files[i], why.text);
		if (ret == -ENOENT)
			continue;
		log_line("warning: %s: %s", files[i], why.text);
		any = true;
	}
	if (!any)
		return fault_set(fault, -ENOENT, NULL, "no state has been kept yet");
	return fault_set(fault, -EBADMSG, NULL,
			 "what it holds is damaged; start with a topology that can be used, "
			 "which replaces it");
}

void lastgood_found_release(struct lastgood_found *found)
{
	free(found->bytes);
	*found = (struct lastgood_found){0};
}
