// SPDX-License-Identifier: GPL-2.0-only
/*
 * session_test.c - several sessions and VMs, processes that die, vCPUs that
 * migrate, the module's life
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "lib/fixture.h"
#include "lib/loops.h"
#include "lib/module.h"
#include "lib/vendor.h"
#include "lib/vmm.h"

#define RING_BYTES	0x10000
#define CLASS(name)	VMITAP_CLASS_MASK(VMITAP_CLASS_##name)

/* Enough that a round takes some time, few enough that it ends. */
#define CPUIDS_A_ROUND	200

GUEST_CPUID_LOOP(cpuids);

static void do_cpuids(struct testvm_vcpu *vcpu, unsigned long nr)
{
	testvm_reset(vcpu, TESTVM_LONG64);
	testvm_set_gpr(vcpu, 'b', nr);
	testvm_run(vcpu);
}

/* A VM of @nr vCPUs that run in threads of their own. */
static struct testvm *running_vm(int nr)
{
	struct testvm *vm = testvm_create(false);
	int i;

	TESTVM_LOAD(vm, cpuids);
	for (i = 0; i < nr; i++) {
		testvm_reset(testvm_add_vcpu(vm), TESTVM_LONG64);
		testvm_set_gpr(&vm->vcpus[i], 'b', CPUIDS_A_ROUND);
	}
	testvm_start(vm);
	return vm;
}

static struct testvm *idle_vm(void)
{
	struct testvm *vm = testvm_create(false);

	testvm_add_vcpu(vm);
	TESTVM_LOAD(vm, cpuids);
	return vm;
}

/* Sessions on the VM of process @pid, or -1 if it has none. */
static int count_sessions(int pid)
{
	struct vmitap_vm_info info[16] = {};
	struct vmitap_list_vms list = {
		.size = sizeof(list), .entry_size = sizeof(info[0]), .nr = 16,
		.vms = (unsigned long)info,
	};
	int fd = session_open();
	__u32 i;

	vmitap_ioctl(fd, VMITAP_IOC_LIST_VMS, &list);
	close(fd);
	for (i = 0; i < list.out_nr && i < 16; i++)
		if (info[i].pid == (__u32)pid)
			return info[i].nr_sessions;
	return -1;
}

static void wait_for_sessions(int pid, int nr)
{
	CHECK(comes_true(count_sessions(pid) == nr), "%d sessions", count_sessions(pid));
}

TEST(several_sessions_on_one_vm)
{
	struct ring cpuid_ring, pio_ring, all_ring;
	int cpuid, pio, all;
	struct testvm *vm;

	REQUIRE_TAP(return);
	vm = idle_vm();
	cpuid = session_tap(vm, RING_BYTES, CLASS(CPUID), 0);
	pio = session_tap(vm, RING_BYTES, CLASS(PIO), VMITAP_FIELD_GPRS);
	all = session_tap(vm, RING_BYTES, CLASS(CPUID) | CLASS(PIO), VMITAP_FIELDS_ALL);
	ring_map(&cpuid_ring, cpuid, 0);
	ring_map(&pio_ring, pio, 0);
	ring_map(&all_ring, all, 0);
	EXPECT_EQ(3, count_sessions(getpid()));

	do_cpuids(&vm->vcpus[0], 30);
	EXPECT_EQ(30, ring_drain(&cpuid_ring));
	EXPECT_EQ(1, ring_drain(&pio_ring));
	EXPECT_EQ(31, ring_drain(&all_ring));

	/* One that goes does not disturb the others. */
	ring_unmap(&all_ring);
	close(all);
	EXPECT_EQ(2, count_sessions(getpid()));
	session_enable(pio, false);
	do_cpuids(&vm->vcpus[0], 30);
	EXPECT_EQ(30, ring_drain(&cpuid_ring));
	EXPECT_EQ(0, ring_drain(&pio_ring));
	ring_unmap(&cpuid_ring);
	ring_unmap(&pio_ring);
	close(cpuid);
	close(pio);
	testvm_destroy(vm);
}

