/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The devices that are nothing but memory: null, zero, full, random, urandom.
 */
#include <uk/device.h>
#include <uk/errno.h>
#include <uk/init.h>
#include <uk/random.h>

static ssize_t null_read(struct uk_file *f, struct uk_iter *it, uk_off_t *pos)
{
	return 0;
}

/* What is written vanishes, all of it at once. */
static ssize_t null_write(struct uk_file *f, struct uk_iter *it, uk_off_t *pos)
{
	return (ssize_t)it->left;
}

static ssize_t zero_read(struct uk_file *f, struct uk_iter *it, uk_off_t *pos)
{
	return (ssize_t)uk_iter_zero(it, it->left);
}

static ssize_t full_write(struct uk_file *f, struct uk_iter *it, uk_off_t *pos)
{
	return -ENOSPC;
}

static ssize_t random_read(struct uk_file *f, struct uk_iter *it, uk_off_t *pos)
{
	char buf[256];
	ssize_t done = 0;

	while (it->left) {
		size_t n = UK_MIN(it->left, sizeof(buf)), moved;

		uk_random_fill(buf, n);
		moved = uk_iter_put(it, buf, n);
		done += (ssize_t)moved;
		if (moved < n)
			break;
	}
	memset(buf, 0, sizeof(buf)); /* these bytes are somebody's secret */
	UK_BARRIER();
	return done;
}

static ssize_t random_write(struct uk_file *f, struct uk_iter *it, uk_off_t *pos)
{
	char buf[256];
	ssize_t done = 0;

	while (it->left) {
		size_t moved = uk_iter_get(it, buf, UK_MIN(it->left, sizeof(buf)));

		if (!moved)
			break;
		uk_random_stir(buf, moved);
		done += (ssize_t)moved;
	}
	return done;
}

/* As on Linux, these have a position that nobody minds: pread works, lseek answers 0. */
static uk_off_t any_seek(struct uk_file *f, uk_off_t off, int whence)
{
	return 0;
}

static const struct uk_file_ops null_ops = { .read = null_read,
					     .write = null_write,
					     .seek = any_seek };
static const struct uk_file_ops zero_ops = { .read = zero_read,
					     .write = null_write,
					     .seek = any_seek };
static const struct uk_file_ops full_ops = { .read = zero_read,
					     .write = full_write,
					     .seek = any_seek };
static const struct uk_file_ops random_ops = { .read = random_read,
					       .write = random_write,
					       .seek = any_seek };

static struct uk_cdev devices[] = {
	{ .name = "null", .rdev = UK_DEV(1, 3), .mode = 0666, .ops = &null_ops },
	{ .name = "zero", .rdev = UK_DEV(1, 5), .mode = 0666, .ops = &zero_ops },
	{ .name = "full", .rdev = UK_DEV(1, 7), .mode = 0666, .ops = &full_ops },
	{ .name = "random", .rdev = UK_DEV(1, 8), .mode = 0666, .ops = &random_ops },
	{ .name = "urandom", .rdev = UK_DEV(1, 9), .mode = 0666, .ops = &random_ops },
};

static int memory_start(void)
{
	for (unsigned i = 0; i < UK_ARRAY_SIZE(devices); i++)
		uk_cdev_register(&devices[i]);
	return 0;
}

UK_INIT(UK_INIT_DEV, "5", memory_start, NULL);
