// SPDX-License-Identifier: GPL-2.0-only
/*
 * doctor_host.c - what vmitap needs from CPU, kernel and KVM
 */
#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <range.h>

#include "doctor.h"

#define BPF_FS_SUPER_MAGIC 0xcafe4a11

static bool exists(const char *path)
{
	return !access(path, F_OK);
}

/* First line of a file, without the newline; "" if it cannot be read. */
static void read_line(const char *path, char *buf, int size)
{
	FILE *file = fopen(path, "re");

	buf[0] = '\0';
	if (!file)
		return;
	if (!fgets(buf, size, file))
		buf[0] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
	fclose(file);
}

/* The "flags" line of the first CPU, blank on both ends; free() it. */
static char *cpu_flags(void)
{
	FILE *file = fopen("/proc/cpuinfo", "re");
	char *line = NULL, *flags = NULL;
	size_t size = 0;

	if (!file)
		return NULL;
	while (!flags && getline(&line, &size, file) > 0) {
		if (strncmp(line, "flags", 5) || !strchr(line, ':'))
			continue;
		line[strcspn(line, "\n")] = ' ';
		flags = strdup(strchr(line, ':') + 1);
	}
	free(line);
	fclose(file);
	return flags;
}

void doctor_check_cpu(void)
{
	char *flags = cpu_flags();

	if (!flags)
		doctor_report(FINDING_WARN, "CPU",
			      "/proc/cpuinfo has no flags: mount /proc");
	else if (strstr(flags, " svm "))
		doctor_report(FINDING_PASS, "CPU", "AMD virtualization (SVM)");
	else if (strstr(flags, " vmx "))
		doctor_report(FINDING_PASS, "CPU", "Intel virtualization (VMX)");
	else
		doctor_report(FINDING_FAIL, "CPU",
			      "neither svm nor vmx: enable virtualization in the"
			      " firmware, or nested virtualization if this is a"
			      " VM");
	if (flags && (!strstr(flags, " constant_tsc ") ||
		      !strstr(flags, " nonstop_tsc ")))
		doctor_report(FINDING_WARN, "TSC",
			      "not constant_tsc and nonstop_tsc: times of"
			      " different CPUs may not compare");
	else if (flags)
		doctor_report(FINDING_PASS, "TSC", "constant and nonstop");
	free(flags);
}

/* The release as uname(2) has it; "" without /proc. */
static void kernel_release(char *release, int size)
{
	read_line("/proc/sys/kernel/osrelease", release, size);
}

/* Negative if older than the oldest, positive if newer than the newest. */
static int compare_range(int major, int minor)
{
	if (major < VMITAP_OLDEST_MAJOR ||
	    (major == VMITAP_OLDEST_MAJOR && minor < VMITAP_OLDEST_MINOR))
		return -1;
	return major > VMITAP_NEWEST_MAJOR ||
	       (major == VMITAP_NEWEST_MAJOR && minor > VMITAP_NEWEST_MINOR);
}

static bool is_tested(int major, int minor)
{
	static const int tested[][2] = VMITAP_TESTED;
	size_t i;

	for (i = 0; i < sizeof(tested) / sizeof(tested[0]); i++)
		if (tested[i][0] == major && tested[i][1] == minor)
			return true;
	return false;
}

static void check_release(void)
{
	int major = 0, minor = 0, place;
	char release[100];

	kernel_release(release, sizeof(release));
	if (sscanf(release, "%d.%d", &major, &minor) != 2) {
		doctor_report(FINDING_WARN, "kernel",
			      "no release in /proc/sys/kernel/osrelease: mount"
			      " /proc");
		return;
	}
	place = compare_range(major, minor);
	if (place < 0)
		doctor_report(FINDING_FAIL, "kernel",
			      "%s: older than %d.%d, boot a newer one", release,
			      VMITAP_OLDEST_MAJOR, VMITAP_OLDEST_MINOR);
	else if (place > 0)
		doctor_report(exists("/sys/module/vmitap") ? FINDING_WARN :
			      FINDING_FAIL, "kernel",
			      "%s: newer than %d.%d, the newest tested one: "
			      VMITAP_UNTESTED_ADVICE, release,
			      VMITAP_NEWEST_MAJOR, VMITAP_NEWEST_MINOR);
	else if (!is_tested(major, minor))
		doctor_report(FINDING_WARN, "kernel",
			      "%s: never tested, which were "
			      VMITAP_TESTED_TEXT, release);
	else
		doctor_report(FINDING_PASS, "kernel", "%s", release);
}

