# SPDX-License-Identifier: BSD-3-Clause
#
# The image link: all libraries and one platform -> $(B)/APP_PLAT-ARCH.dbg, and without debugging
# data and section headers -> $(B)/APP_PLAT-ARCH.

image-of = $(B)/$(app)_$1-$(uk-arch)
images  := $(foreach p,$(uk-plats),$(call image-of,$p))

# With LTO there is no per-library object: it would end optimisation across libraries.
common-libs := $(foreach l,$(linked-libs),$(if $(filter plat,$(lib-kind-$l)),,$l))
link-objs    = $(foreach l,$(common-libs) $(filter plat-$1,$(linked-libs)),\
	$(if $(CONFIG_LTO),$(call objs-of,$l),$(B)/lib/$l.o))

link-flags = $(flags-all) -nostdlib -pie $(if $(clang),-fuse-ld=$(if $(CONFIG_LTO),lld,bfd)) -Wl,--gc-sections \
	-Wl,--no-dynamic-linker -Wl,-z,max-page-size=4096 -Wl,-z,noexecstack -Wl,--build-id=none \
	-Wl,--no-warn-rwx-segments -Wl,-z,norelro -Wl,--hash-style=gnu

# $(call image-rules,PLAT)
define image-rules
$(call write-if-changed,$(B)/obj/plat-$1/link,$(link-flags) $(ldflags-y-of-plat-$1) $(call link-objs,$1))
$(call image-of,$1).dbg: $(call link-objs,$1) $(lib-dir-plat-$1)/$(linker-script-of-plat-$1) \
		$(B)/obj/plat-$1/link support/tools/checkdeps.py
	$$(call say,LD,$$@)
	$$(Q)$(if $(CONFIG_LTO),,$(PYTHON) support/tools/checkdeps.py --build $(B) --manifest $(B)/libraries --plat plat-$1 &&) \
	$(CC) $(link-flags) $(ldflags-y-of-plat-$1) -Wl,-T,$(lib-dir-plat-$1)/$(linker-script-of-plat-$1) \
		-Wl,-Map,$$@.map -o $$@ $(call link-objs,$1)
$(call image-of,$1): $(call image-of,$1).dbg support/tools/stripimage.py
	$$(call say,IMAGE,$$@)
	$$(Q)$(PYTHON) support/tools/stripimage.py $$< $$@
endef

# What the check of dependencies needs to know: per library, what it may refer to.
define manifest-lines
$(foreach l,$(linked-libs),lib $l object=$(B)/lib/$l.o kind=$(lib-kind-$l) api=$(if $(api-ops-of-$l),$(api-prefix-of-$l)) \
provides=$(provides-of-$l) declared=$(subst $() ,$(comma),$(strip $(lib-deps-$l))) \
visible=$(subst $() ,$(comma),$(strip $(call visible,$l)))$(newline))
endef
$(call write-if-changed,$(B)/libraries,$(manifest-lines))

$(foreach p,$(uk-plats),$(eval $(call image-rules,$p)))

.PHONY: image
image: $(images) $(B)/compile_commands.json
