# SPDX-License-Identifier: BSD-3-Clause
#
# SQLite as a package, for every application of the tree that contains it: upstream's source tree,
# from which amalgamation.mk makes sqlite3.c, sqlite3.h and the shell's shell.c in $(built).
# Applications that include this and select the same libraries share one compiled copy.

package := sqlite
version := 3.40.1
license := blessing
source  := https://www.sqlite.org/2022/sqlite-src-3400100.zip 5064126aa50db20c35578b612b56c3129425c0506ed4d1610efa4a0f01bdf8d0
source  += debian:sqlite3 aaa776260ab4dc976db34aa7891819484c8676b5b2783123ebc6301e2ca5d655

# A path from the package's own folder.
build   := ../sqlite/amalgamation.mk

# -Os: 0.4 MB less than -O2, for 1 % more instructions per INSERT.
cflags-y := -Os -I$(built)

# What the distribution's build has and an image can have: full-text search, R-trees, mathematics,
# tables about the database itself (.dbstat, .dbinfo, .recover need them), URIs as file names.
cflags-y += -DSQLITE_THREADSAFE=1 -DSQLITE_USE_URI=1 -DSQLITE_LIKE_DOESNT_MATCH_BLOBS \
	-DSQLITE_ENABLE_FTS3 -DSQLITE_ENABLE_FTS3_PARENTHESIS -DSQLITE_ENABLE_FTS4 \
	-DSQLITE_ENABLE_FTS5 -DSQLITE_ENABLE_RTREE -DSQLITE_ENABLE_MATH_FUNCTIONS \
	-DSQLITE_ENABLE_DBSTAT_VTAB -DSQLITE_ENABLE_DBPAGE_VTAB -DSQLITE_ENABLE_STMTVTAB \
	-DSQLITE_ENABLE_BYTECODE_VTAB -DSQLITE_ENABLE_OFFSET_SQL_FUNC \
	-DSQLITE_ENABLE_COLUMN_METADATA -DSQLITE_SOUNDEX

# What needs other processes or dlopen() answers that it is not there, instead of failing oddly:
# .system, .shell, edit(), pipes in .import and .once, .load.
cflags-y += -DSQLITE_NOHAVE_SYSTEM -DSQLITE_OMIT_POPEN -DSQLITE_OMIT_LOAD_EXTENSION

# What configure would find in musl.
cflags-y += -DHAVE_USLEEP=1 -DHAVE_FDATASYNC=1 -DHAVE_PREAD=1 -DHAVE_PWRITE=1 \
	-DHAVE_GMTIME_R=1 -DHAVE_LOCALTIME_R=1 -DHAVE_STRCHRNUL=1 -DHAVE_MALLOC_H=1 \
	-DHAVE_MALLOC_USABLE_SIZE=1 -DHAVE_ISNAN=1 -DHAVE_UTIME=1
