/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * capture.h - the tool's messages, kept instead of printed
 */
#ifndef CAPTURE_H
#define CAPTURE_H

/* What fail() or note() said last. */
extern char captured[512];

#endif /* CAPTURE_H */
