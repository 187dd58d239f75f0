# SPDX-License-Identifier: BSD-3-Clause
#
# The commands that start here and build what they need by calling make again.

.PHONY: help list-apps setup run check check-all bench debug clean distclean
help:
	@cat support/build/help.txt
list-apps:
	@for d in apps/*/Makefile.uk; do d=$${d%/Makefile.uk}; echo "$${d#apps/}"; done
clean:
	$(Q)rm -rf $(B)
distclean:
	$(Q)rm -rf $(O)
