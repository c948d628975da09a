// SPDX-License-Identifier: GPL-2.0-only
/*
 * histogram.c - quantiles of times without keeping every time
 */
#include "histogram.h"

static unsigned int bucket_of(uint64_t val)
{
	unsigned int log;

	if (val < 64)
		return val;
	log = 63 - __builtin_clzll(val);
	return 64 + (log - 6) * HISTOGRAM_SUB +
	       (val >> (log - 5)) - HISTOGRAM_SUB;
}

/* Middle of the values that share a bucket. */
static double bucket_value(unsigned int i)
{
	unsigned int log;
	double low;

	if (i < 64)
		return i;
	log = 6 + (i - 64) / HISTOGRAM_SUB;
	low = (double)((i - 64) % HISTOGRAM_SUB + HISTOGRAM_SUB) *
	      (1ULL << (log - 5));
	return low + ((1ULL << (log - 5)) - 1) / 2.0;
}

void histogram_add(struct histogram *hist, uint64_t val)
{
	hist->bucket[bucket_of(val)]++;
	hist->count++;
	hist->sum += val;
	if (hist->max < val)
		hist->max = val;
}

double histogram_quantile(const struct histogram *hist, double q)
{
	uint64_t rank = hist->count * q, seen = 0;
	double val;
	unsigned int i;

	if (!hist->count)
		return 0;
	if (rank >= hist->count)
		rank = hist->count - 1;
	for (i = 0; i < HISTOGRAM_BUCKETS; i++) {
		seen += hist->bucket[i];
		if (seen <= rank)
			continue;
		val = bucket_value(i);
		return val < hist->max ? val : hist->max;
	}
	return hist->max;
}
