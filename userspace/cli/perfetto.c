// SPDX-License-Identifier: GPL-2.0-only
/*
 * perfetto.c - events as a trace that the Perfetto UI opens
 *
 * The Chrome trace event format: a process is the VM, a thread is a vCPU, a slice
 * ("X", times in microseconds) is a stay in the guest or the handling of an exit.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "names.h"
#include "perfetto.h"

/* Whole nanoseconds, so that slices that touch do so in the output, too. */
static uint64_t nanos(const struct perfetto *trace, uint64_t tsc)
{
	double ns;

	if (tsc <= trace->base_tsc || !trace->tsc_khz)
		return 0;
	ns = (double)(tsc - trace->base_tsc) * 1e6 / trace->tsc_khz;
	/* A recording may say anything; this is 30 years. */
	return ns < 1e18 ? ns : 1e18;
}

/* Thread 0 of a process is its main thread for the UI, so vCPU 0 is thread 1. */
static void begin_event(struct perfetto *trace, const char *phase,
			const char *name, unsigned int vcpu)
{
	struct json *json = &trace->json;

	if (json->comma)
		fputs(",\n", json->out);
	json->comma = false;
	json_begin(json, NULL, '{');
	json_string(json, "ph", phase);
	json_string(json, "name", name);
	json_u64(json, "pid", trace->pid);
	json_u64(json, "tid", vcpu + 1);
}

static void end_event(struct perfetto *trace)
{
	json_end(&trace->json, '}');
}

static void name_thread(struct perfetto *trace, unsigned int vcpu)
{
	char name[32];

	snprintf(name, sizeof(name), "vCPU %u", vcpu);
	begin_event(trace, "M", "thread_name", vcpu);
	json_begin(&trace->json, "args", '{');
	json_string(&trace->json, "name", name);
	json_end(&trace->json, '}');
	end_event(trace);
	begin_event(trace, "M", "thread_sort_index", vcpu);
	json_begin(&trace->json, "args", '{');
	json_u64(&trace->json, "sort_index", vcpu);
	json_end(&trace->json, '}');
	end_event(trace);
}

void perfetto_begin(struct perfetto *trace, const char *name)
{
	struct json *json = &trace->json;

	json->comma = false;
	json_begin(json, NULL, '{');
	json_string(json, "displayTimeUnit", "ns");
	json_begin(json, "traceEvents", '[');
	putc('\n', json->out);
	begin_event(trace, "M", "process_name", 0);
	json_begin(json, "args", '{');
	json_string(json, "name", name);
	json_end(json, '}');
	end_event(trace);
}

static struct perfetto_vcpu *get_vcpu(struct perfetto *trace, size_t id)
{
	struct perfetto_vcpu *vcpus;

	if (id >= trace->nr_vcpus) {
		vcpus = realloc(trace->vcpus, (id + 1) * sizeof(*vcpus));
		if (!vcpus)
			return NULL;
		memset(vcpus + trace->nr_vcpus, 0,
		       (id + 1 - trace->nr_vcpus) * sizeof(*vcpus));
		trace->vcpus = vcpus;
		trace->nr_vcpus = id + 1;
	}
	if (!trace->vcpus[id].named)
		name_thread(trace, id);
	trace->vcpus[id].named = true;
	return &trace->vcpus[id];
}

static void begin_slice(struct perfetto *trace, const char *name,
			const char *category, unsigned int vcpu, uint64_t from,
			uint64_t to)
{
	uint64_t start = nanos(trace, from), end = nanos(trace, to);

	begin_event(trace, "X", name, vcpu);
	json_string(&trace->json, "cat", category);
	json_real(&trace->json, "ts", start / 1e3, 3);
	json_real(&trace->json, "dur", end > start ? (end - start) / 1e3 : 0,
		  3);
}

