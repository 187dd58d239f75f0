# SPDX-License-Identifier: BSD-3-Clause
#
# Upstream's own build, with the project's compiler: run by support/build/package.mk in an empty folder for packages that
# say `program` or `archive` and have no makefile of their own. docs/port-a-program.md shows how to use it.
#
# From package.mk: TREE CC AR CFLAGS as for any package, and
#   CONFIGURE   words for ./configure
#   CMAKE       words for cmake, with which the package is built then
#   MAKEARGS    words for make: goals, -C folder, variables
#   PROGRAM     the program that is the image's
#   LIBRARY     not empty for a library, which is installed in install/, if the goal install is among MAKEARGS
#   ARCHIVES    archives of the packages that this one sees
#   FAST        names of source files that are compiled with FASTFLAGS besides
#   HOSTLIBC    an ordinary static musl, for programs that run while all this is built
#   TOOLS       support/
#
# The package's source is copied, since many builds work only where the source is. The compiler that it gets is .uk/cc:
# a compile is the real compiler with the image's flags at the end; all else goes to support/tools/ukcc.py.

MAKEOVERRIDES :=
unexport CC AR LD CFLAGS CONFIGURE CMAKE MAKEARGS ARCHIVES LIBRARY PROGRAM FAST FASTFLAGS

# A package says which C it is written in; the project's optimisation, and not link-time optimisation.
flags := $(filter-out -std=% -flto% -fvisibility=%,$(CFLAGS)) -fno-lto
quote  = '$(subst ','\'',$1)'

# Matches a file of FAST, in whatever folder.
fast := $(subst $() ,|,$(strip $(foreach f,$(FAST),$f */$f)))

define cc
#!/bin/sh
$(if $(fast),for a; do case $$a in ($(fast)) fast='$(FASTFLAGS)' ;; esac; done)
for a; do
	case $$a in
	-c | -S | -E | -M | -MM | -fsyntax-only) exec $(CC) "$$@" $(flags) $(if $(fast),$$fast) ;;
	esac
done
export UKCC_CC=$(call quote,$(CC)) UKCC_HOSTLIBC=$(HOSTLIBC) UKCC_ARCHIVES=$(call quote,$(ARCHIVES))
export UKCC_FLAGS=$(call quote,$(flags))
case $$# in
1) case $$1 in -v | -V | --version | -dump* | -print*) exec $(CC) "$$@" ;; esac ;;
esac
exec /usr/bin/env python3 $(TOOLS)/tools/ukcc.py "$$@"
endef
export cc

# No date, and no commit of the tree around it, becomes part of a program.
# A library is installed below its own build folder, and there its users find it. Nothing of the build machine's: its
# pkg-config, and CMake's packages, would name libraries that are not the image's.
installed := $(sort $(foreach a,$(ARCHIVES),$(if $(findstring /build/install/,$a),$(firstword $(subst /build/install/,/build/install ,$a)))) $(CURDIR)/install)
empty :=
space := $(empty) $(empty)
env := env -u CFLAGS -u CPPFLAGS -u LDFLAGS -u LIBS CONFIG_SITE=$(TOOLS)/build/config.site PKG_CONFIG_LIBDIR=$(subst $(space),:,$(installed:%=%/lib/pkgconfig)) PKG_CONFIG_PATH= \
	PATH="$(subst $(space),:,$(installed:%=%/bin)):$$PATH" \
	GIT_DIR=$(CURDIR)/.uk/none SOURCE_DATE_EPOCH=1577836800 LC_ALL=C
tools := CC=$(CURDIR)/.uk/cc AR=$(AR) RANLIB=$(patsubst %ar,%ranlib,$(filter-out llvm-ar,$(AR)))$(if $(filter llvm-ar,$(AR)),ranlib)

# Of our own make only its share of the CPUs: packages count on the rules that every make has.
jobs := for f in $$MAKEFLAGS; do case $$f in -j* | --jobserver*) jobs="$$jobs $$f" ;; esac; done;

# With CMake if the package says so, or has nothing else.
by-cmake := $(or $(strip $(CMAKE)),$(if $(wildcard $(TREE)/configure $(TREE)/[mM]akefile $(TREE)/GNUmakefile),,y))

.PHONY: all headers copy configure
all: configure
	+jobs=; $(jobs) $(env) MAKEFLAGS="$$jobs" make $(if $(by-cmake),,$(tools)) $(MAKEARGS)
	@if [ -n '$(PROGRAM)' ] && ! [ -e '$(PROGRAM).uk.o' ]; then \
		echo "$(notdir $(patsubst %/,%,$(PKG))): its build made no program $(PROGRAM); it made:" \
		$$(find . -name '*.uk.o' ! -path '*CMakeFiles*' | sed 's/^..//; s/.uk.o$$//' | LC_ALL=C sort); exit 1; fi

headers:

copy:
	$(if $(by-cmake),,cp -a $(TREE)/. .)
	mkdir -p .uk
	printf '%s\n' "$$cc" >.uk/cc
	chmod +x .uk/cc

cmake-args = -DCMAKE_C_COMPILER=$(CURDIR)/.uk/cc -DBUILD_SHARED_LIBS=OFF -DCMAKE_BUILD_TYPE=Release $(if $(LIBRARY),-DCMAKE_INSTALL_PREFIX=$(CURDIR)/install) \
	'-DCMAKE_FIND_ROOT_PATH=$(subst $(space),;,$(installed))' -DCMAKE_FIND_ROOT_PATH_MODE_LIBRARY=ONLY \
	-DCMAKE_FIND_ROOT_PATH_MODE_INCLUDE=ONLY -DCMAKE_FIND_ROOT_PATH_MODE_PACKAGE=ONLY

configure: copy
ifneq ($(by-cmake),)
	$(env) cmake -S $(TREE) -B . $(cmake-args) $(CMAKE)
else
	if [ -x configure ]; then $(env) $(tools) ./configure $(if $(LIBRARY),--prefix=$(CURDIR)/install) $(CONFIGURE); fi
endif
