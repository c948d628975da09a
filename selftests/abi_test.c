// SPDX-License-Identifier: GPL-2.0-only
/*
 * abi_test.c - every ioctl: sizes, reserved members, wrong values, wrong order
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "lib/fixture.h"

#define RING_BYTES	0x4000
#define NOBODY		65534

/* Room for any struct and some more, so that nothing behind is written. */
union any {
	__u32 size;
	struct vmitap_query query;
	struct vmitap_stats stats;
	char bytes[8192];
};

ATTACHED_FIXTURE(abi, RING_BYTES)

static void fill_nothing(union any *arg)
{
	(void)arg;
}

static void fill_list_vms(union any *arg)
{
	((struct vmitap_list_vms *)arg)->entry_size = sizeof(struct vmitap_vm_info);
}

static void fill_list_slots(union any *arg)
{
	((struct vmitap_list_slots *)arg)->entry_size = sizeof(struct vmitap_slot);
}

static void fill_filter(union any *arg)
{
	((struct vmitap_filter *)arg)->prog_fd = -1;
}

static void fill_eventfd(union any *arg)
{
	((struct vmitap_eventfd *)arg)->fd = -1;
}

/*
 * Calls that succeed with their structs as large as they are, in an attached
 * session.  ATTACH is not among them, as it can succeed only once.
 */
static const struct {
	const char *name;
	unsigned long cmd;
	__u32 size;
	void (*fill)(union any *arg);
} calls[] = {
	{ "QUERY", VMITAP_IOC_QUERY, sizeof(struct vmitap_query), fill_nothing },
	{ "LIST_VMS", VMITAP_IOC_LIST_VMS, sizeof(struct vmitap_list_vms), fill_list_vms },
	{ "LIST_SLOTS", VMITAP_IOC_LIST_SLOTS, sizeof(struct vmitap_list_slots), fill_list_slots },
	{ "CONFIG", VMITAP_IOC_CONFIG, sizeof(struct vmitap_config), fill_nothing },
	{ "FILTER", VMITAP_IOC_FILTER, sizeof(struct vmitap_filter), fill_filter },
	{ "ENABLE", VMITAP_IOC_ENABLE, sizeof(struct vmitap_enable), fill_nothing },
	{ "RING", VMITAP_IOC_RING, sizeof(struct vmitap_ring_info), fill_nothing },
	{ "STATS", VMITAP_IOC_STATS, sizeof(struct vmitap_stats), fill_nothing },
	{ "WAKE", VMITAP_IOC_WAKE, sizeof(struct vmitap_wake), fill_nothing },
	{ "EVENTFD", VMITAP_IOC_EVENTFD, sizeof(struct vmitap_eventfd), fill_eventfd },
	{ "REGS", VMITAP_IOC_REGS, sizeof(struct vmitap_regs), fill_nothing },
	{ "PAUSE", VMITAP_IOC_PAUSE, sizeof(struct vmitap_pause), fill_nothing },
};

#define NR_CALLS	(sizeof(calls) / sizeof(calls[0]))

/* Struct of call @i with size @size; memory behind it is @tail. */
static void fill(union any *arg, size_t i, __u32 size, char tail)
{
	memset(arg, 0, sizeof(*arg));
	memset(arg->bytes + calls[i].size, tail, sizeof(*arg) - calls[i].size);
	arg->size = size;
	calls[i].fill(arg);
}

TEST_F(abi, exact_size)
{
	union any arg;
	size_t i;

	for (i = 0; i < NR_CALLS; i++) {
		fill(&arg, i, calls[i].size, 0);
		EXPECT_EQ(0, __vmitap_ioctl(self->fd, calls[i].cmd, &arg))
			TH_LOG("%s", calls[i].name);
		EXPECT_EQ(calls[i].size, arg.size)
			TH_LOG("%s", calls[i].name);
	}
}