TEST(several_vms)
{
	struct testvm *vms[3];
	struct ring rings[3];
	int i, fds[3];

	REQUIRE_TAP(return);
	for (i = 0; i < 3; i++)
		vms[i] = idle_vm();
	/* The last one is not tapped. */
	for (i = 0; i < 2; i++) {
		fds[i] = session_tap(vms[i], RING_BYTES, CLASS(CPUID), 0);
		ring_map(&rings[i], fds[i], 0);
	}
	for (i = 0; i < 3; i++)
		do_cpuids(&vms[i]->vcpus[0], 10 * (i + 1));
	EXPECT_EQ(10, ring_drain(&rings[0]));
	EXPECT_EQ(20, ring_drain(&rings[1]));
	for (i = 0; i < 2; i++) {
		ring_unmap(&rings[i]);
		close(fds[i]);
	}
	for (i = 0; i < 3; i++)
		testvm_destroy(vms[i]);
}

TEST(too_many_sessions)
{
	int i, fds[VMITAP_MAX_SESSIONS], extra;
	struct testvm *vm;

	REQUIRE_TAP(return);
	vm = idle_vm();
	for (i = 0; i < VMITAP_MAX_SESSIONS; i++)
		fds[i] = session_attach(vm, 4096);
	extra = session_open();
	EXPECT_EQ(-EUSERS, __session_attach(extra, vm, 4096));
	/* The refusal harms nobody, and there is room again once one goes. */
	do_cpuids(&vm->vcpus[0], 10);
	close(fds[0]);
	EXPECT_EQ(0, __session_attach(extra, vm, 4096));
	for (i = 1; i < VMITAP_MAX_SESSIONS; i++)
		close(fds[i]);
	close(extra);
	EXPECT_EQ(0, count_sessions(getpid()));
	testvm_destroy(vm);
}

#define ATTACHES	1000

/*
 * But no longer: each changes KVM's code, for which all CPUs stop, and those of a virtual
 * host wait for this machine's.
 */
#define ATTACH_SECONDS	120

TEST(attach_and_detach_1000_times)
{
	struct testvm *vm;
	double start;
	int i;

	REQUIRE_TAP(return);
	vm = running_vm(2);
	testvm_wait_rounds(vm, 1);
	start = now();
	for (i = 0; i < ATTACHES && now() - start < ATTACH_SECONDS; i++) {
		int fd = session_attach(vm, 4096);

		/* Now and then with capture on, and events in the ring. */
		if (i % 10 == 0) {
			session_config(fd, VMITAP_CLASSES_PASSIVE, VMITAP_FIELDS_ALL);
			session_enable(fd, true);
		}
		close(fd);
	}
	printf("# attached and detached %d times in %.1f s\n", i, now() - start);
	EXPECT_LT(ATTACHES / 10, i);
	testvm_wait_rounds(vm, 1);
	testvm_stop(vm);
	EXPECT_EQ(0, count_sessions(getpid()));
	testvm_destroy(vm);
}

/* The consumer dies with capture on and the ring mapped. */
TEST(killed_consumer)
{
	int pid, ready[2];
	struct testvm *vm;
	char byte;

	REQUIRE_TAP(return);
	ASSERT_EQ(0, pipe(ready));
	vm = running_vm(2);
	pid = fork();
	if (!pid) {
		struct ring ring;
		int fd = session_tap(vm, RING_BYTES, VMITAP_CLASSES_PASSIVE, VMITAP_FIELDS_ALL);

		ring_map(&ring, fd, 0);
		while (!ring_drain(&ring))
			usleep(1000);
		if (write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			ring_drain(&ring);
	}
	ASSERT_EQ(1, read(ready[0], &byte, 1));
	EXPECT_EQ(1, count_sessions(getpid()));
	kill(pid, SIGKILL);
	ASSERT_EQ(pid, waitpid(pid, NULL, 0));
	wait_for_sessions(getpid(), 0);
	testvm_wait_rounds(vm, 2);
	testvm_destroy(vm);
}

static struct testvm *two_vcpus(void)
{
	return running_vm(2);
}

TEST(killed_vmm)
{
	struct ring rings[2];
	int pid, fd, i;

	REQUIRE_TAP(return);
	pid = vmm_spawn(two_vcpus);
	fd = session_open();
	ASSERT_EQ(0, __session_attach_pid(fd, pid, RING_BYTES));
	for (i = 0; i < 2; i++)
		ring_map(&rings[i], fd, i);
	session_config(fd, CLASS(CPUID) | CLASS(VCPU), 0);
	session_enable(fd, true);
	while (!ring_drain(&rings[0]))
		usleep(1000);
	vmm_kill(pid);
	EXPECT_TRUE(comes_true(session_poll(fd, 100) & POLLHUP));
	for (i = 0; i < 2; i++) {
		ring_drain(&rings[i]);
		/* VCPU_DESTROYED and VM_GONE */
		EXPECT_EQ(2, rings[i].nr_marks);
		EXPECT_EQ(session_stats(fd).out_vm_gone, 1);
		ring_unmap(&rings[i]);
	}
	close(fd);
	EXPECT_EQ(-1, count_sessions(pid));
}

static struct testvm *one_vcpu(void)
{
	return running_vm(1);
}

/* Return: -errno of ATTACH by one who has the device open, but no right. */
static int attach_as_nobody(int fd, int pid)
{
	int child = fork(), status;

	if (!child) {
		if (setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534))
			_exit(255);
		_exit(-__session_attach_pid(fd, pid, RING_BYTES));
	}
	CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status), "child");
	return -WEXITSTATUS(status);
}

