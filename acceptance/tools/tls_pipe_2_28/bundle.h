/* The certificate bundle of ESP-IDF before v5.4, and how it vouches for a server. */

#ifndef BUNDLE_H
#define BUNDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mbedtls/x509_crt.h>

struct slice {
    const unsigned char *at;
    size_t len;
};

/* A bundle of which every length is known to be right. */
struct bundle {
    unsigned char *bytes;
    size_t len;
    struct entry {
        struct slice name, key;
    } *entries;
    size_t count;
    /* Why it refused the last chain. */
    const char *refusal;
};

/* Reads what is in `bytes`; false where it is no whole bundle. `entries` is to be freed in both cases. */
bool parse_bundle(struct bundle *bundle);

/* The library's callback, with a bundle as its context. */
int verify_by_bundle(void *bundle, mbedtls_x509_crt *certificate, int depth, uint32_t *flags);

#endif
