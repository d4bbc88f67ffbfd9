# SPDX-License-Identifier: GPL-2.0
# Thin front of the two build systems: Kbuild for the module, Meson for
# userspace. Products are below build/ alone.
#
#   make                  module for the running kernel, and userspace
#   make module KDIR=DIR  module for the kernel whose build tree is DIR
#   make user             userspace
#   make install          both; DESTDIR and INSTALL_MOD_PATH are honoured
#   make bench-swap       measures changes of a mesh: scripts/bench --help
#   make bench-fw         measures the firewall: scripts/bench --help
#   make bench-topology   measures the controller's topology: scripts/bench --help
#   make bench-fanout     measures the fan-out to connected agents: scripts/bench --help
#   make clean            removes build/
#
# Other variables of Kbuild (ARCH=um, W=1, C=2, LLVM=1) are passed on.

KDIR ?= /lib/modules/$(shell uname -r)/build
RELEASE = $(shell sed -n 's/.*UTS_RELEASE "\(.*\)"/\1/p' $(KDIR)/include/generated/utsrelease.h)
MODULE = $(CURDIR)/build/module/$(RELEASE)
USER = $(CURDIR)/build/user

all: module user

# Kbuild puts objects beside sources, so that one tree serves one kernel only.
# Hence a tree of symbolic links for each kernel, in which it finds what has
# changed and nothing else is built again.
module:
	@mkdir -p $(MODULE)
	@cp -rsf $(CURDIR)/Kbuild $(CURDIR)/module $(CURDIR)/uapi $(MODULE)/
	+$(MAKE) -C $(KDIR) M=$(MODULE) modules

user: $(USER)/build.ninja
	ninja -C $(USER)

$(USER)/build.ninja:
	meson setup $(USER)

install: all
	+$(MAKE) -C $(KDIR) M=$(MODULE) modules_install
	meson install -C $(USER)

bench-swap:
	scripts/bench swap

bench-fw:
	scripts/bench fw

bench-topology:
	scripts/bench topology

bench-fanout:
	scripts/bench fanout

clean:
	rm -rf build

.PHONY: all module user install bench-swap bench-fw bench-topology bench-fanout clean
