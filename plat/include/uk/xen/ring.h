/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rings shared with another domain (Xen public/io/ring.h), with this image's barriers: a ring's indices are ordered
 * with its contents, as the other side may run on another CPU also where we have one.
 */
#ifndef UK_XEN_RING_H
#define UK_XEN_RING_H

#define __XEN_INTERFACE_VERSION__ 0x00040d00 /* with which the barriers are ours */

#define xen_mb()  __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define xen_rmb() __atomic_thread_fence(__ATOMIC_ACQUIRE)
#define xen_wmb() __atomic_thread_fence(__ATOMIC_RELEASE)

#include <xen/io/ring.h>

#endif
