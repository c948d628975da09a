/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * print.h - every message starts with the module's name; included by Kbuild
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt
