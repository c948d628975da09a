// SPDX-License-Identifier: GPL-2.0-only
/*
 * storm.c - processes that come and go while they check what system calls leave
 *
 * usage: storm SECONDS
 *
 * Prints "storm: ok" at the end, or what was wrong: registers that a call does not
 * keep, wrong results, lost or spurious signals, children that fail or vanish.  What
 * it prints does not depend on how fast it was.
 */
#include <err.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CHILD_OK	42

static char myself[] = "/proc/self/exe";

/* What a call leaves in the registers, in the order of the instruction encoding. */
struct frame {
	uint64_t reg[16];
	uint64_t flags;
	uint64_t behind;
};

/*
 * Call with every register a known value.  RSP and RBP are the compiler's, RDI is
 * the frame's address at the end.
 */
static void call_and_keep(struct frame *frame, uint64_t nr)
{
	asm volatile("push %%rbx\n"
		     "push %%rdi\n"
		     "mov $0x2222222222222222, %%rdx\n"
		     "mov $0x3333333333333333, %%rbx\n"
		     "mov $0x6666666666666666, %%rsi\n"
		     "mov $0x8888888888888888, %%r8\n"
		     "mov $0x9999999999999999, %%r9\n"
		     "mov $0xaaaaaaaaaaaaaaaa, %%r10\n"
		     "mov $0xcccccccccccccccc, %%r12\n"
		     "mov $0xdddddddddddddddd, %%r13\n"
		     "mov $0xeeeeeeeeeeeeeeee, %%r14\n"
		     "mov $0xffffffffffffffff, %%r15\n"
		     "stc\n"
		     "syscall\n"
		     "1: pop %%rdi\n"
		     "mov %%rax, (%%rdi)\n"
		     "mov %%rcx, 8(%%rdi)\n"
		     "mov %%rdx, 16(%%rdi)\n"
		     "mov %%rbx, 24(%%rdi)\n"
		     "mov %%rsi, 48(%%rdi)\n"
		     "mov %%r8, 64(%%rdi)\n"
		     "mov %%r9, 72(%%rdi)\n"
		     "mov %%r10, 80(%%rdi)\n"
		     "mov %%r11, 88(%%rdi)\n"
		     "mov %%r12, 96(%%rdi)\n"
		     "mov %%r13, 104(%%rdi)\n"
		     "mov %%r14, 112(%%rdi)\n"
		     "mov %%r15, 120(%%rdi)\n"
		     "pushfq\n"
		     "pop 128(%%rdi)\n"
		     "lea 1b(%%rip), %%rax\n"
		     "mov %%rax, 136(%%rdi)\n"
		     "pop %%rbx\n"
		     : "+a" (nr), "+D" (frame)
		     : : "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "r12",
			 "r13", "r14", "r15", "memory", "cc");
}

static int expect(const char *what, uint64_t want, uint64_t got)
{
	if (want == got)
		return 0;
	printf("storm: %s: %#lx, not %#lx\n", what, (long)got, (long)want);
	fflush(stdout);
	return 1;
}

static int check_registers(void)
{
	static const int kept[] = { 2, 3, 6, 8, 9, 10, 12, 13, 14, 15 };
	struct frame frame;
	char what[16];
	unsigned int i;
	int bad = 0;

	call_and_keep(&frame, SYS_getpid);
	for (i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		snprintf(what, sizeof(what), "register %d", kept[i]);
		bad |= expect(what, 0x1111111111111111ull * kept[i],
			      frame.reg[kept[i]]);
	}
	bad |= expect("result", getpid(), frame.reg[0]);
	bad |= expect("RCX", frame.behind, frame.reg[1]);
	/* Carry was set; the rest is as processes have it. */
	bad |= expect("carry in RFLAGS", 1, frame.flags & 1);
	return bad | expect("flags in R11", frame.flags, frame.reg[11]);
}

static int check_errors(void)
{
	int bad;

	errno = 0;
	bad = expect("close", -1, syscall(SYS_close, -1));
	bad |= expect("error of close", EBADF, errno);
	bad |= expect("no such call", -1, syscall(1000));
	return bad | expect("error of no such call", ENOSYS, errno);
}

static atomic_int nr_signals;

static void on_signal(int sig)
{
	(void)sig;
	/* A call within a handler. */
	atomic_fetch_add(&nr_signals, syscall(SYS_getppid) > 0);
}

/* A signal to oneself: the handler's return is none of the call's. */
static int check_signals(void)
{
	int before = atomic_load(&nr_signals);
	int bad = expect("tgkill", 0, syscall(SYS_tgkill, getpid(),
					      syscall(SYS_gettid), SIGUSR1));

	return bad | expect("signals", before + 1, atomic_load(&nr_signals));
}

/* SSE registers are not for a call to change. */
static int check_sse(void)
{
	double val = 1.5, got;

	asm volatile("movsd %1, %%xmm7\n"
		     "syscall\n"
		     "movsd %%xmm7, %0\n"
		     : "=m" (got) : "m" (val), "a" (SYS_sched_yield)
		     : "xmm7", "rcx", "r11", "memory");
	return expect("SSE register", 15, got * 10);
}

static int check_all(void)
{
	return check_registers() | check_errors() | check_signals() |
	       check_sse();
}

static void *thread(void *arg)
{
	(void)arg;
	return (void *)(long)check_all();
}

static int child_of_fork(void)
{
	pthread_t id;
	void *bad = NULL;

	if (check_all())
		return 1;
	if (pthread_create(&id, NULL, thread, NULL) ||
	    pthread_join(id, &bad))
		return 2;
	return bad ? 3 : CHILD_OK;
}

static int reap(pid_t pid, const char *what)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		err(1, "waitpid");
	return expect(what, CHILD_OK << 8, status);
}

static int storm_fork(void)
{
	pid_t pid = fork();

	if (pid < 0)
		err(1, "fork");
	if (!pid)
		_exit(child_of_fork());
	return reap(pid, "child of fork");
}

static int storm_exec(void)
{
	char *argv[] = { myself, (char *)"child", NULL };
	pid_t pid = vfork();

	if (pid < 0)
		err(1, "vfork");
	if (!pid) {
		execv(myself, argv);
		_exit(1);
	}
	return reap(pid, "child of exec");
}

/* One process of the storm. */
static int run(time_t end)
{
	int bad = 0;

	while (!bad && time(NULL) < end)
		bad = check_all() | storm_fork() | storm_exec();
	return bad ? 1 : CHILD_OK;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal,
				    .sa_flags = SA_RESTART };
	int i, bad = 0;
	pid_t pids[4];

	if (argc < 2)
		errx(2, "usage: storm SECONDS");
	sigaction(SIGUSR1, &action, NULL);
	if (!strcmp(argv[1], "child"))
		return check_all() ? 1 : CHILD_OK;
	for (i = 0; i < 4; i++) {
		pids[i] = fork();
		if (pids[i] < 0)
			err(1, "fork");
		if (!pids[i])
			_exit(run(time(NULL) + atoi(argv[1])));
	}
	for (i = 0; i < 4; i++)
		bad |= reap(pids[i], "process of the storm");
	puts(bad ? "storm: failed" : "storm: ok");
	return bad;
}
