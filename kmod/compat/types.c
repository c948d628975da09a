// SPDX-License-Identifier: GPL-2.0-only
/*
 * types.c - are KVM's structs and functions what this module was built with?
 *
 * The compiler knows the headers, and the kernel's loader compares the symbols that a
 * module links to.  vmitap links to none of KVM's, so a module that was built for
 * another kernel than the running one, of the same version or with another
 * configuration, may load and then find nothing where it looks.  And some functions are
 * declared by no public header (see compat.h).  KVM's own type information can tell, if
 * the kernel has any.
 */
#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/kvm_host.h>
#include <linux/module.h>
#include <linux/static_call.h>

#include "../symbols.h"
#include "compat.h"

DEFINE_STATIC_CALL_NULL(vmitap_bpf_find_btf_id, bpf_find_btf_id);
DEFINE_STATIC_CALL_NULL(vmitap_btf_name_by_offset, btf_name_by_offset);
DEFINE_STATIC_CALL_NULL(vmitap_btf_put, btf_put);

/**
 * struct prototype - what calling a function depends on
 * @name: the function
 * @ret: bytes returned, 0 for none
 * @nr: parameters
 * @param: their bytes
 */
struct prototype {
	const char *name;
	u32 ret;
	u32 nr;
	u32 param[3];
};

/* Of those that compat.h declares. */
static const struct prototype prototypes[] = {
	{ "kvm_queue_exception_p", 0, 3, { sizeof(void *), sizeof(int), sizeof(long) } },
	{ "kvm_queue_exception_e", 0, 3, { sizeof(void *), sizeof(int), sizeof(u32) } },
	{ "kvm_set_cr3", sizeof(int), 2, { sizeof(void *), sizeof(long) } },
	{ "kvm_skip_emulated_instruction", sizeof(int), 1, { sizeof(void *) } },
};

/**
 * struct member - where this module has a member
 * @name: the member
 * @offset: its offset, bytes
 */
struct member {
	const char *name;
	u32 offset;
};

/**
 * struct layout - a struct of KVM's
 * @name: the struct
 * @function: a function of KVM's whose first parameter points to it; by its own name it
 *	would be found in any module, this one included
 * @inside: NULL, or if it is a member of the struct that @function has, the member
 * @size: bytes
 * @members: those that are used
 * @nr: entries of @members
 */
struct layout {
	const char *name;
	const char *function;
	const char *inside;
	u32 size;
	const struct member *members;
	u32 nr;
};

#define MEMBER(type, member)	{ #member, offsetof(struct type, member) }

static const struct member kvm_members[] = {
	MEMBER(kvm, mm),
	MEMBER(kvm, vcpu_array),
	MEMBER(kvm, online_vcpus),
	MEMBER(kvm, created_vcpus),
	MEMBER(kvm, vm_list),
	MEMBER(kvm, lock),
	MEMBER(kvm, users_count),
	MEMBER(kvm, srcu),
	MEMBER(kvm, userspace_pid),
};

static const struct member vcpu_members[] = {
	MEMBER(kvm_vcpu, kvm),
	MEMBER(kvm_vcpu, vcpu_id),
	MEMBER(kvm_vcpu, mutex),
	MEMBER(kvm_vcpu, arch),
};

static const struct member arch_members[] = {
	MEMBER(kvm_vcpu_arch, regs),
	MEMBER(kvm_vcpu_arch, regs_avail),
	MEMBER(kvm_vcpu_arch, regs_dirty),
	MEMBER(kvm_vcpu_arch, cr0),
	MEMBER(kvm_vcpu_arch, cr2),
	MEMBER(kvm_vcpu_arch, cr3),
	MEMBER(kvm_vcpu_arch, cr4),
	MEMBER(kvm_vcpu_arch, hflags),
	MEMBER(kvm_vcpu_arch, efer),
	MEMBER(kvm_vcpu_arch, mp_state),
	MEMBER(kvm_vcpu_arch, exception),
	MEMBER(kvm_vcpu_arch, interrupt),
	MEMBER(kvm_vcpu_arch, nmi_injected),
	MEMBER(kvm_vcpu_arch, guest_state_protected),
};

static const struct layout layouts[] = {
	{ "kvm", "kvm_get_kvm_safe", NULL, sizeof(struct kvm),
	  kvm_members, ARRAY_SIZE(kvm_members) },
	{ "kvm_vcpu", "vcpu_load", NULL, sizeof(struct kvm_vcpu),
	  vcpu_members, ARRAY_SIZE(vcpu_members) },
	{ "kvm_vcpu_arch", "vcpu_load", "arch", sizeof(struct kvm_vcpu_arch),
	  arch_members, ARRAY_SIZE(arch_members) },
};

/* The type behind type definitions and "const". */
static const struct btf_type *resolve(const struct btf *btf, u32 id)
{
	const struct btf_type *type = btf_type_by_id(btf, id);

	while (type && (BTF_INFO_KIND(type->info) == BTF_KIND_TYPEDEF ||
			BTF_INFO_KIND(type->info) == BTF_KIND_CONST))
		type = btf_type_by_id(btf, type->type);
	return type;
}

/* Bytes of a type that fits a register; 0 for void, ~0 for any other. */
static u32 btf_bytes(const struct btf *btf, u32 id)
{
	const struct btf_type *type = resolve(btf, id);

	if (!type)
		return ~0u;
	switch (BTF_INFO_KIND(type->info)) {
	case BTF_KIND_UNKN:
		return 0;
	case BTF_KIND_PTR:
		return sizeof(void *);
	case BTF_KIND_INT:
	case BTF_KIND_ENUM:
		return type->size;
	}
	return ~0u;
}

