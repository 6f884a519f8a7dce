/* The TLS of a device with ESP-IDF v4.4 as a pipe: standard input to the server, what it says to standard output.
 *
 *   tls-pipe --connect IP:PORT --name HOST --bundle FILE --cert PEM --key PEM
 *
 * It is what `crates/mbedtls-link/examples/tls-pipe` is, on Mbed TLS 2.28, and says the same lines of JSON on standard
 * error: one after the handshake, or why there is none (exit 1); one more for a failure after it (exit 2). The bundle is
 * of the format of ESP-IDF before v5.4, and vouches as it does in
 * ESP-IDF v4.4, components/mbedtls/esp_crt_bundle/esp_crt_bundle.c.
 *
 * Debian's library is built with more than ESP-IDF's. Suites that a device does not have are not offered, and dates
 * are passed over, since a device has no clock (CONFIG_MBEDTLS_HAVE_TIME_DATE).
 *
 *   cc -std=c11 -Wall -Wextra -Werror -o tls-pipe *.c ../bundle/bundle.c -lmbedtls -lmbedx509 -lmbedcrypto
 */

#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../bundle/bundle.h"
#include "say.h"
#include "socket.h"

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/error.h>
#include <mbedtls/ssl.h>
#include <mbedtls/version.h>
#include <mbedtls/x509_crt.h>

#if MBEDTLS_VERSION_NUMBER < 0x021C0000 || MBEDTLS_VERSION_NUMBER >= 0x021D0000
#error "this is for Mbed TLS 2.28"
#endif

/* How long connecting and the handshake may take, nothing may happen, and the server may go on after our end: ms. */
#define CONNECT_MS 30000
#define IDLE_MS 60000
#define AFTER_ALL_MS 30000

/* No certificate, key or bundle is larger. */
#define MAX_FILE (1024 * 1024)

struct arguments {
    const char *connect, *name, *bundle, *cert, *key;
    bool tls13;
};

struct client {
    mbedtls_entropy_context entropy;
    mbedtls_ctr_drbg_context random;
    mbedtls_ssl_config config;
    mbedtls_ssl_context ssl;
    mbedtls_x509_crt chain;
    mbedtls_x509_crt no_authority;
    mbedtls_pk_context key;
    unsigned char *bundle_file;
    struct bundle bundle;
    int *suites;
    int socket;
};

/* Reads a whole file, and puts a NUL behind it, by which the library knows PEM. */
static unsigned char *read_file(const char *path, size_t *len)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return NULL;
    unsigned char *bytes = malloc(MAX_FILE + 1);
    if (bytes != NULL) {
        *len = fread(bytes, 1, MAX_FILE + 1, file);
        if (ferror(file) || *len > MAX_FILE) {
            free(bytes);
            bytes = NULL;
        } else {
            bytes[*len] = 0;
        }
    }
    fclose(file);
    return bytes;
}

static int read_arguments(struct arguments *arguments, int count, char **words)
{
    const struct {
        const char *name;
        const char **value;
    } options[] = {
        { "--connect", &arguments->connect }, { "--name", &arguments->name },
        { "--bundle", &arguments->bundle },   { "--cert", &arguments->cert },
        { "--key", &arguments->key },
    };
    const size_t known = sizeof options / sizeof options[0];
    for (int i = 1; i < count; i++) {
        size_t option = 0;
        while (option < known && strcmp(words[i], options[option].name) != 0)
            option++;
        if (strcmp(words[i], "--tls13") == 0)
            arguments->tls13 = true;
        else if (option == known)
            return unready("arguments", "%s is unknown", words[i]);
        else if (i + 1 == count)
            return unready("arguments", "%s has no value", words[i]);
        else
            *options[option].value = words[++i];
    }
    for (size_t option = 0; option < known; option++)
        if (*options[option].value == NULL)
            return unready("arguments", "%s is missing", options[option].name);
    return 0;
}

/* The library's suites in its own order, without those that ESP-IDF v4.4 does not compile in. */
static int *suites_of_a_device(void)
{
    static const char *const absent[] = { "PSK", "CAMELLIA", "ARIA", "CHACHA20", "3DES", "-DES-", "RC4", "NULL" };
    const int *all = mbedtls_ssl_list_ciphersuites();
    size_t count = 0, kept = 0;
    while (all[count] != 0)
        count++;
    int *suites = calloc(count + 1, sizeof *suites);
    for (size_t i = 0; suites != NULL && i < count; i++) {
        const char *name = mbedtls_ssl_get_ciphersuite_name(all[i]);
        bool known = true;
        for (size_t word = 0; word < sizeof absent / sizeof absent[0]; word++)
            known = known && strstr(name, absent[word]) == NULL;
        if (known)
            suites[kept++] = all[i];
    }
    return suites;
}

