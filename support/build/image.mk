# SPDX-License-Identifier: BSD-3-Clause
#
# The image link: all libraries and one platform -> $(B)/APP_PLAT-ARCH.dbg, and without debugging
# data and section headers -> $(B)/APP_PLAT-ARCH.

image-of = $(B)/$(app)_$1-$(uk-arch)
images  := $(foreach p,$(uk-plats),$(call image-of,$p))

# With LTO there is no per-library object: it would end optimisation across libraries.
common-libs := $(foreach l,$(linked-libs),$(if $(filter plat,$(lib-kind-$l)),,$l))
link-objs    = $(foreach l,$(call libs-on,$1,$(common-libs)) $(filter plat-$1,$(linked-libs)),\
	$(if $(CONFIG_LTO),$(call objs-of,$l),$(B)/lib/$l.o))

# gcc for another CPU looks for lld among that CPU's tools only, unless told where it is. Its LTO compiles in parallel if told to,
# and would warn again of what an ordinary build has judged, and of main() without arguments. No LTO knows before the link's last
# step that the stack protector will refer to two names.
link-flags  = $(flags-all) $(if $(CONFIG_LTO),$(if $(clang),,-flto=auto -w)) -nostdlib -pie $(if $(lld),-fuse-ld=lld $(if $(clang),,-B$(dir $(lld-at))),$(if $(clang),-fuse-ld=bfd)) \
	$(if $(CONFIG_LTO),$(if $(ssp-y),-Wl$(comma)-u$(comma)__stack_chk_guard -Wl$(comma)-u$(comma)__stack_chk_fail)) \
	-Wl,--gc-sections -Wl,--no-dynamic-linker -Wl,--build-id=none -Wl,--hash-style=gnu \
	$(if $(skip-pads),-Wl$(comma)--emit-relocs) -Wl,-z,max-page-size=4096 -Wl,-z,noexecstack -Wl,-z,norelro \
	$(if $(lld),-Wl$(comma)--pack-dyn-relocs=relr $(arch-link-lld),$(arch-link) -Wl$(comma)--no-warn-rwx-segments)

# Only who comes indirectly needs a landing pad; this wants to know all references.
skip-pads = $(if $(CONFIG_HARDEN_CET),&& $(PYTHON) support/tools/skippads.py $1)

# What a platform has to change in a linked image: a program in its folder, which is given the file and the name of objdump.
finish-of    = $(addprefix $(lib-dir-plat-$1)/,$(link-finish-of-plat-$1))
plat-finish  = $(if $(finish-of),&& $(PYTHON) $(finish-of) $2 $(cross)objdump)

# Linker tables (uk/table.h), from what the libraries that own them say; platforms' linker scripts
# include tables.lds where data is read-only after relocation, and tables-rw.lds where initialisers may
# write as well.
table-lines = $(foreach l,$(uk-libs),$(foreach t,$($2-of-$l),$(newline)uk_tab_$t_start = .; $(call $1,$t) uk_tab_$t_end = .;))
keep-root   = KEEP(*(SORT_BY_NAME(.uk_root.$1.*)))
keep-used   = *(SORT_BY_NAME(.uk_tab.$1.*))
$(call write-if-changed,$(B)/tables.lds,/* Made by support/build/image.mk. */$(call table-lines,keep-root,roots-y)$(call table-lines,keep-used,tables-y))
$(call write-if-changed,$(B)/tables-rw.lds,/* Made by support/build/image.mk. */$(call table-lines,keep-used,tables-rw-y)$(san-globals))

# $(call link,PLAT,IMAGE,MORE), first with options that not every image can have; and again with a table of the functions that this gave. (Objects: by a file. A command has 128 KiB.)
link       = $(if $(arch-link-first),{ $(call link-with,$1,$2,$3,$(arch-link-first)) 2>/dev/null || $(link-with); },$(link-with))
link-with  = $(CC) $(link-flags) $4 $(ldflags-y-of-plat-$1) -Wl,-L,$(B) -Wl,-T,$(lib-dir-plat-$1)/$(linker-script-of-plat-$1) \
	-Wl,-Map,$2.map -o $2 @$(B)/obj/plat-$1/objects $3 -Wl,--start-group $(filter %.a,$(link-objs)) $(arch-libs) -Wl,--end-group
add-symtab = && $(PYTHON) support/tools/symtab.py $2 $(if $(CONFIG_LIBUKSYMTAB_LIBRARIES),$(B)) >$2.sym.S && $(CC) -c $2.sym.S -o $2.sym.o && \
	$(call link,$1,$2,$2.sym.o)

