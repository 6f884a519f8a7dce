/* ESP-IDF v4.4 and v5.5, components/mbedtls/esp_crt_bundle/esp_crt_bundle.c: what they do, with every length checked. */

/* Since 3.0 the fields that a callback needs are private. */
#define MBEDTLS_ALLOW_PRIVATE_ACCESS

#include "bundle.h"

#include <stdlib.h>
#include <string.h>

#include <mbedtls/md.h>
#include <mbedtls/pk.h>

static bool take(struct slice *rest, size_t len, struct slice *taken)
{
    if (len > rest->len)
        return false;
    taken->at = rest->at;
    taken->len = len;
    rest->at += len;
    rest->len -= len;
    return true;
}

static bool take_u16(struct slice *rest, enum format format, size_t *value)
{
    struct slice two;
    if (!take(rest, 2, &two))
        return false;
    *value = format == LEGACY ? (size_t)two.at[0] << 8 | two.at[1] : (size_t)two.at[1] << 8 | two.at[0];
    return true;
}

/* How many entries: a count of two bytes, or as many as there are offsets of four bytes before the first. */
static bool take_index(struct slice *rest, enum format format, size_t *count)
{
    struct slice offsets;
    if (format == LEGACY)
        return take_u16(rest, LEGACY, count);
    if (rest->len < 4)
        return false;
    size_t first = (size_t)rest->at[3] << 24 | (size_t)rest->at[2] << 16 | (size_t)rest->at[1] << 8 | rest->at[0];
    *count = first / 4;
    return first % 4 == 0 && take(rest, first, &offsets);
}

bool parse_bundle(struct bundle *bundle, struct slice bytes, enum format format)
{
    bundle->format = format;
    if (!take_index(&bytes, format, &bundle->count) || bundle->count == 0)
        return false;
    bundle->entries = calloc(bundle->count, sizeof *bundle->entries);
    if (bundle->entries == NULL)
        return false;
    for (size_t i = 0; i < bundle->count; i++) {
        struct entry *entry = &bundle->entries[i];
        size_t name, key;
        if (!take_u16(&bytes, format, &name) || !take_u16(&bytes, format, &key))
            return false;
        if (!take(&bytes, name, &entry->name) || !take(&bytes, key, &entry->key))
            return false;
    }
    return bytes.len == 0;
}

static const struct entry *find_root(const struct bundle *bundle, const mbedtls_x509_buf *issuer)
{
    int start = 0, end = (int)bundle->count - 1;
    while (start <= end) {
        int middle = (start + end) / 2;
        const struct entry *entry = &bundle->entries[middle];
        size_t common = issuer->len < entry->name.len ? issuer->len : entry->name.len;
        int order = memcmp(issuer->p, entry->name.at, common);
        /* A device with the older format reads on behind a shorter issuer; for DER it comes before. */
        if (order == 0 && bundle->format == LEGACY && issuer->len < entry->name.len)
            order = -1;
        if (order == 0)
            return entry;
        if (order < 0)
            end = middle - 1;
        else
            start = middle + 1;
    }
    return NULL;
}

static int check_signature(const mbedtls_x509_crt *certificate, const struct entry *root)
{
    unsigned char hash[MBEDTLS_MD_MAX_SIZE];
    mbedtls_pk_context key;
    mbedtls_pk_init(&key);
    int code = mbedtls_pk_parse_public_key(&key, root->key.at, root->key.len);
    if (code == 0 && !mbedtls_pk_can_do(&key, certificate->sig_pk))
        code = MBEDTLS_ERR_PK_TYPE_MISMATCH;
    const mbedtls_md_info_t *md = mbedtls_md_info_from_type(certificate->sig_md);
    if (code == 0)
        code = mbedtls_md(md, certificate->tbs.p, certificate->tbs.len, hash);
    if (code == 0)
        code = mbedtls_pk_verify_ext(certificate->sig_pk, certificate->sig_opts, &key, certificate->sig_md, hash,
                                     mbedtls_md_get_size(md), certificate->sig.p, certificate->sig.len);
    mbedtls_pk_free(&key);
    return code;
}

int verify_by_bundle(void *context, mbedtls_x509_crt *certificate, int depth, uint32_t *flags)
{
    struct bundle *bundle = context;
    (void)depth;
    if (bundle->no_clock)
        *flags &= ~(uint32_t)(MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE);
    if ((*flags & ~(uint32_t)MBEDTLS_X509_BADCERT_BAD_MD) != MBEDTLS_X509_BADCERT_NOT_TRUSTED)
        return 0;
    const struct entry *root = find_root(bundle, &certificate->issuer_raw);
    if (root != NULL && check_signature(certificate, root) == 0) {
        *flags = 0;
        return 0;
    }
    bundle->refusal = root == NULL ? "no root in the bundle has the issuer's name"
                                   : "the root of that name in the bundle did not sign this";
    return bundle->format == LEGACY ? MBEDTLS_ERR_X509_FATAL_ERROR : MBEDTLS_ERR_X509_CERT_VERIFY_FAILED;
}
