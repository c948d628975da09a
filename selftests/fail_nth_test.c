// SPDX-License-Identifier: GPL-2.0-only
/*
 * fail_nth_test.c - each call with each of its allocations and copies failing: an
 * error that is documented, the state as before, and the next try works
 *
 * What leaks is found by kmemleak, which the virtual host asks at its end, pages
 * by a look at their owners here.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#include <bpf/bpf.h>
#include <linux/bpf.h>

#include "lib/faults.h"
#include "lib/fixture.h"
#include "lib/loops.h"
#include "lib/module.h"

#define RING_BYTES	0x4000
#define NO_FAULT	1000000ul

GUEST_CPUID_LOOP(cpuids);

/**
 * struct world - what the calls act on
 * @vm: a VM of two vCPUs that run
 * @fd: session; attached except while open and ATTACH are tried
 * @prog: BPF program
 * @evt: eventfd
 * @map: what was mapped
 */
struct world {
	struct testvm *vm;
	int fd;
	int prog;
	int evt;
	void *map;
};

static int call_open(struct world *w)
{
	w->fd = open(SESSION_DEVICE, O_RDWR | O_CLOEXEC);
	return w->fd < 0 ? -errno : 0;
}

static void undo_open(struct world *w)
{
	close(w->fd);
	w->fd = -1;
}

static int call_query(struct world *w)
{
	struct vmitap_query query = { .size = sizeof(query) };

	return __vmitap_ioctl(w->fd, VMITAP_IOC_QUERY, &query);
}

static int call_list_vms(struct world *w)
{
	struct vmitap_vm_info infos[100];
	struct vmitap_list_vms list = {
		.size = sizeof(list),
		.vms = (unsigned long)infos,
		.entry_size = sizeof(infos[0]),
		.nr = 100,
	};

	return __vmitap_ioctl(w->fd, VMITAP_IOC_LIST_VMS, &list);
}

static int call_list_slots(struct world *w)
{
	struct vmitap_slot slots[100];
	struct vmitap_list_slots list = {
		.size = sizeof(list),
		.slots = (unsigned long)slots,
		.entry_size = sizeof(slots[0]),
		.nr = 100,
	};

	return __vmitap_ioctl(w->fd, VMITAP_IOC_LIST_SLOTS, &list);
}

static int call_attach_fd(struct world *w)
{
	return __session_attach(w->fd, w->vm, RING_BYTES);
}

static int call_attach_pid(struct world *w)
{
	return __session_attach_pid(w->fd, getpid(), RING_BYTES);
}

static void undo_attach(struct world *w)
{
	close(w->fd);
	w->fd = session_open();
}

static int call_config(struct world *w)
{
	static const __u64 vcpus = 3, cr3s[] = { TESTVM_ROOT_A, TESTVM_ROOT_B };
	static const struct vmitap_class_fields fields[] = {
		{ VMITAP_CLASS_CPUID, VMITAP_FIELD_GPRS },
		{ VMITAP_CLASS_PIO, VMITAP_FIELDS_ALL },
	};
	struct vmitap_config config = {
		.size = sizeof(config),
		.classes = VMITAP_CLASSES_ALL,
		.nr_vcpu_words = 1,
		.vcpus = (unsigned long)&vcpus,
		.nr_cr3s = 2,
		.cr3s = (unsigned long)cr3s,
		.nr_class_fields = 2,
		.class_fields = (unsigned long)fields,
	};

	return __vmitap_ioctl(w->fd, VMITAP_IOC_CONFIG, &config);
}

static int call_filter(struct world *w)
{
	return __session_filter(w->fd, w->prog);
}

static int call_no_filter(struct world *w)
{
	return __session_filter(w->fd, -1);
}

static int call_enable(struct world *w)
{
	struct vmitap_enable enable = { .size = sizeof(enable), .enable = 1 };

	return __vmitap_ioctl(w->fd, VMITAP_IOC_ENABLE, &enable);
}

static int call_ring(struct world *w)
{
	struct vmitap_ring_info info = { .size = sizeof(info), .index = 1 };

	return __vmitap_ioctl(w->fd, VMITAP_IOC_RING, &info);
}

static int call_stats(struct world *w)
{
	struct vmitap_stats stats = { .size = sizeof(stats) };

	return __vmitap_ioctl(w->fd, VMITAP_IOC_STATS, &stats);
}

