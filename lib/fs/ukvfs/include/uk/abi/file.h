/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Constants and structures of the file system calls that are the same on every 64-bit
 * architecture (Linux uapi: asm-generic/fcntl.h, linux/fcntl.h, linux/fs.h, asm/statfs.h).
 * tests/host/fs checks all of uk/abi against musl's headers.
 */
#ifndef UK_ABI_FILE_H
#define UK_ABI_FILE_H

#include <stdint.h>
#include <uk/abi/fcntl.h>
#include <uk/abi/stat.h>

#define UK_PATH_MAX 4096 /* with the terminating 0 */
#define UK_NAME_MAX 255  /* without */

/* open(2) */
#define UK_O_ACCMODE  00000003
#define UK_O_RDONLY   00000000
#define UK_O_WRONLY   00000001
#define UK_O_RDWR     00000002
#define UK_O_CREAT    00000100
#define UK_O_EXCL     00000200
#define UK_O_NOCTTY   00000400
#define UK_O_TRUNC    00001000
#define UK_O_APPEND   00002000
#define UK_O_NONBLOCK 00004000
#define UK_O_DSYNC    00010000
#define UK_O_ASYNC    00020000
#define UK_O_NOATIME  01000000
#define UK_O_CLOEXEC  02000000
#define UK_O_SYNC     04010000
#define UK_O_PATH     010000000
#define UK_O_TMPFILE  (020000000 | UK_O_DIRECTORY)

/* ...at(2) */
#define UK_AT_FDCWD            (-100)
#define UK_AT_SYMLINK_NOFOLLOW 0x100
#define UK_AT_REMOVEDIR        0x200 /* unlinkat */
#define UK_AT_EACCESS          0x200 /* faccessat */
#define UK_AT_SYMLINK_FOLLOW   0x400
#define UK_AT_NO_AUTOMOUNT     0x800
#define UK_AT_EMPTY_PATH       0x1000

/* access(2) */
#define UK_F_OK 0
#define UK_X_OK 1
#define UK_W_OK 2
#define UK_R_OK 4

/* lseek(2) */
#define UK_SEEK_SET  0
#define UK_SEEK_CUR  1
#define UK_SEEK_END  2
#define UK_SEEK_DATA 3
#define UK_SEEK_HOLE 4

/* fcntl(2) */
#define UK_F_DUPFD         0
#define UK_F_GETFD         1
#define UK_F_SETFD         2
#define UK_F_GETFL         3
#define UK_F_SETFL         4
#define UK_F_GETLK         5
#define UK_F_SETLK         6
#define UK_F_SETLKW        7
#define UK_F_SETOWN        8
#define UK_F_GETOWN        9
#define UK_F_OFD_GETLK     36
#define UK_F_OFD_SETLK     37
#define UK_F_OFD_SETLKW    38
#define UK_F_DUPFD_CLOEXEC 1030
#define UK_F_SETPIPE_SZ    1031
#define UK_F_GETPIPE_SZ    1032
#define UK_FD_CLOEXEC      1

#define UK_F_RDLCK 0
#define UK_F_WRLCK 1
#define UK_F_UNLCK 2

struct uk_abi_flock {
	int16_t l_type;   /* UK_F_RDLCK ... */
	int16_t l_whence; /* UK_SEEK_* */
	int64_t l_start;
	int64_t l_len; /* 0: to the end of the file, however far it grows */
	int32_t l_pid; /* from F_GETLK: the holder; -1 for a lock of an open file description */
};

/* flock(2) */
#define UK_LOCK_SH 1
#define UK_LOCK_EX 2
#define UK_LOCK_NB 4
#define UK_LOCK_UN 8

/* renameat2(2), fallocate(2), utimensat(2) */
#define UK_RENAME_NOREPLACE    1
#define UK_RENAME_EXCHANGE     2
#define UK_FALLOC_FL_KEEP_SIZE 1
#define UK_FALLOC_FL_PUNCH     2
#define UK_FALLOC_FL_ZERO      16
#define UK_UTIME_NOW           0x3fffffff
#define UK_UTIME_OMIT          0x3ffffffe

/* getdents64(2): entries follow each other, d_reclen bytes apart, aligned to 8. */
struct uk_abi_dirent64 {
	uint64_t d_ino;
	int64_t d_off; /* position of the next entry, for lseek */
	uint16_t d_reclen;
	uint8_t d_type; /* UK_DT_* */
	char d_name[];
};

/* The type bits of st_mode, shifted down. */
#define UK_DT_UNKNOWN 0
#define UK_DT_FIFO    1
#define UK_DT_CHR     2
#define UK_DT_DIR     4
#define UK_DT_BLK     6
#define UK_DT_REG     8
#define UK_DT_LNK     10
#define UK_DT_SOCK    12

/* statfs(2) */
struct uk_abi_statfs {
	uint64_t f_type; /* magic number of the kind of file system */
	uint64_t f_bsize;
	uint64_t f_blocks; /* in units of f_bsize */
	uint64_t f_bfree;
	uint64_t f_bavail;
	uint64_t f_files;
	uint64_t f_ffree;
	int32_t f_fsid[2];
	uint64_t f_namelen;
	uint64_t f_frsize;
	uint64_t f_flags;
	uint64_t f_spare[4];
};

/* mount(2) */
#define UK_MS_RDONLY  1
#define UK_MS_NOATIME 1024

#endif