TEST_F(abi, size_one_less)
{
	union any arg;
	size_t i;

	for (i = 0; i < NR_CALLS; i++) {
		fill(&arg, i, calls[i].size - 1, 0);
		EXPECT_EQ(-EINVAL, __vmitap_ioctl(self->fd, calls[i].cmd, &arg))
			TH_LOG("%s", calls[i].name);
	}
}

TEST_F(abi, size_zero)
{
	union any arg;
	size_t i;

	for (i = 0; i < NR_CALLS; i++) {
		fill(&arg, i, 0, 0);
		EXPECT_EQ(-EINVAL, __vmitap_ioctl(self->fd, calls[i].cmd, &arg))
			TH_LOG("%s", calls[i].name);
	}
}

TEST_F(abi, larger_and_zero)
{
	union any arg;
	size_t i;

	for (i = 0; i < NR_CALLS; i++) {
		fill(&arg, i, calls[i].size + 1, 0);
		EXPECT_EQ(0, __vmitap_ioctl(self->fd, calls[i].cmd, &arg))
			TH_LOG("%s", calls[i].name);
		fill(&arg, i, 4096, 0);
		EXPECT_EQ(0, __vmitap_ioctl(self->fd, calls[i].cmd, &arg))
			TH_LOG("%s of a page", calls[i].name);
	}
}

TEST_F(abi, larger_and_not_zero)
{
	union any arg;
	size_t i;

	for (i = 0; i < NR_CALLS; i++) {
		fill(&arg, i, calls[i].size + 1, 1);
		EXPECT_EQ(-E2BIG, __vmitap_ioctl(self->fd, calls[i].cmd, &arg))
			TH_LOG("%s", calls[i].name);
		fill(&arg, i, calls[i].size + 8, 0);
		arg.bytes[calls[i].size + 7] = 1;
		EXPECT_EQ(-E2BIG, __vmitap_ioctl(self->fd, calls[i].cmd, &arg))
			TH_LOG("%s", calls[i].name);
	}
}

TEST_F(abi, size_huge)
{
	static const __u32 sizes[] = { 4097, 1u << 31, ~0u };
	union any arg;
	size_t i, j;

	for (i = 0; i < NR_CALLS; i++)
		for (j = 0; j < 3; j++) {
			fill(&arg, i, sizes[j], 0);
			EXPECT_EQ(-E2BIG, __vmitap_ioctl(self->fd, calls[i].cmd, &arg))
				TH_LOG("%s of %u", calls[i].name, sizes[j]);
		}
}

/* The kernel writes no more than user space has room for. */
TEST_F(abi, nothing_written_behind)
{
	union any arg;
	size_t i, at;

	for (i = 0; i < NR_CALLS; i++) {
		fill(&arg, i, calls[i].size, 0x5a);
		EXPECT_EQ(0, __vmitap_ioctl(self->fd, calls[i].cmd, &arg));
		for (at = calls[i].size; at < sizeof(arg); at++)
			ASSERT_EQ(0x5a, arg.bytes[at])
				TH_LOG("%s wrote at %zu", calls[i].name, at);
	}
}

TEST_F(abi, bad_pointer)
{
	char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t i;

	ASSERT_NE(MAP_FAILED, pages);
	ASSERT_EQ(0, mprotect(pages + 4096, 4096, PROT_NONE));
	for (i = 0; i < NR_CALLS; i++) {
		char *cut = pages + 4096 - (calls[i].size - 4);

		EXPECT_EQ(-EFAULT, __vmitap_ioctl(self->fd, calls[i].cmd, NULL));
		EXPECT_EQ(-EFAULT, __vmitap_ioctl(self->fd, calls[i].cmd, pages + 4096));
		*(__u32 *)cut = calls[i].size;
		EXPECT_EQ(-EFAULT, __vmitap_ioctl(self->fd, calls[i].cmd, cut))
			TH_LOG("%s", calls[i].name);
	}
}

TEST_F(abi, read_only_argument)
{
	struct vmitap_stats *stats = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
					  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, stats);
	stats->size = sizeof(*stats);
	ASSERT_EQ(0, mprotect(stats, 4096, PROT_READ));
	EXPECT_EQ(-EFAULT, __vmitap_ioctl(self->fd, VMITAP_IOC_STATS, stats));
}

