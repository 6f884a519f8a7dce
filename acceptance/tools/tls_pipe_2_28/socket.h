/* A socket that never waits. */

#ifndef SOCKET_H
#define SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Milliseconds of a clock that only goes forward. */
int64_t now_ms(void);

/* Connects to IP:PORT; -1 where that is no such thing, or nobody answers. */
int connect_to(const char *place, int timeout_ms);

/* Waits for what `poll` calls so; false when the time is over. */
bool wait_for(int socket, short what, int64_t until_ms);

/* The library's ways to the socket, to which the context points. */
int send_some(void *context, const unsigned char *bytes, size_t len);
int receive_some(void *context, unsigned char *buffer, size_t len);

#endif
