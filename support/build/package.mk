# SPDX-License-Identifier: BSD-3-Clause
#
# Packages: libraries and applications whose source comes from upstream.
#
#   package version source patches   what to get and from where (support/tools/fetch.py); in patches,
#                                    names relative to the package's folder
#   srcs-y         our own files of the package's folder; any other name is upstream's: relative to
#                  its tree, or spelled $(tree)/x.c, or $(built)/x.c for what `build` makes
#   build          a makefile of the package's folder that runs upstream's own build, in the folder
#                  $(built). Gets TREE, PKG (the package's folder), CC, CFLAGS, AR, all absolute;
#                  HANDED: more flags for functions on callers' memory (sanitize.mk)
#   build-inputs   our files besides that `build`, or upstream's sources, read: they are part of the key
#   archive        an archive that `build` makes; its members are linked as they are needed
#   program        instead of `build`: upstream's own configure and make (or CMake) with the project's compiler
#                  (upstream.mk) link this program, which becomes the image's. A library says `archive` alone.
#   configure, cmake, make-args    words for these commands; with the goal install, what is installed is
#                  in $(built)/install
#   headers        folders with the headers that users of the package see: $(tree)/…, or $(built)/…, or
#                  $(early)/…, which the goal `headers` of `build` makes in a folder of its own, so
#                  that users are compiled while the package itself still is
#
# Everything is in $(O)/packages/NAME-VERSION-KEY/: src, early, build, obj. KEY is a checksum of all that goes
# into it (pins, patches, flags, compiler, our files), so applications with the same flags share it,
# and nothing there ever becomes stale. A step that is complete leaves a mark (fetched, headers, done)
# at its very end; after an interruption the next run starts that step again from nothing.

pkgs     := $(foreach l,$(uk-libs),$(if $(strip $(package-of-$l)),$l))
archives := $(foreach l,$(pkgs),$(if $(strip $(archive-of-$l)),$l))
archive-objs = $(addprefix $(B)/obj/$1/,$(if $(CONFIG_LTO),keep.o archive.a,archive.o))

pkg-patches = $(wildcard $(addprefix $(lib-dir-$1)/,$(patches-of-$1)))
# Built by upstream's own build with our compiler; with what, and what makes that compiler.
wrapped      = $(if $(strip $(build-of-$1)),,$(strip $(program-of-$1)$(archive-of-$1)))
wrapper     := support/build/upstream.mk support/build/config.site support/tools/ukcc.py
pkg-makefile = $(abspath $(if $(call wrapped,$1),support/build/upstream.mk,$(addprefix $(lib-dir-$1)/,$(build-of-$1))))
pkg-inputs  = $(call pkg-patches,$1) $(if $(call wrapped,$1),$(wrapper)) $(addprefix $(lib-dir-$1)/,$(build-of-$1)) $(build-inputs-of-$1)
# Not the configuration's own header: objects that do not see it can be shared.
pkg-include = $(addprefix -I,$(call public,$1)) $(foreach l,$(call visible,$1),$(addprefix $(call inc,$l),$(call public,$l)))
pkg-flags   = $(filter-out -Wall -Wextra -Wno-% $(if $(archive-of-$1),-flto),$(flags-all) $(flags-$(kind-of-$1)) $(call san-flags,$1) $(call fortify-flags,$1) $(call ssp-flags,$1)) -fvisibility=default -w \
	$(call pkg-include,$1) $(cflags-y-of-$1) $(if $(filter app,$(kind-of-$1)),-isystem $(cc-include))
pkg-text    = $(package-of-$1) $(version-of-$1) $(source-of-$1) $(archive-of-$1) \
	$(program-of-$1) $(configure-of-$1) $(cmake-of-$1) $(make-args-of-$1) $(call pkg-flags,$1) $(fast-y-of-$1) $(cflags-fast-y-of-$1) $(small-y-of-$1) \
	$(if $(archive-of-$1),$(call san-handed,$1)) $(cc-version)
# The same key for the same build wherever the tree and the build folder lie.
pkg-plain   = $(subst ','\'',$(subst $(ROOTDIR),,$(subst $(O)/,build/,$(subst $(abspath $(O))/,build/,$(call pkg-text,$1)))))
pkg-key     = $(shell { printf %s '$(call pkg-plain,$1)'; cat /dev/null $(call pkg-inputs,$1); } | sha256sum | cut -c 1-12)
pkg-upstream = $(foreach s,$(srcs-y-of-$1),$(if $(or $(filter @%,$s),$(if $(wildcard $(lib-dir-$1)/$s),,x)),$s))
pkg-place   = $(subst @tree@,$(pkg-dir-$1)/src,$(subst @built@,$(pkg-dir-$1)/build,$(subst @early@,$(pkg-dir-$1)/early,$2)))
pkg-src     = $(call pkg-place,$1,$(if $(filter @%,$2),$2,@tree@/$2))
pkg-obj     = $(pkg-dir-$1)/obj/$(subst @,,$2).o
abs-include = $(foreach f,$1,$(if $(filter -I%,$f),-I$(abspath $(f:-I%=%)),$f))