TEST_F(abi, flags)
{
	union any arg;
	size_t i;

	for (i = 0; i < NR_CALLS; i++) {
		fill(&arg, i, calls[i].size, 0);
		*(__u32 *)(arg.bytes + sizeof(__u32)) = 1;
		EXPECT_EQ(-EOPNOTSUPP, __vmitap_ioctl(self->fd, calls[i].cmd, &arg))
			TH_LOG("%s", calls[i].name);
	}
}

TEST_F(abi, unknown_ioctls)
{
	__u32 size[16] = { sizeof(size) };

	EXPECT_EQ(-ENOTTY, __vmitap_ioctl(self->fd, _IO(VMITAP_IOC_TYPE, 13), size));
	EXPECT_EQ(-ENOTTY, __vmitap_ioctl(self->fd, _IO(VMITAP_IOC_TYPE, 255), size));
	EXPECT_EQ(-ENOTTY, __vmitap_ioctl(self->fd, _IO('K', 0), size));
	EXPECT_EQ(-ENOTTY, __vmitap_ioctl(self->fd,
					  _IOWR(VMITAP_IOC_TYPE, 0, __u32), size));
	EXPECT_EQ(-ENOTTY, __vmitap_ioctl(self->fd, 0, size));
}

TEST_F(abi, query)
{
	struct vmitap_query query = { .size = sizeof(query) };

	ASSERT_EQ(0, __vmitap_ioctl(self->fd, VMITAP_IOC_QUERY, &query));
	EXPECT_TRUE(query.out_vendor == VMITAP_VENDOR_SVM ||
		    query.out_vendor == VMITAP_VENDOR_VMX);
	EXPECT_NE(0, query.out_tsc_khz);
	EXPECT_EQ(0, query.out_classes & ~VMITAP_CLASSES_ALL);
	EXPECT_NE(0, query.out_classes & VMITAP_CLASS_MASK(VMITAP_CLASS_CPUID));
	EXPECT_EQ(VMITAP_FIELDS_ALL, query.out_fields);
	EXPECT_EQ(3, query.out_deliveries);
	EXPECT_EQ(4096, query.out_ring_min);
	EXPECT_LT(query.out_ring_min, query.out_ring_max);
	EXPECT_EQ(VMITAP_MAX_SESSIONS, query.out_max_sessions);
	EXPECT_NE(0, query.out_max_cr3s);
	EXPECT_NE(0, query.out_tsc);
	EXPECT_NE(0, query.out_mono_ns);
	EXPECT_LT(query.out_mono_ns, query.out_real_ns);
	EXPECT_NE(0, query.out_version[0]);
	EXPECT_EQ(0, query.out_refusal[0]);
}

TEST_F(abi, list_vms)
{
	struct vmitap_vm_info vms[32] = {};
	struct vmitap_list_vms list = {
		.size = sizeof(list), .entry_size = sizeof(vms[0]), .nr = 32,
		.vms = (unsigned long)vms,
	};
	struct vmitap_vm_info *mine = NULL;
	__u32 i;

	ASSERT_EQ(0, __vmitap_ioctl(self->fd, VMITAP_IOC_LIST_VMS, &list));
	ASSERT_LT(0, list.out_nr);
	for (i = 0; i < list.out_nr && i < 32; i++)
		if (vms[i].pid == (__u32)getpid())
			mine = &vms[i];
	ASSERT_NE(NULL, mine);
	EXPECT_EQ(1, mine->nr_vcpus);
	EXPECT_EQ(1, mine->nr_slots);
	EXPECT_EQ(TESTVM_BYTES, mine->mem_bytes);
	EXPECT_EQ(1, mine->nr_sessions);
	EXPECT_EQ((__u32)getpid(), mine->tapper_pids[0]);
	EXPECT_EQ(0, mine->tapper_pids[1]);
	EXPECT_EQ(0, mine->state);
	EXPECT_EQ(0, strcmp(mine->comm, "abi_test"));

	/* No room: only the count. */
	list.nr = 0;
	list.vms = 0;
	EXPECT_EQ(0, __vmitap_ioctl(self->fd, VMITAP_IOC_LIST_VMS, &list));
	EXPECT_EQ(i, list.out_nr);
	list.nr = 1;
	EXPECT_EQ(-EFAULT, __vmitap_ioctl(self->fd, VMITAP_IOC_LIST_VMS, &list));
}

