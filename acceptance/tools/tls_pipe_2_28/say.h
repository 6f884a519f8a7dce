/* Lines of JSON on standard error. */

#ifndef SAY_H
#define SAY_H

/* Says what failed at what, with the library's number unless it is 0. */
void complain(const char *at, int code, const char *detail);

/* The same in the library's words. */
void complain_of(const char *at, int code);

/* The same without a number, for what fails before there is a connection; gives 1, the program's exit code for that. */
__attribute__((format(printf, 2, 3))) int unready(const char *at, const char *format, ...);

#endif
