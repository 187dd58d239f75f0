# SPDX-License-Identifier: BSD-3-Clause
arch-flags-all    := -m64 -mno-red-zone -fcf-protection=$(if $(CONFIG_HARDEN_CET),branch,none)
# (Functions and jump targets aligned to 16 bytes would be 4 % of a small image, and no faster in what is not a loop over data.)
arch-flags-kernel  = -mgeneral-regs-only $(if $(clang),,-falign-functions=1 -falign-jumps=1 -falign-loops=1)
arch-link         := -Wl,-z,pack-relative-relocs
# The stack protector's value: a variable, and for programs with musl what that has in a thread's block.
ssp-place         := -mstack-protector-guard=global
ssp-own           := y
# For files that run often and are compiled for size all the same: no `rep movsb` in place of memcpy(), since it takes long to begin.
arch-flags-fast   := $(if $(clang),,-mstringop-strategy=libcall)