TEST_F(abi, list_slots)
{
	struct vmitap_slot slots[4] = {};
	struct vmitap_list_slots list = {
		.size = sizeof(list), .entry_size = sizeof(slots[0]), .nr = 4,
		.slots = (unsigned long)slots,
	};

	ASSERT_EQ(0, __vmitap_ioctl(self->fd, VMITAP_IOC_LIST_SLOTS, &list));
	EXPECT_EQ(1, list.out_nr);
	EXPECT_EQ(0, slots[0].gpa);
	EXPECT_EQ(TESTVM_BYTES, slots[0].bytes);
	EXPECT_EQ((unsigned long)self->vm->mem, slots[0].hva);
	EXPECT_EQ(0, slots[0].flags);
	list.slots = 0;
	EXPECT_EQ(-EFAULT, __vmitap_ioctl(self->fd, VMITAP_IOC_LIST_SLOTS, &list));
}

/* Is it as memset() to 0x5a left it? */
static bool untouched(const void *mem, size_t bytes)
{
	const char *at = mem;

	while (bytes && at[bytes - 1] == 0x5a)
		bytes--;
	return !bytes;
}

/* Those that the guest cannot write, and those whose writes the VMM follows. */
TEST_F(abi, slots_of_each_kind)
{
	struct kvm_userspace_memory_region logged = {
		.flags = KVM_MEM_LOG_DIRTY_PAGES, .memory_size = TESTVM_BYTES,
		.userspace_addr = (unsigned long)self->vm->mem,
	};
	struct vmitap_slot slots[4] = {};
	struct vmitap_list_slots list = {
		.size = sizeof(list), .entry_size = sizeof(slots[0]), .nr = 4,
		.slots = (unsigned long)slots,
	};
	__u32 i, flags[2] = {};

	testvm_add_flash(self->vm, "", 1);
	ASSERT_EQ(0, ioctl(self->vm->fd, KVM_SET_USER_MEMORY_REGION, &logged));
	ASSERT_EQ(0, __vmitap_ioctl(self->fd, VMITAP_IOC_LIST_SLOTS, &list));
	ASSERT_EQ(2, list.out_nr);
	for (i = 0; i < 2; i++) {
		ASSERT_GT(2, slots[i].id);
		EXPECT_EQ(slots[i].id ? TESTVM_FLASH : 0, slots[i].gpa);
		EXPECT_EQ(slots[i].id ? TESTVM_FLASH_BYTES : TESTVM_BYTES, slots[i].bytes);
		flags[slots[i].id] = slots[i].flags;
	}
	EXPECT_EQ(VMITAP_SLOT_LOG_DIRTY, flags[0]);
	EXPECT_EQ(VMITAP_SLOT_READONLY, flags[1]);
}

