/* What mbedTLS itself makes of chains, with the certificate bundle's callback as ESP-IDF has it.
 *
 *   chain-oracle legacy|offsets < CASES > ANSWERS
 *
 * A case is a line of five words: a number, the time (seconds since 1970), the host, the bundle and the certificates, both in
 * hexadecimal, the certificates with commas between them, the server's own first. The answer is a line, too:
 *
 *   NUMBER accepted
 *   NUMBER refused CODE FLAGS      as decimal numbers: what the handshake returns, and `verify_result`
 *   NUMBER unreadable CODE         a certificate ended the handshake when it was read
 *
 * It does what follows on the server's Certificate message: mbedTLS 2.28.3, library/ssl_tls.c, ssl_parse_certificate_chain and
 * ssl_parse_certificate_verify, for a suite with ECDHE; and ESP-IDF v4.4 and v5.5, components/mbedtls/esp_crt_bundle/esp_crt_bundle.c.
 * The library asks this program what time it is.
 *
 *   cc -std=c11 -Wall -Wextra -Werror -o chain-oracle main.c ../bundle/bundle.c -lmbedtls -lmbedx509 -lmbedcrypto
 */

#define _POSIX_C_SOURCE 200809L
/* Since 3.0 the fields that are looked at here are private. */
#define MBEDTLS_ALLOW_PRIVATE_ACCESS

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../bundle/bundle.h"

#include <mbedtls/oid.h>
#include <mbedtls/ssl.h>
#include <mbedtls/version.h>
#include <mbedtls/x509_crt.h>

#if MBEDTLS_VERSION_NUMBER >= 0x04000000
#error "this is for mbedTLS 2 and 3"
#endif

#if MBEDTLS_VERSION_NUMBER < 0x03000000
#define MBEDTLS_ERR_SSL_BAD_CERTIFICATE MBEDTLS_ERR_SSL_BAD_HS_CERTIFICATE
#endif

/* No more are in a case. */
#define MAX_CERTIFICATES 64

static time_t now;

/* What the library's own call resolves to. */
time_t time(time_t *at)
{
    if (at != NULL)
        *at = now;
    return now;
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Reads hexadecimal into the place that it is at; false where it is none. */
static bool unhex(char *text, struct slice *bytes)
{
    size_t len = strlen(text);
    if (len % 2 != 0)
        return false;
    for (size_t i = 0; i < len; i += 2) {
        int high = digit(text[i]), low = digit(text[i + 1]);
        if (high < 0 || low < 0)
            return false;
        ((unsigned char *)text)[i / 2] = (unsigned char)(high << 4 | low);
    }
    bytes->at = (const unsigned char *)text;
    bytes->len = len / 2;
    return true;
}

/* ssl_parse_certificate_chain: what has an unknown signature algorithm is passed over. */
static int parse_chain(mbedtls_x509_crt *chain, const struct slice *certificates, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int code = mbedtls_x509_crt_parse_der(chain, certificates[i].at, certificates[i].len);
        if (code != 0 && code != MBEDTLS_ERR_X509_UNKNOWN_SIG_ALG + MBEDTLS_ERR_OID_NOT_FOUND)
            return code;
    }
    return 0;
}

/* mbedtls_ssl_check_cert_usage, for a server whose key signs. */
static int check_usage(const mbedtls_x509_crt *chain, uint32_t *flags)
{
    int code = 0;
    if (mbedtls_x509_crt_check_key_usage(chain, MBEDTLS_X509_KU_DIGITAL_SIGNATURE) != 0) {
        *flags |= MBEDTLS_X509_BADCERT_KEY_USAGE;
        code = MBEDTLS_ERR_SSL_BAD_CERTIFICATE;
    }
    const char *server = MBEDTLS_OID_SERVER_AUTH;
    if (mbedtls_x509_crt_check_extended_key_usage(chain, server, MBEDTLS_OID_SIZE(MBEDTLS_OID_SERVER_AUTH)) != 0) {
        *flags |= MBEDTLS_X509_BADCERT_EXT_KEY_USAGE;
        code = MBEDTLS_ERR_SSL_BAD_CERTIFICATE;
    }
    return code;
}

static void judge(const char *number, const char *host, struct bundle *bundle, const struct slice *certificates,
                  size_t count)
{
    mbedtls_x509_crt chain, nobody;
    mbedtls_x509_crt_init(&chain);
    mbedtls_x509_crt_init(&nobody);
    int code = parse_chain(&chain, certificates, count);
    if (code != 0 || chain.version == 0) {
        printf("%s unreadable %d\n", number, code);
    } else {
        uint32_t flags = 0;
        code = mbedtls_x509_crt_verify_with_profile(&chain, &nobody, NULL, &mbedtls_x509_crt_profile_default, host,
                                                    &flags, verify_by_bundle, bundle);
        int usage = check_usage(&chain, &flags);
        if (code == 0)
            code = usage;
        if (code == 0)
            printf("%s accepted\n", number);
        else
            printf("%s refused %d %lu\n", number, code, (unsigned long)flags);
    }
    mbedtls_x509_crt_free(&chain);
    mbedtls_x509_crt_free(&nobody);
}

/* Splits a case and has it judged; false where it is none. */
static bool answer(char *line, enum format format)
{
    char *rest = line, *words[5];
    for (size_t i = 0; i < 5; i++) {
        words[i] = strtok_r(rest, " \n", &rest);
        if (words[i] == NULL)
            return false;
    }
    now = (time_t)strtoll(words[1], NULL, 10);
    struct slice bytes, certificates[MAX_CERTIFICATES];
    size_t count = 0;
    if (!unhex(words[3], &bytes))
        return false;
    char *left = words[4], *word;
    while ((word = strtok_r(left, ",", &left)) != NULL) {
        if (count == MAX_CERTIFICATES || !unhex(word, &certificates[count]))
            return false;
        count++;
    }
    struct bundle bundle = { 0 };
    bool good = parse_bundle(&bundle, bytes, format);
    if (good)
        judge(words[0], words[2], &bundle, certificates, count);
    free(bundle.entries);
    return good;
}

int main(int argc, char **argv)
{
    if (argc != 2 || (strcmp(argv[1], "legacy") != 0 && strcmp(argv[1], "offsets") != 0)) {
        fprintf(stderr, "usage: chain-oracle legacy|offsets < CASES\n");
        return 2;
    }
    enum format format = strcmp(argv[1], "legacy") == 0 ? LEGACY : OFFSETS;
    char *line = NULL;
    size_t size = 0;
    unsigned long at = 0;
    while (getline(&line, &size, stdin) > 0) {
        at++;
        if (!answer(line, format)) {
            fprintf(stderr, "chain-oracle: line %lu is no case\n", at);
            return 1;
        }
    }
    free(line);
    return fflush(stdout) == 0 ? 0 : 1;
}
