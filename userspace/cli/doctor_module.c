// SPDX-License-Identifier: GPL-2.0-only
/*
 * doctor_module.c - whether the module is there and what it says
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <vmitap.h>

#include "cli.h"
#include "doctor.h"

#define DEVICE "/dev/vmitap"

static void check_btf(void)
{
	if (!access("/sys/kernel/btf/vmitap", F_OK))
		doctor_report(FINDING_PASS, "module BTF",
			      "/sys/kernel/btf/vmitap");
	else
		doctor_report(FINDING_WARN, "module BTF",
			      "built without, or with that of another build of the"
			      " kernel: install pahole and this kernel's BTF,"
			      " build it again");
}

static int check_device(void)
{
	if (access(DEVICE, F_OK)) {
		doctor_report(FINDING_FAIL, "device",
			      DEVICE " is missing: udev, or devtmpfs on /dev,"
			      " makes it");
		return EXIT_NO_MODULE;
	}
	if (access(DEVICE, R_OK | W_OK)) {
		doctor_report(FINDING_FAIL, "device",
			      DEVICE ": %s: run as root, or have a udev rule"
			      " give you the device", strerror(errno));
		return EXIT_NO_PERMISSION;
	}
	doctor_report(FINDING_PASS, "device", DEVICE);
	return EXIT_OK;
}

static void check_query(const struct vmitap_query *query)
{
	if (query->out_refusal[0])
		doctor_report(FINDING_FAIL, "tapping",
			      "the module refuses this host: %.*s",
			      (int)sizeof(query->out_refusal),
			      query->out_refusal);
	else
		doctor_report(FINDING_PASS, "tapping",
			      "%s, module %.*s, TSC %.3f MHz",
			      vmitap_vendor_name(query->out_vendor),
			      (int)sizeof(query->out_version),
			      query->out_version, query->out_tsc_khz / 1e3);
	if (!query->out_tsc_khz)
		doctor_report(FINDING_WARN, "TSC frequency",
			      "unknown to the kernel: times cannot be given in"
			      " seconds");
}

int doctor_check_module(void)
{
	struct vmitap_query query = { .size = sizeof(query) };
	struct vmitap_session *tap;
	int code;

	if (access("/sys/module/vmitap", F_OK)) {
		doctor_report(FINDING_FAIL, "module",
			      "not loaded: modprobe vmitap, or insmod vmitap.ko");
		doctor_check_log();
		return EXIT_NO_MODULE;
	}
	doctor_report(FINDING_PASS, "module", "vmitap is loaded");
	check_btf();
	code = check_device();
	if (code)
		return code;
	if (vmitap_session_open(&tap)) {
		doctor_report(FINDING_FAIL, "device", "%s",
			      vmitap_session_error(tap));
		code = EXIT_NO_MODULE;
	} else if (vmitap_session_query(tap, &query)) {
		doctor_report(FINDING_FAIL, "module", "%s",
			      vmitap_session_error(tap));
	} else {
		check_query(&query);
	}
	vmitap_session_close(tap);
	return code;
}
