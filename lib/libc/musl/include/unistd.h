/* SPDX-License-Identifier: BSD-3-Clause */
/* Reading and writing that is checked against the size of the buffer; see <uk/fortify.h>. */
#include_next <unistd.h>
#include <uk/fortify.h>

#if defined(UK_FORTIFY) && !defined(UK_FORTIFY_UNISTD_H)
#define UK_FORTIFY_UNISTD_H

UK_FORTIFY_REAL(read);
UK_FORTIFIED ssize_t read(int fd, void *buf, size_t n)
{
	UK_FORTIFY_CHECK("read", n, UK_ROOM(buf));
	return uk_real_read(fd, buf, n);
}

UK_FORTIFY_REAL(write);
UK_FORTIFIED ssize_t write(int fd, const void *buf, size_t n)
{
	UK_FORTIFY_CHECK("write", n, UK_ROOM(buf));
	return uk_real_write(fd, buf, n);
}

UK_FORTIFY_REAL(pread);
UK_FORTIFIED ssize_t pread(int fd, void *buf, size_t n, off_t pos)
{
	UK_FORTIFY_CHECK("pread", n, UK_ROOM(buf));
	return uk_real_pread(fd, buf, n, pos);
}

UK_FORTIFY_REAL(pwrite);
UK_FORTIFIED ssize_t pwrite(int fd, const void *buf, size_t n, off_t pos)
{
	UK_FORTIFY_CHECK("pwrite", n, UK_ROOM(buf));
	return uk_real_pwrite(fd, buf, n, pos);
}

UK_FORTIFY_REAL(readlink);
UK_FORTIFIED ssize_t readlink(const char *__restrict path, char *__restrict buf, size_t n)
{
	UK_FORTIFY_CHECK("readlink", n, UK_ROOM_MEMBER(buf));
	return uk_real_readlink(path, buf, n);
}

UK_FORTIFY_REAL(getcwd);
UK_FORTIFIED char *getcwd(char *buf, size_t n)
{
	UK_FORTIFY_CHECK("getcwd", buf ? n : 0, UK_ROOM_MEMBER(buf));
	return uk_real_getcwd(buf, n);
}

UK_FORTIFY_REAL(gethostname);
UK_FORTIFIED int gethostname(char *buf, size_t n)
{
	UK_FORTIFY_CHECK("gethostname", n, UK_ROOM_MEMBER(buf));
	return uk_real_gethostname(buf, n);
}

#endif
