/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Regular files of the ram file system.
 *
 * A read or write keeps others out from the first byte to the last, as Linux does for writes only:
 * transfers are atomic with respect to each other, and pages do not vanish underneath. For the most
 * frequent ones, of a page at most, that takes no lock (uk_inode_enter_quick()).
 */
#include <uk/page.h>
#include "ramfs.h"

#define SIZE_LIMIT ((uint64_t)INT64_MAX)

static void touch_modified(struct uk_inode *inode)
{
	uk_inode_changed(inode, uk_inode_now());
}

/*
 * Linux's relatime without its daily refresh: the access time is only good for telling whether a
 * file was read since it was last changed, so it need not be updated again.
 */
static inline void touch_read(struct uk_file *f, struct uk_inode *inode)
{
	if (UK_UNLIKELY(inode->atime <= inode->mtime) && !(f->flags & UK_O_NOATIME) &&
	    !(inode->fs->flags & (UK_MS_RDONLY | UK_MS_NOATIME)))
		uk_shared_set(inode->atime, uk_inode_now());
}

/* Bytes that are not in the tree: from the backing, or zeros. */
static size_t put_missing(const struct ramfs_pages *pages, struct uk_iter *it, uint64_t pos,
			  size_t n)
{
	if (pos >= pages->backing_len)
		return uk_iter_zero(it, n);
	return uk_iter_put(it, pages->backing + pos, UK_MIN(n, pages->backing_len - pos));
}

/* Any read, from `at` on: the bytes moved. */
static UK_NOINLINE size_t read_pages(struct ramfs_inode *ri, struct uk_iter *it, uint64_t at)
{
	uint64_t start = at, end = ri->i.size;

	if (at < end && end - at > it->left)
		end = at + it->left;
	while (at < end) {
		size_t off = at % UK_PAGE_SIZE, n = UK_MIN(UK_PAGE_SIZE - off, end - at), moved;
		const char *page = ramfs_find_page(&ri->pages, at / UK_PAGE_SIZE);

		if (page)
			moved = uk_iter_put(it, page + off, n);
		else
			moved = n = put_missing(&ri->pages, it, at, n);
		at += moved;
		if (UK_UNLIKELY(moved < n || !moved))
			break;
	}
	return at - start;
}

static UK_NOINLINE ssize_t read_locked(struct uk_file *f, struct uk_iter *it, uk_off_t *pos)
{
	struct uk_inode *inode = f->inode;
	ssize_t done;

	uk_mutex_lock(&inode->lock);
	done = (ssize_t)read_pages(ramfs_i(inode), it, (uint64_t)*pos);
	*pos += done;
	if (done)
		touch_read(f, inode);
	else if (it->left && (uint64_t)*pos < inode->size)
		done = -EFAULT;
	uk_mutex_unlock(&inode->lock);
	return done;
}

static ssize_t ramfs_read(struct uk_file *f, struct uk_iter *it, uk_off_t *pos)
{
	struct uk_inode *inode = f->inode;
	const size_t n = it->left;
	const char *page;
	uint64_t at;

	/* Most reads ask for bytes of one page, and all are there. */
	if (UK_UNLIKELY(!uk_inode_enter_quick(inode)))
		return read_locked(f, it, pos);
	at = (uint64_t)*pos;
	page = ramfs_find_page(&ramfs_i(inode)->pages, at / UK_PAGE_SIZE);
	if (UK_LIKELY(page && n <= UK_PAGE_SIZE - at % UK_PAGE_SIZE && at + n <= inode->size &&
		      n <= it->here)) {
		*pos = (uk_off_t)(at + n);
		touch_read(f, inode);
		uk_iter_put_all(it, page + at % UK_PAGE_SIZE, n);
		uk_inode_leave_quick(inode);
		return (ssize_t)n;
	}
	uk_inode_leave_quick(inode);
	return read_locked(f, it, pos);
}

/* The rest of the page that holds byte `at`, if the page is in the tree, becomes zero. */
static void zero_tail(struct ramfs_inode *ri, uint64_t at)
{
	size_t off = at % UK_PAGE_SIZE;
	char *page = off ? ramfs_find_page(&ri->pages, at / UK_PAGE_SIZE) : NULL;

	if (page)
		memset(page + off, 0, UK_PAGE_SIZE - off);
}

/*
 * Before the file grows and bytes from `at` on are written: what a mapping has left behind the end of
 * the last page must not appear.
 */
