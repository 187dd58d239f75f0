/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * epoll(7): a file that knows which of many files have something to tell.
 *
 * Each watched file has an item, which subscribes to the file's event source (uk/event.h). What
 * becomes ready puts its item on the instance's ready list and wakes one waiting thread; waiting
 * looks at that list only. So the cost is that of what is ready, however much is watched.
 *
 * Threads, all functions.
 */
#ifndef UK_EPOLL_H
#define UK_EPOLL_H

#include <uk/abi/epoll.h>
#include <uk/api.h>
#include <uk/fdtab.h>

UK_API_BEGIN

/* A new instance that watches nothing. 0 or -ENOMEM. Does not block. */
int uk_epoll_create(struct uk_file **f);

/*
 * epoll_ctl(2): UK_EPOLL_CTL_ADD, MOD, DEL of what `fd` refers to in `t`. `ev` is the kernel's own copy, NULL for
 * DEL. -EBADF; -EINVAL: not an epoll instance, the instance itself, no such operation, flags that do
 * not go together; -EPERM: a file that is always ready; -EEXIST; -ENOENT; -ELOOP: instances would
 * watch each other in a circle, or more than five in a row; -ENOMEM.
 */
int uk_epoll_ctl(struct uk_fdtab *t, int epfd, int op, int fd, const struct uk_abi_epoll_event *ev);

/*
 * epoll_wait(2): up to `max` > 0 events into `out`, the caller's array, which has been checked. Waits for the
 * first until the monotonic clock reaches `deadline` (0: does not wait, UK_NSEC_MAX: for ever). The
 * number of events, 0 after the deadline; -EINVAL: not an epoll instance; -EINTR.
 */
int uk_epoll_wait(struct uk_file *f, struct uk_abi_epoll_event *out, int max, uk_nsec deadline);

/* The same without waiting. */
int uk_epoll_collect(struct uk_file *f, struct uk_abi_epoll_event *out, int max);

UK_API_END

#endif