ifneq ($(pkgs),)
cc-version := $(strip $(shell $(CC) --version | sed q) $(filter --target=%,$(CC)))
endif

# What a manifest says about places becomes true now that the place is known.
define pkg-locate
pkg-dir-$1 := $(abspath $(O))/packages/$(strip $(package-of-$1))-$(strip $(version-of-$1))-$(call pkg-key,$1)
endef
define pkg-resolve
stamp-of-$1    := $$(pkg-dir-$1)/$(if $(findstring @built@,$(headers-of-$1) $(cflags-y-of-$1)),done,$(if $(findstring @early@,$(headers-of-$1)),headers,fetched))
upstream-of-$1 := $(call pkg-upstream,$1)
srcs-y-of-$1   := $(filter-out $(call pkg-upstream,$1),$(srcs-y-of-$1))
cflags-y-of-$1 := $(call pkg-place,$1,$(cflags-y-of-$1))
archive-of-$1  := $(call pkg-place,$1,$(addprefix @built@/,$(archive-of-$1)))
objs-y-of-$1   := $(foreach s,$(call pkg-upstream,$1),$(call pkg-obj,$1,$s)) $(if $(strip $(archive-of-$1)),$(call archive-objs,$1)) \
	$(if $(strip $(program-of-$1)),$$(pkg-dir-$1)/build/$(strip $(program-of-$1)).uk.o)
wrapped-$1     := $(call wrapped,$1)
makefile-of-$1 := $(call pkg-makefile,$1)
endef

# Upstream's files. They are there once the step is done: hence the rule without a recipe.
define pkg-source
$(call pkg-src,$1,$2): $(pkg-dir-$1)/done ;
$(call pkg-obj,$1,$2): $(call pkg-src,$1,$2) $(foreach l,$1 $(call visible,$1),$(stamp-of-$l))
	$$(call say,CC,$(strip $(package-of-$1))/$(patsubst @built@/%,%,$(patsubst @tree@/%,%,$2)))
	$$(Q)mkdir -p $$(@D) && $(CC) $(call pkg-flags,$1) $(if $(filter $(small-y-of-$1),$2),$$(opt-small)) -frandom-seed=$1/$2 -c $$< -o $$@.$$$$$$$$ && mv $$@.$$$$$$$$ $$@
endef

pkg-fetch = $(PYTHON) support/tools/fetch.py --name $(strip $(package-of-$1)) --version $(strip $(version-of-$1)) \
	--source $(source-of-$1) $(if $(call pkg-patches,$1),--patch $(call pkg-patches,$1)) --out $(pkg-dir-$1)/src
# $(call pkg-make,LIB,FOLDER,GOAL): upstream's build, in FOLDER; the end of its output if it fails.
pkg-make = rm -rf $(pkg-dir-$1)/$2 && mkdir $(pkg-dir-$1)/$2 && { \
	$$(MAKE) -s --no-print-directory -C $(pkg-dir-$1)/$2 -f $(makefile-of-$1) $3 \
	TREE=$(pkg-dir-$1)/src PKG=$(abspath $(lib-dir-$1)) CC="$(CC)" AR="$(AR)" LD=$(gnu-ld) \
	HANDED="$(call san-handed,$1)" CFLAGS="$$(strip $(call abs-include,$(filter-out -flto,$(call pkg-flags,$1))))" \
	$(if $(wrapped-$1),$(call pkg-wrap,$1)) $(if $(filter 1,$V),,>$(pkg-dir-$1)/$2.log 2>&1) || { \
	$(if $(filter 1,$V),,tail -n 15 $(pkg-dir-$1)/$2.log | cut -c 1-300 >&2;) \
	echo '$(strip $(package-of-$1)): its build failed; the whole log is $(pkg-dir-$1)/$2.log' >&2; exit 1; }; }