static inline void tidy_end(struct ramfs_inode *ri, uint64_t at)
{
	if (UK_UNLIKELY(ri->i.mapping) && at > ri->i.size)
		zero_tail(ri, ri->i.size);
}

/* One page's part of a write: bytes moved, -ENOSPC, -EFAULT. */
static ssize_t write_page(struct ramfs_inode *ri, struct uk_iter *it, uint64_t at, size_t n)
{
	const size_t off = at % UK_PAGE_SIZE;
	char *page = ramfs_find_page(&ri->pages, at / UK_PAGE_SIZE);
	bool fresh = !page;
	size_t moved;

	if (fresh) {
		page = ramfs_add_page(ri, at / UK_PAGE_SIZE, off, n);
		if (!page)
			return -ENOSPC;
	}
	moved = uk_iter_get(it, page + off, n);
	if (UK_UNLIKELY(moved < n) && fresh) /* never show what the frame held before */
		memset(page + off + moved, 0, n - moved);
	return moved ? (ssize_t)moved : -EFAULT;
}

static UK_NOINLINE ssize_t write_locked(struct uk_file *f, struct uk_iter *it, uk_off_t *pos)
{
	struct uk_inode *inode = f->inode;
	struct ramfs_inode *ri = ramfs_i(inode);
	uint64_t start, at, end;
	ssize_t moved = 0;

	if (!it->left)
		return 0;
	uk_mutex_lock(&inode->lock);
	start = f->flags & UK_O_APPEND ? inode->size : (uint64_t)*pos;
	at = start;
	end = UK_MIN(at + it->left, SIZE_LIMIT); /* neither operand has the top bit */
	tidy_end(ri, at);
	while (at < end) {
		size_t n = UK_MIN(UK_PAGE_SIZE - at % UK_PAGE_SIZE, end - at);

		moved = write_page(ri, it, at, n);
		if (UK_UNLIKELY(moved < 0))
			break;
		at += (uint64_t)moved;
	}
	if (at > start) {
		if (at > inode->size)
			uk_shared_set(inode->size, at);
		touch_modified(inode);
		*pos = (uk_off_t)at;
	}
	uk_mutex_unlock(&inode->lock);
	if (UK_UNLIKELY(at == start))
		return moved < 0 ? moved : -EFBIG;
	return (ssize_t)(at - start);
}

/* Bytes of one piece go to pages that may have to be made; false: there is no room. */
static UK_NOINLINE bool write_pages(struct ramfs_inode *ri, const char *from, uint64_t at, size_t n)
{
	while (n) {
		const size_t off = at % UK_PAGE_SIZE, len = UK_MIN(UK_PAGE_SIZE - off, n);
		char *page = ramfs_find_page(&ri->pages, at / UK_PAGE_SIZE);

		if (!page)
			page = ramfs_add_page(ri, at / UK_PAGE_SIZE, off, len);
		if (UK_UNLIKELY(!page))
			return false;
		memcpy(page + off, from, len);
		from += len;
		at += len;
		n -= len;
	}
	return true;
}

static ssize_t ramfs_write(struct uk_file *f, struct uk_iter *it, uk_off_t *pos)
{
	struct uk_inode *inode = f->inode;
	struct ramfs_inode *ri = ramfs_i(inode);
	const size_t n = it->left;
	uint64_t at, off;
	char *page;

	if (UK_UNLIKELY(f->flags & UK_O_APPEND || !uk_inode_enter_quick(inode)))
		return write_locked(f, it, pos);
	/* Most writes are of a page at most, and most of those go to one that is there. (n - 1: not 0 bytes.) */
	at = (uint64_t)*pos;
	off = at % UK_PAGE_SIZE;
	if (UK_UNLIKELY(n - 1 >= UK_PAGE_SIZE || n > it->here || at + n > SIZE_LIMIT))
		goto locked;
	tidy_end(ri, at);
	page = n <= UK_PAGE_SIZE - off ? ramfs_find_page(&ri->pages, at / UK_PAGE_SIZE) : NULL;
	if (UK_LIKELY(page))
		uk_iter_get_all(it, page + off, n);
	else if (UK_UNLIKELY(!write_pages(ri, it->p, at, n)))
		goto locked; /* once more, as far as it goes */
	*pos = (uk_off_t)(at + n);
	if (at + n > inode->size)
		uk_shared_set(inode->size, at + n);
	touch_modified(inode);
	uk_inode_leave_quick(inode);
	return (ssize_t)n;
locked:
	uk_inode_leave_quick(inode);
	return write_locked(f, it, pos);
}

