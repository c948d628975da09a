// SPDX-License-Identifier: GPL-2.0-only
/*
 * vmm.c - a VM in a process of its own, which can be killed
 */
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "limit.h"
#include "testvm.h"
#include "vmm.h"

int vmm_spawn(struct testvm *(*make)(void))
{
	int pid, ready[2];
	char byte;

	CHECK(!pipe(ready), "pipe");
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
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

void vmm_kill(int pid)
{
	kill(pid, SIGKILL);
	CHECK(comes_true(waitpid(pid, NULL, WNOHANG) == pid), "VMM %d does not die", pid);
}