# What upstream.mk wants to know besides.
quoted   = '$(subst ','\'',$(strip $1))'
pkg-wrap = CONFIGURE=$(call quoted,$(configure-of-$1)) CMAKE=$(call quoted,$(cmake-of-$1)) \
	MAKEARGS=$(call quoted,$(make-args-of-$1)) LIBRARY=$(strip $(archive-of-$1)) PROGRAM=$(strip $(program-of-$1)) \
	ARCHIVES="$(foreach l,$(call pkg-used,$1),$(archive-of-$l))" \
	FAST=$(call quoted,$(fast-y-of-$1)) FASTFLAGS=$(call quoted,$(cflags-fast-y-of-$1)) \
	HOSTLIBC=$(pkg-dir-hostlibc)/build/lib TOOLS=$(abspath support)
# The packages that one with a wrapped build waits for: their headers and archives.
pkg-used = $(foreach l,$(call visible,$1),$(if $(wrapped-$l),$l))

# $(call pkg-step,LIB,MARK,PREREQUISITES,COMMAND): once, even if two makes want it at the same time.
# (Not with make -n, which would run what calls $(MAKE), and leave a mark for nothing.)
define pkg-step
$(pkg-dir-$1)/$2: $3
	$$(call say,PACKAGE,$(strip $(package-of-$1)) $(strip $(version-of-$1))$(if $(filter done,$2),, ($2)))
	$(if $(findstring n,$(letters)),@:,+$$(Q)mkdir -p $(pkg-dir-$1); exec 9>$(pkg-dir-$1)/$2.lock && flock 9 && { test -e $$@ || { $4 touch $$@; }; })

endef
# (Headers first: with them, users of the package can be compiled while it is.)
define pkg-rules
$(call pkg-step,$1,fetched,,$(call pkg-fetch,$1) &&)
$(if $(strip $(build-of-$1)),$(call pkg-step,$1,headers,$(pkg-dir-$1)/fetched,$(call pkg-make,$1,early,headers) &&))
$(call pkg-step,$1,done,$(pkg-dir-$1)/$(if $(filter $(pkg-dir-$1)/early/%,$(includes-y-of-$1)),headers,fetched) \
	$(if $(wrapped-$1),$(pkg-dir-hostlibc)/done $(foreach l,$(call visible,$1),$(stamp-of-$l)) $(foreach l,$(call pkg-used,$1),$(pkg-dir-$l)/done)),$(if $(makefile-of-$1),$(call pkg-make,$1,build,) &&))
$(if $(strip $(program-of-$1)),$(pkg-dir-$1)/build/$(strip $(program-of-$1)).uk.o: $(pkg-dir-$1)/done ;)
$(foreach s,$(upstream-of-$1),$(eval $(call pkg-source,$1,$s)))
endef

# A package comes after those whose headers it sees: their folders are part of its flags and so of its
# key. Rules come last, when all is known.
define pkg-visit
$(if $(filter $1,$(pkg-order)),,$(foreach l,$(filter-out $1,$(filter $(pkgs),$(call visible,$1))),$(call pkg-visit,$l))$(eval pkg-order += $1))
endef
pkg-order :=
$(foreach l,$(pkgs),$(call pkg-visit,$l))
$(foreach l,$(pkg-order),$(eval $(call pkg-locate,$l))$(eval includes-y-of-$l := $(wildcard $(lib-dir-$l)/include) \
	$(call pkg-place,$l,$(includes-y-of-$l) $(headers-of-$l)))$(eval $(call pkg-resolve,$l)))

# The C library's source once more, as anybody would build it: for programs that run on the build machine
# while packages are configured and built.
ifneq ($(strip $(foreach l,$(pkgs),$(wrapped-$l))),)
$(if $(CONFIG_LIBMUSL),,$(error $(foreach l,$(pkgs),$(if $(wrapped-$l),$l)): a package with a build of its own needs a complete C library; its Config.uk selects LIBMUSL))
package-of-hostlibc := musl-host
version-of-hostlibc := $(version-of-musl)
pkg-dir-hostlibc    := $(abspath $(O))/packages/musl-host-$(strip $(version-of-musl))-$(shell \
	printf %s '$(source-of-musl) $(cc-version)' | sha256sum | cut -c 1-12)
hostlibc-build = rm -rf $(pkg-dir-hostlibc)/build && mkdir $(pkg-dir-hostlibc)/build && cd $(pkg-dir-hostlibc)/build && { { \
	$(pkg-dir-musl)/src/configure --disable-shared CC="$(CC)" CFLAGS="-O1 -w" && $$(MAKE) -s MAKEOVERRIDES= CC="$(CC)" $(addprefix lib/,crt1.o crti.o crtn.o libc.a); } \
	>../build.log 2>&1 || { tail -n 15 ../build.log; exit 1; }; } &&
$(eval $(call pkg-step,hostlibc,done,$(pkg-dir-musl)/fetched,$(hostlibc-build)))
endif

$(foreach l,$(pkg-order),$(eval $(call pkg-rules,$l)))

