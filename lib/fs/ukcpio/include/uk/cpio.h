/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cpio archives of format newc (magic 070701; 070702 with checksums), as Linux's initrd uses and
 * `cpio -H newc` writes: read without trust.
 *
 * Two layers: uk_cpio_next() checks and returns one entry at a time and touches nothing but the
 * archive; uk_cpio_extract() builds the tree. Every field is checked against the archive's length,
 * and an error names the archive, the entry and the offset.
 */
#ifndef UK_CPIO_H
#define UK_CPIO_H

#include <uk/api.h>
#include <uk/essentials.h>

struct uk_fs_ctx;

struct uk_cpio {
	const char *label; /* names the archive in messages: "initrd0" */
	const unsigned char *base;
	size_t len;
	size_t pos; /* of the next header */
};

struct uk_cpio_entry {
	/* Terminated; no leading `/` or "./", no component ".."; "." is the root. */
	const char *name;
	uint32_t ino; /* the same for names that are hard links of each other */
	uint32_t mode;
	uint32_t uid, gid;
	uint32_t nlink;
	uint32_t mtime; /* seconds since 1970 */
	uint32_t dev_major, dev_minor;
	uint32_t rdev_major, rdev_minor;
	const unsigned char *data;
	uint32_t size;
	size_t offset; /* of its header, for messages */
};

UK_API_BEGIN

/* Start reading `len` bytes at `base`, which must stay. */
void uk_cpio_open(struct uk_cpio *ar, const char *label, const void *base, size_t len);

/*
 * The next entry: 1; 0 after the trailer; -EINVAL after saying what is wrong (a missing
 * trailer included). Pure: any context.
 */
int uk_cpio_next(struct uk_cpio *ar, struct uk_cpio_entry *e);

/*
 * Create everything in the archive below directory `path`: files, directories, symbolic and hard
 * links, devices, FIFOs, with modes, owners and times. Directories that exist are kept. A regular
 * file on the ram file system refers to the archive's bytes instead of copying them, so these
 * must stay unchanged for ever. 0, or the first error, after a message that names the entry.
 */
int uk_cpio_extract(struct uk_fs_ctx *ctx, const char *path, const char *label, const void *base,
		    size_t len);

UK_API_END

#endif
