# SPDX-License-Identifier: BSD-3-Clause
#
# A library: its folder -> objects -> one relocatable object whose hidden symbols are local.
#
# config.mk says which libraries there are, where, and what they declared to depend on; each one's
# Makefile.uk adds its sources. Nothing else is known about a library. VAR-of-LIB is what LIB's
# Makefile.uk said in VAR.

# Compiler, linker and their flags for this CPU.
include arch/$(uk-arch)/flags.mk

CC      := $(if $(filter default undefined,$(origin CC)),$(cross)gcc,$(CC))
clang   := $(findstring clang,$(notdir $(CC)))
# One clang compiles for all CPUs, and is told for which.
ifneq ($(and $(clang),$(cross)),)
override CC += --target=$(cross:-=)
endif
# What links images: for clang lld, if it is there, otherwise GNU ld; LD= says which, as where Linux is built. (Objects of a library: GNU's always.)
lld-at  := $(firstword $(wildcard $(addsuffix /ld.lld,$(subst :, ,$(PATH)))))
LD      := $(if $(filter default undefined,$(origin LD)),$(if $(and $(clang),$(lld-at)),ld.lld,ld.bfd),$(LD))
lld     := $(filter ld.lld,$(notdir $(LD)))
$(if $(lld)$(filter ld %-ld ld.bfd %-ld.bfd,$(notdir $(LD))),,$(error LD=$(LD): images are linked by ld.lld or by ld.bfd (GNU ld)))
$(if $(and $(lld),$(if $(lld-at),,y)),$(error LD=$(LD): there is no ld.lld in PATH; `support/setup ld.lld` installs it))
$(if $(and $(CONFIG_LTO),$(if $(clang),$(if $(lld),,y),$(lld))),$(error LD=$(LD): link-time optimisation by $(notdir $(firstword $(CC))) needs $(if $(clang),ld.lld (`support/setup ld.lld` installs it),ld.bfd); leave out LD= or LTO))
gnu-ld  := $(cross)ld
OBJCOPY := $(cross)objcopy
NM      := $(cross)nm
AR      := $(if $(clang),llvm-ar,$(cross)ar)

# ---- flags -------------------------------------------------------------------------------------

opt-$(CONFIG_OPTIMIZE_SPEED) := -O2
opt-$(CONFIG_OPTIMIZE_SIZE)  := -Os
opt-$(CONFIG_OPTIMIZE_NONE)  := -Og
# For files that a library names in small-y: they run seldom.
opt-small := $(if $(CONFIG_OPTIMIZE_SPEED),-Os)

# The compiler's freestanding headers; asked once, since every fork counts in a no-op build.
cc-include := $(strip $(file <$(B)/.include-$(notdir $(firstword $(CC)))))
ifeq ($(cc-include),)
cc-include := $(shell $(CC) -print-file-name=include)
ifeq ($(wildcard $(cc-include)/stddef.h),)
$(error CC=$(CC): this compiler does not run, or has no freestanding headers; `$(if $(cross),support/setup $(uk-arch),make setup)` installs $(cross)gcc)
endif
$(file >$(B)/.include-$(notdir $(firstword $(CC))),$(cc-include))
endif

# Everything: position independent, no red zone (interrupts use the interrupted stack), a section
# per function and object (the link drops what nothing refers to), and paths that do not depend on
# where the tree or the build folder lies.
flags-all = -std=gnu11 -g $(opt-y) -fPIE -fvisibility=hidden -fno-common -ffunction-sections \
	-fdata-sections -fno-strict-aliasing $(harden-flags) -fno-asynchronous-unwind-tables \
	-fno-unwind-tables $(if $(CONFIG_FRAME_POINTER),-fno-omit-frame-pointer,-fomit-frame-pointer) \
	-ffile-prefix-map=$(abspath $(O))/=build/ -ffile-prefix-map=$(O)/=build/ \
	-ffile-prefix-map=$(ROOTDIR)/= -ffile-prefix-map=$(ROOTDIR)=. \
	$(if $(CONFIG_LTO),-flto) $(if $(clang),,-fno-tree-loop-distribute-patterns) \
	-Wall -Wextra -Wno-unused-parameter $(if $(clang),-Wno-gnu-variable-sized-type-not-at-end) \
	$(arch-flags-all)
