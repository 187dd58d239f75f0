# SPDX-License-Identifier: BSD-3-Clause
#
# The front door. `make help` says what there is; docs/build.md explains how it works.
#
#   run, check, bench …   start here and call make again for the images they need
#   image building        support/build/config.mk    configuration -> variables
#                         support/build/library.mk   a library's folder -> one object
#                         support/build/package.mk   upstream sources -> the same
#                         support/build/image.mk     objects -> one image per platform
#                         support/build/report.mk    size, graph, why, licenses

MAKEFLAGS += --no-builtin-rules --no-builtin-variables
# All CPUs, unless -j says otherwise.
ifeq ($(MAKELEVEL)$(filter -j%,$(MAKEFLAGS)),0)
MAKEFLAGS += -j$(shell nproc)
endif
SHELL     := /bin/sh
.SUFFIXES:
.DELETE_ON_ERROR:
# What a recipe makes is called X.tmp until it is whole: a make that is killed leaves nothing half made under a name that
# the next one believes.
.DEFAULT_GOAL := image

$(foreach v,CURDIR O APP LIBS,$(if $(word 2,$($v)),\
	$(error $v=$($v): make cannot deal with spaces in the names of folders; move it to a path without)))
ROOTDIR := $(patsubst %/,%,$(dir $(abspath $(lastword $(MAKEFILE_LIST)))))
ifneq ($(CURDIR),$(ROOTDIR))
$(error start make in $(ROOTDIR), or with `make -C $(ROOTDIR)`)
endif

# What to build: an application of the tree by name, or a folder anywhere.
APP    ?= sqlite
# More libraries: folders that each hold libraries, or are one, separated by ':'.
LIBS   ?=
# Fragments of support/configs/ laid over the application's defconfig.
CONFIGS ?=
# Where everything generated goes.
O      ?= build
V      ?= 0
Q      := $(if $(filter 1,$V),,@)
# The flags of one letter: n, s, k …
letters := $(foreach w,$(firstword $(MAKEFLAGS)),$(if $(filter -%,$w)$(findstring =,$w),,$w))
say     = $(if $(filter 1,$V)$(findstring s,$(letters)),@:,@printf '  %-7s %s\n' '$1' '$2')

# The first python3 that has kconfiglib: another one earlier on PATH may not see the system's.
PYTHON ?= $(firstword $(wildcard /usr/bin/python3) python3)

app-path := $(if $(findstring /,$(APP)),$(abspath $(APP)),$(if $(wildcard apps/$(APP)/.),apps/$(APP)))
app      := $(notdir $(app-path))
# An architecture that CONFIGS= names has a folder of its own beside the application's.
arch-of-configs := $(firstword $(foreach c,$(CONFIGS),$(if $(wildcard arch/$c/Config.uk),$c)))
# So has a platform that is off by default (there is a fragment of its name), unless the application's own configuration has it.
plat-of-configs := $(firstword $(foreach c,$(CONFIGS) $(PLAT),$(if $(and $(wildcard plat/$c/Config.uk),$(wildcard support/configs/$c.config)),$c)))
plat-of-configs := $(if $(plat-of-configs),$(if $(shell grep -si '^CONFIG_PLAT_$(plat-of-configs)=y' '$(O)/$(app)/.config'),,$(plat-of-configs)))
B        := $(O)/$(app)$(addprefix -,$(arch-of-configs))$(addprefix -,$(plat-of-configs))

# Goals that need no configuration of their own.
front-goals := help run demo check check-all security-table allocator-table sanitizer-table bench bench-xen setup clean distclean debug list-apps

ifneq ($(if $(MAKECMDGOALS),$(filter-out $(front-goals),$(MAKECMDGOALS)),image),)
ifeq ($(app-path),)
$(error APP=$(APP): there is no apps/$(APP); `make list-apps` lists them, and APP=path takes a folder outside the tree)
endif
ifeq ($(wildcard $(app-path)/Makefile.uk),)
$(error APP=$(APP): $(app-path)/Makefile.uk is missing; docs/write-an-application.md shows the three files of an application)
endif
ifeq ($(wildcard $(app-path)/Config.uk),)
$(error APP=$(APP): $(app-path)/Config.uk is missing; docs/write-an-application.md shows the three files of an application)
endif
include support/build/config.mk
ifneq ($(uk-configured),)
include support/build/library.mk
include support/build/image.mk
include support/build/report.mk
endif
endif
include support/build/front.mk
