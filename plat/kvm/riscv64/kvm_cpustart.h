/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a CPU that starts is given, between smp.c and cpustart.S.
 */
#ifndef KVM_CPUSTART_H
#define KVM_CPUSTART_H

#define CPUSTART_WELCOME 0 /* 1 until the CPU comes, or it is given up: who takes it goes on */
#define CPUSTART_OFFSET  8 /* virtual - physical address of the image */
#define CPUSTART_SATP    16
#define CPUSTART_PERCPU  24
#define CPUSTART_STACK   32 /* its end */
#define CPUSTART_SIZE    40

#endif
