# SPDX-License-Identifier: BSD-3-Clause
# From upstream's tree only the public headers, under the name by which they are included.
.PHONY: all headers
all:
headers:
	mkdir -p include
	cp -R $(TREE)/xen/include/public include/xen
