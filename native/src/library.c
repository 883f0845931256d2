/* library.c - initialisation, versions, what the linked OpenSSL can do. */
#define _GNU_SOURCE /* dladdr */
#include "library.h"
#include "provider.h"

#include <dlfcn.h>
#include <openssl/opensslv.h>
#include <openssl/provider.h>
#include <stdlib.h>

#include "binding.h"
#include "bio.h"
#include "error.h"
#include "ex_data.h"
#include "out.h"
#include "suites.h"

static CRYPTO_ONCE once = CRYPTO_ONCE_STATIC_INIT;
static int ready;

static int version_fits(void)
{
    return OPENSSL_version_major() == OPENSSL_VERSION_MAJOR && OpenSSL_version_num() >= 0x30000000UL;
}

/* The machine's openssl.cnf may lower or raise protocol limits and security levels for every program; as in Node it
 * is not read, unless OPENSSL_CONF names a file. No exit handler: OpenSSL must not be torn down while other threads
 * of the process still use it. */
static void init(void)
{
    uint64_t options =
        OPENSSL_INIT_NO_ATEXIT | OPENSSL_INIT_LOAD_CRYPTO_STRINGS | OPENSSL_INIT_LOAD_SSL_STRINGS;

    options |= getenv("OPENSSL_CONF") != NULL ? OPENSSL_INIT_LOAD_CONFIG : OPENSSL_INIT_NO_LOAD_CONFIG;
    if (!version_fits()) {
        ERR_raise_data(ERR_LIB_SSL, ERR_R_INIT_FAIL, "OpenSSL %s found, built for %s",
                       OpenSSL_version(OPENSSL_VERSION_STRING), OPENSSL_VERSION_STR);
        return;
    }
    sp_allocator_install();
    if (OPENSSL_init_crypto(options, NULL) != 1 || OPENSSL_init_ssl(options, NULL) != 1)
        return;
    sp_provider_install();
    ready = sp_ex_data_init() && sp_bio_init() && sp_binding_init();
}

int sp_library_ready(void)
{
    return CRYPTO_THREAD_run_once(&once, init) == 1 && ready;
}

int32_t sp_library_init(sp_report *report)
{
    int ok = sp_library_ready(); /* first: even peeking at the error queue would register the exit handler */

    if (ok) {
        sp_enter(report);
    } else if (report != NULL) {
        report->count = 0;
        report->alert = -1;
        report->alert_sent = report->ssl_error = 0;
    }
    return sp_leave(report, ok);
}

uint64_t sp_library_version(void)
{
    return OpenSSL_version_num();
}

uint64_t sp_library_header_version(void)
{
    return OPENSSL_VERSION_NUMBER;
}

/* Returns the length, whatever cap is. */
static int64_t copy_text(const char *text, uint8_t *to, size_t cap)
{
    sp_out out = out_into(to, cap);

    out_text(&out, text);
    return (int64_t)out.len;
}

int64_t sp_library_text(int32_t what, uint8_t *out, size_t cap)
{
    static const int kinds[] = {OPENSSL_VERSION, OPENSSL_CFLAGS, OPENSSL_BUILT_ON, OPENSSL_PLATFORM,
                                OPENSSL_DIR};

    if (what < SP_TEXT_VERSION || what > SP_TEXT_DIR)
        return -1;
    return copy_text(OpenSSL_version(kinds[what]), out, cap);
}

/* Position-independent code takes the address of a function from where the dynamic linker bound it. */
int64_t sp_library_file(int32_t which, uint8_t *out, size_t cap)
{
    uintptr_t function = which == SP_FILE_LIBCRYPTO ? (uintptr_t)OpenSSL_version_num : (uintptr_t)SSL_CTX_new;
    Dl_info info;

    if (which != SP_FILE_LIBCRYPTO && which != SP_FILE_LIBSSL)
        return -1;
    if (dladdr((void *)function, &info) == 0 || info.dli_fname == NULL)
        return 0;
    return copy_text(info.dli_fname, out, cap);
}

/* ---- features: found out by trying, since the headers may belong to another build ---- */

