// SPDX-License-Identifier: GPL-2.0-only
/*
 * symbols.c - find what vmitap uses of KVM, keep KVM loaded meanwhile
 */
#include <linux/atomic.h>
#include <linux/kallsyms.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/security.h>
#include <linux/vmitap.h>
#include <asm/cpufeature.h>

#include "backend.h"
#include "symbols.h"
#include "tap.h"

struct vmitap_kvm vmitap_kvm;

/* Canaries: the types that the data symbols are used with. */
static_assert(__same_type(kvm_lock, struct mutex));
static_assert(__same_type(vm_list, struct list_head));

static struct module *kvm_module;
static struct module *vendor_module;
static unsigned int kvm_users;

/* Times that a module kvm was loaded, and which of them symbols and types are of. */
static atomic_t kvm_loads = ATOMIC_INIT(1);
static int kvm_found;

#define VMITAP_DEFINE(mod, fn) DEFINE_STATIC_CALL_NULL(vmitap_##fn, fn);
VMITAP_FUNCTIONS(VMITAP_DEFINE)
#undef VMITAP_DEFINE

DEFINE_STATIC_CALL_NULL(vmitap_kallsyms_lookup_name, kallsyms_lookup_name);

/**
 * vmitap_symbols_allowed() - may KVM be looked into?
 * @refusal: if not, why
 * @len: room in @refusal
 *
 * Not where the kernel is locked down so that kprobes are not to be used, which do the
 * same.  It may become so at any time, and stays so.  The kernel tells its log who was
 * refused what.
 *
 * Return: true if it may be.
 */
bool vmitap_symbols_allowed(char *refusal, size_t len)
{
	if (!security_locked_down(LOCKDOWN_KPROBES))
		return true;
	strscpy(refusal,
		"the kernel is locked down for confidentiality: boot with lockdown=integrity or lockdown=none",
		len);
	return false;
}

static int symbols_module_comes(struct notifier_block *nb, unsigned long state, void *data)
{
	const struct module *mod = data;

	if (state == MODULE_STATE_COMING && !strcmp(mod->name, "kvm"))
		atomic_inc(&kvm_loads);
	return NOTIFY_OK;
}

static struct notifier_block symbols_notifier = { .notifier_call = symbols_module_comes };

/**
 * vmitap_symbols_init() - find kallsyms_lookup_name()
 *
 * It is not exported; a kprobe on it tells where it is.
 *
 * Return: 0 or -errno.
 */
int vmitap_symbols_init(void)
{
	struct kprobe probe = { .symbol_name = "kallsyms_lookup_name" };
	char refusal[sizeof_field(struct vmitap_query, out_refusal)];
	int ret;

	if (!vmitap_symbols_allowed(refusal, sizeof(refusal))) {
		pr_err("%s\n", refusal);
		return -EPERM;
	}
	ret = register_kprobe(&probe);
	if (ret) {
		pr_err("no kallsyms_lookup_name() (%d): boot a kernel with CONFIG_KPROBES and CONFIG_KALLSYMS_ALL\n",
		       ret);
		return ret;
	}
	static_call_update(vmitap_kallsyms_lookup_name,
			   (typeof(kallsyms_lookup_name) *)probe.addr);
	unregister_kprobe(&probe);
	return register_module_notifier(&symbols_notifier);
}

/**
 * vmitap_symbols_exit() - undo vmitap_symbols_init()
 */
void vmitap_symbols_exit(void)
{
	unregister_module_notifier(&symbols_notifier);
}

/**
 * vmitap_symbol() - address of a symbol
 * @name: symbol, or "module:symbol"
 *
 * Return: the address, 0 if there is none.
 */
unsigned long vmitap_symbol(const char *name)
{
	return static_call(vmitap_kallsyms_lookup_name)(name);
}

static struct module *pin_module_of(unsigned long addr)
{
	struct module *mod;

	rcu_read_lock();
	preempt_disable();
	mod = static_call(vmitap___module_text_address)(addr);
	if (mod && !try_module_get(mod))
		mod = NULL;
	preempt_enable();
	rcu_read_unlock();
	return mod;
}

