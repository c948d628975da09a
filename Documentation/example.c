// SPDX-License-Identifier: LGPL-2.1-or-later
/* example.c - tap the only VM for 5 seconds: cc example.c $(pkg-config --cflags --libs vmitap) */
#include <errno.h>
#include <stdio.h>
#include <time.h>
#include <vmitap/vmitap.h>

int main(void)
{
	struct vmitap_config config = { .size = sizeof(config), .classes = VMITAP_CLASSES_EXIT };
	const struct vmitap_record *record;
	struct vmitap_session *session;
	struct vmitap_vm_info vm = { 0 };
	time_t end = time(NULL) + 5;
	uint32_t nr = 0;
	int err = vmitap_session_open(&session), wait = 0;

	if (!err)
		err = vmitap_session_list_vms(session, &vm, sizeof(vm), 1, &nr);
	if (!err && nr != 1) {
		fprintf(stderr, "there are %u VMs, and one is wanted\n", nr);
		vmitap_session_close(session);
		return 1;
	}
	if (!err)
		err = vmitap_session_attach_pid(session, vm.pid, 1 << 20);
	if (!err)
		err = vmitap_session_configure(session, &config);
	if (!err)
		err = vmitap_session_enable(session);
	while (!err && (wait >= 0 || wait == -EINTR) && time(NULL) < end) {
		wait = vmitap_session_wait(session, 100);
		/* Also behind the end of the VM: the rings still hold records. */
		while ((err = vmitap_session_next(session, &record)) > 0)
			if (record->type == VMITAP_RECORD_EXIT)
				printf("vCPU %u: %s\n", record->vcpu, vmitap_class_name(
				       ((const struct vmitap_exit *)record)->class_id));
	}
	if (err)
		fprintf(stderr, "%s\n", vmitap_session_error(session));
	vmitap_session_close(session);
	return err != 0;
}