static int call_wake(struct world *w)
{
	struct vmitap_wake wake = { .size = sizeof(wake) };

	return __vmitap_ioctl(w->fd, VMITAP_IOC_WAKE, &wake);
}

static int call_eventfd(struct world *w)
{
	struct vmitap_eventfd eventfd = { .size = sizeof(eventfd), .fd = w->evt };

	return __vmitap_ioctl(w->fd, VMITAP_IOC_EVENTFD, &eventfd);
}

static int call_regs(struct world *w)
{
	struct vmitap_regs regs = { .size = sizeof(regs), .vcpu_id = 1 };

	return __vmitap_ioctl(w->fd, VMITAP_IOC_REGS, &regs);
}

static int pause_vm(struct world *w, bool on)
{
	struct vmitap_pause pause = { .size = sizeof(pause), .pause = on };

	return __vmitap_ioctl(w->fd, VMITAP_IOC_PAUSE, &pause);
}

static int call_pause(struct world *w)
{
	return pause_vm(w, true);
}

static void undo_pause(struct world *w)
{
	CHECK(!pause_vm(w, false), "PAUSE");
}

static int call_mmap(struct world *w)
{
	w->map = mmap(NULL, 2 * 4096 + 2 * RING_BYTES, PROT_READ, MAP_SHARED, w->fd, 0);
	return w->map == MAP_FAILED ? -errno : 0;
}

static void undo_mmap(struct world *w)
{
	munmap(w->map, 2 * 4096 + 2 * RING_BYTES);
}

/*
 * The state in which a call is tried: there is no session, it is not attached, or it
 * is.
 */
enum state { NO_SESSION, DETACHED, ATTACHED };

static const struct call {
	const char *name;
	enum state state;
	int (*call)(struct world *w);
	void (*undo)(struct world *w);
} calls[] = {
	{ "open", NO_SESSION, call_open, undo_open },
	{ "QUERY", DETACHED, call_query, NULL },
	{ "LIST_VMS", DETACHED, call_list_vms, NULL },
	{ "ATTACH by fd", DETACHED, call_attach_fd, undo_attach },
	{ "ATTACH by pid", DETACHED, call_attach_pid, undo_attach },
	{ "LIST_SLOTS", ATTACHED, call_list_slots, NULL },
	{ "CONFIG", ATTACHED, call_config, NULL },
	{ "FILTER", ATTACHED, call_filter, NULL },
	{ "CONFIG with a filter", ATTACHED, call_config, NULL },
	{ "ENABLE", ATTACHED, call_enable, NULL },
	{ "no FILTER", ATTACHED, call_no_filter, NULL },
	{ "RING", ATTACHED, call_ring, NULL },
	{ "STATS", ATTACHED, call_stats, NULL },
	{ "WAKE", ATTACHED, call_wake, NULL },
	{ "EVENTFD", ATTACHED, call_eventfd, NULL },
	{ "REGS", ATTACHED, call_regs, NULL },
	{ "PAUSE", ATTACHED, call_pause, undo_pause },
	{ "mmap", ATTACHED, call_mmap, undo_mmap },
};

#define NR_CALLS	(sizeof(calls) / sizeof(calls[0]))

static int load_filter(void)
{
	static const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 1 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int fd = bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, "vmitap_test", "GPL",
			       insns, 2, NULL);

	CHECK(fd >= 0, "BPF_PROG_LOAD");
	return fd;
}

FIXTURE(faults)
{
	struct world w;
};

FIXTURE_SETUP(faults)
{
	struct world *w = &self->w;
	int i;

	memset(w, 0, sizeof(*w));
	w->fd = -1;
	REQUIRE_TAP(return);
	if (!faults_available())
		SKIP(return, "this kernel has no fault injection");
	w->vm = testvm_create(false);
	TESTVM_LOAD(w->vm, cpuids);
	for (i = 0; i < 2; i++) {
		struct testvm_vcpu *vcpu = testvm_add_vcpu(w->vm);

		testvm_reset(vcpu, TESTVM_LONG64);
		testvm_set_gpr(vcpu, 'b', 100);
	}
	testvm_start(w->vm);
	w->prog = load_filter();
	w->evt = eventfd(0, EFD_CLOEXEC);
}

FIXTURE_TEARDOWN(faults)
{
	struct world *w = &self->w;

	if (w->fd >= 0)
		close(w->fd);
	if (w->vm)
		testvm_destroy(w->vm);
}