/* The first symbol that is missing, or NULL. */
static const char *find_symbols(void)
{
	unsigned long addr;

#define VMITAP_FIND(mod, fn)						\
	addr = vmitap_symbol(mod #fn);					\
	if (!addr)							\
		return mod #fn;						\
	static_call_update(vmitap_##fn, (typeof(fn) *)addr);
	VMITAP_FUNCTIONS(VMITAP_FIND)
#undef VMITAP_FIND

#define VMITAP_FIND(sym, member)					\
	addr = vmitap_symbol("kvm:" #sym);				\
	if (!addr)							\
		return "kvm:" #sym;					\
	vmitap_kvm.member = (void *)addr;
	VMITAP_FIND(kvm_lock, lock)
	VMITAP_FIND(vm_list, vms)
	VMITAP_FIND(kvm_x86_ops, ops)
#undef VMITAP_FIND
	return NULL;
}

/* There is no kvm, or none of its vendor modules: why, and what to do. */
static void say_unloaded(char *refusal, size_t len)
{
	if (boot_cpu_has(X86_FEATURE_SVM) || boot_cpu_has(X86_FEATURE_VMX))
		strscpy(refusal, "KVM is not loaded: modprobe kvm_amd or kvm_intel", len);
	else
		strscpy(refusal,
			"no KVM, as the CPU has neither SVM nor VMX: enable it in the firmware, or nested in the hypervisor",
			len);
}

/* Looking at the types of all modules takes milliseconds: once for each KVM. */
static int find_kvm(char *refusal, size_t len)
{
	int load = atomic_read(&kvm_loads);
	const char *name;

	if (!vmitap_symbol("kvm:kvm_put_kvm")) {
		if (!vmitap_symbol("kvm_put_kvm")) {
			say_unloaded(refusal, len);
			return -ENODEV;
		}
		strscpy(refusal,
			"KVM is built into this kernel: boot one that has it as modules (CONFIG_KVM=m)",
			len);
		return -EOPNOTSUPP;
	}
	if (kvm_found == load)
		return 0;
	name = find_symbols();
	if (name) {
		snprintf(refusal, len, "symbol %s not found: get a vmitap that knows this kernel",
			 name);
		return -EOPNOTSUPP;
	}
	name = vmitap_compat_check_types();
	if (name) {
		snprintf(refusal, len,
			 "KVM's %s is not as this module was built for: build vmitap with this kernel's headers",
			 name);
		return -EOPNOTSUPP;
	}
	kvm_found = load;
	return 0;
}

/* Was KVM unloaded and loaded again while it was looked at? */
static bool kvm_came_again(void)
{
	return kvm_found != atomic_read(&kvm_loads);
}

static int kvm_pin(char *refusal, size_t len)
{
	int ret = find_kvm(refusal, len);

	if (ret)
		return ret;
	kvm_module = pin_module_of(vmitap_symbol("kvm:kvm_put_kvm"));
	if (!kvm_module) {
		say_unloaded(refusal, len);
		return -ENODEV;
	}
	if (kvm_came_again()) {
		strscpy(refusal, "KVM was loaded just now: try again", len);
		ret = -EBUSY;
		goto err_put_kvm;
	}
	/* The operations of one that was unloaded stay, but for one. */
	if (vmitap_compat_has_vendor(vmitap_kvm.ops))
		vendor_module = pin_module_of((unsigned long)vmitap_kvm.ops->vcpu_run);
	if (!vendor_module) {
		say_unloaded(refusal, len);
		ret = -ENODEV;
		goto err_put_kvm;
	}
	ret = vmitap_backend_select(vendor_module->name, refusal, len);
	if (ret)
		goto err_put_vendor;
	return 0;

err_put_vendor:
	module_put(vendor_module);
	vendor_module = NULL;
err_put_kvm:
	module_put(kvm_module);
	return ret;
}

/**
 * vmitap_kvm_get() - find KVM and keep it and its vendor module loaded
 * @refusal: on error, what did not match
 * @len: room in @refusal
 *
 * Fills vmitap_kvm and vmitap_backend.
 *
 * Return: 0, -ENODEV without KVM, -EOPNOTSUPP if this KVM is not understood.
 */
int vmitap_kvm_get(char *refusal, size_t len)
{
	int ret = 0;

	lockdep_assert_held(&vmitap_lock);

	if (!kvm_users)
		ret = kvm_pin(refusal, len);
	if (!ret)
		kvm_users++;
	return ret;
}

/**
 * vmitap_kvm_put() - KVM may be unloaded again
 */
void vmitap_kvm_put(void)
{
	lockdep_assert_held(&vmitap_lock);

	if (--kvm_users)
		return;
	module_put(vendor_module);
	vendor_module = NULL;
	module_put(kvm_module);
}