/* Opens a session on @vm, which a child of its own keeps open until @hold ends. */
static void open_and_leave(const struct testvm *vm, int ready, const int hold[2])
{
	char byte;

	close(hold[1]);
	session_attach(vm, RING_BYTES);
	if (!fork())
		_exit(read(hold[0], &byte, 1));
	if (write(ready, "", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

/* The number of a process that has ended may be somebody else's by now. */
TEST(opener_has_ended)
{
	int ready[2], hold[2], fd, pid;
	struct testvm *vm;
	char byte;

	REQUIRE_TAP(return);
	vm = idle_vm();
	fd = session_open();
	ASSERT_EQ(0, pipe(ready));
	ASSERT_EQ(0, pipe(hold));
	pid = fork();
	if (!pid)
		open_and_leave(vm, ready[1], hold);
	ASSERT_EQ(1, read(ready[0], &byte, 1));
	EXPECT_EQ((__u32)pid, session_vm(fd).tapper_pids[0]);
	vmm_kill(pid);
	EXPECT_EQ(1, session_vm(fd).nr_sessions);
	EXPECT_EQ(0, session_vm(fd).tapper_pids[0]);
	close(hold[1]);
	wait_for_sessions(getpid(), 0);
	close(fd);
	testvm_destroy(vm);
}

/* A VMM is there as long as any of its threads. */
TEST(main_thread_of_the_vmm_ended)
{
	struct ring ring;
	int pid, fd;

	REQUIRE_TAP(return);
	pid = vmm_spawn(one_vcpu);
	vmm_end_main_thread(pid);
	EXPECT_EQ(0, count_sessions(pid));
	fd = session_open();
	EXPECT_EQ(-EPERM, attach_as_nobody(fd, pid));
	ASSERT_EQ(0, __session_attach_pid(fd, pid, RING_BYTES));
	EXPECT_EQ(1, count_sessions(pid));
	ring_map(&ring, fd, 0);
	session_config(fd, CLASS(CPUID), 0);
	session_enable(fd, true);
	EXPECT_TRUE(comes_true(ring_drain(&ring)));
	vmm_kill(pid);
	EXPECT_TRUE(comes_true(session_poll(fd, 100) & POLLHUP));
	ring_unmap(&ring);
	close(fd);
}

/* The VM goes while sessions come. */
TEST(vmm_dies_during_attach)
{
	int i, ret, fd, pid;

	REQUIRE_TAP(return);
	for (i = 0; i < 5; i++) {
		pid = vmm_spawn(two_vcpus);
		kill(pid, SIGKILL);
		do {
			fd = session_open();
			ret = __session_attach_pid(fd, pid, 4096);
			close(fd);
		} while (!ret);
		EXPECT_TRUE(ret == -ENXIO || ret == -ESRCH || ret == -EPERM)
			TH_LOG("ATTACH: %d", ret);
		ASSERT_EQ(pid, waitpid(pid, NULL, 0));
	}
}

TEST(module_in_use)
{
	struct ring ring;
	struct testvm *vm;
	int fd, i;

	REQUIRE_TAP(return);
	if (!getenv("VMITAP_KO"))
		SKIP(return, "VMITAP_KO does not name the module");
	vm = running_vm(2);
	fd = session_tap(vm, RING_BYTES, VMITAP_CLASSES_PASSIVE, 0);
	EXPECT_EQ(-EWOULDBLOCK, module_unload());
	ring_map(&ring, fd, 0);
	close(fd);
	/* A mapping holds it as well. */
	EXPECT_EQ(-EWOULDBLOCK, module_unload());
	ring_unmap(&ring);
	for (i = 0; i < 3; i++) {
		ASSERT_TRUE(comes_true(!module_unload()));
		EXPECT_FALSE(session_available());
		testvm_wait_rounds(vm, 1);
		ASSERT_EQ(0, module_load());
		fd = session_tap(vm, RING_BYTES, VMITAP_CLASSES_PASSIVE, 0);
		testvm_wait_rounds(vm, 1);
		close(fd);
	}
	testvm_destroy(vm);
}

/* Everywhere and back, faster than the readers look; no guest may run on QEMU's first CPU. */
TEST(migrating_vcpus)
{
	int first = vendor_is_qemu() ? 1 : 0;
	long nr_cpus = sysconf(_SC_NPROCESSORS_ONLN) - first;
	struct vmitap_config config = {
		.size = sizeof(config),
		.classes = VMITAP_CLASSES_PASSIVE,
		.delivery = VMITAP_DELIVERY_LOSSLESS,
		.timeout_us = 10000000,
	};
	struct ring rings[2];
	struct testvm *vm;
	int fd, i, j;

	REQUIRE_TAP(return);
	if (nr_cpus < 2)
		SKIP(return, "no CPU to move to");
	vm = running_vm(2);
	fd = session_attach(vm, 1 << 20);
	vmitap_ioctl(fd, VMITAP_IOC_CONFIG, &config);
	for (i = 0; i < 2; i++)
		ring_map(&rings[i], fd, i);
	session_enable(fd, true);
	for (i = 0; i < 100; i++) {
		for (j = 0; j < 2; j++) {
			cpu_set_t cpus;

			CPU_ZERO(&cpus);
			CPU_SET(first + (i + j) % nr_cpus, &cpus);
			ASSERT_EQ(0, sched_setaffinity(vm->vcpus[j].tid,
						       sizeof(cpus), &cpus));
		}
		/* Numbers without a gap and times in order: ring_next(). */
		for (j = 0; j < 2; j++)
			ring_drain(&rings[j]);
		usleep(2000);
	}
	for (i = 0; i < 2; i++) {
		EXPECT_TRUE(comes_true((ring_drain(&rings[i]),
					rings[i].nr_exits > CPUIDS_A_ROUND)));
		EXPECT_EQ(0, rings[i].nr_lost);
	}
	/* Release vCPUs that wait. */
	session_enable(fd, false);
	testvm_stop(vm);
	for (i = 0; i < 2; i++)
		ring_unmap(&rings[i]);
	close(fd);
	testvm_destroy(vm);
}

/* A session belongs to its file, whoever holds it. */
TEST(session_of_a_parent)
{
	struct testvm *vm;
	struct ring ring;
	int fd, pid, status;

	REQUIRE_TAP(return);
	vm = idle_vm();
	fd = session_tap(vm, RING_BYTES, CLASS(CPUID), 0);
	pid = fork();
	if (!pid) {
		struct vmitap_stats stats = session_stats(fd);

		session_config(fd, CLASS(PIO), 0);
		_exit(stats.out_nr_rings);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(1, WEXITSTATUS(status));
	/* It outlived the child, and what that did counts. */
	ring_map(&ring, fd, 0);
	do_cpuids(&vm->vcpus[0], 10);
	EXPECT_EQ(1, ring_drain(&ring));
	ring_unmap(&ring);
	close(fd);
	testvm_destroy(vm);
}

/* The last holder is a program that knows nothing of it. */
TEST(session_left_to_an_exec)
{
	struct testvm *vm;
	int fd, pid;

	REQUIRE_TAP(return);
	vm = idle_vm();
	fd = session_tap(vm, RING_BYTES, CLASS(CPUID), 0);
	pid = fork();
	if (!pid) {
		fcntl(fd, F_SETFD, 0);
		execl("/bin/sleep", "sleep", "60", NULL);
		_exit(1);
	}
	close(fd);
	usleep(300000);
	EXPECT_EQ(1, count_sessions(getpid()));
	do_cpuids(&vm->vcpus[0], 10);
	kill(pid, SIGKILL);
	ASSERT_EQ(pid, waitpid(pid, NULL, 0));
	wait_for_sessions(getpid(), 0);
	do_cpuids(&vm->vcpus[0], 10);
	testvm_destroy(vm);
}

/* KVM finds out late that an id is taken; what was made for the vCPU is not to stay. */
TEST(vcpus_that_kvm_cannot_make)
{
	struct vmitap_stats stats;
	struct testvm *vm;
	int fd, i;

	REQUIRE_TAP(return);
	vm = idle_vm();
	fd = session_tap(vm, RING_BYTES, CLASS(VCPU), 0);
	for (i = 0; i < 300; i++) {
		EXPECT_EQ(-1, ioctl(vm->fd, KVM_CREATE_VCPU, 0));
		EXPECT_EQ(EEXIST, errno);
	}
	EXPECT_EQ(1, session_stats(fd).out_nr_rings);
	testvm_add_vcpu(vm);
	stats = session_stats(fd);
	EXPECT_EQ(2, stats.out_nr_rings);
	EXPECT_EQ(0, stats.out_untapped_vcpus);
	close(fd);
	testvm_destroy(vm);
}

struct asker {
	int fd;
	bool stop;
};

/* Asks for every ring as soon as it is there. */
static void *ask_for_rings(void *arg)
{
	struct vmitap_ring_info info = { .size = sizeof(info) };
	struct asker *asker = arg;

	while (!__atomic_load_n(&asker->stop, __ATOMIC_RELAXED))
		if (!__vmitap_ioctl(asker->fd, VMITAP_IOC_RING, &info))
			info.index++;
	return NULL;
}

/* However quick the reader is that hears of them, there is an end to them. */
TEST(vcpus_that_kvm_cannot_make_and_a_reader)
{
	struct asker asker = { 0 };
	pthread_t thread;
	struct testvm *vm;
	int i;

	REQUIRE_TAP(return);
	vm = idle_vm();
	asker.fd = session_tap(vm, RING_BYTES, CLASS(VCPU), 0);
	ASSERT_EQ(0, pthread_create(&thread, NULL, ask_for_rings, &asker));
	for (i = 0; i < 1000; i++)
		EXPECT_EQ(-1, ioctl(vm->fd, KVM_CREATE_VCPU, 0));
	__atomic_store_n(&asker.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	EXPECT_GE(65, session_stats(asker.fd).out_nr_rings);
	close(asker.fd);
	testvm_destroy(vm);
}

/* Attached twice, configured and closed from several threads at once. */
static void *meddle(void *arg)
{
	struct vmitap_query query = { .size = sizeof(query) };
	const struct testvm *vm = arg;
	int i;

	for (i = 0; i < 50; i++) {
		int fd = session_open();

		if (!__session_attach(fd, vm, 4096)) {
			session_config(fd, i & 1 ? CLASS(CPUID) : VMITAP_CLASSES_PASSIVE, 0);
			session_enable(fd, true);
			vmitap_ioctl(fd, VMITAP_IOC_QUERY, &query);
		}
		close(fd);
	}
	return NULL;
}

TEST(many_at_once)
{
	pthread_t threads[4];
	struct testvm *vm;
	int i;

	REQUIRE_TAP(return);
	vm = running_vm(2);
	for (i = 0; i < 4; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, meddle, vm));
	for (i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	EXPECT_EQ(0, count_sessions(getpid()));
	testvm_wait_rounds(vm, 1);
	testvm_destroy(vm);
}

TEST_HARNESS_MAIN