void doctor_check_kernel(void)
{
	struct utsname uts;

	check_release();
	uname(&uts);
	if (strcmp(uts.machine, "x86_64"))
		doctor_report(FINDING_FAIL, "architecture",
			      "%s: only x86_64 is supported", uts.machine);
}

/* Open the kernel's configuration, wherever it is; pclose() it. */
static FILE *open_config(char *where, size_t size)
{
	static const char *const formats[] = {
		"/boot/config-%s", "/lib/modules/%s/config",
		"/lib/modules/%s/build/.config", "/usr/src/linux-headers-%s/.config",
	};
	char release[100], cmd[300];
	unsigned int i;

	if (exists("/proc/config.gz")) {
		snprintf(where, size, "/proc/config.gz");
		return popen("zcat /proc/config.gz", "re");
	}
	kernel_release(release, sizeof(release));
	for (i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		snprintf(where, size, formats[i], release);
		if (!exists(where))
			continue;
		snprintf(cmd, sizeof(cmd), "cat '%s'", where);
		return popen(cmd, "re");
	}
	return NULL;
}

/* Without a value, =y or =m will do. */
static const struct config_need {
	const char *name;
	enum finding without;
	const char *why;
} needs[] = {
	{ "CONFIG_KVM=m", FINDING_FAIL,
	  "there is no KVM, or it is built in, where it cannot be tapped" },
	{ "CONFIG_KALLSYMS_ALL", FINDING_FAIL,
	  "the module cannot find KVM's static calls" },
	{ "CONFIG_KPROBES", FINDING_FAIL,
	  "the module cannot find kallsyms_lookup_name()" },
	{ "CONFIG_HAVE_STATIC_CALL_INLINE", FINDING_FAIL,
	  "KVM has no static calls to hook" },
	{ "CONFIG_MODULES", FINDING_FAIL, "the module cannot be loaded" },
	{ "CONFIG_BPF_SYSCALL", FINDING_WARN, "--filter will not work" },
	{ "CONFIG_DEBUG_INFO_BTF", FINDING_WARN,
	  "filters that use CO-RE will not load" },
};

#define NR_NEEDS (sizeof(needs) / sizeof(needs[0]))

static bool meets(const char *line, const char *need)
{
	size_t len = strlen(need);

	if (strncmp(line, need, len))
		return false;
	if (strchr(need, '='))
		return !strcmp(line + len, "\n");
	return !strcmp(line + len, "=y\n") || !strcmp(line + len, "=m\n");
}

void doctor_check_config(void)
{
	bool found[NR_NEEDS] = { false };
	char where[200], line[300];
	unsigned int i;
	FILE *file;

	file = open_config(where, sizeof(where));
	if (!file) {
		doctor_report(FINDING_WARN, "config",
			      "no kernel configuration in /proc/config.gz or"
			      " /boot: cannot be checked");
		return;
	}
	while (fgets(line, sizeof(line), file)) {
		for (i = 0; i < NR_NEEDS; i++)
			found[i] |= meets(line, needs[i].name);
	}
	pclose(file);
	for (i = 0; i < NR_NEEDS; i++) {
		if (found[i])
			doctor_report(FINDING_PASS, needs[i].name, "set");
		else
			doctor_report(needs[i].without, needs[i].name,
				      "not set in %s: %s; boot a kernel with it",
				      where, needs[i].why);
	}
}

/* A module that is built in has parameters, but was never loaded. */
static bool built_in(const char *module)
{
	char path[100];

	snprintf(path, sizeof(path), "/sys/module/%s", module);
	if (!exists(path))
		return false;
	snprintf(path, sizeof(path), "/sys/module/%s/initstate", module);
	return !exists(path);
}

