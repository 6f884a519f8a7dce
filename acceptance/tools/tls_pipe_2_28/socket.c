/* A socket that never waits. */

#define _POSIX_C_SOURCE 200809L

#include "socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <mbedtls/net_sockets.h>
#include <mbedtls/ssl.h>

int64_t now_ms(void)
{
    struct timespec now;
    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
        abort();
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int send_some(void *context, const unsigned char *bytes, size_t len)
{
    ssize_t sent = send(*(int *)context, bytes, len, MSG_NOSIGNAL);
    if (sent > 0)
        return (int)sent;
    if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return MBEDTLS_ERR_SSL_WANT_WRITE;
    return errno == EPIPE || errno == ECONNRESET ? MBEDTLS_ERR_NET_CONN_RESET : MBEDTLS_ERR_NET_SEND_FAILED;
}

int receive_some(void *context, unsigned char *buffer, size_t len)
{
    ssize_t received = recv(*(int *)context, buffer, len, 0);
    if (received >= 0)
        return (int)received;
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)
        return MBEDTLS_ERR_SSL_WANT_READ;
    return errno == EPIPE || errno == ECONNRESET ? MBEDTLS_ERR_NET_CONN_RESET : MBEDTLS_ERR_NET_RECV_FAILED;
}

bool wait_for(int socket, short what, int64_t until_ms)
{
    for (;;) {
        int64_t left = until_ms - now_ms();
        if (left <= 0)
            return false;
        struct pollfd one = { .fd = socket, .events = what };
        int ready = poll(&one, 1, (int)left);
        if (ready > 0)
            return true;
        if (ready < 0 && errno != EINTR)
            return false;
    }
}

int connect_to(const char *place, int timeout_ms)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    char host[INET_ADDRSTRLEN];
    const char *colon = strrchr(place, ':');
    char *end = NULL;
    long port = colon == NULL ? 0 : strtol(colon + 1, &end, 10);
    if (colon == NULL || (size_t)(colon - place) >= sizeof host || *end != 0 || port < 1 || port > 65535)
        return -1;
    memcpy(host, place, (size_t)(colon - place));
    host[colon - place] = 0;
    if (inet_pton(AF_INET, host, &address.sin_addr) != 1)
        return -1;
    address.sin_port = htons((uint16_t)port);

    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0)
        return -1;
    int yes = 1, failed = 0;
    socklen_t size = sizeof failed;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (fcntl(fd, F_SETFL, O_NONBLOCK) == 0
        && (connect(fd, (const struct sockaddr *)&address, sizeof address) == 0
            || (errno == EINPROGRESS && wait_for(fd, POLLOUT, now_ms() + timeout_ms)))
        && getsockopt(fd, SOL_SOCKET, SO_ERROR, &failed, &size) == 0 && failed == 0)
        return fd;
    close(fd);
    return -1;
}