/* Less room than there are: as many as fit, and how many there are. */
TEST_F(abi, lists_with_little_room)
{
	struct vmitap_vm_info vms[2];
	struct vmitap_slot slots[2];
	struct vmitap_list_vms list_vms = {
		.size = sizeof(list_vms), .entry_size = sizeof(vms[0]), .nr = 1,
		.vms = (unsigned long)vms,
	};
	struct vmitap_list_slots list_slots = {
		.size = sizeof(list_slots), .entry_size = sizeof(slots[0]), .nr = 1,
		.slots = (unsigned long)slots,
	};
	struct testvm *second = testvm_create(false);

	memset(vms, 0x5a, sizeof(vms));
	memset(slots, 0x5a, sizeof(slots));
	testvm_add_flash(self->vm, "", 1);
	ASSERT_EQ(0, __vmitap_ioctl(self->fd, VMITAP_IOC_LIST_VMS, &list_vms));
	EXPECT_LE(2, list_vms.out_nr);
	EXPECT_FALSE(untouched(&vms[0], sizeof(vms[0])));
	EXPECT_TRUE(untouched(&vms[1], sizeof(vms[1])));
	ASSERT_EQ(0, __vmitap_ioctl(self->fd, VMITAP_IOC_LIST_SLOTS, &list_slots));
	EXPECT_EQ(2, list_slots.out_nr);
	EXPECT_FALSE(untouched(&slots[0], sizeof(slots[0])));
	EXPECT_TRUE(untouched(&slots[1], sizeof(slots[1])));
	testvm_destroy(second);
}

TEST_F(abi, list_entry_sizes)
{
	struct vmitap_list_slots slots = { .size = sizeof(slots) };
	struct vmitap_list_vms vms = { .size = sizeof(vms) };

	EXPECT_EQ(-EINVAL, __vmitap_ioctl(self->fd, VMITAP_IOC_LIST_VMS, &vms));
	EXPECT_EQ(-EINVAL, __vmitap_ioctl(self->fd, VMITAP_IOC_LIST_SLOTS, &slots));
	vms.entry_size = sizeof(struct vmitap_vm_info) + 1;
	slots.entry_size = sizeof(struct vmitap_slot) - 1;
	EXPECT_EQ(-EINVAL, __vmitap_ioctl(self->fd, VMITAP_IOC_LIST_VMS, &vms));
	EXPECT_EQ(-EINVAL, __vmitap_ioctl(self->fd, VMITAP_IOC_LIST_SLOTS, &slots));
}

TEST_F(abi, reserved_members)
{
	struct vmitap_list_slots slots = { .size = sizeof(slots), .__reserved = 1,
		.entry_size = sizeof(struct vmitap_slot) };
	struct vmitap_list_vms vms = { .size = sizeof(vms), .__reserved = 1,
		.entry_size = sizeof(struct vmitap_vm_info) };
	struct vmitap_filter filter = { .size = sizeof(filter), .prog_fd = -1,
		.__reserved = 1 };
	struct vmitap_enable enable = { .size = sizeof(enable), .__reserved = 1 };
	struct vmitap_stats stats = { .size = sizeof(stats), .__reserved = 1 };
	struct vmitap_eventfd eventfd = { .size = sizeof(eventfd), .fd = -1,
		.__reserved = 1 };
	struct vmitap_regs regs = { .size = sizeof(regs), .__reserved[5] = 1 };
	struct vmitap_pause pause = { .size = sizeof(pause), .__reserved = 1 };

	EXPECT_EQ(-EINVAL, __vmitap_ioctl(self->fd, VMITAP_IOC_REGS, &regs));
	EXPECT_EQ(-EINVAL, __vmitap_ioctl(self->fd, VMITAP_IOC_PAUSE, &pause));
	EXPECT_EQ(-EINVAL, __vmitap_ioctl(self->fd, VMITAP_IOC_LIST_VMS, &vms));
	EXPECT_EQ(-EINVAL, __vmitap_ioctl(self->fd, VMITAP_IOC_LIST_SLOTS, &slots));
	EXPECT_EQ(-EINVAL, __vmitap_ioctl(self->fd, VMITAP_IOC_FILTER, &filter));
	EXPECT_EQ(-EINVAL, __vmitap_ioctl(self->fd, VMITAP_IOC_ENABLE, &enable));
	EXPECT_EQ(-EINVAL, __vmitap_ioctl(self->fd, VMITAP_IOC_STATS, &stats));
	EXPECT_EQ(-EINVAL, __vmitap_ioctl(self->fd, VMITAP_IOC_EVENTFD, &eventfd));
}

