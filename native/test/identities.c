/* identities.c - throw-away keys and certificates, so that these tests need no files. */
#include "pair.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

enum { IDENTITIES_MAX = 16 };

typedef struct made {
    int kind;
    char name[64];
    char key[4096], certificate[4096];
    identity_pem pem;
} made;

static made identities[IDENTITIES_MAX];
static size_t made_count;
static EVP_PKEY *ca_key;
static X509 *ca;
static char ca_pem[4096];
static long serial = 1000;

static void fail(void)
{
    test_failed(__FILE__, __LINE__, "cannot make a test certificate");
}

static EVP_PKEY *new_key(int kind)
{
    EVP_PKEY *key = kind == KEY_RSA       ? EVP_RSA_gen(2048)
                    : kind == KEY_ED25519 ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")
                                          : EVP_EC_gen("P-256");

    if (key == NULL)
        fail();
    return key;
}

static void add_extension(X509 *to, int nid, const char *value)
{
    X509V3_CTX ctx;

    X509V3_set_ctx(&ctx, ca != NULL ? ca : to, to, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    if (extension == NULL || X509_add_ext(to, extension, -1) != 1)
        fail();
    X509_EXTENSION_free(extension);
}

static X509 *new_certificate(EVP_PKEY *key, const char *name, int is_ca)
{
    X509 *certificate = X509_new();
    X509_NAME *subject = X509_NAME_new();

    if (certificate == NULL || subject == NULL ||
        X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0) !=
            1 ||
        X509_set_version(certificate, 2) != 1 ||
        ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++) != 1 ||
        X509_gmtime_adj(X509_getm_notBefore(certificate), -86400) == NULL ||
        X509_gmtime_adj(X509_getm_notAfter(certificate), 86400) == NULL ||
        X509_set_subject_name(certificate, subject) != 1 ||
        X509_set_issuer_name(certificate, ca != NULL ? X509_get_subject_name(ca) : subject) != 1 ||
        X509_set_pubkey(certificate, key) != 1)
        fail();
    X509_NAME_free(subject);
    add_extension(certificate, NID_basic_constraints, is_ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
    if (X509_sign(certificate, ca_key, EVP_sha256()) == 0)
        fail();
    return certificate;
}

static void to_pem(char *out, size_t cap, X509 *certificate, EVP_PKEY *key)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text;
    long len;

    if ((certificate != NULL && PEM_write_bio_X509(bio, certificate) != 1) ||
        (key != NULL && PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) != 1))
        fail();
    len = BIO_get_mem_data(bio, &text);
    if (len <= 0 || (size_t)len >= cap)
        fail();
    memcpy(out, text, (size_t)len);
    out[len] = '\0';
    BIO_free(bio);
}

static void need_ca(void)
{
    if (ca != NULL)
        return;
    ca_key = new_key(KEY_P256);
    X509 *made_ca = new_certificate(ca_key, "Test CA", 1);
    ca = made_ca;
    to_pem(ca_pem, sizeof(ca_pem), ca, NULL);
}

const char *test_ca(void)
{
    need_ca();
    return ca_pem;
}

const identity_pem *test_identity(int kind, const char *name)
{
    for (size_t i = 0; i < made_count; i++)
        if (identities[i].kind == kind && strcmp(identities[i].name, name) == 0)
            return &identities[i].pem;
    if (made_count == IDENTITIES_MAX || strlen(name) >= sizeof(identities[0].name))
        fail();
    need_ca();
    made *to = &identities[made_count++];
    EVP_PKEY *key = new_key(kind);
    X509 *certificate = new_certificate(key, name, 0);
    to->kind = kind;
    strcpy(to->name, name);
    to_pem(to->key, sizeof(to->key), NULL, key);
    to_pem(to->certificate, sizeof(to->certificate), certificate, NULL);
    to->pem = (identity_pem){to->key, to->certificate};
    X509_free(certificate);
    EVP_PKEY_free(key);
    return &to->pem;
}

void test_use(sp_ctx *ctx, const identity_pem *identity)
{
    CHECK_INT(sp_ctx_use_certificate(ctx, (const uint8_t *)identity->certificate,
                                     strlen(identity->certificate), NULL),
              SP_OK);
    CHECK_INT(sp_ctx_use_key(ctx, (const uint8_t *)identity->key, strlen(identity->key), NULL, 0, NULL),
              SP_OK);
}

sp_ctx *test_ctx(int32_t role, int32_t min, int32_t max)
{
    static _Thread_local sp_report report;
    CHECK_INT(sp_library_init(&report), SP_OK);
    sp_ctx *ctx = sp_ctx_new(role, &report);

    if (ctx == NULL)
        test_failed(__FILE__, __LINE__, "sp_ctx_new: %s",
                    report.count > 0 ? report.error[0].reason_text : "?");
    CHECK_INT(sp_ctx_set_versions(ctx, min, max, NULL), SP_OK);
    if (role == SP_ROLE_SERVER)
        test_use(ctx, test_identity(KEY_P256, "test.example"));
    else
        CHECK_INT(sp_ctx_add_ca(ctx, (const uint8_t *)test_ca(), strlen(test_ca()), 0, NULL), 1);
    return ctx;
}
