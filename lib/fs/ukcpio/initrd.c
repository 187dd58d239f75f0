/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where an initrd comes from: the loader (initrd0) or the image itself (embedded). `extract` in
 * vfs.fstab unpacks either; without fstab, embedded comes first and the loader's on top of it.
 */
#include <uk/boot.h>
#include <uk/config.h>
#include <uk/cpio.h>
#include <uk/errno.h>
#include <uk/inode.h>
#include <uk/plat/mem.h>
#include <uk/print.h>
#include <uk/string.h>

#ifdef CONFIG_LIBUKCPIO_EMBED
extern const char ukcpio_embedded[], ukcpio_embedded_end[]; /* embed.S */

static int extract_embedded(struct uk_fs_ctx *ctx, const char *path)
{
	return uk_cpio_extract(ctx, path, "embedded initrd", ukcpio_embedded,
			       (size_t)(ukcpio_embedded_end - ukcpio_embedded));
}
#else
static int extract_embedded(struct uk_fs_ctx *ctx, const char *path)
{
	return -ENXIO;
}
#endif

/* Files refer to the archive's bytes from now on: the mapping stays for ever. */
static int extract_loaded(struct uk_fs_ctx *ctx, const char *path)
{
	const struct uk_bootinfo *bi = uk_bootinfo;
	const void *base;

	if (!bi->initrd_len)
		return -ENXIO;
	base = uk_plat_map_boot(bi->initrd, bi->initrd_len);
	if (!base) {
		uk_pr_err("initrd0: not enough memory to map it");
		return -ENOMEM;
	}
	return uk_cpio_extract(ctx, path, "initrd0", base, bi->initrd_len);
}

static int populate(struct uk_fs_ctx *ctx, const char *dev, const char *path, const char *opts)
{
	int err, err2;

	if (!uk_strcmp(dev, "embedded"))
		return extract_embedded(ctx, path);
	if (!uk_strcmp(dev, "initrd0"))
		return extract_loaded(ctx, path);
	if (*dev)
		return -ENXIO;
	err = extract_embedded(ctx, path);
	if (err && err != -ENXIO)
		return err;
	err2 = extract_loaded(ctx, path);
	return err2 == -ENXIO ? err : err2;
}

UK_FS_TYPE(extract, .populate = populate);
