/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * testvm_state.h - tables in guest memory
 */
#ifndef TESTVM_STATE_H
#define TESTVM_STATE_H

/**
 * testvm_fill_tables() - write page tables, GDT and TSS
 * @mem: guest memory
 */
void testvm_fill_tables(char *mem);

#endif /* TESTVM_STATE_H */