static int read_identity(struct client *client, const struct arguments *arguments)
{
    size_t len = 0;
    unsigned char *bytes = read_file(arguments->cert, &len);
    int code = bytes == NULL ? -1 : mbedtls_x509_crt_parse(&client->chain, bytes, len + 1);
    free(bytes);
    if (code != 0)
        return unready("setup", "%s holds no certificate chain that can be read", arguments->cert);
    bytes = read_file(arguments->key, &len);
    code = bytes == NULL ? -1 : mbedtls_pk_parse_key(&client->key, bytes, len + 1, NULL, 0);
    if (bytes != NULL)
        mbedtls_platform_zeroize(bytes, len);
    free(bytes);
    if (code != 0)
        return unready("setup", "%s holds no key that can be read", arguments->key);
    return 0;
}

static int set_up(struct client *client, const struct arguments *arguments)
{
    struct bundle *bundle = &client->bundle;
    bundle->no_clock = true;
    size_t len = 0;
    client->bundle_file = read_file(arguments->bundle, &len);
    if (client->bundle_file == NULL || !parse_bundle(bundle, (struct slice){ client->bundle_file, len }, LEGACY))
        return unready("setup", "%s is no certificate bundle of ESP-IDF before v5.4", arguments->bundle);
    if (read_identity(client, arguments) != 0)
        return 1;
    client->suites = suites_of_a_device();
    if (client->suites == NULL)
        return unready("setup", "out of memory");

    mbedtls_ssl_config *config = &client->config;
    int code = mbedtls_ctr_drbg_seed(&client->random, mbedtls_entropy_func, &client->entropy, NULL, 0);
    if (code == 0)
        code = mbedtls_ssl_config_defaults(config, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
                                           MBEDTLS_SSL_PRESET_DEFAULT);
    if (code == 0) {
        mbedtls_ssl_conf_rng(config, mbedtls_ctr_drbg_random, &client->random);
        mbedtls_ssl_conf_renegotiation(config, MBEDTLS_SSL_RENEGOTIATION_ENABLED);
        mbedtls_ssl_conf_authmode(config, MBEDTLS_SSL_VERIFY_REQUIRED);
        mbedtls_ssl_conf_ca_chain(config, &client->no_authority, NULL);
        mbedtls_ssl_conf_verify(config, verify_by_bundle, bundle);
        mbedtls_ssl_conf_ciphersuites(config, client->suites);
        code = mbedtls_ssl_conf_own_cert(config, &client->chain, &client->key);
    }
    if (code == 0)
        code = mbedtls_ssl_setup(&client->ssl, config);
    if (code == 0)
        code = mbedtls_ssl_set_hostname(&client->ssl, arguments->name);
    if (code != 0) {
        complain_of("setup", code);
        return 1;
    }
    client->socket = connect_to(arguments->connect, CONNECT_MS);
    if (client->socket < 0)
        return unready("connect", "%s is no IP:PORT, or nobody answers there", arguments->connect);
    mbedtls_ssl_set_bio(&client->ssl, &client->socket, send_some, receive_some, NULL);
    return 0;
}

static void complain_of_handshake(const struct client *client, int code)
{
    char words[200] = "", flaws[512] = "", detail[800];
    uint32_t flags = mbedtls_ssl_get_verify_result(&client->ssl);
    mbedtls_strerror(code, words, sizeof words);
    if (client->bundle.refusal != NULL)
        snprintf(flaws, sizeof flaws, "%s", client->bundle.refusal);
    else if (flags != 0 && flags != UINT32_MAX)
        mbedtls_x509_crt_verify_info(flaws, sizeof flaws, "", flags);
    for (char *c = flaws; *c != 0; c++)
        if (*c == '\n')
            *c = c[1] == 0 ? 0 : ';';
    snprintf(detail, sizeof detail, "%s%s%s", flaws, flaws[0] == 0 ? "" : "; ", words);
    complain("handshake", code, detail);
}

static int shake_hands(struct client *client)
{
    const int64_t until = now_ms() + CONNECT_MS;
    for (;;) {
        int code = mbedtls_ssl_handshake(&client->ssl);
        if (code == 0)
            return 0;
        if (code != MBEDTLS_ERR_SSL_WANT_READ && code != MBEDTLS_ERR_SSL_WANT_WRITE) {
            complain_of_handshake(client, code);
            return 1;
        }
        if (!wait_for(client->socket, code == MBEDTLS_ERR_SSL_WANT_READ ? POLLIN : POLLOUT, until))
            return unready("handshake", "it took too long");
    }
}

static bool put_out(const unsigned char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t written = write(STDOUT_FILENO, bytes, len);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        bytes += written;
        len -= (size_t)written;
    }
    return true;
}

