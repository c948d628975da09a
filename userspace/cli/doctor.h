/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * doctor.h - findings about this host
 */
#ifndef VMITAP_CLI_DOCTOR_H
#define VMITAP_CLI_DOCTOR_H

enum finding {
	FINDING_PASS,
	FINDING_WARN,
	FINDING_FAIL,
};

/*
 * Report one finding.  @what is the thing looked at, the text after it says
 * what was found and, for WARN and FAIL, what to do.
 */
void doctor_report(enum finding finding, const char *what, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The checks that need no module. */
void doctor_check_cpu(void);
void doctor_check_kernel(void);
void doctor_check_config(void);
void doctor_check_kvm(void);
void doctor_check_lockdown(void);
void doctor_check_bpf(void);

/* The checks of the module and its device.  Return: EXIT_OK, EXIT_NO_MODULE or
 * EXIT_NO_PERMISSION if it cannot be opened.
 */
int doctor_check_module(void);

/* What the kernel log says, if the module does not load.  Nothing if it cannot be read. */
void doctor_check_log(void);

#endif /* VMITAP_CLI_DOCTOR_H */
