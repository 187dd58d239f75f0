/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Character devices: a number and a name for something with file operations.
 *
 * A driver registers a struct uk_cdev of its own. Opening any inode of type UK_S_IFCHR with that
 * number, wherever it is (devfs shows all of them, mknod and archives make more), opens the driver.
 */
#ifndef UK_DEVICE_H
#define UK_DEVICE_H

#include <uk/api.h>
#include <uk/file.h>

struct uk_cdev {
	const char *name; /* in /dev */
	uint64_t rdev;    /* UK_DEV(major, minor), Linux's numbers where it has one */
	uint32_t mode;    /* permissions, 0666 */
	const struct uk_file_ops *ops;
	void *priv; /* becomes f->priv */
	struct uk_cdev *next;
};

/* The encoding of st_rdev; majors and minors beyond these bits are not used. */
#define UK_DEV(major, minor) ((uint64_t)(major) << 8 | (minor))

UK_API_BEGIN

/* All registered devices, in order of registration; entries are never removed. */
extern struct uk_cdev *uk_cdev_list;

/* The object must live for ever. During initialisation, level DEV or FS. */
void uk_cdev_register(struct uk_cdev *dev);

/* The device of that number, or NULL. */
struct uk_cdev *uk_cdev_find(uint64_t rdev);

UK_API_END

#endif