int ramfs_set_size(struct ramfs_inode *ri, uint64_t size)
{
	if (size > SIZE_LIMIT)
		return -EFBIG;
	if (size < ri->i.size) {
		/* First the size: then no page fault brings one of these pages back. */
		uk_shared_set(ri->i.size, size);
		ramfs_drop_pages(ri, UK_DIV_ROUND_UP(size, UK_PAGE_SIZE), UINT64_MAX);
		zero_tail(ri, size);
		if (ri->pages.backing_len > size)
			ri->pages.backing_len = size;
		uk_inode_zap(&ri->i, UK_DIV_ROUND_UP(size, UK_PAGE_SIZE), UINT64_MAX, true);
	}
	tidy_end(ri, size);
	uk_shared_set(ri->i.size, size);
	return 0;
}

/* ---- seeking for data and holes ---- */

static bool has_data(const struct ramfs_pages *pages, uint64_t index)
{
	return index * UK_PAGE_SIZE < pages->backing_len || ramfs_find_page(pages, index);
}

/* The first position >= off that is data (or a hole). The end of the file is a hole. */
static uk_off_t seek_data(struct ramfs_inode *ri, uint64_t off, bool data)
{
	uint64_t index = off / UK_PAGE_SIZE, at;

	if (off >= ri->i.size)
		return -ENXIO;
	if (data && !has_data(&ri->pages, index)) {
		index = ramfs_next_page(&ri->pages, index);
		if (index == UINT64_MAX)
			return -ENXIO;
	}
	while (!data && index * UK_PAGE_SIZE < ri->i.size && has_data(&ri->pages, index))
		index++;
	at = UK_MAX(index * UK_PAGE_SIZE, off);
	if (at >= ri->i.size)
		return data ? -ENXIO : (uk_off_t)ri->i.size;
	return (uk_off_t)at;
}

static uk_off_t ramfs_seek(struct uk_file *f, uk_off_t off, int whence)
{
	struct uk_inode *inode = f->inode;

	uk_mutex_lock(&inode->lock);
	if (whence == UK_SEEK_DATA || whence == UK_SEEK_HOLE) {
		off = off < 0 ? -ENXIO
			      : seek_data(ramfs_i(inode), (uint64_t)off, whence == UK_SEEK_DATA);
		if (off >= 0)
			f->pos = off;
	} else {
		off = uk_file_seek_in(f, off, whence, inode->size);
	}
	uk_mutex_unlock(&inode->lock);
	return off;
}

/* ---- fallocate ---- */

/* Bytes [from, to) of one page become zero; a page that is not there and reads as zero is left so. */
static int zero_part(struct ramfs_inode *ri, uint64_t from, uint64_t to)
{
	uint64_t index = from / UK_PAGE_SIZE;
	char *page = ramfs_find_page(&ri->pages, index);

	if (!page) {
		if (from >= ri->pages.backing_len)
			return 0;
		page = ramfs_add_page(ri, index, 0, 0);
		if (!page)
			return -ENOSPC;
	}
	memset(page + from % UK_PAGE_SIZE, 0, to - from);
	return 0;
}

static int zero_range(struct ramfs_inode *ri, uint64_t off, uint64_t end)
{
	uint64_t first = UK_DIV_ROUND_UP(off, UK_PAGE_SIZE), last = end / UK_PAGE_SIZE, at;
	int err = 0;

	/* Under a hole the backing must not shine through. */
	for (at = off; !err && at < end && at < ri->pages.backing_len;) {
		uint64_t next = UK_MIN(UK_ALIGN_DOWN(at, UK_PAGE_SIZE) + UK_PAGE_SIZE, end);

		err = zero_part(ri, at, next);
		at = next;
	}
	if (err)
		return err;
	if (first < last && first * UK_PAGE_SIZE >= ri->pages.backing_len)
		ramfs_drop_pages(ri, first, last - 1);
	else
		for (at = UK_MAX(first, UK_DIV_ROUND_UP(ri->pages.backing_len, UK_PAGE_SIZE));
		     at < last && (at = ramfs_next_page(&ri->pages, at)) < last; at++)
			ramfs_drop_pages(ri, at, at);
	if (first < last)
		uk_inode_zap(&ri->i, first, last - first, false);
	if (off % UK_PAGE_SIZE)
		err = zero_part(ri, off, UK_MIN(end, first * UK_PAGE_SIZE));
	if (!err && end % UK_PAGE_SIZE && last >= first)
		err = zero_part(ri, last * UK_PAGE_SIZE, end);
	return err;
}

