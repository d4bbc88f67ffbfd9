// SPDX-License-Identifier: GPL-2.0-only
/*
 * The model of powercut-disk.h. What a cut can leave:
 *
 *   bytes   each sector of a file is as it was at the last fsync, or new; the file is as long as it
 *           was, or as it is, or ends at a sector in between; what was never written is zeros
 *   names   half of the time the changes up to one of them, as a journal keeps them; else any of them and
 *           not the others, which is more than any file system in use does. A rename is atomic.
 *
 * Only the calls that agent/lastgood.c makes are known, for files in the one directory.
 */
#include "powercut-disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SECTOR	512
#define FDS	1024
#define INODES	4096
#define CHANGES 4096
#define NAMES	16
#define NAME	32

struct content {
	char *bytes;
	size_t size;
};

struct inode {
	struct content synced;
	struct content now;
};

/* One change of the directory: a name appears (inode), disappears, or takes the place of another. */
struct change {
	char name[NAME];
	char from[NAME];
	struct inode *inode;
};

struct entry {
	char name[NAME];
	struct inode *inode;
};

static struct {
	bool on;
	unsigned int forget;
	int directory;
	unsigned int calls_left;
	uint64_t random;
	struct inode inodes[INODES];
	size_t n_inodes;
	struct inode *fds[FDS];
	struct entry synced[NAMES];
	struct entry now[NAMES];
	struct change changes[CHANGES];
	size_t n_changes;
} disk = {.directory = -1};

