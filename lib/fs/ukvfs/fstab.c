/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is mounted at boot: parameter vfs.fstab, a list of "dev:path:fs:flags:opts:ukopts".
 *
 *	dev     the source, as the file system names it (initrd0, fs1; empty for ramfs, devfs)
 *	path    where; absolute
 *	fs      ramfs, devfs, 9pfs ...; `extract` unpacks an archive into the directory
 *	flags   ro, rw, noatime, or Linux's number; separated by commas
 *	opts    the file system's own
 *	ukopts  mkmp: make the directory if it is not there
 *
 * Trailing fields may be left out. What the list does not say is filled in: the root is a ramfs
 * with the initrd in it if there is one, and a /tmp; /dev is a devfs. An error ends the boot and names
 * the entry.
 */
#include <uk/fdtab.h>
#include <uk/init.h>
#include <uk/param.h>
#include <uk/plat/power.h>
#include <uk/print.h>
#include "vfs_priv.h"

UK_PARAM_LIST(vfs, fstab, NULL, "what to mount: [ \"dev:path:fs:flags:opts:ukopts\" ... ]");

enum { DEV, PATH, FS, FLAGS, OPTS, UKOPTS, FIELDS };

#define ENTRY_MAX 512
#define FILES_MAX 1024 /* RLIMIT_NOFILE until the POSIX layer says otherwise */

/* Split at colons in place; missing fields are "". False: too many. */
static bool split(char *entry, char *field[FIELDS])
{
	unsigned i;

	for (i = 0; i < FIELDS; i++) {
		char *colon = uk_strchr(entry, ':');

		field[i] = entry;
		if (colon) {
			*colon = '\0';
			entry = colon + 1;
		} else {
			entry += uk_strlen(entry);
		}
		if (i == FIELDS - 1 && colon)
			return false;
	}
	return true;
}

/* The next word of a comma separated list, or NULL; changes the list. */
static char *next_word(char **list)
{
	char *word = *list, *comma = uk_strchr(word, ',');

	if (!*word)
		return NULL;
	if (comma) {
		*comma = '\0';
		*list = comma + 1;
	} else {
		*list += uk_strlen(word);
	}
	return word;
}

static unsigned parse_flags(char *list, const char *entry)
{
	unsigned flags = 0;
	uint64_t number;
	char *word;

	while ((word = next_word(&list))) {
		if (!uk_strcmp(word, "ro"))
			flags |= UK_MS_RDONLY;
		else if (!uk_strcmp(word, "noatime"))
			flags |= UK_MS_NOATIME;
		else if (!uk_parse_u64(word, &number) &&
			 !(number & ~(uint64_t)(UK_MS_RDONLY | UK_MS_NOATIME)))
			flags |= (unsigned)number;
		else if (uk_strcmp(word, "rw"))
			uk_fatal("vfs.fstab: \"%s\": unknown flag `%s`; there are ro, rw, noatime",
				 entry, word);
	}
	return flags;
}

static bool parse_ukopts(char *list, const char *entry)
{
	bool mkmp = false;
	char *word;

	while ((word = next_word(&list))) {
		if (uk_strcmp(word, "mkmp"))
			uk_fatal("vfs.fstab: \"%s\": unknown last field `%s`; there is mkmp", entry,
				 word);
		mkmp = true;
	}
	return mkmp;
}

/* mkdir -p. */
static int make_dirs(const char *path)
{
	char part[ENTRY_MAX];
	size_t i;
	int err = 0;

	uk_strscpy(part, path, sizeof(part));
	for (i = 1; part[i - 1] && (!err || err == -EEXIST); i++) {
		char c = part[i];

		if (c && c != '/')
			continue;
		part[i] = '\0';
		err = uk_vfs_mkdir(&uk_fs_ctx_boot, NULL, part, 0755);
		part[i] = c;
	}
	return err == -EEXIST ? 0 : err;
}

static const char *reason(int err)
{
	switch (err) {
	case -ENODEV:
		return "no such file system in this image; enable it in `make menuconfig`, Files";
	case -ENXIO:
		return "there is no such source; was an initrd given (ROOT=, vfs.initrd=)?";
	case -ENOENT:
		return "the directory does not exist; mkmp as the last field makes it";
	case -ENOTDIR:
		return "the path is not a directory";
	case -EBUSY:
		return "something is mounted there already";
	case -ENOMEM:
	case -ENOSPC:
		return "not enough memory: give the machine more (MEM=)";
	default:
		return "failed";
	}
}

