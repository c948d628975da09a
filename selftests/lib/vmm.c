// SPDX-License-Identifier: GPL-2.0-only
/*
 * vmm.c - a VM in a process of its own, which can be killed
 */
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "limit.h"
#include "testvm.h"
#include "vmm.h"

#define SIG_END_THREAD	SIGUSR2

static void end_thread(int sig)
{
	(void)sig;
	syscall(SYS_exit, 0);
}

int vmm_spawn(struct testvm *(*make)(void))
{
	int pid, ready[2];
	char byte;

	CHECK(!pipe(ready), "pipe");
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		signal(SIG_END_THREAD, end_thread);
		testvm_wait_rounds(make(), 1);
		if (write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	CHECK(read(ready[0], &byte, 1) == 1, "the VMM did not start");
	close(ready[0]);
	return pid;
}

static bool main_thread_ended(int pid)
{
	char path[40], state = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "re");
	CHECK(file, "%s", path);
	CHECK(fscanf(file, "%*d (%*[^)]) %c", &state) == 1, "%s", path);
	fclose(file);
	return state == 'Z';
}

void vmm_end_main_thread(int pid)
{
	CHECK(!syscall(SYS_tgkill, pid, pid, SIG_END_THREAD), "tgkill");
	CHECK(comes_true(main_thread_ended(pid)), "the thread does not end");
}

void vmm_kill(int pid)
{
	kill(pid, SIGKILL);
	CHECK(comes_true(waitpid(pid, NULL, WNOHANG) == pid), "VMM %d does not die", pid);
}