uint64_t random_next(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static bool coin(void)
{
	return random_next(&disk.random) & 1;
}

/* The model has no answer to this: the test is wrong, and must not pass. */
static void broken(const char *what)
{
	fprintf(stderr, "powercut: the model of the disk: %s\n", what);
	_exit(2);
}

/* --- Names ------------------------------------------------------------------------------------- */

static struct entry *entry_find(struct entry *entries, const char *name)
{
	for (size_t i = 0; i < NAMES; i++) {
		if (entries[i].inode && !strcmp(entries[i].name, name))
			return &entries[i];
	}
	return NULL;
}

static void entry_put(struct entry *entries, const char *name, struct inode *inode)
{
	struct entry *entry = entry_find(entries, name);

	for (size_t i = 0; !entry && i < NAMES; i++) {
		if (!entries[i].inode)
			entry = &entries[i];
	}
	if (!entry)
		broken("too many names");
	snprintf(entry->name, NAME, "%s", name);
	entry->inode = inode;
}

static void change_apply(struct entry *entries, const struct change *change)
{
	struct entry *entry;

	if (change->inode)
		entry_put(entries, change->name, change->inode);
	entry = entry_find(entries, change->inode ? change->from : change->name);
	/* Without the changes before it a name may be another file's by now, or nobody's. */
	if (entry && (!change->inode || entry->inode == change->inode))
		entry->inode = NULL;
}

/* inode NULL: the name disappears; from: that name does. */
static void change_note(const char *name, const char *from, struct inode *inode)
{
	struct change *change = &disk.changes[disk.n_changes++];

	if (disk.n_changes == CHANGES)
		broken("too many changes without an fsync of the directory");
	snprintf(change->name, NAME, "%s", name);
	snprintf(change->from, NAME, "%s", from ? from : "");
	change->inode = inode;
	change_apply(disk.now, change);
}

static struct inode *inode_now(const char *name)
{
	struct entry *entry = entry_find(disk.now, name);

	if (!entry)
		broken("a name that it does not know");
	return entry->inode;
}

static struct inode *inode_new(void)
{
	if (disk.n_inodes == INODES)
		broken("too many files");
	return &disk.inodes[disk.n_inodes++];
}

/* --- Bytes ------------------------------------------------------------------------------------- */

static void content_append(struct content *content, const void *bytes, size_t size)
{
	content->bytes = realloc(content->bytes, content->size + size + 1);
	if (!content->bytes)
		broken("out of memory");
	memcpy(content->bytes + content->size, bytes, size);
	content->size += size;
}

static void inode_sync(struct inode *inode)
{
	inode->synced.size = 0;
	content_append(&inode->synced, inode->now.bytes ? inode->now.bytes : "", inode->now.size);
}

static size_t size_left(const struct inode *inode)
{
	size_t synced = inode->synced.size, now = inode->now.size, between;

	switch (random_next(&disk.random) % 3) {
	case 0:
		return synced;
	case 1:
		return now;
	default:
		between = synced + random_next(&disk.random) % (now - synced + 1);
		between -= between % SECTOR;
		return between < synced ? synced : between;
	}
}

/* What is left of a file that has grown since its last fsync; the caller frees the bytes. */
static struct content content_left(const struct inode *inode)
{
	struct content left = {.size = size_left(inode)};
	bool all = coin();

	left.bytes = calloc(1, left.size + 1);
	if (!left.bytes)
		broken("out of memory");
	for (size_t at = 0; at < left.size; at += SECTOR) {
		const struct content *from = all || coin() ? &inode->now : &inode->synced;
		size_t end = at + SECTOR < left.size ? at + SECTOR : left.size;

		if (end > from->size)
			end = from->size;
		if (at < end)
			memcpy(left.bytes + at, from->bytes + at, end - at);
	}
	return left;
}

/* --- The cut ----------------------------------------------------------------------------------- */

static void raw_unlink(const char *name)
{
	if (syscall(SYS_unlinkat, disk.directory, name, 0) && errno != ENOENT)
		broken("cannot remove a file");
}

/* Two names of one file become two files: the reader cannot tell. */
static void raw_write(const char *name, const struct content *content)
{
	int fd = (int)syscall(SYS_openat, disk.directory, name, O_WRONLY | O_CREAT | O_EXCL, 0600);

	if (fd < 0 || syscall(SYS_write, fd, content->bytes, content->size) != (long)content->size)
		broken("cannot write what is left");
	syscall(SYS_close, fd);
}

static void names_left(struct entry *left)
{
	bool journal = coin();
	size_t until = random_next(&disk.random) % (disk.n_changes + 1);

	memcpy(left, disk.synced, sizeof(disk.synced));
	for (size_t i = 0; i < disk.n_changes; i++) {
		if (journal ? i < until : coin())
			change_apply(left, &disk.changes[i]);
	}
}

static void cut(void)
{
	struct entry left[NAMES];

	disk.on = false;
	names_left(left);
	for (size_t i = 0; i < NAMES; i++) {
		if (disk.now[i].inode)
			raw_unlink(disk.now[i].name);
	}
	for (size_t i = 0; i < NAMES; i++) {
		struct content content;

		if (!left[i].inode)
			continue;
		content = content_left(left[i].inode);
		raw_unlink(left[i].name);
		raw_write(left[i].name, &content);
		free(content.bytes);
	}
	_exit(0);
}

/* Each call that writes is counted before it is made, and once more after: all between is by chance. */
static void count(void)
{
	if (disk.on && !disk.calls_left--)
		cut();
}

/* --- In place of the C library ----------------------------------------------------------------- */

static bool ours(int directory)
{
	return disk.on && directory == disk.directory;
}

static struct inode *inode_of(int fd)
{
	return disk.on && fd >= 0 && fd < FDS ? disk.fds[fd] : NULL;
}

int openat(int directory, const char *name, int flags, ...)
{
	mode_t mode = 0;
	va_list args;
	int fd;

	if (flags & O_CREAT) {
		va_start(args, flags);
		mode = va_arg(args, mode_t);
		va_end(args);
	}
	if (!ours(directory) || !(flags & O_CREAT))
		return (int)syscall(SYS_openat, directory, name, flags, mode);
	if (!(flags & O_EXCL))
		broken("it knows new files only");
	count();
	fd = (int)syscall(SYS_openat, directory, name, flags, mode);
	if (fd >= FDS)
		broken("too many open files");
	if (fd >= 0) {
		disk.fds[fd] = inode_new();
		change_note(name, NULL, disk.fds[fd]);
	}
	return fd;
}

ssize_t write(int fd, const void *bytes, size_t size)
{
	struct inode *inode = inode_of(fd);
	ssize_t n;

	if (inode)
		count();
	n = syscall(SYS_write, fd, bytes, size);
	if (inode && n > 0)
		content_append(&inode->now, bytes, (size_t)n);
	return n;
}

int fsync(int fd)
{
	struct inode *inode = inode_of(fd);
	struct stat status;

	count();
	if (fstat(fd, &status))
		return -1;
	if (disk.forget & (S_ISDIR(status.st_mode) ? DISK_FORGET_DIRECTORY : DISK_FORGET_FILE))
		return 0;
	if (inode) {
		inode_sync(inode);
	} else if (ours(fd)) {
		memcpy(disk.synced, disk.now, sizeof(disk.synced));
		disk.n_changes = 0;
	}
	/* The model needs no real disk. */
	return disk.on ? 0 : (int)syscall(SYS_fsync, fd);
}

int close(int fd)
{
	if (inode_of(fd)) {
		count();
		disk.fds[fd] = NULL;
	}
	return (int)syscall(SYS_close, fd);
}

int unlinkat(int directory, const char *name, int flags)
{
	int ret;

	if (ours(directory))
		count();
	ret = (int)syscall(SYS_unlinkat, directory, name, flags);
	if (!ret && ours(directory))
		change_note(name, NULL, NULL);
	return ret;
}

int linkat(int from_directory, const char *from, int directory, const char *name, int flags)
{
	int ret;

	if (ours(directory))
		count();
	ret = (int)syscall(SYS_linkat, from_directory, from, directory, name, flags);
	if (!ret && ours(directory))
		change_note(name, NULL, inode_now(from));
	return ret;
}

int renameat(int from_directory, const char *from, int directory, const char *name)
{
	int ret;

	if (ours(directory))
		count();
	ret = (int)syscall(SYS_renameat, from_directory, from, directory, name);
	if (!ret && ours(directory))
		change_note(name, from, inode_now(from));
	return ret;
}

/* --- The beginning ----------------------------------------------------------------------------- */

void disk_forget(unsigned int what)
{
	disk.forget |= what;
}

static void file_load(const char *name)
{
	struct inode *inode = inode_new();
	char buffer[65536];
	ssize_t n;
	int fd = (int)syscall(SYS_openat, disk.directory, name, O_RDONLY);

	while ((n = read(fd, buffer, sizeof(buffer))) > 0)
		content_append(&inode->now, buffer, (size_t)n);
	if (n < 0)
		broken("cannot read what is there");
	syscall(SYS_close, fd);
	inode_sync(inode);
	entry_put(disk.now, name, inode);
}

void disk_begin(int directory, unsigned int cut_at, uint64_t seed)
{
	DIR *stream = fdopendir(dup(directory));
	const struct dirent *file;

	if (!stream)
		broken("cannot list the directory");
	disk.directory = directory;
	rewinddir(stream);
	while ((file = readdir(stream))) {
		if (file->d_name[0] != '.')
			file_load(file->d_name);
	}
	closedir(stream);
	memcpy(disk.synced, disk.now, sizeof(disk.synced));
	disk.calls_left = cut_at;
	disk.random = seed;
	disk.on = true;
}