/* What comes in through out_ members does not matter. */
TEST_F(abi, out_members_ignored)
{
	struct vmitap_stats stats;
	struct vmitap_query query;

	memset(&stats, 0xff, sizeof(stats));
	memset(&query, 0xff, sizeof(query));
	stats.size = sizeof(stats);
	query.size = sizeof(query);
	stats.flags = query.flags = stats.__reserved = 0;
	EXPECT_EQ(0, __vmitap_ioctl(self->fd, VMITAP_IOC_STATS, &stats));
	EXPECT_EQ(0, __vmitap_ioctl(self->fd, VMITAP_IOC_QUERY, &query));
	EXPECT_EQ(1, stats.out_nr_rings);
	EXPECT_EQ(0, stats.out_vm_gone);
	EXPECT_EQ(0, stats.out_events);
	EXPECT_EQ(0, stats.out_bytes);
	EXPECT_EQ(0, stats.out_untapped_vcpus);
	EXPECT_EQ(0, query.out_refusal[0]);
}

TEST_F(abi, small_values)
{
	struct vmitap_enable enable = { .size = sizeof(enable), .enable = 2 };
	struct vmitap_filter filter = { .size = sizeof(filter), .prog_fd = -2 };
	struct vmitap_eventfd eventfd = { .size = sizeof(eventfd), .fd = -2 };
	struct vmitap_ring_info ring = { .size = sizeof(ring), .index = 1 };

	EXPECT_EQ(-EINVAL, __vmitap_ioctl(self->fd, VMITAP_IOC_ENABLE, &enable));
	EXPECT_EQ(-EINVAL, __vmitap_ioctl(self->fd, VMITAP_IOC_FILTER, &filter));
	EXPECT_EQ(-EINVAL, __vmitap_ioctl(self->fd, VMITAP_IOC_EVENTFD, &eventfd));
	EXPECT_EQ(-ENOENT, __vmitap_ioctl(self->fd, VMITAP_IOC_RING, &ring));
	ring.index = ~0u;
	EXPECT_EQ(-ENOENT, __vmitap_ioctl(self->fd, VMITAP_IOC_RING, &ring));
	filter.prog_fd = 1000;
	EXPECT_EQ(-EBADF, __vmitap_ioctl(self->fd, VMITAP_IOC_FILTER, &filter));
	eventfd.fd = 1000;
	EXPECT_EQ(-EBADF, __vmitap_ioctl(self->fd, VMITAP_IOC_EVENTFD, &eventfd));
	eventfd.fd = self->fd;
	EXPECT_EQ(-EINVAL, __vmitap_ioctl(self->fd, VMITAP_IOC_EVENTFD, &eventfd));
	filter.prog_fd = self->fd;
	EXPECT_EQ(-EINVAL, __vmitap_ioctl(self->fd, VMITAP_IOC_FILTER, &filter));
}

TEST_F(abi, ring_place)
{
	struct vmitap_ring_info ring = { .size = sizeof(ring) };

	ASSERT_EQ(0, __vmitap_ioctl(self->fd, VMITAP_IOC_RING, &ring));
	EXPECT_EQ(0, ring.out_vcpu_id);
	EXPECT_EQ(2 * 4096 + 2 * RING_BYTES, ring.out_mmap_bytes);
}

/* Order of calls, and ATTACH. */

FIXTURE(attach)
{
	struct testvm *vm;
	int fd;
};

FIXTURE_SETUP(attach)
{
	self->vm = NULL;
	self->fd = -1;
	REQUIRE_TAP(return);
	self->vm = testvm_create(false);
	testvm_add_vcpu(self->vm);
	self->fd = session_open();
}

FIXTURE_TEARDOWN(attach)
{
	if (self->fd >= 0)
		close(self->fd);
	if (self->vm)
		testvm_destroy(self->vm);
}

