# SPDX-License-Identifier: BSD-3-Clause
#
# Configuration: Kconfig in, make variables out.
#
# support/tools/kconfig.py reads the Config.uk files and $(B)/.config and writes
#   $(B)/config.mk             CONFIG_* and, per enabled library, its folder and declared dependencies
#   $(B)/include/uk/config.h   the same options for C
# make remakes config.mk when an input changed and then starts again by itself.

lib-paths   := $(subst :, ,$(LIBS))
config-tree := Config.uk $(wildcard arch/Config.uk arch/*/Config.uk arch/*/Options.uk plat/Config.uk plat/*/Config.uk \
	       lib/*/*/Config.uk $(app-path)/Config.uk $(foreach d,$(lib-paths),$d/Config.uk $d/*/Config.uk))

ifneq ($(lib-paths),)
$(foreach d,$(lib-paths),$(if $(wildcard $d/Config.uk $d/*/Config.uk),,\
	$(error LIBS=$(LIBS): no Config.uk in $d or in a folder of it)))
endif
# A platform that is off by default has a fragment of its name, which `PLAT=` asks for.
ifneq ($(and $(PLAT),$(wildcard plat/$(PLAT)/Config.uk),$(wildcard support/configs/$(PLAT).config)),)
override CONFIGS := $(sort $(CONFIGS) $(PLAT))
endif
$(foreach c,$(CONFIGS),$(if $(wildcard support/configs/$c.config),,\
	$(error CONFIGS=$(CONFIGS): there is no support/configs/$c.config; there are: \
	$(patsubst support/configs/%.config,%,$(wildcard support/configs/*.config)))))

ifneq ($(word 2,$(foreach c,$(CONFIGS),$(if $(wildcard arch/$c/Config.uk),$c))),)
$(error CONFIGS=$(CONFIGS): an image is for one CPU; name one architecture)
endif

kconfig := $(PYTHON) support/tools/kconfig.py --build $(B) --app $(app-path) \
	   $(if $(LIBS),--libs '$(LIBS)') $(if $(CONFIGS),--configs '$(CONFIGS)')

# The files that make up the tree, kept so that a folder that comes or goes is noticed.
config-list := $(sort $(config-tree)) CONFIGS=$(sort $(CONFIGS))
ifneq ($(strip $(file <$(B)/config.list)),$(strip $(config-list)))
ifeq ($(shell mkdir -p $(B) && test -w $(B) && echo yes),)
$(error O=$(O): cannot write there)
endif
$(file >$(B)/config.list,$(config-list))
# Both name files in folders that may have gone, which would end make before they can be made anew.
$(shell rm -rf $(B)/config.mk $(B)/obj/app-*)
endif

config-goals := menuconfig guiconfig olddefconfig savedefconfig defconfig
.PHONY: $(config-goals)
$(config-goals):
	$(Q)$(kconfig) $@

$(B)/config.mk: $(B)/config.list $(config-tree) $(wildcard $(B)/.config $(app-path)/defconfig) \
		$(foreach c,$(CONFIGS),support/configs/$c.config) support/tools/kconfig.py
	$(Q)$(kconfig) generate

ifeq ($(filter $(config-goals),$(MAKECMDGOALS)),)
include $(B)/config.mk
endif
