#include "credentials.h"

#include <openssl/pem.h>

sp_ctx *ctx_bare(int32_t role, int32_t min, int32_t max)
{
    CHECK_INT(sp_library_init(NULL), SP_OK);
    sp_ctx *ctx = sp_ctx_new(role, NULL);

    CHECK(ctx != NULL);
    CHECK_INT(sp_ctx_set_versions(ctx, min, max, NULL), SP_OK);
    return ctx;
}

void ctx_use(sp_ctx *ctx, const char *name, const char *certificate)
{
    char file[128];
    size_t len;
    uint8_t *pem;

    snprintf(file, sizeof(file), "%s-cert.pem", name);
    pem = test_read_fixture(certificate != NULL ? certificate : file, &len);
    CHECK_INT(sp_ctx_use_certificate(ctx, pem, len, NULL), SP_OK);
    free(pem);
    snprintf(file, sizeof(file), "%s-key.pem", name);
    pem = test_read_fixture(file, &len);
    CHECK_INT(sp_ctx_use_key(ctx, pem, len, NULL, 0, NULL), SP_OK);
    free(pem);
}

void ctx_trust(sp_ctx *ctx, const char *file, int32_t count)
{
    size_t len;
    uint8_t *pem = test_read_fixture(file, &len);

    CHECK_INT(sp_ctx_add_ca(ctx, pem, len, 1, NULL), count);
    free(pem);
}

int32_t ctx_pfx(sp_ctx *ctx, const char *file, const char *pass, sp_report *report)
{
    size_t len;
    uint8_t *der = test_read_fixture(file, &len);
    int32_t result =
        sp_ctx_use_pfx(ctx, der, len, (const uint8_t *)pass, pass != NULL ? strlen(pass) : 0, report);

    free(der);
    return result;
}

int32_t ctx_crl(sp_ctx *ctx, const char *file, sp_report *report)
{
    size_t len;
    uint8_t *pem = test_read_fixture(file, &len);
    int32_t result = sp_ctx_add_crl(ctx, pem, len, report);

    free(pem);
    return result;
}

pair *pair_as(const char *server, int32_t min, int32_t max)
{
    int32_t first = min != 0 ? min : 0x0304, last = max != 0 ? max : 0x0304;
    sp_ctx *client_ctx = ctx_bare(SP_ROLE_CLIENT, first, last),
           *server_ctx = ctx_bare(SP_ROLE_SERVER, first, last);

    ctx_trust(client_ctx, "ca1-cert.pem", 1);
    ctx_use(server_ctx, server, NULL);
    return pair_of(client_ctx, server_ctx);
}

bytes fixture_der(const char *file)
{
    size_t len;
    uint8_t *pem = test_read_fixture(file, &len);
    BIO *bio = BIO_new_mem_buf(pem, (int)len);
    X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    uint8_t *der = NULL;
    bytes result = {NULL, 0, 0};
    int der_len = i2d_X509(cert, &der);

    CHECK(cert != NULL && der_len > 0);
    bytes_add(&result, der, (size_t)der_len);
    OPENSSL_free(der);
    X509_free(cert);
    BIO_free(bio);
    free(pem);
    return result;
}

static bytes value_of(int64_t size)
{
    bytes value = {NULL, NO_VALUE, 0};

    if (size >= 0) {
        value.at = malloc((size_t)size + 1);
        value.len = value.room = (size_t)size;
    }
    return value;
}

bytes ctx_value(sp_ctx *ctx, int32_t what)
{
    bytes value = value_of(sp_ctx_get(ctx, what, NULL, 0));

    if (value.at != NULL) {
        CHECK_INT(sp_ctx_get(ctx, what, value.at, value.len), value.len);
        value.at[value.len] = 0;
    }
    return value;
}

bytes conn_value(sp_conn *conn, int32_t what)
{
    bytes value = value_of(sp_conn_get(conn, what, NULL, 0));

    if (value.at != NULL) {
        CHECK_INT(sp_conn_get(conn, what, value.at, value.len), value.len);
        value.at[value.len] = 0;
    }
    return value;
}

/* The item of that index; NULL behind the last one. */
static const uint8_t *item(const bytes *list, int index, uint32_t *len)
{
    size_t at = 0;

    for (int i = 0; list->len != NO_VALUE && at < list->len; i++) {
        CHECK(list->len - at >= 4);
        memcpy(len, list->at + at, 4);
        CHECK(*len <= list->len - at - 4);
        if (i == index)
            return list->at + at + 4;
        at += 4 + *len;
    }
    return NULL;
}

int item_count(const bytes *list)
{
    uint32_t len;
    int count = 0;

    while (item(list, count, &len) != NULL)
        count++;
    return count;
}

static int same(const uint8_t *at, size_t len, const char *file)
{
    bytes expected = fixture_der(file);
    int result = at != NULL && expected.len == len && memcmp(expected.at, at, len) == 0;

    bytes_free(&expected);
    return result;
}

int item_is(const bytes *list, int index, const char *file)
{
    uint32_t len = 0;
    const uint8_t *at = item(list, index, &len);

    return same(at, len, file);
}

int ctx_value_is(sp_ctx *ctx, int32_t what, const char *file)
{
    bytes value = ctx_value(ctx, what);
    int result = same(value.at, value.len, file);

    bytes_free(&value);
    return result;
}

int conn_value_is(sp_conn *conn, int32_t what, const char *file)
{
    bytes value = conn_value(conn, what);
    int result = same(value.at, value.len, file);

    bytes_free(&value);
    return result;
}
