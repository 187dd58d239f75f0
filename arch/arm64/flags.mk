# SPDX-License-Identifier: BSD-3-Clause
cross             := aarch64-linux-gnu-
# Atomic operations in place: compilers would call functions that look first what the CPU has.
# Code has the place of every symbol relative to its own; in a position-independent executable compilers would take those of other
# files from a table, whose entries relocation fills.
arch-flags-all    := -mno-outline-atomics -fno-pie
# Its plain char is signed, as x86_64's is.
arch-flags-kernel := -fsigned-char -mgeneral-regs-only -falign-functions=4 -falign-jumps=4 -falign-loops=4
# GNU ld packs relative relocations for x86 only, and would leave references to some names to a loader, even in an executable. The
# file needs no gaps: nobody maps it, its parts are copied to where they belong (support/tools/runner/kvm.py).
arch-link         := -Wl,--version-script=arch/common/private.map -Wl,-z,max-page-size=16
# The stack protector's value is one for all, where a register points to that nobody else uses: by its name it would be reached
# through a table that early code may not look into. With several CPUs it is in the CPU's data (UK_PERCPU_CANARY). Applications,
# which run later, take it by its name.
ssp-place          = -mstack-protector-guard=sysreg -mstack-protector-guard-reg=tpidr_el1 \
	-mstack-protector-guard-offset=$(if $(CONFIG_SMP),64,0)
ssp-own           := y
# long double has 128 bits, for which the CPU has nothing: what C libraries do with it is in the compiler's own library.
arch-libs          = $(if $(CONFIG_LIBMUSL),$(shell $(CC) -print-libgcc-file-name))