/* Takes what the server says, as far as it is there: 1 when it said that this is all, 2 after a complaint. */
static int listen_to(struct client *client)
{
    unsigned char buffer[16384];
    for (;;) {
        int len = mbedtls_ssl_read(&client->ssl, buffer, sizeof buffer);
        if (len > 0) {
            if (!put_out(buffer, (size_t)len)) {
                complain("output", 0, "standard output is closed");
                return 2;
            }
        } else if (len == MBEDTLS_ERR_SSL_WANT_READ || len == MBEDTLS_ERR_SSL_WANT_WRITE) {
            return 0;
        } else if (len == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) {
            return 1;
        } else if (len == 0) {
            complain("read", MBEDTLS_ERR_SSL_CONN_EOF, "the peer closed the connection without a close_notify");
            return 2;
        } else {
            complain_of("read", len);
            return 2;
        }
    }
}

static int converse(struct client *client)
{
    unsigned char typed[4096];
    size_t from = 0, to = 0;
    bool typing = true;
    int64_t until = now_ms() + IDLE_MS;
    for (;;) {
        bool full = false;
        while (from < to && !full) {
            int len = mbedtls_ssl_write(&client->ssl, typed + from, to - from);
            if (len >= 0) {
                from += (size_t)len;
            } else if (len == MBEDTLS_ERR_SSL_WANT_READ || len == MBEDTLS_ERR_SSL_WANT_WRITE) {
                full = true;
            } else {
                complain_of("write", len);
                return 2;
            }
        }
        int ended = listen_to(client);
        if (ended != 0)
            return ended == 1 ? 0 : 2;

        struct pollfd both[2] = {
            { .fd = client->socket, .events = (short)(POLLIN | (full ? POLLOUT : 0)) },
            { .fd = typing && from == to ? STDIN_FILENO : -1, .events = POLLIN },
        };
        int64_t left = until - now_ms();
        int ready = left <= 0 ? 0 : poll(both, 2, (int)left);
        if (ready < 0 && errno == EINTR)
            continue;
        if (ready < 0) {
            complain("read", 0, strerror(errno));
            return 2;
        }
        if (ready == 0) {
            if (!typing)
                return 0;
            complain("read", 0, "nothing came for too long");
            return 2;
        }
        if (both[1].revents != 0) {
            ssize_t len = read(STDIN_FILENO, typed, sizeof typed);
            from = 0;
            to = len > 0 ? (size_t)len : 0;
            typing = len > 0;
            if (!typing)
                until = now_ms() + AFTER_ALL_MS;
        }
        if (typing)
            until = now_ms() + IDLE_MS;
    }
}

static int run(struct client *client, const struct arguments *arguments)
{
    if (arguments->tls13) {
        complain("handshake", MBEDTLS_ERR_SSL_FEATURE_UNAVAILABLE, "Mbed TLS 2.28 has no TLS 1.3");
        return 1;
    }
    if (set_up(client, arguments) != 0 || shake_hands(client) != 0)
        return 1;
    char library[18] = "";
    mbedtls_version_get_string_full(library);
    fprintf(stderr,
            "{\"tls\":\"%s\",\"suite\":\"%s\",\"library\":\"M%s\",\"in_content_len\":%d,\"out_content_len\":%d}\n",
            mbedtls_ssl_get_version(&client->ssl), mbedtls_ssl_get_ciphersuite(&client->ssl), library + 1,
            MBEDTLS_SSL_IN_CONTENT_LEN, MBEDTLS_SSL_OUT_CONTENT_LEN);
    int exit_code = converse(client);
    if (exit_code == 0)
        mbedtls_ssl_close_notify(&client->ssl);
    return exit_code;
}

int main(int count, char **words)
{
    struct arguments arguments = { 0 };
    if (read_arguments(&arguments, count, words) != 0)
        return 1;
    signal(SIGPIPE, SIG_IGN);

    struct client client = { .socket = -1 };
    mbedtls_entropy_init(&client.entropy);
    mbedtls_ctr_drbg_init(&client.random);
    mbedtls_ssl_config_init(&client.config);
    mbedtls_ssl_init(&client.ssl);
    mbedtls_x509_crt_init(&client.chain);
    mbedtls_x509_crt_init(&client.no_authority);
    mbedtls_pk_init(&client.key);

    int exit_code = run(&client, &arguments);

    mbedtls_ssl_free(&client.ssl);
    mbedtls_ssl_config_free(&client.config);
    mbedtls_pk_free(&client.key);
    mbedtls_x509_crt_free(&client.no_authority);
    mbedtls_x509_crt_free(&client.chain);
    mbedtls_ctr_drbg_free(&client.random);
    mbedtls_entropy_free(&client.entropy);
    free(client.bundle.entries);
    free(client.bundle_file);
    free(client.suites);
    if (client.socket >= 0)
        close(client.socket);
    return exit_code;
}
