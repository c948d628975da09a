# SPDX-License-Identifier: GPL-2.0-only
# How fast events are read: build/bench/reader build/bench/reader_fill.bpf.o

READER_SRCS := selftests/bench/reader.c selftests/user/fakering.c

$(O)/bench/reader: $(READER_SRCS) $(O)/libvmitap.a selftests/user/fakering.h \
		$(LIB_HEADERS)
	@mkdir -p $(@D)
	$(CC) -Wall -Wextra -Werror -O2 -g -D_GNU_SOURCE -Iuserspace/lib/include \
		-Iuapi $(READER_SRCS) $(O)/libvmitap.a -lbpf -o $@

$(O)/bench/reader_fill.bpf.o: selftests/bench/reader_fill.bpf.c \
		$(wildcard uapi/linux/*.h)
	@mkdir -p $(@D)
	$(CLANG) $(BPF_CFLAGS) -c $< -o $@

TEST_TARGETS += $(O)/bench/reader $(O)/bench/reader_fill.bpf.o
