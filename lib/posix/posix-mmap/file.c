/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Mappings of files: an object of ukvmem's whose pages are the file's own frames. There is one for
 * each inode that is mapped, found through the inode, and the file system tells it when pages go.
 *
 * Files whose kind has no pages to show (uk_file_ops.page) can be mapped privately: that is a copy
 * made at once, and changes to the file after mmap are not seen, which POSIX leaves open.
 */
#include <uk/alloc.h>
#include <uk/device.h>
#include <uk/fdtab.h>
#include <uk/inode.h>
#include <uk/process.h>
#include "internal.h"

struct file_map {
	struct uk_vmem_object obj;
	struct uk_inode_mapping mapping;
	struct uk_file *file; /* the one that was mapped first; a reference */
};

static int file_get(struct uk_vmem_object *obj, uint64_t index, unsigned how, uk_paddr_t *frame)
{
	struct uk_file *f = UK_CONTAINER_OF(obj, struct file_map, obj)->file;

	return f->ops->page(f, index, how, frame);
}

/* All of it, which includes the pages that are meant. */
static int file_sync(struct uk_vmem_object *obj, uint64_t first UK_UNUSED, uint64_t n UK_UNUSED)
{
	return uk_file_sync(UK_CONTAINER_OF(obj, struct file_map, obj)->file, true);
}

static void file_release(struct uk_vmem_object *obj)
{
	struct file_map *m = UK_CONTAINER_OF(obj, struct file_map, obj);
	struct uk_inode *inode = m->file->inode;

	uk_mutex_lock(&inode->lock);
	if (inode->mapping == &m->mapping)
		inode->mapping = NULL;
	uk_mutex_unlock(&inode->lock);
	uk_file_put(m->file);
	uk_free(m);
}

static const struct uk_vmem_object_ops file_ops = { .get = file_get,
						    .sync = file_sync,
						    .release = file_release };

static void file_zap(struct uk_inode_mapping *mapping, uint64_t first, uint64_t n, bool copies)
{
	uk_vmem_object_zap(&UK_CONTAINER_OF(mapping, struct file_map, mapping)->obj, first, n,
			   copies);
}

/* A reference, unless the last one is gone and the object only waits for its release. */
static bool get_alive(struct file_map *m)
{
	uint32_t refs = __atomic_load_n(&m->obj.refs, __ATOMIC_RELAXED);

	while (refs)
		if (__atomic_compare_exchange_n(&m->obj.refs, &refs, refs + 1, true,
						__ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return true;
	return false;
}

/* The object of a file's inode, with a reference, or NULL. */
static struct file_map *map_of(struct uk_file *f)
{
	struct uk_inode *inode = f->inode;
	struct file_map *m = NULL;

	uk_mutex_lock(&inode->lock);
	if (inode->mapping) {
		m = UK_CONTAINER_OF(inode->mapping, struct file_map, mapping);
		if (!get_alive(m))
			m = NULL;
	}
	if (!m) {
		m = uk_calloc(1, sizeof(*m));
		if (m) {
			m->obj.ops = &file_ops;
			m->obj.refs = 1;
			m->mapping.zap = file_zap;
			m->file = f;
			uk_file_get(f);
			inode->mapping = &m->mapping;
		}
	}
	uk_mutex_unlock(&inode->lock);
	return m;
}

static long map_pages(struct uk_file *f, uk_vaddr_t hint, size_t len, unsigned prot,
		      unsigned vflags, int64_t off)
{
	struct uk_vmem_backing b = { .kind = UK_VMEM_FILE, .offset = (uint64_t)off };
	struct file_map *m = map_of(f);
	void *p;

	if (!m)
		return -ENOMEM;
	b.obj = &m->obj;
	p = uk_vmem_map(hint, len, prot, vflags, &b);
	uk_vmem_object_put(&m->obj);
	return (long)p; /* an address, or a negative error as a pointer */
}

/* Reads until the buffer is full or the file ends; the rest stays zero. */
static long fill(struct uk_file *f, char *p, size_t len, int64_t off)
{
	while (len) {
		struct uk_iter it = uk_iter_buf(p, len);
		ssize_t n = uk_file_pread(f, &it, off);

		if (n == -EINTR)
			continue;
		if (n <= 0)
			return n;
		p += n;
		off += n;
		len -= (size_t)n;
	}
	return 0;
}

static long map_copy(struct uk_file *f, uk_vaddr_t hint, size_t len, unsigned prot, unsigned vflags,
		     int64_t off)
{
	char *p = uk_vmem_map_anon(hint, len, UK_VMEM_READ | UK_VMEM_WRITE, vflags);
	long rc;

	if (uk_is_err(p))
		return uk_ptr_err(p);
	rc = fill(f, p, len, off);
	if (!rc && prot != (UK_VMEM_READ | UK_VMEM_WRITE))
		rc = uk_vmem_protect((uk_vaddr_t)p, len, prot);
	if (rc) {
		uk_vmem_unmap((uk_vaddr_t)p, len);
		return rc == -ESPIPE || rc == -EINVAL ? -ENODEV : rc;
	}
	return (long)p;
}

/* /dev/zero is another name for memory. */
static bool is_zero(const struct uk_file *f)
{
	return uk_inode_is(f->inode, UK_S_IFCHR) && f->inode->rdev == UK_DEV(1, 5);
}

static UK_COLD long map_file(struct uk_file *f, uk_vaddr_t hint, size_t len, unsigned prot,
			     bool shared, unsigned vflags, int64_t off)
{
	if (off < 0 || (int64_t)len < 0 || off > INT64_MAX - (int64_t)len)
		return -EOVERFLOW;
	if (!uk_file_readable(f))
		return -EACCES;
	if (!f->inode)
		return -ENODEV;
	if (is_zero(f))
		return (long)uk_vmem_map_anon(hint, len, prot, vflags);
	if (!uk_inode_is(f->inode, UK_S_IFREG))
		return -ENODEV;
	if (!f->ops->page)
		return shared ? -ENODEV : map_copy(f, hint, len, prot, vflags, off);
	if (shared) {
		vflags |= UK_VMEM_SHARED;
		if (!uk_file_writable(f))
			vflags |= UK_VMEM_READ_ONLY;
	}
	return map_pages(f, hint, len, prot, vflags, off);
}

long posix_mmap_file(uk_vaddr_t hint, size_t len, unsigned prot, bool shared, unsigned vflags,
		     int fd, int64_t off)
{
	struct uk_file *f = uk_fd_get_io(uk_process_current()->files, fd);
	long rc;

	if (!f)
		return -EBADF;
	rc = map_file(f, hint, len, prot, shared, vflags, off);
	uk_file_put(f);
	return rc;
}
