/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reading a newc archive, one checked entry at a time.
 *
 * An entry is a header of 110 characters (magic and 13 fields of 8 hexadecimal digits), the name with its
 * terminating 0, and the data; header with name, and data, are each padded to a multiple of four.
 * The entry TRAILER!!! ends the archive; zeros may follow, and then another archive, as the
 * Linux kernel allows for its initrd (Documentation/driver-api/early-userspace/buffer-format.rst).
 */
#include <uk/cpio.h>
#include <uk/errno.h>
#include <uk/print.h>
#include <uk/string.h>

#define HEADER   110u
#define FIELDS   13
#define NAME_MAX 4095u /* a path */

enum field {
	F_INO,
	F_MODE,
	F_UID,
	F_GID,
	F_NLINK,
	F_MTIME,
	F_SIZE,
	F_DEV_MAJOR,
	F_DEV_MINOR,
	F_RDEV_MAJOR,
	F_RDEV_MINOR,
	F_NAMESIZE,
	F_CHECK,
};

static const char *const field_names[FIELDS] = {
	"inode number", "mode",   "user id", "group id", "link count",  "time",     "size",
	"device",       "device", "device",  "device",   "name length", "checksum",
};

static const char trailer[] = "TRAILER!!!";

void uk_cpio_open(struct uk_cpio *ar, const char *label, const void *base, size_t len)
{
	*ar = (struct uk_cpio){ .label = label, .base = base, .len = len };
}

/* Eight hexadecimal digits, nothing else. */
static bool parse_hex(const unsigned char *s, uint32_t *value)
{
	uint32_t v = 0;

	for (int i = 0; i < 8; i++) {
		unsigned c = s[i], digit;

		if (c >= '0' && c <= '9')
			digit = c - '0';
		else if ((c | 32) >= 'a' && (c | 32) <= 'f')
			digit = (c | 32) - 'a' + 10;
		else
			return false;
		v = v << 4 | digit;
	}
	*value = v;
	return true;
}

/*
 * The name without leading slashes and "./"; "." for what becomes empty. NULL if a component is
 * "..": an archive stays in the directory that it is unpacked to.
 */
static const char *clean_name(const char *name)
{
	const char *p;

	while (*name == '/' || (*name == '.' && (name[1] == '/' || !name[1])))
		name++;
	for (p = name; *p; p++)
		if (p[0] == '.' && p[1] == '.' && (p[2] == '/' || !p[2]) &&
		    (p == name || p[-1] == '/'))
			return NULL;
	return *name ? name : ".";
}

static int broken(const struct uk_cpio *ar, size_t at, const char *name, const char *what)
{
	uk_pr_err("%s: %s%s%sat byte %zu: %s", ar->label, name ? "`" : "entry ", name ? name : "",
		  name ? "` " : "", at, what);
	return -EINVAL;
}

/* A frequent mistake deserves an answer of its own: gzip, xz, zstd. */
static bool is_compressed(const unsigned char *h)
{
	return !memcmp(h, "\x1f\x8b", 2) || !memcmp(h + 1, "7zXZ", 4) ||
	       !memcmp(h, "\x28\xb5\x2f\xfd", 4);
}

/* Skip zeros between archives; false at the end of the input. */
static bool more(struct uk_cpio *ar)
{
	while (ar->pos < ar->len && !ar->base[ar->pos])
		ar->pos++;
	return ar->pos < ar->len;
}

int uk_cpio_next(struct uk_cpio *ar, struct uk_cpio_entry *e)
{
	uint32_t v[FIELDS];
	const unsigned char *h;
	size_t at, left, head, data;
	const char *name;

	for (;;) {
		at = ar->pos;
		left = ar->len - at;
		h = ar->base + at;
		if (left < HEADER)
			return broken(ar, at, NULL,
				      left ? "truncated header" : "the archive has no end entry");
		if (memcmp(h, "070701", 6) && memcmp(h, "070702", 6)) {
			if (is_compressed(h))
				return broken(ar, at, NULL, "compressed; unpack it first");
			return broken(ar, at, NULL, "not a cpio archive of format newc");
		}
		for (int i = 0; i < FIELDS; i++)
			if (!parse_hex(h + 6 + 8 * i, &v[i]))
				return broken(ar, at, field_names[i],
					      "a field of the header is not hexadecimal");
		if (!v[F_NAMESIZE] || v[F_NAMESIZE] > NAME_MAX + 1)
			return broken(ar, at, NULL, "impossible length of the name");
		head = UK_ALIGN_UP((size_t)HEADER + v[F_NAMESIZE], 4);
		if (head > left)
			return broken(ar, at, NULL, "truncated name");
		name = (const char *)h + HEADER;
		if (name[v[F_NAMESIZE] - 1] || uk_strlen(name) != v[F_NAMESIZE] - 1)
			return broken(ar, at, NULL, "the name does not end where it should");
		data = v[F_SIZE];
		if (data > left - head)
			return broken(ar, at, name, "truncated data");
		/* The padding of the very last entry may be missing. */
		ar->pos = at + UK_MIN(head + UK_ALIGN_UP(data, 4), left);
		if (uk_strcmp(name, trailer))
			break;
		if (!more(ar))
			return 0;
	}
	e->name = clean_name(name);
	if (!e->name)
		return broken(ar, at, name, "leads out of its directory");
	e->ino = v[F_INO];
	e->mode = v[F_MODE];
	e->uid = v[F_UID];
	e->gid = v[F_GID];
	e->nlink = v[F_NLINK];
	e->mtime = v[F_MTIME];
	e->dev_major = v[F_DEV_MAJOR];
	e->dev_minor = v[F_DEV_MINOR];
	e->rdev_major = v[F_RDEV_MAJOR];
	e->rdev_minor = v[F_RDEV_MINOR];
	e->data = h + head;
	e->size = v[F_SIZE];
	e->offset = at;
	return 1;
}