static int has_version(int version)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_method());
    int has = ctx != NULL && SSL_CTX_set_max_proto_version(ctx, version) == 1 &&
              SSL_CTX_set_min_proto_version(ctx, version) == 1;

    SSL_CTX_free(ctx);
    return has;
}

static int has_suites(const char *list)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_method());
    int has = ctx != NULL && SSL_CTX_set_ciphersuites(ctx, "") == 1 &&
              SSL_CTX_set_cipher_list(ctx, list) == 1 && sk_SSL_CIPHER_num(SSL_CTX_get_ciphers(ctx)) > 0;

    SSL_CTX_free(ctx);
    return has;
}

/* In a library context of its own, so that the default one is not changed. */
static int has_legacy(void)
{
    OSSL_LIB_CTX *libctx = OSSL_LIB_CTX_new();
    OSSL_PROVIDER *legacy = libctx != NULL ? OSSL_PROVIDER_load(libctx, "legacy") : NULL;

    if (legacy != NULL)
        OSSL_PROVIDER_unload(legacy);
    OSSL_LIB_CTX_free(libctx);
    return legacy != NULL;
}

static int has_feature(int32_t feature)
{
    switch (feature) {
    case SP_FEATURE_SSL3:
        return has_version(SSL3_VERSION);
    case SP_FEATURE_TLS1:
        return has_version(TLS1_VERSION);
    case SP_FEATURE_TLS1_1:
        return has_version(TLS1_1_VERSION);
    case SP_FEATURE_TLS1_2:
        return has_version(TLS1_2_VERSION);
    case SP_FEATURE_TLS1_3:
        return has_version(TLS1_3_VERSION);
#ifndef OPENSSL_NO_NEXTPROTONEG
    case SP_FEATURE_NPN:
        return 1;
#endif
#ifndef OPENSSL_NO_SSL_TRACE
    case SP_FEATURE_TRACE:
        return 1;
#endif
    case SP_FEATURE_PSK:
        return has_suites("PSK");
    case SP_FEATURE_LEGACY_PROVIDER:
        return has_legacy();
    case SP_FEATURE_RC4:
        return has_suites("RC4:@SECLEVEL=0");
#ifndef OPENSSL_NO_SRTP
    case SP_FEATURE_SRTP:
        return 1;
#endif
#ifndef OPENSSL_NO_KTLS
    case SP_FEATURE_KTLS:
        return 1;
#endif
    default:
        return 0;
    }
}

int32_t sp_library_feature(int32_t feature)
{
    sp_enter(NULL);
    int has = sp_library_ready() && has_feature(feature);
    sp_queue_clear();
    return has;
}

int32_t sp_library_load_legacy(sp_report *report)
{
    return sp_library_load_provider("legacy", report);
}

/* OSSL_PROVIDER_try_load() keeps the default provider as the fallback, which OSSL_PROVIDER_load() would disable. A
 * provider that is loaded already is left alone: loading it again would only add to its count. */
int32_t sp_library_load_provider(const char *name, sp_report *report)
{
    sp_enter(report);
    return sp_leave(report, sp_library_ready() && name != NULL &&
                                (OSSL_PROVIDER_available(NULL, name) == 1 ||
                                 OSSL_PROVIDER_try_load(NULL, name, 1) != NULL));
}

int32_t sp_library_has_provider(const char *name)
{
    sp_enter(NULL);
    int has = sp_library_ready() && name != NULL && OSSL_PROVIDER_available(NULL, name) == 1;
    sp_queue_clear();
    return has;
}

int64_t sp_library_ciphers(uint8_t *to, size_t cap)
{
    sp_out out = out_into(to, cap);

    sp_enter(NULL);
    SSL_CTX *ctx = sp_library_ready() ? SSL_CTX_new(TLS_method()) : NULL;
    int ok =
        ctx != NULL && SSL_CTX_set_ciphersuites(ctx, SP_TLS1_3_SUITES) == 1 && sp_suites_write(ctx, &out);
    SSL_CTX_free(ctx);
    sp_queue_clear();
    return ok ? (int64_t)out.len : -1;
}
