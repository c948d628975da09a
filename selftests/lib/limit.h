/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * limit.h - time, and how long something may take
 */
#ifndef LIMIT_H
#define LIMIT_H

#include <stdbool.h>
#include <unistd.h>

/**
 * now() - the time
 *
 * Return: seconds since some moment.
 */
double now(void);

/**
 * limit() - how long something may take on this host
 * @seconds: on one that is not slow
 *
 * Return: seconds, more by the factor that SLOWER in the environment says.
 */
double limit(double seconds);

/* How long may take what has to come soon, unless a test says otherwise; seconds. */
#define IN_TIME		30

/* Wait until @cond is true, no longer than limit(IN_TIME).  Return: is it? */
#define comes_true(cond)						\
({									\
	double __end = now() + limit(IN_TIME);				\
	bool __true;							\
									\
	while (!(__true = (cond)) && now() < __end)			\
		usleep(1000);						\
	__true;								\
})

#endif /* LIMIT_H */
