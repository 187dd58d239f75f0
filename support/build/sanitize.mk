# SPDX-License-Identifier: BSD-3-Clause
#
# Flags for code that checks itself as it runs (lib/debug/ukubsan, lib/debug/ukkasan, lib/debug/ukkcsan).
#
# Three groups, each with an option of its own per sanitizer: LIBS, our libraries; APP, the
# application; LIBC, the C library and other packages. A library that a sanitizer is built on, or
# that runs where it cannot, says in its manifest `sanitize-no := address` (or undefined, or
# thread; or stack: no zones around variables).

# $(call san-group,LIB), and $(call san-wants,LIB,ukubsan,undefined)
san-group = $(if $(filter kernel,$(kind-of-$1)),LIBS,$(if $(filter app,$(lib-kind-$1)),APP,LIBC))
san-wants = $(if $(filter $3,$(sanitize-no-of-$1)),,$(CONFIG_LIB$2_$(call san-group,$1)))

san-no-recover := $(if $(clang),-fsanitize-trap=undefined,-fsanitize-undefined-trap-on-error)
san-undefined   = -fsanitize=undefined $(if $(filter app,$(kind-of-$1)),-fsanitize=float-cast-overflow) $(if $(CONFIG_LIBUKUBSAN_TRAP),$(san-no-recover))

# The shadow's place is UK_VA_SHADOW of uk/plat/mem.h. Calls instead of inline checks know the whole
# access, and are smaller.
san-shadow  := 0x400000000000
san-calls   := $(if $(CONFIG_LIBUKKASAN_INLINE),100000,0)
san-param    = $(if $(clang),-mllvm -asan-$1=$2,--param asan-$1=$2)
san-address  = -fsanitize=kernel-address \
	$(if $(clang),-mllvm -asan-mapping-offset=$(san-shadow),-fasan-shadow-offset=$(san-shadow)) \
	$(call san-param,instrumentation-with-call-threshold,$(san-calls)) \
	$(call san-param,stack,$(if $(filter stack,$(sanitize-no-of-$1)),0,$(if $(CONFIG_LIBUKKASAN_STACK),1,0))) $(call san-param,globals,1) \
	$(if $(clang),-Xclang,--param asan-instrument-allocas=1) -fsanitize-address-use-after-scope

# The calls are ThreadSanitizer's; what is volatile, as UK_READ_ONCE() and UK_WRITE_ONCE(), has calls of its own. Copies
# that the compiler does in place would be seen by nobody: it leaves them to our functions.
san-thread := -fsanitize=thread $(addprefix -fno-builtin-,memcpy memmove memset memcmp) $(if $(clang),-mllvm -tsan-distinguish-volatile=1 -mllvm -tsan-instrument-func-entry-exit=0,\
	--param tsan-distinguish-volatile=1 --param tsan-instrument-func-entry-exit=0 -Wno-tsan)

# Code that is larger and more entangled gives the compiler's guesses more chances to be wrong.
san-flags = $(if $(call san-wants,$1,UKUBSAN,undefined),$(call san-undefined,$1)) $(if $(call san-wants,$1,UKKASAN,address),$(call san-address,$1)) \
	$(if $(call san-wants,$1,UKKCSAN,thread),$(san-thread)) \
	$(if $(CONFIG_LIBUKUBSAN)$(CONFIG_LIBUKKASAN)$(CONFIG_LIBUKKCSAN),$(if $(clang),-Wno-unused-command-line-argument,-Wno-maybe-uninitialized -Wno-array-bounds -Wno-stringop-overflow))

# A package whose own code is not checked: for those of its functions that read and write what callers
# hand them, and nothing else (musl's strings). Its makefile decides which these are.
san-handed = $(if $(CONFIG_LIBUKKASAN),$(if $(call san-wants,$1,UKKASAN,address),,$(call san-address,$1)))

# Where the link gathers what the compiler says of global variables: an array per source file, which
# its constructor would register, too late for us. gcc and clang name them like this.
san-globals := $(if $(CONFIG_LIBUKKASAN), . = ALIGN(64); uk_asan_globals_start = .; \
	*(.data.rel.local..LASAN0 .data..LASAN0 .data.__unnamed_*) uk_asan_globals_end = .;)