TEST_F(attach, before_it)
{
	union any arg;
	size_t i;

	for (i = 0; i < NR_CALLS; i++) {
		int want = -ENOTCONN;

		/* These have to do with no VM in particular. */
		if (calls[i].cmd == VMITAP_IOC_QUERY ||
		    calls[i].cmd == VMITAP_IOC_LIST_VMS ||
		    calls[i].cmd == VMITAP_IOC_EVENTFD)
			want = 0;
		fill(&arg, i, calls[i].size, 0);
		EXPECT_EQ(want, __vmitap_ioctl(self->fd, calls[i].cmd, &arg))
			TH_LOG("%s", calls[i].name);
	}
	EXPECT_EQ(POLLERR, session_poll(self->fd, 0) & POLLERR);
}

TEST_F(attach, sizes)
{
	union {
		struct vmitap_attach attach;
		char bytes[8192];
	} arg;
	const __u32 exact = sizeof(arg.attach);

	memset(&arg, 0, sizeof(arg));
	arg.attach.flags = VMITAP_ATTACH_BY_FD;
	arg.attach.vm_fd = self->vm->fd;
	arg.attach.ring_bytes = RING_BYTES;
	arg.attach.size = exact - 1;
	EXPECT_EQ(-EINVAL, __vmitap_ioctl(self->fd, VMITAP_IOC_ATTACH, &arg));
	arg.attach.size = 4097;
	EXPECT_EQ(-E2BIG, __vmitap_ioctl(self->fd, VMITAP_IOC_ATTACH, &arg));
	arg.attach.size = exact + 1;
	arg.bytes[exact] = 1;
	EXPECT_EQ(-E2BIG, __vmitap_ioctl(self->fd, VMITAP_IOC_ATTACH, &arg));
	arg.bytes[exact] = 0;
	EXPECT_EQ(0, __vmitap_ioctl(self->fd, VMITAP_IOC_ATTACH, &arg));
	EXPECT_EQ(1, arg.attach.out_nr_rings);
}

TEST_F(attach, ring_sizes)
{
	static const __u32 bad[] = { 0, 1, 2048, 4095, 4097, 12288, 1u << 29, 1u << 31, ~0u };
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		EXPECT_EQ(-EINVAL, __session_attach(self->fd, self->vm, bad[i]))
			TH_LOG("%u bytes", bad[i]);
	EXPECT_EQ(0, __session_attach(self->fd, self->vm, 4096));
}

TEST_F(attach, twice)
{
	ASSERT_EQ(0, __session_attach(self->fd, self->vm, RING_BYTES));
	EXPECT_EQ(-EBUSY, __session_attach(self->fd, self->vm, RING_BYTES));
	EXPECT_EQ(-EBUSY, __session_attach_pid(self->fd, getpid(), RING_BYTES));
}

TEST_F(attach, by_pid)
{
	EXPECT_EQ(0, __session_attach_pid(self->fd, getpid(), RING_BYTES));
}

TEST_F(attach, flags)
{
	struct vmitap_attach attach = {
		.size = sizeof(attach), .flags = VMITAP_ATTACH_BY_FD | 4,
		.vm_fd = self->vm->fd, .ring_bytes = RING_BYTES,
	};

	EXPECT_EQ(-EOPNOTSUPP, __vmitap_ioctl(self->fd, VMITAP_IOC_ATTACH, &attach));
	attach.flags = VMITAP_ATTACH_BY_FD;
	attach.pid = getpid();
	EXPECT_EQ(-EINVAL, __vmitap_ioctl(self->fd, VMITAP_IOC_ATTACH, &attach));
	attach.flags = 0;
	EXPECT_EQ(-EINVAL, __vmitap_ioctl(self->fd, VMITAP_IOC_ATTACH, &attach));
}

TEST_F(attach, bad_fds)
{
	struct testvm none = { .fd = -1 };

	EXPECT_EQ(-EBADF, __session_attach(self->fd, &none, RING_BYTES));
	none.fd = 1000;
	EXPECT_EQ(-EBADF, __session_attach(self->fd, &none, RING_BYTES));
	none.fd = self->fd;
	EXPECT_EQ(-ENXIO, __session_attach(self->fd, &none, RING_BYTES));
	none.fd = 0;
	EXPECT_EQ(-ENXIO, __session_attach(self->fd, &none, RING_BYTES));
	/* A vCPU is no VM. */
	none.fd = self->vm->vcpus[0].fd;
	EXPECT_EQ(-ENXIO, __session_attach(self->fd, &none, RING_BYTES));
}

