// SPDX-License-Identifier: GPL-2.0-only
/*
 * The database's file: made with mode 0600, in a folder that may be reached by links, but never
 * through a link of its own. An existing file is not opened here: closing it would drop the locks
 * that SQLite holds on it elsewhere in this process (fcntl(2)), so it is looked at by name only.
 */
#include "store/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void freep(char **text)
{
	free(*text);
}

static int errno_fault(struct fault *fault, const char *path, const char *doing)
{
	int error = errno;

	return fault_set(fault, -error, NULL, "%s: %s: %s", path, doing, strerror(error));
}

/* The file's own name; NULL when path names none. */
static const char *name_find(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;

	return *name && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 ? name : NULL;
}

/* The folder without links, then the file's own name. */
static int path_resolve(const char *path, char **directory, char **real, struct fault *fault)
{
	const char *name = name_find(path);
	char *copy;

	if (!name)
		return fault_set(fault, -EINVAL, NULL,
				 "\"%s\" does not name a file; write sqlite:/path/of/a/file", path);
	copy = strdup(path);
	if (!copy)
		return fault_memory(fault);
	*directory = realpath(dirname(copy), NULL);
	free(copy);
	if (!*directory)
		return errno_fault(fault, path, "its folder");
	if (asprintf(real, "%s/%s", strcmp(*directory, "/") != 0 ? *directory : "", name) < 0) {
		*real = NULL;
		return fault_memory(fault);
	}
	return 0;
}

static int directory_sync(const char *directory)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int ret = fd < 0 || fsync(fd) ? -1 : 0;

	if (fd >= 0)
		close(fd);
	return ret;
}

/* An empty file under another name first, so that nobody ever sees it with another mode. */
static int file_make(const char *directory, const char *real, struct fault *fault)
{
	__attribute__((cleanup(freep))) char *fresh = NULL;
	int fd, ret = 0;

	if (asprintf(&fresh, "%s.XXXXXX", real) < 0) {
		fresh = NULL;
		return fault_memory(fault);
	}
	fd = mkostemp(fresh, O_CLOEXEC);
	if (fd < 0)
		return errno_fault(fault, real, "making it");
	close(fd);
	/* Another process that made it in the meantime is as good. */
	if (link(fresh, real) && errno != EEXIST)
		ret = errno_fault(fault, real, "making it");
	unlink(fresh);
	if (!ret && directory_sync(directory))
		ret = errno_fault(fault, real, "its folder");
	return ret;
}

static int file_check(const char *real, struct fault *fault)
{
	struct stat status;

	if (lstat(real, &status))
		return errno_fault(fault, real, "looking at it");
	if (!S_ISREG(status.st_mode))
		return fault_set(fault, -ELOOP, NULL,
				 "%s is a link or no regular file; name the file itself", real);
	if (status.st_uid != geteuid())
		return fault_set(fault, -EPERM, NULL, "%s belongs to another user", real);
	if (status.st_mode & (S_IRWXG | S_IRWXO))
		return fault_set(fault, -EPERM, NULL,
				 "%s has mode %04o; it is for its owner alone (chmod 600)", real,
				 (unsigned int)(status.st_mode & 07777));
	return 0;
}

int sqlite_file_prepare(const char *path, char **real, struct fault *fault)
{
	__attribute__((cleanup(freep))) char *directory = NULL;
	__attribute__((cleanup(freep))) char *resolved = NULL;
	struct stat status;
	int ret;

	ret = path_resolve(path, &directory, &resolved, fault);
	if (ret || !resolved)
		return ret;
	if (lstat(resolved, &status) && errno == ENOENT &&
	    (ret = file_make(directory, resolved, fault)))
		return ret;
	if ((ret = file_check(resolved, fault)))
		return ret;
	*real = resolved;
	resolved = NULL;
	return 0;
}
