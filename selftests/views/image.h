/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * image.h - the memory images of guests that tests run on
 */
#ifndef VIEWS_IMAGE_H
#define VIEWS_IMAGE_H

#include "guest_image.h"

/*
 * Open what selftests/views_image.sh made in a directory; exits the test if that does
 * not work.
 */
void image_open(const char *dir, struct guest_image **image, struct guest *guest);

#endif /* VIEWS_IMAGE_H */
