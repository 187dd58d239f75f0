/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Mappings of files. A private mapping is a copy made at once: changes to the file after mmap are
 * not seen, which POSIX leaves open. A shared one must be the file's own pages and is not offered
 * yet.
 */
#include <uk/fdtab.h>
#include <uk/inode.h>
#include <uk/process.h>
#include "internal.h"

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

long posix_mmap_file(uk_vaddr_t hint, size_t len, unsigned prot, bool shared, unsigned vflags,
		     int fd, int64_t off)
{
	struct uk_file *f = uk_fd_get_io(uk_process_current()->files, fd);
	long rc;

	if (!f)
		return -EBADF;
	if (off < 0)
		rc = -EINVAL;
	else if (!uk_file_readable(f))
		rc = -EACCES;
	else if (shared || !f->inode || !uk_inode_is(f->inode, UK_S_IFREG))
		rc = -ENODEV;
	else
		rc = map_copy(f, hint, len, prot, vflags, off);
	uk_file_put(f);
	return rc;
}
