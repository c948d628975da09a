// SPDX-License-Identifier: GPL-2.0-only
/*
 * terminal.c - full-screen output and single keys
 */
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "terminal.h"

#define SCREEN_ENTER	"\033[?1049h\033[?25l"
#define SCREEN_LEAVE	"\033[?25h\033[?1049l"

static struct termios saved;
static bool active, keys;

void terminal_end(void)
{
	if (!active)
		return;
	active = false;
	if (keys)
		tcsetattr(STDIN_FILENO, TCSANOW, &saved);
	fputs(SCREEN_LEAVE, stdout);
	fflush(stdout);
}

void terminal_begin(void)
{
	struct termios raw;

	/* Keys come from stdin, which need not be the terminal. */
	keys = !tcgetattr(STDIN_FILENO, &saved);
	if (keys) {
		raw = saved;
		raw.c_lflag &= ~(ICANON | ECHO);
		raw.c_cc[VMIN] = 0;
		raw.c_cc[VTIME] = 0;
		tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	}
	active = true;
	atexit(terminal_end);
	fputs(SCREEN_ENTER, stdout);
	fflush(stdout);
}

void terminal_size(int *columns, int *rows)
{
	struct winsize size = { 0 };

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_col ||
	    !size.ws_row) {
		size.ws_col = 80;
		size.ws_row = 24;
	}
	*columns = size.ws_col;
	*rows = size.ws_row;
}

int terminal_key(void)
{
	struct pollfd fd = { .fd = STDIN_FILENO, .events = POLLIN };
	unsigned char key;

	if (!keys || poll(&fd, 1, 0) <= 0)
		return -1;
	return read(STDIN_FILENO, &key, 1) == 1 ? key : -1;
}