# The kernel: freestanding, general registers only, so that an interrupt saves no vector state.
flags-kernel = -ffreestanding -nostdinc -isystem $(cc-include) -Werror -Wmissing-prototypes \
	-Wstrict-prototypes -Wvla $(ssp-global) $(arch-flags-kernel)
# Applications and C libraries: any register, the C library's headers before the compiler's.
# An application is not a library: it hides nothing (main() above all).
flags-app = -nostdinc $(ssp-app) $(arch-flags-app)

# The menu Hardening. The kernel's canary is a variable, since it has no thread block; musl's is in
# the thread block, where the architecture has such a place (ssp-own). Link-time optimisation knows one kind per image. Of a few
# libraries a compiler may not be able to protect what runs early (ssp-not).
ssp-$(CONFIG_HARDEN_STACK_PROTECTOR_STRONG) := -fstack-protector-strong
ssp-$(CONFIG_HARDEN_STACK_PROTECTOR_ALL)    := -fstack-protector-all
ssp-global    := $(if $(ssp-y),$(ssp-place))
ssp-app       := $(if $(and $(CONFIG_LIBMUSL),$(ssp-own),$(if $(CONFIG_LTO),,y)),,$(ssp-global))
ssp-flags      = $(if $(filter $(ssp-not),$1),-fno-stack-protector)
lto-flags      = $(if $(CONFIG_LTO),$(if $(filter $(lto-not),$1),-fno-lto))
harden-flags  := $(or $(ssp-y),-fno-stack-protector) $(if $(CONFIG_LTO),$(ssp-global)) $(strip \
	$(if $(CONFIG_HARDEN_RETPOLINE),-DUK_RETPOLINE -fno-jump-tables $(if $(clang),-mretpoline \
	-mretpoline-external-thunk,-mindirect-branch=thunk-extern -mindirect-branch-register)) \
	$(if $(CONFIG_HARDEN_SLS),-DUK_SLS $(if $(clang),,-mharden-sls=all)))

# ---- reading the manifests ---------------------------------------------------------------------

comma := ,
define newline


endef
manifest-vars := kind srcs-y srcs-dispatch dispatch-y cflags-y includes-y exports-y provides api-prefix api-ops \
	linker-script link-finish ldflags-y package version source patches build build-inputs configure cmake make-args program archive \
	headers license tests-need-y optional-y roots-y tables-y tables-rw-y sanitize-no small-y platforms-y \
	fast-y cflags-fast-y run-args run-ports
# In a package's manifest: upstream's tree and what is built from it (support/build/package.mk).
tree  := @tree@
built := @built@
early := @early@

define read-manifest
$(foreach v,$(manifest-vars),$v :=$(newline))
lib := $1
lib-dir := $(lib-dir-$1)
include $(lib-dir-$1)/Makefile.uk
$(foreach v,$(manifest-vars),$v-of-$1 := $$($v)$(newline))
endef
$(foreach l,$(uk-libs),$(if $(wildcard $(lib-dir-$l)/Makefile.uk),,\
	$(error $(lib-dir-$l)/Makefile.uk is missing: its Config.uk makes $l a library, and this file lists its sources)))
$(foreach l,$(uk-libs),$(eval $(call read-manifest,$l)))
# A library that is used if it happens to be in the image cannot be said in Kconfig without a loop.
$(foreach l,$(uk-libs),$(eval lib-deps-$l += $(filter $(uk-libs),$(optional-y-of-$l))))
$(foreach l,$(uk-libs),$(if $(kind-of-$l),,$(eval kind-of-$l := \
	$(if $(filter app,$(lib-kind-$l))$(package-of-$l),app,kernel))))

# ---- tests: each library's tests/test_*.c are a library of their own, with only public access -----
# What is in tests/ARCH/ is for one CPU; headers there are found by the tests beside it, and by those that need its library.

ifneq ($(CONFIG_LIBUKTEST),)
tests-of = $(wildcard $(lib-dir-$1)/tests/test_*.c $(lib-dir-$1)/tests/$(uk-arch)/test_*.c)
define add-tests
lib-dir-$1-tests   := $(lib-dir-$1)
lib-kind-$1-tests  := tests
kind-of-$1-tests   := kernel
cflags-y-of-$1-tests := -Wno-sign-compare $(addprefix -I,$(wildcard $(addsuffix /tests/$(uk-arch),$(foreach d,$1 $(tests-need-y-of-$1),$(lib-dir-$d)))))
platforms-y-of-$1-tests := $(platforms-y-of-$1)
srcs-y-of-$1-tests := $(patsubst $(lib-dir-$1)/%,%,$(sort $(call tests-of,$1)))
lib-deps-$1-tests  := uktest $(lib-deps-$1) $1 $(tests-need-y-of-$1)
uk-libs            += $1-tests
endef
$(foreach l,$(uk-libs),$(if $(call tests-of,$l),$(eval $(call add-tests,$l))))
endif