static void mount_entry(const char *entry)
{
	char copy[ENTRY_MAX], *field[FIELDS];
	unsigned flags;
	int err = 0;

	uk_strscpy(copy, entry, sizeof(copy));
	if (!split(copy, field))
		uk_fatal("vfs.fstab: \"%s\": too many fields, want dev:path:fs:flags:opts:ukopts",
			 entry);
	if (*field[PATH] != '/')
		uk_fatal("vfs.fstab: \"%s\": the second field must be an absolute path", entry);
	if (!*field[FS])
		uk_fatal("vfs.fstab: \"%s\": the third field must name a file system", entry);
	flags = parse_flags(field[FLAGS], entry);
	if (parse_ukopts(field[UKOPTS], entry))
		err = make_dirs(field[PATH]);
	if (!err)
		err = uk_vfs_mount(&uk_fs_ctx_boot, field[DEV], field[PATH], field[FS], flags,
				   field[OPTS]);
	if (err)
		uk_fatal("vfs.fstab: \"%s\": %s (error %d)", entry, reason(err), -err);
}

/* Does an entry mount something other than an archive on exactly this path? */
static bool mounts_on(const char *entry, const char *path)
{
	char copy[ENTRY_MAX], *field[FIELDS];

	uk_strscpy(copy, entry, sizeof(copy));
	return split(copy, field) && !uk_strcmp(field[PATH], path);
}

static bool listed(const char *path)
{
	const char *list = uk_param_vfs_fstab.s;
	char entry[ENTRY_MAX];

	while (list && uk_param_next(&list, entry, sizeof(entry)) == 1)
		if (mounts_on(entry, path))
			return true;
	return false;
}

/* A file system that is fine to be missing from the image. */
static int mount_default(const char *dev, const char *path, const char *fs, const char *opts)
{
	int err = uk_vfs_mount(&uk_fs_ctx_boot, dev, path, fs, 0, opts);

	return err == -ENODEV ? 0 : err;
}

static int mount_root(void)
{
	const char *list = uk_param_vfs_fstab.s;
	char entry[ENTRY_MAX];
	int err;

	/* The list may bring its own root, but only as its first entry. */
	if (list && uk_param_next(&list, entry, sizeof(entry)) == 1 && mounts_on(entry, "/") &&
	    !uk_strstr(entry, ":extract"))
		return 0;
	err = mount_default("", "/", "ramfs", "");
	if (err || !uk_fs_ctx_boot.root || listed("/"))
		return err;
	err = mount_default("", "/", "extract", "");
	if (err && err != -ENXIO)
		uk_plat_exit(1); /* what is wrong with the archive has been said, and where */
	/* What programs take for granted. mkdir leaves one alone that came with the initrd. */
	err = uk_vfs_mkdir(&uk_fs_ctx_boot, NULL, "/tmp", 01777);
	if (!err)
		err = uk_vfs_chmod(&uk_fs_ctx_boot, NULL, "/tmp", 01777, 0);
	return err == -EEXIST ? 0 : err;
}

static int vfs_start(void)
{
	const char *list = uk_param_vfs_fstab.s;
	char entry[ENTRY_MAX];
	int err;

	UK_TABLE_KEEP(uk_param_vfs_fstab);
	uk_fdtab_boot = uk_fdtab_new(FILES_MAX);
	if (!uk_fdtab_boot)
		return -ENOMEM;
	err = mount_root();
	if (err)
		return err;
	while (list && (err = uk_param_next(&list, entry, sizeof(entry))) == 1)
		mount_entry(entry);
	if (err < 0)
		uk_fatal("vfs.fstab: %s", err == -E2BIG ? "an entry is too long" : "missing quote");
	if (!uk_fs_ctx_boot.root || listed("/dev"))
		return 0;
	err = make_dirs("/dev");
	if (!err)
		err = mount_default("", "/dev", "devfs", "");
	if (!err)
		err = mount_default("", "/dev/shm", "ramfs", "mode=1777");
	return err == -ENOENT ? 0 : err; /* no devfs, no shm */
}

UK_INIT(UK_INIT_FS, "2", vfs_start, uk_vfs_sync);
