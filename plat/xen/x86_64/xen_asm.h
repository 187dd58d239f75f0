/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Between pventry.S and C.
 */
#ifndef XEN_ASM_H
#define XEN_ASM_H

/* How Xen is called; pventry.S compares. */
#define XEN_CALL_SYSCALL 0 /* PV */
#define XEN_CALL_VMCALL  1 /* PVH, Intel */
#define XEN_CALL_VMMCALL 2 /* PVH, AMD */

#define XEN_IRET 23 /* __HYPERVISOR_iret */

#define XEN_PV_STUB_SIZE 5
#define XEN_PV_STUBS     20 /* for the vectors that Xen passes on */

#endif