# ---- platforms --------------------------------------------------------------------------------

# The platforms of this configuration in whose images library $1 is: its own, those it names, or all.
plats-of = $(if $(filter plat,$(lib-kind-$1)),$(1:plat-%=%),$(if $(platforms-y-of-$1),\
	$(filter $(platforms-y-of-$1),$(uk-plats)),$(uk-plats)))
# $(call libs-on,PLAT,LIBS): those of LIBS that are in its image.
libs-on  = $(foreach l,$2,$(if $(filter $1,$(call plats-of,$l)),$l))

# ---- binding providers to APIs ------------------------------------------------------------------
#
# One provider of an API in each image: it is compiled under the API's names, so that a call binds to
# it at the image link. Several, or an API that says `dispatch-y := y`: its dispatcher goes through the
# operations struct.

cname     = $(subst -,_,$1)
providers = $(foreach l,$(uk-libs),$(if $(filter $1,$(provides-of-$l)),$l))
default-provider = $(firstword $(foreach p,$2,$(if $(CONFIG_$(lib-sym-$1)_DEFAULT_$(lib-sym-$p:LIB%=%)),$p)) $2)

# $(call bind-api,API,PROVIDERS)
define bind-api
$(foreach p,$(uk-plats),$(if $(call libs-on,$p,$2),,\
	$(error no provider of $1 for platform $p is selected: choose one in `make APP=$(APP) menuconfig`)))
bind-of-$1 := -DUK_DEFAULT_PROVIDER=$(call cname,$(call default-provider,$1,$2))
$(if $(strip $(foreach p,$(uk-plats),$(word 2,$(call libs-on,$p,$2))) $(dispatch-y-of-$1)),srcs-y-of-$1 += $(srcs-dispatch-of-$1),\
	$(foreach p,$2,bind-of-$p := -DUK_SOLE_PROVIDER $(foreach o,$(api-ops-of-$1),-D$(call cname,$p)_$o=$(api-prefix-of-$1)$o)$(newline)))
endef
uk-apis := $(foreach l,$(uk-libs),$(if $(api-ops-of-$l),$l))
$(foreach a,$(uk-apis),$(eval $(call bind-api,$a,$(strip $(call providers,$a)))))

# ---- include paths from declared dependencies -----------------------------------------------------

implicit := ukbase arch-$(uk-arch)
reach     = $(sort $1 $(foreach l,$1,$(if $(exports-y-of-$l),$(call reach,$(exports-y-of-$l)))))
visible   = $(filter-out $1,$(call reach,$(implicit) $(if $(filter plat,$(lib-kind-$1)),plat) $(lib-deps-$1)))
public    = $(or $(includes-y-of-$1),$(wildcard $(lib-dir-$1)/include))
# Upstream's headers have warnings of their own.
inc       = $(if $(stamp-of-$1),-isystem,-I)

include support/build/sanitize.mk
# What musl's users ask of its headers (lib/libc/musl/include).
fortify-flags = $(if $(CONFIG_HARDEN_FORTIFY),$(if $(filter musl,$(call visible,$1)),-D_FORTIFY_SOURCE=2))

include support/build/package.mk

# What is left are files of ours. (package.mk has taken upstream's out, which may be yet to come.) What a
# platform calls common/x is plat/common/x: several platforms compile it, each with headers of its own; an
# architecture's is arch/common/x.
src-path = $(if $(and $(filter plat arch,$(lib-kind-$1)),$(filter common/%,$2)),$(lib-kind-$1),$(lib-dir-$1))/$2
$(foreach l,$(uk-libs),$(foreach s,$(srcs-y-of-$l),$(if $(wildcard $(call src-path,$l,$s)),,\
	$(error $(lib-dir-$l)/Makefile.uk: srcs-y names $s, which is not in that folder))))

# ---- rules --------------------------------------------------------------------------------------