# $(call image-rules,PLAT)
define image-rules
$(call write-if-changed,$(B)/obj/plat-$1/objects,$(filter-out %.a,$(call link-objs,$1)))$(call write-if-changed,$(B)/obj/plat-$1/link,$(link-flags) $(arch-link-first) $(ldflags-y-of-plat-$1) $(filter %.a,$(call link-objs,$1)) $(call arch-finish))
$(call image-of,$1).dbg: $(call link-objs,$1) $(lib-dir-plat-$1)/$(linker-script-of-plat-$1) \
		$(B)/obj/plat-$1/objects $(B)/obj/plat-$1/link $(B)/tables.lds $(B)/tables-rw.lds support/tools/checkdeps.py support/tools/skippads.py $(finish-of)
	$$(call say,LD,$$@)
	$$(Q)$(if $(CONFIG_LTO),,$(PYTHON) support/tools/checkdeps.py --build $(B) --manifest $(B)/libraries --plat plat-$1 &&) \
	$(call link,$1,$$@.tmp) $(if $(CONFIG_LIBUKSYMTAB),$(call add-symtab,$1,$$@.tmp) $(call add-symtab,$1,$$@.tmp)) $(call skip-pads,$$@.tmp) $(call arch-finish,$$@.tmp) $(call plat-finish,$1,$$@.tmp) && mv $$@.tmp.map $$@.map && mv $$@.tmp $$@
$(call image-of,$1): $(call image-of,$1).dbg support/tools/stripimage.py
	$$(call say,IMAGE,$$@)
	$$(Q)$(PYTHON) support/tools/stripimage.py $$< $$@
endef

# What the check of dependencies needs to know: per library, what it may refer to.
define manifest-lines
$(foreach l,$(linked-libs),$(newline)lib $l object=$(B)/lib/$l.o dir=$(lib-dir-$l) package=$(strip $(package-of-$l)) kind=$(lib-kind-$l) plats=$(subst $() ,$(comma),$(strip $(call plats-of,$l))) api=$(if $(api-ops-of-$l),$(api-prefix-of-$l)) \
provides=$(provides-of-$l) license=$(subst $() ,_,$(license-of-$l)) version=$(version-of-$l) \
declared=$(subst $() ,$(comma),$(strip $(lib-deps-$l))) visible=$(subst $() ,$(comma),$(strip $(call visible,$l))))
endef
$(call write-if-changed,$(B)/libraries,$(manifest-lines))

$(foreach p,$(uk-plats),$(eval $(call image-rules,$p)))

.PHONY: image $(uk-plats:%=image-%)
$(foreach p,$(uk-plats),$(eval image-$p: $(call image-of,$p)))
image: $(images) $(B)/compile_commands.json

# ---- running (make run comes here by way of front.mk) --------------------------------------------

ifneq ($(filter-out $(uk-plats),$(PLAT)),)
$(error PLAT=$(PLAT): not a platform of this configuration, which has: $(uk-plats); add it with `make APP=$(APP) menuconfig`)
endif
run-plat := $(or $(PLAT),$(firstword $(filter kvm,$(uk-plats)) $(uk-plats)))
# An application's folder root/ is what it runs on, unless ROOT= says otherwise (ROOT= with nothing: no files).
run-root := $(if $(filter undefined,$(origin ROOT)),$(wildcard $(app-path)/root),$(ROOT))
# What an application's manifest says of how it is run, where the command line is silent. (PORTS= with nothing: none.)
of-app   = $(foreach l,$(uk-libs),$(if $(filter app,$(lib-kind-$l)),$($1-of-$l)))
run-ports := $(if $(filter undefined,$(origin PORTS)),$(if $(filter-out user,$(NET)),,$(if \
	$(filter kvm xen,$(run-plat))$(CONFIG_PLAT_LINUXU_HOSTNET),$(call of-app,run-ports))),$(PORTS))
run-args  := $(if $(filter undefined,$(origin ARGS)),$(call of-app,run-args),$(ARGS))
run-opts  = $(if $(run-root),--root '$(run-root)') $(if $(MEM),--memory '$(MEM)') $(if $(SMP),--smp '$(SMP)') \
	$(if $(NET),--net '$(NET)') $(foreach p,$(run-ports),--publish '$p') $(if $(PCAP),--pcap '$(PCAP)') $(if $(DISK),--disk '$(DISK)') \
	$(if $(PARAMS),--kernel-args '$(PARAMS)') $(if $(SHARE),--share '$(SHARE)') $(if $(ACCEL),--accel '$(ACCEL)') \
	$(if $(MACHINE),--machine '$(MACHINE)') $(if $(XEN_TYPE),--xen-type '$(XEN_TYPE)') $(if $(filter 1 y yes,$(DRYRUN)),--dry-run)

.PHONY: run-image debug-image demo-image
run-image: $(call image-of,$(run-plat))
	@support/run $< $(run-opts) $(if $(CORE),--core '$(CORE)') $(if $(strip $(run-args)),-- $(run-args))
debug-image: $(call image-of,$(run-plat))
	@support/run $< $(run-opts) --gdb $(if $(CORE),--core '$(CORE)') $(if $(strip $(run-args)),-- $(run-args))
demo-image: $(call image-of,$(run-plat)); @apps/sqlite/demo $<