static int ramfs_allocate(struct uk_file *f, int mode, uint64_t off, uint64_t len)
{
	struct uk_inode *inode = f->inode;
	struct ramfs_inode *ri = ramfs_i(inode);
	uint64_t end = off + len, index;
	int err = 0;

	uk_mutex_lock(&inode->lock);
	if (mode & (UK_FALLOC_FL_PUNCH | UK_FALLOC_FL_ZERO))
		err = zero_range(ri, off, end);
	if (!(mode & UK_FALLOC_FL_PUNCH))
		for (index = off / UK_PAGE_SIZE; !err && index * UK_PAGE_SIZE < end; index++)
			if (!ramfs_make_page(ri, index))
				err = -ENOSPC;
	if (!err && !(mode & UK_FALLOC_FL_KEEP_SIZE) && end > inode->size)
		uk_shared_set(inode->size, end);
	if (!err)
		touch_modified(inode);
	uk_mutex_unlock(&inode->lock);
	return err;
}

static int ramfs_sync(struct uk_file *f, bool data_only)
{
	return 0; /* memory is as durable as it gets here */
}

/* By page faults: the tree's lock only, see struct ramfs_pages. */
static int ramfs_page(struct uk_file *f, uint64_t index, unsigned how, uk_paddr_t *frame)
{
	struct uk_inode *inode = f->inode;
	struct ramfs_inode *ri = ramfs_i(inode);
	char *page;

	for (;;) {
		uk_spin_lock(&ri->pages.lock);
		/* Who makes the file shorter changes the size, and then takes the lock to drop pages. */
		if (index >= UK_DIV_ROUND_UP(UK_READ_ONCE(inode->size), UK_PAGE_SIZE)) {
			uk_spin_unlock(&ri->pages.lock);
			return -EFAULT;
		}
		page = ramfs_find_page(&ri->pages, index);
		if (page) {
			*frame = uk_page_from_virt(page);
			uk_page_ref(*frame);
		}
		uk_spin_unlock(&ri->pages.lock);
		if (page)
			break;
		if (how & UK_PAGE_GET_THERE || !ramfs_add_page(ri, index, 0, 0))
			return -ENOSPC;
	}
	if (how & UK_PAGE_GET_WRITE)
		touch_modified(inode);
	return 0;
}

static void ramfs_borrow(struct uk_file *f, uk_off_t pos, const void **p, size_t *n,
			 uk_paddr_t *frame)
{
	/* For what is missing in a file with holes. */
	static const char zeros[256];
	struct ramfs_pages *pages = &ramfs_i(f->inode)->pages;
	uint64_t at = (uint64_t)pos, size = UK_READ_ONCE(f->inode->size);
	size_t off = at % UK_PAGE_SIZE;
	const char *page;
	uint64_t next;

	*frame = UK_PAGE_NONE;
	*n = at < size ? UK_MIN(*n, size - at) : 0;
	if (!*n)
		return;
	touch_read(f, f->inode);
	uk_spin_lock(&pages->lock);
	page = ramfs_find_page(pages, at / UK_PAGE_SIZE);
	if (page) {
		*frame = uk_page_from_virt(page);
		uk_page_ref(*frame);
		*p = page + off;
		*n = UK_MIN(*n, UK_PAGE_SIZE - off);
	} else if (at < pages->backing_len) {
		*p = pages->backing + at;
		*n = UK_MIN(*n, pages->backing_len - at);
		/* As far as no page has taken its place. */
		next = *n > UK_PAGE_SIZE - off ? ramfs_next_page(pages, at / UK_PAGE_SIZE)
					       : UINT64_MAX;
		if (next <= (at + *n) / UK_PAGE_SIZE)
			*n = next * UK_PAGE_SIZE - at;
	} else {
		*p = zeros;
		*n = UK_MIN(*n, UK_MIN(UK_PAGE_SIZE - off, sizeof(zeros)));
	}
	uk_spin_unlock(&pages->lock);
}

const struct uk_file_ops ramfs_file_ops = {
	.read = ramfs_read,
	.write = ramfs_write,
	.seek = ramfs_seek,
	.sync = ramfs_sync,
	.allocate = ramfs_allocate,
	.page = ramfs_page,
	.borrow = ramfs_borrow,
};
