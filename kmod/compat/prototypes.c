// SPDX-License-Identifier: GPL-2.0-only
/*
 * prototypes.c - are functions of KVM's what compat.h declares them to be?
 *
 * For those that no public header declares (see compat.h), so that the compiler cannot
 * tell.  KVM's own type information can, if the kernel has any.
 */
#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/module.h>
#include <linux/static_call.h>

#include "../symbols.h"
#include "compat.h"

#ifdef VMITAP_HAVE_PUBLIC_PROTOTYPES

const char *vmitap_compat_check_prototypes(void)
{
	return NULL;
}

#else

DEFINE_STATIC_CALL_NULL(vmitap_bpf_find_btf_id, bpf_find_btf_id);
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

static const struct prototype prototypes[] = {
	{ "kvm_queue_exception_e", 0, 3, { sizeof(void *), sizeof(int), sizeof(u32) } },
	{ "kvm_set_cr3", sizeof(int), 2, { sizeof(void *), sizeof(long) } },
	{ "kvm_skip_emulated_instruction", sizeof(int), 1, { sizeof(void *) } },
};

/* Bytes of a type that fits a register; 0 for void, ~0 for any other. */
static u32 btf_bytes(const struct btf *btf, u32 id)
{
	const struct btf_type *type = btf_type_by_id(btf, id);

	while (type && (BTF_INFO_KIND(type->info) == BTF_KIND_TYPEDEF ||
			BTF_INFO_KIND(type->info) == BTF_KIND_CONST)) {
		id = type->type;
		type = btf_type_by_id(btf, id);
	}
	if (!id)
		return 0;
	if (!type)
		return ~0u;
	switch (BTF_INFO_KIND(type->info)) {
	case BTF_KIND_PTR:
		return sizeof(void *);
	case BTF_KIND_INT:
	case BTF_KIND_ENUM:
		return type->size;
	}
	return ~0u;
}

static bool prototype_matches(const struct prototype *want, const struct btf *btf, u32 id)
{
	const struct btf_type *func = btf_type_by_id(btf, id);
	const struct btf_type *proto = func ? btf_type_by_id(btf, func->type) : NULL;
	const struct btf_param *params;
	u32 i;

	if (!proto || BTF_INFO_KIND(proto->info) != BTF_KIND_FUNC_PROTO ||
	    BTF_INFO_VLEN(proto->info) != want->nr ||
	    btf_bytes(btf, proto->type) != want->ret)
		return false;
	params = (const struct btf_param *)(proto + 1);
	for (i = 0; i < want->nr; i++)
		if (btf_bytes(btf, params[i].type) != want->param[i])
			return false;
	return true;
}

/**
 * vmitap_compat_check_prototypes() - have the functions the types of compat.h?
 *
 * KVM must be loaded.  A kernel without type information of its modules is believed.
 *
 * Return: NULL, or the name of the first that has another type.
 */
const char *vmitap_compat_check_prototypes(void)
{
	void *find = (void *)vmitap_symbol("bpf_find_btf_id");
	void *put = (void *)vmitap_symbol("btf_put");
	bool matches;
	int i;

	if (!find || !put)
		return NULL;
	static_call_update(vmitap_bpf_find_btf_id, (typeof(bpf_find_btf_id) *)find);
	static_call_update(vmitap_btf_put, (typeof(btf_put) *)put);
	for (i = 0; i < ARRAY_SIZE(prototypes); i++) {
		struct btf *btf;
		s32 id;

		id = static_call(vmitap_bpf_find_btf_id)(prototypes[i].name,
							 BTF_KIND_FUNC, &btf);
		if (id <= 0)
			continue;
		matches = prototype_matches(&prototypes[i], btf, id);
		static_call(vmitap_btf_put)(btf);
		if (!matches)
			return prototypes[i].name;
	}
	return NULL;
}

#endif /* VMITAP_HAVE_PUBLIC_PROTOTYPES */
