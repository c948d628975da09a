/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * faults.h - allocations and copies in the kernel that fail when they are told to
 */
#ifndef FAULTS_H
#define FAULTS_H

#include <stdbool.h>

/**
 * faults_available() - can the kernel inject faults?
 *
 * Return: true if it can; then those of all kinds are set up, without noise.
 */
bool faults_available(void);

/**
 * faults_arm() - have one allocation, or copy from or to this process, fail
 * @nth: which one of those that this thread makes from now on, from 1
 */
void faults_arm(unsigned long nth);

/**
 * faults_disarm() - no more faults
 *
 * Return: how many allocations and copies were left until the fault, 0 if it
 * was injected.
 */
unsigned long faults_disarm(void);

#endif /* FAULTS_H */
