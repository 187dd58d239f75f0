# SPDX-License-Identifier: BSD-3-Clause
#
# Upstream's own way from its source tree to one file: the parser generator and tables are built and
# run on this machine, and Tcl scripts put everything together. Upstream's main.mk needs no
# configure and gives the same bytes; its compiler variables name this machine's compiler, since what
# runs for the image is compiled later.
#
# Called by support/build/package.mk in the folder where the results belong, with TREE.

override MAKEOVERRIDES :=
unexport CFLAGS CC AR

.PHONY: all
all:
	@command -v tclsh >/dev/null || { echo 'sqlite: tclsh is missing: `make setup`, or apt-get install tcl'; exit 1; }
	$(MAKE) -f $(TREE)/main.mk TOP=$(TREE) BCC=cc TCC=cc NAWK=awk OPTS= sqlite3.c sqlite3.h shell.c
