/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * module.h - take vmitap out of the kernel and put it in again
 */
#ifndef MODULE_H
#define MODULE_H

/**
 * module_unload() - rmmod without waiting
 *
 * Return: 0 or -errno, -EWOULDBLOCK if it is in use.
 */
int module_unload(void);

/**
 * module_load() - load the module that VMITAP_KO names
 *
 * Return: 0 or -errno.
 */
int module_load(void);

/**
 * module_users() - what keeps it loaded
 *
 * Return: its use count.
 */
int module_users(void);

#endif /* MODULE_H */