static void add_exit(struct perfetto *trace, struct perfetto_vcpu *vcpu,
		     const struct vmitap_exit *exit)
{
	struct json *json = &trace->json;
	char reason[NAME_MAX_REASON];

	if (vcpu->exited && trace->handling && exit->entry_tsc >= vcpu->tsc) {
		begin_slice(trace, name_reason(reason, trace->vendor,
					       vcpu->reason), "handling",
			    exit->record.vcpu, vcpu->tsc, exit->entry_tsc);
		end_event(trace);
	}
	begin_slice(trace, "guest", "guest", exit->record.vcpu,
		    exit->entry_tsc, exit->record.tsc);
	json_begin(json, "args", '{');
	json_string(json, "exit", name_reason(reason, trace->vendor,
					      exit->reason));
	json_hex(json, "rip", exit->rip);
	json_hex(json, "cr3", exit->cr3);
	json_u64(json, "cpl", exit->cpl);
	json_hex(json, "qual1", exit->qual1);
	json_hex(json, "qual2", exit->qual2);
	json_end(json, '}');
	end_event(trace);
	vcpu->exited = true;
	vcpu->reason = exit->reason;
	vcpu->tsc = exit->record.tsc;
}

static void add_instant(struct perfetto *trace, const char *name,
			const struct vmitap_record *rec)
{
	begin_event(trace, "i", name, rec->vcpu);
	json_string(&trace->json, "s", "t");
	json_real(&trace->json, "ts", nanos(trace, rec->tsc) / 1e3, 3);
	end_event(trace);
}

static void add_trap(struct perfetto *trace, const struct vmitap_record *rec)
{
	const struct vmitap_cr3_write *write = (const void *)rec;
	const struct vmitap_syscall *call = (const void *)rec;
	const struct vmitap_sysret *ret = (const void *)rec;
	const struct vmitap_message *message = (const void *)rec;
	char name[48];

	if (rec->type == VMITAP_RECORD_CR3)
		snprintf(name, sizeof(name), "cr3 0x%llx",
			 (unsigned long long)write->new_cr3);
	else if (rec->type == VMITAP_RECORD_SYSCALL)
		snprintf(name, sizeof(name), "syscall %llu",
			 (unsigned long long)call->nr);
	else if (rec->type == VMITAP_RECORD_SYSRET)
		snprintf(name, sizeof(name), "sysret %lld",
			 (long long)ret->result);
	else
		snprintf(name, sizeof(name), "message 0x%llx",
			 (unsigned long long)message->tag);
	add_instant(trace, name, rec);
}

static void add_inject(struct perfetto *trace,
		       const struct vmitap_inject *inject)
{
	char name[48];

	snprintf(name, sizeof(name), "inject %s 0x%x",
		 name_inject(inject->kind), inject->vector);
	add_instant(trace, name, &inject->record);
}

static void add_lost(struct perfetto *trace, struct perfetto_vcpu *vcpu,
		     const struct vmitap_lost_record *lost)
{
	char name[48];

	snprintf(name, sizeof(name), "LOST %llu events",
		 (unsigned long long)lost->count);
	add_instant(trace, name, &lost->record);
	vcpu->exited = false;
}

int perfetto_add(struct perfetto *trace, const struct vmitap_record *rec)
{
	const struct vmitap_exit *exit = (const void *)rec;
	struct perfetto_vcpu *vcpu;

	if (rec->type == VMITAP_RECORD_VM_GONE)
		return 0;
	vcpu = get_vcpu(trace, rec->vcpu);
	if (!vcpu)
		return -ENOMEM;
	if (!trace->base_tsc)
		trace->base_tsc = rec->type == VMITAP_RECORD_EXIT ?
				  exit->entry_tsc : rec->tsc;
	switch (rec->type) {
	case VMITAP_RECORD_EXIT:
		add_exit(trace, vcpu, exit);
		break;
	case VMITAP_RECORD_INJECT:
		add_inject(trace, (const struct vmitap_inject *)rec);
		break;
	case VMITAP_RECORD_LOST:
		add_lost(trace, vcpu, (const struct vmitap_lost_record *)rec);
		break;
	case VMITAP_RECORD_CR3:
	case VMITAP_RECORD_SYSCALL:
	case VMITAP_RECORD_SYSRET:
	case VMITAP_RECORD_MESSAGE:
		add_trap(trace, rec);
		break;
	case VMITAP_RECORD_VCPU_CREATED:
		add_instant(trace, "vCPU created", rec);
		break;
	case VMITAP_RECORD_VCPU_DESTROYED:
		add_instant(trace, "vCPU destroyed", rec);
		break;
	}
	return 0;
}

void perfetto_end(struct perfetto *trace)
{
	fputs("\n]}\n", trace->json.out);
	free(trace->vcpus);
	trace->vcpus = NULL;
	trace->nr_vcpus = 0;
}