# ---- archives -----------------------------------------------------------------------------------
#
# As in any link with an archive, a member is there because something refers to it: musl counts
# on that, since weak definitions stand for what is absent (exit() flushes stdio only if there is
# stdio). And an application may define a name of the archive's for itself. Two ways to this:
#
# Without LTO the members become one object, by the references of all other libraries of the
# image. Then every name becomes weak.
#
# With LTO that would be too early: the compiler makes up references while it optimises (printf to puts).
# So the image is linked with the archive as such, to which ld and lld return when the compiler is
# done. By then it has dropped what nothing seemed to refer to; so keep.o refers, from a section that nothing
# needs, to every name of the others that the archive knows. And in this copy of the archive
# just these names are weak; not the hidden ones, which are the archive's own business: if the image has
# the same name elsewhere, it would get that instead, so let the link say so.

# (Of other archives those that see this one: the C library does not need compression.)
users-of     = $(filter-out %.a %/keep.o,$(foreach l,$(foreach u,$(linked-libs),$(if $(filter $u,$(filter-out $1,$(archives))),$(if $(filter $1,$(call visible,$u)),$u),$u)),$(if $(filter $1,$l),$(filter-out $(B)/obj/$1/archive.o,$(call objs-of,$1)),\
	$(if $(CONFIG_LTO),$(call objs-of,$l),$(B)/lib/$l.o))))
archive-nm   = $(if $(CONFIG_LTO),$(if $(clang),llvm-nm,gcc-nm),$(NM))
replace      = if cmp -s $1.tmp $1; then rm $1.tmp; else mv $1.tmp $1; fi

# One line per name that the archive knows: D, defined; H, defined and hidden; U, undefined.
define archive-rules
$$(call write-if-changed,$(B)/obj/$1/archive,$(archive-of-$1))
$(pkg-dir-$1)/names: $(pkg-dir-$1)/done
	$$(Q)readelf -sW $(archive-of-$1) | awk '$$$$5 !~ /GLOBAL|WEAK/ {next} $$$$7 == "UND" {u[$$$$8]; next} {d[$$$$8] = $$$$6 == "HIDDEN" ? "H" : "D"} \
	END {for (s in d) print d[s], s; for (s in u) if (!(s in d)) print "U", s}' > $$@.$$$$$$$$ && mv $$@.$$$$$$$$ $$@
$(B)/obj/$1/wanted: $(pkg-dir-$1)/names $(B)/obj/$1/archive $(call users-of,$1)
	$$(Q)mkdir -p $$(@D) && $(archive-nm) -g $(call users-of,$1) | \
	awk 'NR == FNR {if ($$$$1 != "U") a[$$$$2]; next} $$$$1 == "U" && $$$$2 in a {u[$$$$2]} NF == 3 {d[$$$$3]} \
	END {for (s in u) if (!(s in d)) print "-u " s}' $$< - | LC_ALL=C sort > $$@.tmp && $$(call replace,$$@)
$(B)/obj/$1/archive.o: $(B)/obj/$1/wanted $(B)/obj/$1/archive
	$$(Q)$(gnu-ld) -r --unique -o $$@.tmp @$(B)/obj/$1/wanted $(archive-of-$1) && \
	$(NM) -g --defined-only $$@.tmp | cut -d ' ' -f 3 > $$@.names && \
	$(OBJCOPY) --weaken-symbols=$$@.names $(arch-objcopy) $$@.tmp && rm $$@.names && mv $$@.tmp $$@

$(B)/obj/$1/shared: $(pkg-dir-$1)/names $(B)/obj/$1/archive $(call users-of,$1)
	$$(Q)mkdir -p $$(@D) && $(archive-nm) -g $(call users-of,$1) | \
	awk 'NR == FNR {a[$$$$2] = $$$$1; next} NF == 3 && $$$$3 in a {print a[$$$$3], $$$$3}' $$< - | LC_ALL=C sort -u > $$@.tmp && $$(call replace,$$@)
$(B)/obj/$1/archive.a: $(B)/obj/$1/shared $(B)/obj/$1/archive
	$$(Q){ echo '#'; sed -n 's/^D //p' $$<; } > $$@.names && $(OBJCOPY) --weaken-symbols=$$@.names $(archive-of-$1) $$@.tmp && rm $$@.names && mv $$@.tmp $$@
$(B)/obj/$1/keep.o: $(B)/obj/$1/shared
	$$(Q){ echo '.section .keep,"a"'; sed 's/^./.dc.a/' $$<; } | $(CC) -c -x assembler - -o $$@.tmp && mv $$@.tmp $$@
endef
