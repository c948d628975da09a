/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * linger.h - what closed sessions leave in place while an exit is yet to be finished
 */
#ifndef VMITAP_LINGER_H
#define VMITAP_LINGER_H

struct vmitap_vm;

void vmitap_linger_begin(struct vmitap_vm *vm);
void vmitap_linger_calls(void);
void vmitap_linger_exit(void);

#endif /* VMITAP_LINGER_H */
