# SPDX-License-Identifier: BSD-3-Clause
#
# musl's own configure and Makefile, with our objects in the place of some of its own. Run by
# support/build/package.mk in an empty folder. The goal `headers` leaves the headers in include/, the
# default goal the library in obj/libc.a.

overlay := $(PKG)/overlay

ifeq ($(wildcard config.mak),)

# musl says itself what C it is written in and which of its names are public; link time optimisation
# would need every object of the library.
flags := $(filter-out -std=% -flto -fvisibility=hidden -fno-tree-loop-distribute-patterns -nostdinc,$(CFLAGS))

# What we were given on the command line would override what configure has chosen from it.
MAKEOVERRIDES :=

obj/libc.a headers:
	$(TREE)/configure --disable-shared --prefix=$(CURDIR) CC='$(CC) -I$(overlay)' AR='$(AR)' CFLAGS='-I$(TREE) $(flags)'
	$(MAKE) -f $(PKG)/build.mk TREE=$(TREE) PKG=$(PKG) HANDED='$(HANDED)' $@

else

include Makefile

# What Linux's newer machines have in common is in generic/.
overlay-path := $(overlay) $(overlay)/$(ARCH) $(if $(filter riscv64 aarch64,$(ARCH)),$(overlay)/generic)
overlay-srcs := $(wildcard $(addsuffix /*.c,$(overlay-path)) $(addsuffix /*.S,$(overlay-path)))
# Code that is checked (lib/debug/ukkasan) may not read whole words where a string's end is in the
# middle of one: without gcc's extensions musl goes byte by byte.
# In musl's own code only if that is asked for, but always where it goes through callers' strings.
ifneq ($(findstring -fsanitize=kernel-address,$(CFLAGS) $(HANDED)),)
overlay-srcs := $(filter-out %/strlen.c,$(overlay-srcs))
obj/src/string/%.o obj/src/multibyte/%.o: CFLAGS_ALL += -U__GNUC__
obj/src/string/%.o obj/overlay/strcasecmp.o: CFLAGS_ALL += $(HANDED)
# They fetch all arguments that there may be, also those that nobody passed: of their callers' stacks.
obj/src/misc/syscall.o obj/src/linux/clone.o: CFLAGS_ALL := \
	$(filter-out -fsanitize=kernel-address -fsanitize-address-use-after-scope -fasan-shadow-offset=%,$(CFLAGS_ALL))
endif
overlay-objs := $(patsubst %,obj/overlay/%.o,$(basename $(notdir $(overlay-srcs))))

# Replaced by an object of ours: the same functions by other means.
#   the stack protector: what happens in the end is ukbase's business
#   setjmp() of arm64: signs where it returns
#   answers of name servers: no byte behind them is read
#   allocation: ours is ukalloc (../malloc.c); memory and byte copies: ukbase's, one set per image
replaced := $(addprefix obj/src/, \
	thread/$(ARCH)/clone.o thread/$(ARCH)/syscall_cp.o thread/$(ARCH)/__set_thread_area.o \
	$(if $(filter aarch64,$(ARCH)),setjmp/$(ARCH)/setjmp.o setjmp/$(ARCH)/longjmp.o signal/$(ARCH)/sigsetjmp.o) \
	thread/$(ARCH)/__unmapself.o thread/__unmapself.o signal/$(ARCH)/restore.o \
	thread/__syscall_cp.o thread/__timedwait.o thread/pthread_cancel.o thread/pthread_create.o thread/pthread_join.o \
	thread/default_attr.o sched/sched_yield.o thread/pthread_getattr_np.o time/__map_file.o signal/sigaction.o unistd/setxid.o process/$(ARCH)/vfork.o \
	malloc/calloc.o malloc/free.o malloc/realloc.o malloc/replaced.o malloc/libc_calloc.o \
	malloc/lite_malloc.o malloc/memalign.o malloc/posix_memalign.o \
	stat/fstatat.o string/strcasecmp.o time/gettimeofday.o $(if $(filter %/strlen.c,$(overlay-srcs)),string/strlen.o) env/__stack_chk_fail.o \
	internal/syscall_ret.o fcntl/fcntl.o network/dns_parse.o \
	$(foreach f,memcpy memmove memset memcmp,string/$f.o string/$(ARCH)/$f.o)) obj/src/malloc/mallocng/%

objs := $(filter-out $(replaced) obj/src/process/vfork.o,$(LIBC_OBJS)) obj/src/process/vfork.o $(overlay-objs)

# An image has no dynamic section; a weak name that nobody defines says so to the one who looks.
obj/src/env/__init_tls.o: CFLAGS_ALL += -D_DYNAMIC=whittle_no_dynamic

# Several CPUs want a mutex at the same time.
ifneq ($(findstring -DUK_MUSL_SPIN=,$(CFLAGS)),)
obj/src/thread/pthread_mutex_timedlock.o: CFLAGS_ALL += -include spin.h
endif

# What runs seldom, or waits for the network or a terminal anyway, is compiled for size where the rest is for speed;
# no function is padded to begin at a multiple of 16, as in the kernel (support/build/library.mk).
small := $(addsuffix /%,conf dirent env errno exit ipc legacy linux misc mq network passwd process temp termios) \
	time/__tz.o time/__secs_to_tm.o time/__tm_to_secs.o time/strftime.o time/strptime.o time/getdate.o time/wcsftime.o \
	stdio/vfscanf.o stdio/vfwscanf.o stdio/vfwprintf.o
$(filter $(addprefix obj/src/,$(small)),$(objs)): CFLAGS_ALL += $(if $(filter -O2,$(CFLAGS)),-Os)
ifeq ($(findstring clang,$(CC)),)
$(objs): CFLAGS_ALL += -falign-functions=1 -falign-jumps=1
endif

# An application may call any function through a pointer, also those that musl has in assembly, which knows
# nothing of landing pads: put one behind each function's label.
define pads
/^[ \t]*\.type.*[@%]function/ { split($$0, w, /[ \t,]+/); fn[w[w[1] == "" ? 3 : 2] ":"] = 1 }
{ print }
$$1 in fn { print "\t" pad }
endef
export pads
pad := $(if $(filter -fcf-protection=branch,$(CFLAGS)),endbr64,$(if $(filter -mbranch-protection=bti%,$(CFLAGS)),hint 34))
ifneq ($(pad),)
AS_CMD = awk -v pad="$(pad)" "$$pads" $< | $(CC) $(CFLAGS_ALL) -x assembler -c -o $@ -
endif

# Run before there is a canary (start.c); the first chooses it.
obj/overlay/set_thread_area.o obj/overlay/strlen.o obj/src/string/strlen.o: CFLAGS_ALL += $(CFLAGS_NOSSP)

obj/overlay/builtins.o obj/overlay/sigaction.o: CFLAGS_ALL += $(addprefix -iquote,$(overlay-path))

.PHONY: headers
headers: install-headers

# Nothing in the library may enter the kernel by an instruction: on kvm it would trap into nothing.
obj/libc.a: $(objs)
	@rm -f $@
	@$(AR) rcD $@ $(objs)
	@if $(if $(filter %-ar,$(AR)),$(AR:ar=objdump),objdump) -d $@ | grep -E '\s(syscall|sysenter|svc|ecall|hvc|smc|int +\$$0x80)\b' -m1; then \
		echo 'musl: a system call instruction is left in libc.a; replace its object in build.mk'; \
		rm $@; exit 1; fi

obj/overlay/%.o: $(overlay)/%.c $(GENH) $(IMPH)
	@mkdir -p $(@D)
	$(CC_CMD)
obj/overlay/%.o: $(overlay)/$(ARCH)/%.c $(GENH) $(IMPH)
	@mkdir -p $(@D)
	$(CC_CMD)
obj/overlay/%.o: $(overlay)/generic/%.c $(GENH) $(IMPH)
	@mkdir -p $(@D)
	$(CC_CMD)
obj/overlay/%.o: $(overlay)/$(ARCH)/%.S
	@mkdir -p $(@D)
	$(CC_CMD)

endif
