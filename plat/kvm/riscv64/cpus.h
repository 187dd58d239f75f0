/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What treesmp.c asks of the CPU (treesmp.h): its number is its hart.
 */
#ifndef RISCV_CPUS_H
#define RISCV_CPUS_H

#include "kvm.h"

#define BOOT_CPU(name)    riscv_##name
#define BOOT_CPU_ID       "hart %lu"
#define boot_cpu_id()     kvm_hart
#define boot_cpu_tables() riscv_csr_read(satp)

#endif
