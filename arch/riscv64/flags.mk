# SPDX-License-Identifier: BSD-3-Clause
cross             := riscv64-linux-gnu-
arch-flags-all    := -mcmodel=medany -msmall-data-limit=0
# The kernel has no floating point, and is called like code that has: the assembler is told so alone. Its plain char is signed,
# as x86_64's is.
arch-flags-kernel := -fsigned-char -march=rv64imac_zicsr_zifencei -mabi=lp64 -mno-riscv-attribute -Wa,-march=rv64gc,-mabi=lp64d
arch-flags-app    := -march=rv64gc -mabi=lp64d
# GNU ld packs relative relocations for x86 only. Here it would leave references to some names to a loader, even in an executable.
arch-link         := -Wl,--version-script=arch/common/private.map
# GNU ld says of a file that it is not position-independent (ET_EXEC) if what is loaded does not begin at 0, and here its header is
# not. Debuggers would not ask then where it is.
arch-finish        = && printf '\003' | dd of=$1 bs=1 seek=16 conv=notrunc status=none
# The stack protector's value is where gp points to, for which nobody else has a use: by its name it would be reached through a
# table that early code may not look into. With several CPUs gp is the CPU's data (UK_PERCPU_CANARY).
ssp-place          = -mstack-protector-guard=tls -mstack-protector-guard-reg=gp -mstack-protector-guard-offset=$(if $(CONFIG_SMP),64,0)
# long double has 128 bits, for which the CPU has nothing: what C libraries do with it is in the compiler's own library.
arch-libs          = $(if $(CONFIG_LIBMUSL),$(shell $(CC) -print-libgcc-file-name))
