/* Lines of JSON on standard error. */

#define _POSIX_C_SOURCE 200809L

#include "say.h"

#include <stdarg.h>
#include <stdio.h>

#include <mbedtls/error.h>

static void put_text(const char *text)
{
    fputc('"', stderr);
    for (const unsigned char *c = (const unsigned char *)text; *c != 0; c++) {
        if (*c == '"' || *c == '\\')
            fprintf(stderr, "\\%c", *c);
        else if (*c < ' ')
            fprintf(stderr, "\\u%04x", *c);
        else
            fputc(*c, stderr);
    }
    fputc('"', stderr);
}

void complain(const char *at, int code, const char *detail)
{
    fputs("{\"error\":", stderr);
    put_text(at);
    if (code != 0)
        fprintf(stderr, ",\"code\":\"-0x%04x\"", (unsigned)-code);
    fputs(",\"detail\":", stderr);
    put_text(detail);
    fputs("}\n", stderr);
}

int unready(const char *at, const char *format, ...)
{
    char detail[512];
    va_list values;
    va_start(values, format);
    vsnprintf(detail, sizeof detail, format, values);
    va_end(values);
    complain(at, 0, detail);
    return 1;
}

void complain_of(const char *at, int code)
{
    char words[200] = "";
    mbedtls_strerror(code, words, sizeof words);
    complain(at, code, words);
}
