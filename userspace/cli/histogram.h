/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * histogram.h - quantiles of times without keeping every time
 *
 * Log-linear buckets: exact below 64, then 32 to each power of two, so that a
 * quantile is within 1.6 % of the true one.  The largest value is exact.
 */
#ifndef VMITAP_CLI_HISTOGRAM_H
#define VMITAP_CLI_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_SUB		32
#define HISTOGRAM_BUCKETS	(64 + (64 - 6) * HISTOGRAM_SUB)

struct histogram {
	uint64_t count;
	uint64_t sum;
	uint64_t max;
	uint64_t bucket[HISTOGRAM_BUCKETS];
};

void histogram_add(struct histogram *hist, uint64_t val);

/* The value below which a fraction @q (0 to 1) lies, 0 if there is none. */
double histogram_quantile(const struct histogram *hist, double q);

#endif /* VMITAP_CLI_HISTOGRAM_H */
