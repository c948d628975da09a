# SPDX-License-Identifier: GPL-2.0-only
# vmitap: module, library, tool, filters, tests.  `make help` lists the targets.

VMITAP_VERSION := 0.1.0

O      ?= build
CC     ?= gcc
CLANG  ?= clang
CFLAGS ?= -O2 -g
PREFIX ?= /usr/local
export VMITAP_VERSION O CC CLANG PREFIX DESTDIR

# Of an ordinary user's Debian, where bpftool, modprobe and mkfs.ext4 are is not in it.
export PATH := $(PATH):/usr/sbin:/sbin

# The running kernel's build tree, else that of the newest headers installed.
KDIR ?= $(firstword $(wildcard /lib/modules/$(shell uname -r)/build) \
	  $(shell ls -dv /usr/src/linux-headers-*-amd64 2>/dev/null | tail -n 1))

# The kernel that the module is for.
MODULE_RELEASE = $(notdir $(patsubst %/build,%,$(KDIR:/usr/src/linux-headers-%=%)))

.DEFAULT_GOAL := all
ALL_TARGETS   :=
TEST_TARGETS  :=

-include userspace/Makefile.inc
-include bpf/Makefile.inc
-include selftests/Makefile.inc

.PHONY: tests check-debug check-kcsan check-vmms check-packages soak all module help clean \
	install install-uapi uninstall setup host shell demo check matrix bench kvm-selftests
all: module $(ALL_TARGETS)

# What runs in the virtual host, natively, or in a guest there.
tests: all $(TEST_TARGETS)

# What a build needs; the module alone needs less.
NEEDED ?= gcc make clang bpftool pkg-config

module:
	@sh kmod/prerequisites.sh "$(KDIR)" $(NEEDED)
	@mkdir -p $(O)/module
	@cp -rsf $(CURDIR)/Kbuild $(CURDIR)/kmod $(CURDIR)/uapi $(O)/module/
	$(MAKE) -C $(KDIR) M=$(abspath $(O))/module O=$(realpath $(KDIR)) \
		CONFIG_DEBUG_INFO_BTF_MODULES= modules
	@sh kmod/btf.sh "$(KDIR)" $(O)/module/vmitap.ko $(O)/vmitap.ko

help:
	@echo 'make                    module, library, tool, filters (KDIR=, O=)'
	@echo 'make tests              that, and all that tests need'
	@echo 'make demo               what vmitap does, in a virtual KVM host'
	@echo 'make check              all tests but check-*, soak and kvm-selftests'
	@echo 'make check-user         those of user space, that need no virtual host'
	@echo 'make check-views        those of views and detectors'
	@echo 'make matrix             the tests of the host on each kernel and vendor'
	@echo 'make check-debug        those in the host, on a kernel with KASAN, lockdep, ...'
	@echo 'make check-kcsan        the same with KCSAN'
	@echo 'make check-vmms         guests under VMMs other than QEMU'
	@echo 'make kvm-selftests      those of KVM, with and without vmitap (TESTS=, TRAPS=1, LIMIT=)'
	@echo 'make fuzz TIME=seconds  longer with input of any kind'
	@echo "make fuzz-views TIME=   of that, a guest's memory and messages"
	@echo 'make soak TIME=seconds  longer with traps, sessions and VMs that come and go'
	@echo "make host CMD='...'     a command in a virtual KVM host (GUEST=linux|none, CPU=amd|intel)"
	@echo 'make shell              the same, with a shell'
	@echo 'HOST_KERNEL=, GUEST_KERNEL=  6.1 (default), 6.12, 7.3: for host, check, demo'
	@echo 'make bench              performance table'
	@echo 'make install, uninstall DESTDIR=, PREFIX='
	@echo 'make deb                packages for Debian, the module by DKMS, in $$(O)/deb'
	@echo 'make check-packages     tests of them in systems of Debian 12 and 13 (as root)'
	@echo 'make setup              install the packages all of this needs (Debian 12)'

clean:
	rm -rf $(O)

setup:
	@selftests/host/packages.sh
	@for name in $(or $(HOST_KERNEL),6.1) $(or $(GUEST_KERNEL),6.1); do \
		release=$$(selftests/host/release.sh $$name) && \
		selftests/host/kernel.sh "$$release" > /dev/null || exit; \
	done

# For the kernels chosen by HOST_KERNEL and GUEST_KERNEL: see selftests/host/kernels.
export HOST_KERNEL GUEST_KERNEL
HOST = selftests/host/run.sh --module "$$(selftests/host/module.sh)" --path $(abspath $(O))

# The command is the host's shell's to read, so neither make nor this shell may: it
# goes as it is by the environment, which would have it expanded if it were exported
# by its own name.  Nor is it for the makes below, which export what they are given.
unexport CMD
host: export HOST_CMD := $(value CMD)
host: setup
	@$(MAKE) --no-print-directory -s tests CMD= >&2
	@test -n "$$HOST_CMD" || { echo "make host: say what to run: make host CMD='vmitap list'" >&2; exit 2; }
	@GUEST=$(or $(GUEST),linux) $(HOST) -- "$$HOST_CMD"

shell: setup
	@$(MAKE) --no-print-directory -s tests >&2
	@GUEST=$(or $(GUEST),linux) $(HOST) --shell

demo: setup
	@$(MAKE) --no-print-directory -s tests >&2
	@$(HOST) -- selftests/host/demo.sh

check: setup
	@$(MAKE) --no-print-directory -s tests >&2
	@selftests/check.sh

# The host part on a kernel with the kernel's own checkers, for which the module is
# built as well: minutes to build, then longer than with the stock one.
check-debug check-kcsan: check-%: setup
	@$(MAKE) --no-print-directory -s tests >&2
	@HOST_KERNEL=$* selftests/check.sh checkers host

# Parts that make check leaves out: one VMM comes by npm, where that is installed; the
# packages go into systems of Debian 12 and 13 made for that, as root.
check-vmms check-packages: check-%: setup
	@$(MAKE) --no-print-directory -s tests >&2
	@selftests/check.sh $*

# On all kernels and vendors, which takes an hour and more.
matrix: setup
	@$(MAKE) --no-print-directory -s tests >&2
	@selftests/matrix.sh

soak: setup
	@$(MAKE) --no-print-directory -s tests >&2
	@TIME=$(or $(TIME),600) selftests/check.sh soak

kvm-selftests: setup
	@$(MAKE) --no-print-directory -s tests >&2
	@selftests/kvm/run.sh $(if $(TRAPS),--traps) $(if $(LIMIT),--limit $(LIMIT)) $(TESTS)

bench: setup
	@$(MAKE) --no-print-directory -s tests bench-programs >&2
	@selftests/bench/run.sh

install: all install-userspace install-uapi install-bpf
	install -D -m 0644 $(O)/vmitap.ko \
		$(DESTDIR)/lib/modules/$(MODULE_RELEASE)/updates/vmitap.ko
	@test -n "$(DESTDIR)" || { depmod $(MODULE_RELEASE) && ldconfig; }

install-uapi:
	install -d $(DESTDIR)$(PREFIX)/include/linux
	install -m 0644 uapi/linux/*.h $(DESTDIR)$(PREFIX)/include/linux/

uninstall: uninstall-userspace uninstall-bpf
	rm -f $(DESTDIR)/lib/modules/$(MODULE_RELEASE)/updates/vmitap.ko
	rm -f $(patsubst uapi/%,$(DESTDIR)$(PREFIX)/include/%,$(wildcard uapi/linux/*.h))
