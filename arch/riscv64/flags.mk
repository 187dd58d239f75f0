# SPDX-License-Identifier: BSD-3-Clause
cross             := riscv64-linux-gnu-
# lld 14 cannot make code shorter at the link, which GNU ld does here, and refuses code that counts on it.
arch-flags-all     = -mcmodel=medany -msmall-data-limit=0 $(if $(lld),-mno-relax)
# The kernel has no floating point, and is called like code that has: the assembler is told so alone. Its plain char is signed,
# as x86_64's is. gcc's link-time optimisation knows one kind of CPU and calls per image; it puts no integer into a register for floating point.
arch-flags-kernel  = -fsigned-char $(if $(clang),-march=rv64gc -mabi=lp64d -Xclang -no-implicit-float,$(if $(CONFIG_LTO),$(arch-flags-app),\
	-march=rv64imac_zicsr_zifencei -mabi=lp64 -mno-riscv-attribute -Wa$(comma)-march=rv64gc$(comma)-mabi=lp64d))
arch-flags-app    := -march=rv64gc -mabi=lp64d
# GNU ld packs relative relocations for x86 only. Here it would leave references to some names to a loader, even in an executable.
arch-link         := -Wl,--version-script=arch/common/private.map
# clang's link-time optimisation forgets how functions are called and what the CPU has, when it writes the file.
arch-link-lld      = $(if $(CONFIG_LTO),-Wl$(comma)-mllvm$(comma)-target-abi=lp64d -Xlinker -mllvm -Xlinker -mattr=+m$(comma)+a$(comma)+f$(comma)+d$(comma)+c)
# The compiler may call what is in there when it has put everything together.
lto-not           := arch-riscv64
# lld takes what `ld -r` makes of this section for damaged. Nothing reads it.
arch-objcopy       = $(if $(lld),--remove-section=.riscv.attributes)
# GNU ld says of a file that it is not position-independent (ET_EXEC) if what is loaded does not begin at 0, and here its header is
# not. Debuggers would not ask then where it is.
arch-finish        = && printf '\003' | dd of=$1 bs=1 seek=16 conv=notrunc status=none
# The stack protector's value is where gp points to, for which nobody else has a use: by its name it would be reached through a
# table that early code may not look into. With several CPUs gp is the CPU's data (UK_PERCPU_CANARY). clang knows the name only, so
# libraries with code that runs before the table is right have no canaries.
ssp-place          = $(if $(clang),,-mstack-protector-guard=tls -mstack-protector-guard-reg=gp -mstack-protector-guard-offset=$(if $(CONFIG_SMP),64,0))
ssp-not            = $(if $(clang),arch-riscv64 plat-% fdt)
# long double has 128 bits, for which the CPU has nothing: what C libraries do with it is in the compiler's own library.
arch-libs          = $(if $(CONFIG_LIBMUSL),$(shell $(CC) -print-libgcc-file-name))