TEST_F(attach, bad_pids)
{
	int pid = fork();

	if (!pid)
		_exit(0);
	ASSERT_EQ(pid, waitpid(pid, NULL, 0));
	EXPECT_EQ(-ESRCH, __session_attach_pid(self->fd, pid, RING_BYTES));
	EXPECT_EQ(-ESRCH, __session_attach_pid(self->fd, 0, RING_BYTES));
	EXPECT_EQ(-ESRCH, __session_attach_pid(self->fd, 0x7fffffff, RING_BYTES));
	EXPECT_EQ(-ESRCH, __session_attach_pid(self->fd, -1, RING_BYTES));
	/* Init makes no VMs, and kernel threads have no memory. */
	EXPECT_EQ(-ENXIO, __session_attach_pid(self->fd, 1, RING_BYTES));
	EXPECT_EQ(-ENXIO, __session_attach_pid(self->fd, 2, RING_BYTES));
}

TEST_F(attach, several_vms)
{
	struct testvm *second = testvm_create(false);

	EXPECT_EQ(-ENOTUNIQ, __session_attach_pid(self->fd, getpid(), RING_BYTES));
	EXPECT_EQ(0, __session_attach(self->fd, second, RING_BYTES));
	testvm_destroy(second);
}

static int attach_to(int fd, int pid)
{
	return -__session_attach_pid(fd, pid, RING_BYTES);
}

/* Return: vmitap_vm_info.state, or 254. */
static int state_of(int fd, int pid)
{
	struct vmitap_vm_info vms[32] = {};
	struct vmitap_list_vms list = {
		.size = sizeof(list), .entry_size = sizeof(vms[0]), .nr = 32,
		.vms = (unsigned long)vms,
	};
	__u32 i;

	if (__vmitap_ioctl(fd, VMITAP_IOC_LIST_VMS, &list))
		return 254;
	for (i = 0; i < list.out_nr && i < 32; i++)
		if (vms[i].pid == (__u32)pid)
			return vms[i].state;
	return 254;
}

/* Call it in a child: with the device open, but no right over this process. */
static int as_nobody(int (*call)(int fd, int pid), int fd)
{
	int pid = getpid(), child = fork(), status;

	if (!child) {
		if (setresgid(NOBODY, NOBODY, NOBODY) ||
		    setresuid(NOBODY, NOBODY, NOBODY))
			_exit(255);
		_exit(call(fd, pid));
	}
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 256;
}

TEST_F(attach, without_right)
{
	EXPECT_EQ(EPERM, as_nobody(attach_to, self->fd));
	/* The refusal left the session as it was. */
	EXPECT_EQ(0, __session_attach_pid(self->fd, getpid(), RING_BYTES));
}

/* Whoever cannot attach is told so before. */
TEST_F(attach, list_without_right)
{
	EXPECT_EQ(0, state_of(self->fd, getpid()));
	EXPECT_EQ(VMITAP_VM_NO_RIGHT, as_nobody(state_of, self->fd));
}

TEST_F(attach, device_is_for_root)
{
	struct stat stat;

	ASSERT_EQ(0, fstat(self->fd, &stat));
	EXPECT_EQ(S_IFCHR | 0600, stat.st_mode);
	EXPECT_EQ(0, stat.st_uid);
}

TEST_F(attach, vm_without_vcpus)
{
	struct testvm *empty = testvm_create(false);
	struct vmitap_ring_info ring = { .size = sizeof(ring) };

	ASSERT_EQ(0, __session_attach(self->fd, empty, RING_BYTES));
	EXPECT_EQ(-ENOENT, __vmitap_ioctl(self->fd, VMITAP_IOC_RING, &ring));
	EXPECT_EQ(0, session_stats(self->fd).out_nr_rings);
	testvm_destroy(empty);
}

TEST_HARNESS_MAIN