/* The prototype of a function, or NULL. */
static const struct btf_type *prototype_of(const struct btf *btf, u32 id)
{
	const struct btf_type *func = btf_type_by_id(btf, id);
	const struct btf_type *proto = func ? btf_type_by_id(btf, func->type) : NULL;

	return proto && BTF_INFO_KIND(proto->info) == BTF_KIND_FUNC_PROTO ? proto : NULL;
}

static bool prototype_matches(const struct prototype *want, const struct btf *btf, u32 id)
{
	const struct btf_type *proto = prototype_of(btf, id);
	const struct btf_param *params;
	u32 i;

	if (!proto || BTF_INFO_VLEN(proto->info) != want->nr ||
	    btf_bytes(btf, proto->type) != want->ret)
		return false;
	params = (const struct btf_param *)(proto + 1);
	for (i = 0; i < want->nr; i++)
		if (btf_bytes(btf, params[i].type) != want->param[i])
			return false;
	return true;
}

/* What a function's first parameter points to, or NULL. */
static const struct btf_type *pointed_to(const struct btf *btf, u32 id)
{
	const struct btf_type *proto = prototype_of(btf, id);
	const struct btf_type *pointer;

	if (!proto || !BTF_INFO_VLEN(proto->info))
		return NULL;
	pointer = resolve(btf, ((const struct btf_param *)(proto + 1))->type);
	return pointer && BTF_INFO_KIND(pointer->info) == BTF_KIND_PTR ?
	       resolve(btf, pointer->type) : NULL;
}

static const struct btf_member *find_member(const struct btf *btf,
					    const struct btf_type *type, const char *want)
{
	const struct btf_member *members = (const struct btf_member *)(type + 1);
	const char *name;
	u32 i;

	for (i = 0; i < BTF_INFO_VLEN(type->info); i++) {
		name = static_call(vmitap_btf_name_by_offset)(btf, members[i].name_off);
		if (name && !strcmp(name, want))
			return &members[i];
	}
	return NULL;
}

static bool is_struct(const struct btf_type *type)
{
	return type && BTF_INFO_KIND(type->info) == BTF_KIND_STRUCT;
}

static const struct btf_type *find_struct(const struct layout *layout,
					  const struct btf *btf, u32 function)
{
	const struct btf_type *type = pointed_to(btf, function);
	const struct btf_member *member;

	if (!layout->inside || !is_struct(type))
		return type;
	member = find_member(btf, type, layout->inside);
	return member ? resolve(btf, member->type) : NULL;
}

static bool layout_matches(const struct layout *want, const struct btf *btf, u32 function)
{
	const struct btf_type *type = find_struct(want, btf, function);
	const struct btf_member *member;
	u32 i;

	/* What is only declared can be anything. */
	if (type && BTF_INFO_KIND(type->info) == BTF_KIND_FWD)
		return true;
	if (!is_struct(type) || type->size != want->size)
		return false;
	for (i = 0; i < want->nr; i++) {
		member = find_member(btf, type, want->members[i].name);
		if (!member ||
		    __btf_member_bit_offset(type, member) != want->members[i].offset * 8)
			return false;
	}
	return true;
}

/* Type information and number of a function; NULL if the kernel has none of it. */
static struct btf *find_function(const char *name, u32 *id)
{
	struct btf *btf;
	s32 found = static_call(vmitap_bpf_find_btf_id)(name, BTF_KIND_FUNC, &btf);

	if (found <= 0)
		return NULL;
	*id = found;
	return btf;
}

static const char *check_layouts(void)
{
	bool matches;
	u32 i, id;

	for (i = 0; i < ARRAY_SIZE(layouts); i++) {
		struct btf *btf = find_function(layouts[i].function, &id);

		if (!btf)
			continue;
		matches = layout_matches(&layouts[i], btf, id);
		static_call(vmitap_btf_put)(btf);
		if (!matches)
			return layouts[i].name;
	}
	return NULL;
}

static const char *check_prototypes(void)
{
	bool matches;
	u32 i, id;

	for (i = 0; i < ARRAY_SIZE(prototypes); i++) {
		struct btf *btf = find_function(prototypes[i].name, &id);

		if (!btf)
			continue;
		matches = prototype_matches(&prototypes[i], btf, id);
		static_call(vmitap_btf_put)(btf);
		if (!matches)
			return prototypes[i].name;
	}
	return NULL;
}

/**
 * vmitap_compat_check_types() - are KVM's structs and functions what they should be?
 *
 * KVM must be loaded.  A kernel without type information of its modules is believed.
 *
 * Return: NULL, or the name of the first that is not.
 */
const char *vmitap_compat_check_types(void)
{
	void *find = (void *)vmitap_symbol("bpf_find_btf_id");
	void *name = (void *)vmitap_symbol("btf_name_by_offset");
	void *put = (void *)vmitap_symbol("btf_put");
	const char *wrong;

	if (!find || !name || !put)
		return NULL;
	static_call_update(vmitap_bpf_find_btf_id, (typeof(bpf_find_btf_id) *)find);
	static_call_update(vmitap_btf_name_by_offset, (typeof(btf_name_by_offset) *)name);
	static_call_update(vmitap_btf_put, (typeof(btf_put) *)put);
	wrong = check_layouts();
	return wrong ?: check_prototypes();
}