static void enter_state(struct world *w, enum state state)
{
	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
	if (state == NO_SESSION)
		return;
	w->fd = session_open();
	if (state == ATTACHED)
		CHECK(!call_attach_fd(w), "ATTACH");
}

/* ENOMEM, or EFAULT as the copies fail as well. */
static bool is_documented(int ret)
{
	return ret == -ENOMEM || ret == -EFAULT;
}

/* Return: the faults that were injected. */
static unsigned long sweep(struct __test_metadata *_metadata, struct world *w,
			   const struct call *call)
{
	unsigned long nth, failed = 0, left;
	int ret;

	for (nth = 1; ; nth++) {
		faults_arm(nth);
		ret = call->call(w);
		left = faults_disarm();
		if (left) {
			EXPECT_EQ(0, ret)
				TH_LOG("%s without a fault", call->name);
			if (!ret && call->undo)
				call->undo(w);
			break;
		}
		/* A copy of the result may fail behind what was done. */
		if (ret) {
			failed++;
			EXPECT_TRUE(is_documented(ret))
				TH_LOG("%s, fault %lu: %d", call->name, nth, ret);
			if (call->state == ATTACHED)
				EXPECT_EQ(0, call_stats(w))
					TH_LOG("%s, fault %lu", call->name, nth);
			if (ret == -EFAULT && call->undo == undo_attach)
				undo_attach(w);
			ret = call->call(w);
			EXPECT_EQ(0, ret)
				TH_LOG("%s after fault %lu", call->name, nth);
		}
		if (!ret && call->undo)
			call->undo(w);
	}
	TH_LOG("%s: %lu faults, %lu errors", call->name, nth - 1, failed);
	return nth - 1;
}

TEST_F_TIMEOUT(faults, every_call, 1200)
{
	struct world *w = &self->w;
	size_t i;

	if (!w->vm)
		return;
	for (i = 0; i < NR_CALLS; i++) {
		/* The filter of one call is there for the next. */
		if (!i || calls[i].state != calls[i - 1].state)
			enter_state(w, calls[i].state);
		/* At least the copy from user space; open has none. */
		EXPECT_LT(0, sweep(_metadata, w, &calls[i]));
		testvm_wait_rounds(w->vm, 1);
	}
}

/* Return: if the VM can be paused, which takes a tap of each vCPU. */
static bool can_pause(struct __test_metadata *_metadata, int fd)
{
	struct vmitap_pause hold = { .size = sizeof(hold), .pause = 1 };

	if (ioctl(fd, VMITAP_IOC_PAUSE, &hold)) {
		EXPECT_EQ(EOPNOTSUPP, errno);
		return false;
	}
	hold.pause = 0;
	EXPECT_EQ(0, ioctl(fd, VMITAP_IOC_PAUSE, &hold));
	return true;
}

/* What came of vCPUs made while memory was short. */
struct made {
	unsigned long untapped;
	unsigned long unpausable;
};

static void make_vcpus(struct __test_metadata *_metadata, struct made *made)
{
	unsigned long nth, left;

	for (nth = 1; ; nth++) {
		struct testvm *vm = testvm_create(false);
		int fd = session_tap(vm, RING_BYTES, VMITAP_CLASSES_PASSIVE, 0);
		struct vmitap_stats stats;
		int vcpu;

		faults_arm(nth);
		vcpu = ioctl(vm->fd, KVM_CREATE_VCPU, 0ul);
		left = faults_disarm();
		stats = session_stats(fd);
		if (vcpu >= 0)
			EXPECT_EQ(1, stats.out_nr_rings + stats.out_untapped_vcpus)
				TH_LOG("fault %lu", nth);
		made->untapped += stats.out_untapped_vcpus;
		if (!can_pause(_metadata, fd)) {
			EXPECT_LT(0, stats.out_untapped_vcpus);
			made->unpausable++;
		}
		/* With memory, all goes well again. */
		ASSERT_LE(0, ioctl(vm->fd, KVM_CREATE_VCPU, 1ul));
		EXPECT_EQ(stats.out_nr_rings + 1, session_stats(fd).out_nr_rings);
		close(vcpu);
		close(fd);
		testvm_destroy(vm);
		if (left)
			break;
	}
	TH_LOG("%lu faults, %lu vCPUs untapped", nth - 1, made->untapped);
}

/*
 * KVM fails for lack of memory, or it makes the vCPU, tapped or not: never does it
 * fail on account of a ring.
 */