# Makes FILE hold TEXT and changes its time only if TEXT is new: how a change of flags is noticed.
# (strip: GNU make 4.3 keeps the newline at the end of a file of some lengths.)
write-if-changed = $(if $(call differ,$(strip $(file <$1)),$(strip $2)),$(shell mkdir -p $(dir $1))$(file >$1,$2))
differ           = $(subst x$1,,x$2)$(subst x$2,,x$1)

objs-of = $(patsubst %,$(B)/obj/$1/%.o,$(srcs-y-of-$1)) $(objs-y-of-$1)

# $(call compile-rule,LIB,PREFIX,FOLDER): how PREFIX% comes from FOLDER%
define compile-rule
$(B)/obj/$1/$2%.o: $3% $(B)/obj/$1/flags | $(sort $(foreach l,$1 $(call visible,$1),$(stamp-of-$l)))
	$$(call say,CC,$$<)
	$$(Q)mkdir -p $$(@D) && $$(cc-$1) $$(if $$(filter $(small-y-of-$1),$2$$*),$(opt-small)) -frandom-seed=$1/$2$$* -MMD -MP -MF $$@.d.tmp -MT $$@ -c $$< -o $$@.tmp && mv $$@.d.tmp $$@.d && mv $$@.tmp $$@
endef

# $(call library-rules,LIB): LIB's objects and $(B)/lib/LIB.o
define library-rules
cc-$1 := $(strip $(CC) $(flags-all) $(flags-$(kind-of-$1)) $(call san-flags,$1) $(call fortify-flags,$1) $(call ssp-flags,$1) $(call lto-flags,$1) -DUK_LIB_NAME='"$(patsubst app-%,%,$1)"' $(bind-of-$1) \
	-I$(B)/include $(addprefix -I,$(call public,$1)) \
	$(foreach l,$(call visible,$1),$(addprefix $(call inc,$l),$(call public,$l))) \
	$(if $(filter app,$(lib-kind-$1)),-fvisibility=default) $(cflags-y-of-$1) $(if $(filter app,$(kind-of-$1)),-isystem $(cc-include)))
$$(call write-if-changed,$(B)/obj/$1/flags,$$(cc-$1)$(if $(small-y-of-$1), # $(opt-small) for $(small-y-of-$1)))$$(call write-if-changed,$(B)/obj/$1/listed,$(call objs-of,$1))

$(call compile-rule,$1,,$(lib-dir-$1)/)
$(if $(filter plat arch,$(lib-kind-$1)),$(call compile-rule,$1,common/,$(lib-kind-$1)/common/))

$(B)/lib/$1.o: $(call objs-of,$1) $(B)/obj/$1/flags $(B)/obj/$1/listed
	$$(call say,LIB,$1)
	$$(Q)mkdir -p $$(@D) && $(gnu-ld) -r --unique -o $$@.tmp $(call objs-of,$1) && \
	$(OBJCOPY) --localize-hidden $(arch-objcopy) $$@.tmp && mv $$@.tmp $$@
endef
$(foreach l,$(uk-libs),$(if $(call objs-of,$l),$(eval $(call library-rules,$l))))

linked-libs := $(strip $(foreach l,$(uk-libs),$(if $(strip $(call objs-of,$l)),$l)))
$(foreach l,$(archives),$(eval $(call archive-rules,$l)))
-include $(wildcard $(foreach l,$(linked-libs),$(patsubst %,$(B)/obj/$l/%.o.d,$(srcs-y-of-$l))))

# ---- compile_commands.json ------------------------------------------------------------------------

# $(call cc-entry,FILE,COMMAND)
cc-entry = {"directory": "$(ROOTDIR)", "file": "$1", "command": "$(subst ",\",$2) -c $1"}
$(B)/compile_commands.json: $(foreach l,$(linked-libs),$(if $(srcs-y-of-$l)$(upstream-of-$l),$(B)/obj/$l/flags))
	$(file >$@.tmp,[)$(foreach l,$(linked-libs),$(foreach s,$(srcs-y-of-$l),\
		$(file >>$@.tmp,$(call cc-entry,$(call src-path,$l,$s),$(cc-$l))$(comma)))\
		$(foreach s,$(upstream-of-$l),$(file >>$@.tmp,$(call cc-entry,$(call pkg-src,$l,$s),$(CC) $(call pkg-flags,$l))$(comma))))
	$(file >>$@.tmp,{"directory": "$(ROOTDIR)"$(comma) "file": "/dev/null"$(comma) "command": "true"}])
	$(Q)mv $@.tmp $@
