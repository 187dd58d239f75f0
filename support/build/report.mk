# SPDX-License-Identifier: BSD-3-Clause
#
# Reports about an image: size, graph, why, licenses, unused dependencies.

first-image := $(firstword $(images))
report = $(PYTHON) support/tools/report.py --build $(B) --image $(or $(if $(PLAT),$(call image-of,$(PLAT))),$(first-image)).dbg

.PHONY: size graph why licenses deps
size: image
	$(Q)$(report) size
graph: image
	$(Q)$(report) graph
why: image
	$(if $(SYM),,$(error why: say which symbol, as in `make APP=$(APP) why SYM=memcpy`))
	$(Q)$(report) why $(SYM)
licenses: image
	$(Q)$(report) licenses
deps: image
	$(Q){ $(foreach p,$(uk-plats),$(PYTHON) support/tools/checkdeps.py --build $(B) --manifest $(B)/libraries --plat plat-$p --unused;) } | sort -u
