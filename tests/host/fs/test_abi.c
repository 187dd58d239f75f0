/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The structures and constants of uk/abi against a C library's headers (the build machine's, and
 * musl's where it is installed). Everything here happens in the compiler.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/uio.h>
#include <termios.h>
#include <unistd.h>

#include <uk/abi/file.h>
#include <uk/abi/ioctl.h>
#include <uk/abi/poll.h>
#include <uk/abi/termios.h>

#define SIZE(a, b)     _Static_assert(sizeof(a) == sizeof(b), #a)
#define FIELD(a, b, f) FIELDS(a, f, b, f)
#define FIELDS(a, f, b, g)                                                                         \
	_Static_assert(offsetof(a, f) == offsetof(b, g) &&                                         \
			       sizeof(((a *)0)->f) == sizeof(((b *)0)->g),                         \
		       #a "." #f)
#define SAME(name) _Static_assert(UK_##name == name, #name)

SIZE(struct uk_abi_stat, struct stat);
FIELD(struct uk_abi_stat, struct stat, st_dev);
FIELD(struct uk_abi_stat, struct stat, st_ino);
FIELD(struct uk_abi_stat, struct stat, st_nlink);
FIELD(struct uk_abi_stat, struct stat, st_mode);
FIELD(struct uk_abi_stat, struct stat, st_uid);
FIELD(struct uk_abi_stat, struct stat, st_gid);
FIELD(struct uk_abi_stat, struct stat, st_rdev);
FIELD(struct uk_abi_stat, struct stat, st_size);
FIELD(struct uk_abi_stat, struct stat, st_blksize);
FIELD(struct uk_abi_stat, struct stat, st_blocks);
FIELDS(struct uk_abi_stat, st_atime_sec, struct stat, st_atim.tv_sec);
FIELDS(struct uk_abi_stat, st_mtime_sec, struct stat, st_mtim.tv_sec);
FIELDS(struct uk_abi_stat, st_ctime_sec, struct stat, st_ctim.tv_sec);
FIELDS(struct uk_abi_stat, st_ctime_nsec, struct stat, st_ctim.tv_nsec);

SIZE(struct uk_abi_flock, struct flock);
FIELD(struct uk_abi_flock, struct flock, l_type);
FIELD(struct uk_abi_flock, struct flock, l_whence);
FIELD(struct uk_abi_flock, struct flock, l_start);
FIELD(struct uk_abi_flock, struct flock, l_len);
FIELD(struct uk_abi_flock, struct flock, l_pid);

_Static_assert(offsetof(struct uk_abi_dirent64, d_name) == offsetof(struct dirent, d_name),
	       "d_name");
FIELD(struct uk_abi_dirent64, struct dirent, d_ino);
FIELD(struct uk_abi_dirent64, struct dirent, d_off);
FIELD(struct uk_abi_dirent64, struct dirent, d_reclen);
FIELD(struct uk_abi_dirent64, struct dirent, d_type);

SIZE(struct uk_abi_statfs, struct statfs);
FIELD(struct uk_abi_statfs, struct statfs, f_type);
FIELD(struct uk_abi_statfs, struct statfs, f_blocks);
FIELD(struct uk_abi_statfs, struct statfs, f_ffree);
FIELD(struct uk_abi_statfs, struct statfs, f_fsid);
FIELD(struct uk_abi_statfs, struct statfs, f_namelen);
FIELD(struct uk_abi_statfs, struct statfs, f_flags);

SIZE(struct uk_abi_pollfd, struct pollfd);
FIELD(struct uk_abi_pollfd, struct pollfd, fd);
FIELD(struct uk_abi_pollfd, struct pollfd, events);
FIELD(struct uk_abi_pollfd, struct pollfd, revents);
SIZE(struct uk_abi_winsize, struct winsize);
FIELD(struct uk_abi_winsize, struct winsize, ws_col);

/* The kernel's termios is the beginning of the libc's. */
FIELD(struct uk_abi_termios, struct termios, c_iflag);
FIELD(struct uk_abi_termios, struct termios, c_oflag);
FIELD(struct uk_abi_termios, struct termios, c_cflag);
FIELD(struct uk_abi_termios, struct termios, c_lflag);
FIELD(struct uk_abi_termios, struct termios, c_line);
_Static_assert(offsetof(struct uk_abi_termios, c_cc) == offsetof(struct termios, c_cc), "c_cc");

SAME(O_CREAT);
SAME(O_EXCL);
SAME(O_NOCTTY);
SAME(O_TRUNC);
SAME(O_APPEND);
SAME(O_NONBLOCK);
SAME(O_DSYNC);
SAME(O_ASYNC);
SAME(O_DIRECT);
SAME(O_DIRECTORY);
SAME(O_NOFOLLOW);
SAME(O_NOATIME);
SAME(O_CLOEXEC);
SAME(O_SYNC);
SAME(O_PATH);
SAME(O_TMPFILE);
SAME(AT_FDCWD);
SAME(AT_SYMLINK_NOFOLLOW);
SAME(AT_REMOVEDIR);
SAME(AT_EACCESS);
SAME(AT_SYMLINK_FOLLOW);
SAME(AT_EMPTY_PATH);
SAME(SEEK_DATA);
SAME(SEEK_HOLE);
SAME(F_DUPFD);
SAME(F_GETFD);
SAME(F_SETFD);
SAME(F_GETFL);
SAME(F_SETFL);
SAME(F_GETLK);
SAME(F_SETLK);
SAME(F_SETLKW);
SAME(F_DUPFD_CLOEXEC);
SAME(F_SETPIPE_SZ);
SAME(F_GETPIPE_SZ);
SAME(F_RDLCK);
SAME(F_WRLCK);
SAME(F_UNLCK);
SAME(F_OFD_GETLK);
SAME(F_OFD_SETLK);
SAME(F_OFD_SETLKW);
SAME(LOCK_SH);
SAME(LOCK_EX);
SAME(LOCK_NB);
SAME(LOCK_UN);
SAME(S_IFMT);
SAME(S_IFSOCK);
SAME(S_IFLNK);
SAME(S_IFREG);
SAME(S_IFBLK);
SAME(S_IFDIR);
SAME(S_IFCHR);
SAME(S_IFIFO);
SAME(S_ISUID);
SAME(S_ISGID);
SAME(S_ISVTX);
SAME(DT_FIFO);
SAME(DT_CHR);
SAME(DT_DIR);
SAME(DT_BLK);
SAME(DT_REG);
SAME(DT_LNK);
SAME(DT_SOCK);
SAME(UTIME_NOW);
SAME(UTIME_OMIT);
SAME(MS_RDONLY);
SAME(MS_NOATIME);
SAME(POLLIN);
SAME(POLLPRI);
SAME(POLLOUT);
SAME(POLLERR);
SAME(POLLHUP);
SAME(POLLNVAL);
SAME(POLLRDNORM);
SAME(POLLWRNORM);
SAME(POLLRDHUP);
SAME(TCGETS);
SAME(TCSETS);
SAME(TCSETSW);
SAME(TCSETSF);
SAME(TCSBRK);
SAME(TCFLSH);
SAME(TIOCSCTTY);
SAME(TIOCGPGRP);
SAME(TIOCSPGRP);
SAME(TIOCOUTQ);
SAME(TIOCGWINSZ);
SAME(TIOCSWINSZ);
SAME(TIOCGSID);
SAME(FIONREAD);
SAME(FIONBIO);
SAME(FIOCLEX);
SAME(FIONCLEX);
SAME(VINTR);
SAME(VQUIT);
SAME(VERASE);
SAME(VKILL);
SAME(VEOF);
SAME(VTIME);
SAME(VMIN);
SAME(VSTART);
SAME(VSTOP);
SAME(VSUSP);
SAME(VEOL);
SAME(VREPRINT);
SAME(VWERASE);
SAME(VLNEXT);
SAME(VEOL2);
SAME(ISTRIP);
SAME(INLCR);
SAME(IGNCR);
SAME(ICRNL);
SAME(IXON);
SAME(IXANY);
SAME(IUTF8);
SAME(OPOST);
SAME(ONLCR);
SAME(OCRNL);
SAME(ONOCR);
SAME(B38400);
SAME(CS8);
SAME(CREAD);
SAME(ISIG);
SAME(ICANON);
SAME(ECHO);
SAME(ECHOE);
SAME(ECHOK);
SAME(ECHONL);
SAME(NOFLSH);
SAME(ECHOCTL);
SAME(ECHOKE);
SAME(IEXTEN);
SAME(TCIFLUSH);
SAME(TCOFLUSH);
SAME(TCIOFLUSH);
