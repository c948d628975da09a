/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * terminal.h - full-screen output and single keys
 */
#ifndef VMITAP_CLI_TERMINAL_H
#define VMITAP_CLI_TERMINAL_H

/*
 * Take the terminal over: no echo, keys without Enter, alternate screen.  It is
 * given back by terminal_end(), also when the process exits in between.
 */
void terminal_begin(void);
void terminal_end(void);

/* Size of the terminal on stdout, 80x24 if it has none. */
void terminal_size(int *columns, int *rows);

/* The next key typed, -1 if there is none right now. */
int terminal_key(void);

/* Cursor to the top left; erase to the end of the line; of the screen. */
#define TERMINAL_HOME		"\033[H"
#define TERMINAL_ERASE_LINE	"\033[K"
#define TERMINAL_ERASE_BELOW	"\033[J"

#endif /* VMITAP_CLI_TERMINAL_H */
