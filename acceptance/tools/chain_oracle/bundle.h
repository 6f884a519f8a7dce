/* The certificate bundle, and how it vouches. */

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

enum format { LEGACY, OFFSETS };

struct entry {
    struct slice name, key;
};

struct bundle {
    enum format format;
    struct entry *entries;
    size_t count;
};

/* False where the bundle is not whole; its entries are freed by the caller in both cases. */
bool parse_bundle(struct bundle *bundle, struct slice bytes, enum format format);

/* The callback, with a `struct bundle` for its context. */
int verify_by_bundle(void *context, mbedtls_x509_crt *certificate, int depth, uint32_t *flags);

#endif
