/* ESP-IDF's certificate bundle, and how it vouches; for all programs here that link Mbed TLS. */

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
    /* Whether dates are passed over, for a library that looks at them where a device does not. */
    bool no_clock;
    /* Why it vouched for nobody, when it was last asked. */
    const char *refusal;
};

/* Reads a bundle into one that is all zero, and points into `bytes`. False where it is not whole; its entries are freed by
 * the caller in both cases. */
bool parse_bundle(struct bundle *bundle, struct slice bytes, enum format format);

/* The callback, with a `struct bundle` for its context. */
int verify_by_bundle(void *context, mbedtls_x509_crt *certificate, int depth, uint32_t *flags);

#endif
