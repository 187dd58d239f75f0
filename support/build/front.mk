# SPDX-License-Identifier: BSD-3-Clause
#
# The commands that start here and call make again for the images they need. `run`, `check` and
# `bench` work on a fresh machine: they install what is missing first, after saying what.

.PHONY: help list-apps setup run demo check check-all security-table allocator-table sanitizer-table bench bench-xen debug clean distclean

help:
	@cat support/build/help.txt

list-apps:
	@for d in apps/*/Makefile.uk; do d=$${d%/Makefile.uk}; echo "$${d#apps/}"; done

setup:
	@support/setup build run check $(arch-of-configs)

# Without APP, nginx: what to open in a browser is printed. It is reached through QEMU's network; a process has none.
run:
	@support/setup build run $(arch-of-configs) $(if $(findstring clang,$(CC)),clang ld.lld llvm-ar)
ifeq ($(origin APP),file)
	@$(MAKE) --no-print-directory APP=nginx run-image
else
	@$(MAKE) --no-print-directory run-image
endif

# A real data set in SQLite, on PLAT and the CPU that CONFIGS= names.
demo:
	@support/setup build run $(arch-of-configs)
	@$(MAKE) --no-print-directory APP=sqlite demo-image

debug:
	@support/setup build run $(arch-of-configs) $(if $(arch-of-configs),gdb-multiarch,debug)
	@$(MAKE) --no-print-directory debug-image

# TESTS= names files or takes pytest's options; check-all adds the slow ones. SMP=N gives every machine N CPUs, and
# THREAD=single has QEMU run them in one thread; check-all has both as well, unless it is told one of them.
# Several files of tests at a time, unless every machine has several CPUs or TESTS says how many (-n0: one after the other).
pytest = $(PYTHON) -m pytest
cpus   = $(if $(SMP),--smp $(SMP),-n$(shell expr `nproc` / 2 + 1)) $(if $(THREAD),--thread $(THREAD))
check:
	@support/setup build run check riscv64 arm64
	@$(pytest) $(cpus) $(TESTS)
check-all:
	@support/setup build run check riscv64 arm64
	@$(pytest) --all $(cpus) $(TESTS)
ifeq ($(TESTS)$(SMP)$(THREAD),)
	@$(pytest) --smp 2
	@$(pytest) --smp 4
	@$(pytest) --smp 2 --thread single
endif

# The table of docs/security.md, from a run of all attacks; `make check` compares it with its own run.
security-table:
	@support/setup build run check
	@WHITTLE_SECURITY_PAGE=write $(PYTHON) -m pytest tests/security

# Costs of each choice, measured anew on this tree (half an hour each): lib/mem/README.md, docs/find-bugs.md.
allocator-table:
	@support/setup build run bench
	@$(PYTHON) tests/bench/allocators.py --page lib/mem/README.md
sanitizer-table:
	@support/setup build run bench
	@$(PYTHON) tests/bench/sanitizers.py --page docs/find-bugs.md

bench:
	@support/setup build run bench
	@$(PYTHON) tests/bench/bench.py $(BENCH)
bench-xen:
	@support/setup build run bench
	@$(PYTHON) tests/bench/xenbench.py $(BENCH)

# O= may have put the build into the application's own folder, or above the tree.
ours = $(filter $(patsubst %/,%,$(abspath $1))/%,$(abspath $(app-path))/ $(ROOTDIR)/)
clean:
	$(if $(app),,$(error clean: there is no apps/$(APP); `make distclean` removes all of $(O)))
	$(if $(call ours,$(B)),$(error clean: $(B) holds more than what was built; remove it by hand))
	$(Q)rm -rf $(B)
distclean:
	$(if $(call ours,$(O)),$(error distclean: $(O) holds more than what was built; remove it by hand))
	$(Q)rm -rf $(O)