/* A module that uses kvm; "" if there is none. */
static void kvm_user(char name[NAME_MAX + 1])
{
	DIR *dir = opendir("/sys/module/kvm/holders");
	struct dirent *entry;

	name[0] = '\0';
	while (dir && !name[0] && (entry = readdir(dir))) {
		if (entry->d_name[0] != '.')
			strcpy(name, entry->d_name);
	}
	if (dir)
		closedir(dir);
}

static void check_vendor(void)
{
	char user[NAME_MAX + 1];

	kvm_user(user);
	if (exists("/sys/module/kvm_amd"))
		doctor_report(FINDING_PASS, "KVM", "kvm_amd is loaded");
	else if (exists("/sys/module/kvm_intel"))
		doctor_report(FINDING_PASS, "KVM", "kvm_intel is loaded");
	else if (user[0])
		doctor_report(FINDING_FAIL, "KVM",
			      "kvm is used by %s, which is not known: unload it,"
			      " modprobe kvm_amd or kvm_intel", user);
	else
		doctor_report(FINDING_FAIL, "KVM",
			      "kvm is loaded but neither kvm_amd nor kvm_intel:"
			      " modprobe one of them");
}

void doctor_check_kvm(void)
{
	if (built_in("kvm"))
		doctor_report(FINDING_FAIL, "KVM",
			      "built into this kernel: boot one that has it as"
			      " modules (CONFIG_KVM=m)");
	else if (exists("/sys/module/kvm"))
		check_vendor();
	else
		doctor_report(FINDING_FAIL, "KVM",
			      "not loaded: modprobe kvm_amd or kvm_intel");
	if (!exists("/dev/kvm"))
		doctor_report(FINDING_FAIL, "/dev/kvm",
			      "missing: KVM is not usable here, see dmesg");
}

static void check_lockdown(const char *line)
{
	if (strstr(line, "[none]"))
		doctor_report(FINDING_PASS, "lockdown", "off");
	else if (strstr(line, "[confidentiality]"))
		doctor_report(FINDING_FAIL, "lockdown",
			      "confidentiality: the module does not work where"
			      " kprobes are forbidden; boot with"
			      " lockdown=integrity and a signed module, or"
			      " lockdown=none");
	else if (exists("/sys/module/vmitap"))
		doctor_report(FINDING_PASS, "lockdown",
			      "integrity: in the way of unsigned modules only");
	else
		doctor_report(FINDING_FAIL, "lockdown",
			      "integrity: unsigned modules are refused; sign"
			      " vmitap.ko with a key that this kernel trusts, or"
			      " boot with lockdown=none, secure boot off");
}

void doctor_check_lockdown(void)
{
	char line[100];

	read_line("/sys/kernel/security/lockdown", line, sizeof(line));
	if (line[0])
		check_lockdown(line);
	else
		doctor_report(FINDING_PASS, "lockdown",
			      "not in this kernel, or securityfs not mounted");

	read_line("/sys/module/module/parameters/sig_enforce", line,
		  sizeof(line));
	if (line[0] == 'Y')
		doctor_report(FINDING_WARN, "signatures",
			      "enforced: sign vmitap.ko with a key that this"
			      " kernel trusts");
}

void doctor_check_bpf(void)
{
	struct statfs fs;

	if (!exists("/sys/kernel/btf/vmlinux"))
		doctor_report(FINDING_WARN, "kernel BTF",
			      "no /sys/kernel/btf/vmlinux: filters that use"
			      " CO-RE will not load");
	else
		doctor_report(FINDING_PASS, "kernel BTF",
			      "/sys/kernel/btf/vmlinux");
	if (!statfs("/sys/fs/bpf", &fs) &&
	    (unsigned int)fs.f_type == BPF_FS_SUPER_MAGIC)
		doctor_report(FINDING_PASS, "bpffs", "/sys/fs/bpf");
	else
		doctor_report(FINDING_WARN, "bpffs",
			      "not mounted: filters cannot be pinned; mount -t"
			      " bpf bpf /sys/fs/bpf");
}