TEST_F_TIMEOUT(faults, vcpu_created, 1200)
{
	struct made made = {};
	int i;

	if (!self->w.vm)
		return;
	/* The allocations before the one of the tap are not as many each time. */
	for (i = 0; i < 5 && !made.unpausable; i++)
		make_vcpus(_metadata, &made);
	EXPECT_LT(0, made.untapped);
	EXPECT_LT(0, made.unpausable);
}

/* Pages that rings were made of, not what the allocators keep for themselves. */
static bool is_ring_page(const char *stack)
{
	static const char *const kept[] = {
		"slab", "pte_alloc", "pmd_alloc", "pud_alloc", "kasan", "depot",
	};
	size_t i;

	for (i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if (strstr(stack, kept[i]))
			return false;
	return strstr(stack, "vmitap_ring_create+");
}

/*
 * What the calls above allocated has been freed.  Before the module is loaded anew: of one
 * that is gone the owners have no names.
 */
TEST_F(faults, no_pages_left)
{
	unsigned long pages = 0, ours = 0;
	char line[512], stack[8192] = "";
	FILE *file;

	if (!self->w.vm)
		return;
	testvm_stop(self->w.vm);
	file = fopen("/sys/kernel/debug/page_owner", "r");
	if (!file)
		SKIP(return, "this kernel does not know the owners of pages");
	while (fgets(line, sizeof(line), file)) {
		if (!strncmp(line, "Page allocated", 14)) {
			pages++;
			ours += is_ring_page(stack);
			stack[0] = 0;
		}
		strncat(stack, line, sizeof(stack) - 1 - strlen(stack));
	}
	ours += is_ring_page(stack);
	fclose(file);
	if (!pages)
		SKIP(return, "the kernel was not started with page_owner=on");
	EXPECT_EQ(0, ours)
		TH_LOG("of %lu pages", pages);
}

/* The last process that uses it may only just be gone. */
static int unload(void)
{
	int ret;

	comes_true((ret = module_unload()) != -EWOULDBLOCK);
	return ret;
}

/**
 * struct image - the module's file
 * @bytes: content
 * @len: length
 */
struct image {
	void *bytes;
	size_t len;
};

static struct image read_module(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct image image;
	struct stat st;

	CHECK(fd >= 0 && !fstat(fd, &st), "%s", path);
	image.len = st.st_size;
	image.bytes = malloc(image.len);
	CHECK(image.bytes && read(fd, image.bytes, image.len) == st.st_size, "%s", path);
	close(fd);
	return image;
}

/* Load with fault @nth; @left is what faults_disarm() says. */
static int load(const struct image *image, unsigned long nth, unsigned long *left)
{
	int ret;

	faults_arm(nth);
	ret = syscall(SYS_init_module, image->bytes, image->len, "") ? -errno : 0;
	*left = faults_disarm();
	return ret;
}

static void load_once(struct __test_metadata *_metadata, const struct image *image,
		      unsigned long nth)
{
	unsigned long left;
	int ret;

	ret = load(image, nth, &left);
	if (!ret) {
		EXPECT_EQ(0, unload())
			TH_LOG("fault %lu", nth);
		return;
	}
	EXPECT_TRUE(is_documented(ret))
		TH_LOG("fault %lu: %d", nth, ret);
}

/*
 * Most of what can fail is the module loader's, and comes first: of that every
 * STRIDE-th; of the last ones each, as vmitap's own start is at the end.
 */
TEST_F_TIMEOUT(faults, module_load, 2400)
{
	enum { LAST = 60, STRIDE = 23 };
	const char *path = getenv("VMITAP_KO");
	unsigned long nth, left, nr;
	struct image image;

	if (!self->w.vm)
		return;
	if (!path)
		SKIP(return, "VMITAP_KO does not name the module");
	image = read_module(path);
	ASSERT_EQ(0, unload());
	ASSERT_EQ(0, load(&image, NO_FAULT, &left));
	ASSERT_EQ(0, unload());
	nr = NO_FAULT - left;
	TH_LOG("%lu allocations and copies", nr);
	EXPECT_LT(LAST, nr);
	for (nth = 1; nth + LAST < nr; nth += STRIDE)
		load_once(_metadata, &image, nth);
	for (; nth <= nr; nth++)
		load_once(_metadata, &image, nth);
	ASSERT_EQ(0, load(&image, NO_FAULT, &left));
	ASSERT_TRUE(session_available());
}

TEST_HARNESS_MAIN
