# SPDX-License-Identifier: BSD-3-Clause
cross             := aarch64-linux-gnu-
# Atomic operations in place: compilers would call functions that look first what the CPU has.
# Code has the place of every symbol relative to its own; in a position-independent executable compilers would take those of other
# files from a table, whose entries relocation fills.
arch-flags-all     = -mno-outline-atomics -fno-pie $(if $(CONFIG_ARM64_SPARE_X18),-ffixed-x18) $(addprefix -mbranch-protection=,$(subst $() ,+,$(strip \
	$(if $(CONFIG_HARDEN_BTI),bti) $(if $(CONFIG_HARDEN_PAC),pac-ret))))
# Its plain char is signed, as x86_64's is.
arch-flags-kernel  = -fsigned-char -mgeneral-regs-only $(if $(clang),,-falign-functions=4 -falign-jumps=4 -falign-loops=4)
# GNU ld packs relative relocations for x86 only, and would leave references to some names to a loader, even in an executable. The
# file needs no gaps: nobody maps it, its parts are copied to where they belong (support/tools/runner/kvm.py).
arch-link         := -Wl,--version-script=arch/common/private.map -Wl,-z,max-page-size=16
# lld has to be told that addresses may be among the constants.
arch-link-lld     := -Wl,-z,max-page-size=16 -Wl,-z,notext
# What GNU ld does for Cortex-A53 (erratum 843419) takes 4 KiB, unless an image is less than a MiB long.
arch-link-first    = $(if $(lld),,-Wl,--fix-cortex-a53-843419=adr)
# The stack protector's value is a variable. With several CPUs it is in the CPU's data (UK_PERCPU_CANARY), where a register points to that
# nobody else uses. Applications take it by its name; and so does all that clang compiles, which knows no such place.
ssp-place          = $(if $(and $(CONFIG_SMP),$(if $(clang),,y)),-mstack-protector-guard=sysreg -mstack-protector-guard-reg=tpidr_el1 \
	-mstack-protector-guard-offset=64,-mstack-protector-guard=global)
ssp-own           := y
# long double has 128 bits, for which the CPU has nothing: what C libraries do with it is in the compiler's own library.
arch-libs          = $(if $(CONFIG_LIBMUSL),$(shell $(CC) -print-libgcc-file-name))
# The compiler may call what is in there when it has put everything together.
lto-not           := arch-arm64
