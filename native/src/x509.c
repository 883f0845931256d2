/* x509.c - a DER certificate as the fields of Node's legacy certificate object; verification codes as text. */
#include <inttypes.h>
#include <limits.h>
#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#include "error.h"
#include "general_name.h"
#include "library.h"
#include "out.h"

static void pair(sp_out *out, const char *key, const void *value, size_t len)
{
    out_item(out, key, strlen(key));
    out_item(out, value, len);
}

static void pair_text(sp_out *out, const char *key, const char *value)
{
    pair(out, key, value, strlen(value));
}

static void pair_bio(sp_out *out, const char *key, BIO *bio)
{
    char *text = NULL;
    long len = BIO_get_mem_data(bio, &text);

    pair(out, key, text, len > 0 ? (size_t)len : 0);
    (void)BIO_reset(bio);
}

/* The field is present but cannot be decoded; Node then has undefined (names) or null (extensions). */
static void pair_invalid(sp_out *out, const char *field)
{
    pair_text(out, "invalid", field);
}

static void name_entry(sp_out *out, const char *field, const X509_NAME_ENTRY *entry, const uint8_t *value,
                       int len)
{
    const ASN1_OBJECT *type = X509_NAME_ENTRY_get_object(entry);
    int nid = OBJ_obj2nid(type);
    char oid[80] = "";
    char key[128];

    if (nid == NID_undef)
        OBJ_obj2txt(oid, sizeof(oid), type, 1);
    snprintf(key, sizeof(key), "%s.%s", field, nid == NID_undef ? oid : OBJ_nid2sn(nid));
    pair(out, key, value, (size_t)len);
}

/* One undecodable value makes the whole name invalid, as in Node: part of a name would mislead. */
static void describe_name(sp_out *out, const char *field, const X509_NAME *name)
{
    sp_out before = *out;

    for (int i = 0; i < X509_NAME_entry_count(name); i++) {
        const X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, i);
        uint8_t *value = NULL;
        int len = ASN1_STRING_to_UTF8(&value, X509_NAME_ENTRY_get_data(entry));
        if (len < 0) {
            *out = before;
            pair_invalid(out, field);
            return;
        }
        name_entry(out, field, entry, value, len);
        OPENSSL_free(value);
    }
}

/* The first extension of that type, decoded. NULL when it is absent or broken: *present says which. */
static void *first_extension(const X509 *cert, int nid, int *present)
{
    int index = X509_get_ext_by_NID(cert, nid, -1);

    *present = index >= 0;
    return *present ? X509V3_EXT_d2i(X509_get_ext(cert, index)) : NULL;
}

static int write_alt_names(sp_out *out, const GENERAL_NAMES *names)
{
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        const char *kind = sp_general_name_kind(name);
        if (kind == NULL)
            return 0;
        if (i > 0)
            out_text(out, ", ");
        out_text(out, kind);
        out_text(out, ":");
        if (!sp_general_name_value(out, name, GENERAL_NAME_QUOTED))
            return 0;
    }
    return 1;
}

static void describe_alt_names(sp_out *out, const X509 *cert)
{
    static const char field[] = "subjectaltname";
    int present;
    GENERAL_NAMES *names = first_extension(cert, NID_subject_alt_name, &present);
    sp_out before = *out;
    size_t begin;

    if (!present)
        return;
    out_item(out, field, sizeof(field) - 1);
    begin = out_begin(out);
    if (names != NULL && write_alt_names(out, names)) {
        out_end(out, begin);
    } else {
        *out = before;
        pair_invalid(out, field);
    }
    GENERAL_NAMES_free(names);
}

static int access_description(sp_out *out, const ACCESS_DESCRIPTION *access)
{
    const char *kind = sp_general_name_kind(access->location);
    char method[80] = "";
    char key[128];
    size_t begin;

    if (kind == NULL)
        return 0;
    i2t_ASN1_OBJECT(method, sizeof(method), access->method);
    snprintf(key, sizeof(key), "infoAccess.%s - %s", method, kind);
    out_item(out, key, strlen(key));
    begin = out_begin(out);
    if (!sp_general_name_value(out, access->location, GENERAL_NAME_PLAIN))
        return 0;
    out_end(out, begin);
    return 1;
}

static void describe_info_access(sp_out *out, const X509 *cert)
{
    int present;
    AUTHORITY_INFO_ACCESS *list = first_extension(cert, NID_info_access, &present);
    sp_out before = *out;
    int ok = list != NULL;

    for (int i = 0; ok && i < sk_ACCESS_DESCRIPTION_num(list); i++)
        ok = access_description(out, sk_ACCESS_DESCRIPTION_value(list, i));
    if (present && !ok) {
        *out = before;
        pair_invalid(out, "infoAccess");
    }
    AUTHORITY_INFO_ACCESS_free(list);
}

static void describe_rsa(sp_out *out, const EVP_PKEY *key, BIO *bio)
{
    BIGNUM *n = NULL;
    BIGNUM *e = NULL;
    uint8_t *der = NULL;
    char text[32];
    int len;

    if (!EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n) ||
        !EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e))
        goto end;
    if (BN_print(bio, n))
        pair_bio(out, "modulus", bio);
    snprintf(text, sizeof(text), "%d", BN_num_bits(n));
    pair_text(out, "bits", text);
    snprintf(text, sizeof(text), "0x%" PRIx64, (uint64_t)BN_get_word(e));
    pair_text(out, "exponent", text);
    if ((len = i2d_PUBKEY(key, &der)) > 0)
        pair(out, "pubkey", der, (size_t)len);
end:
    OPENSSL_free(der);
    BN_free(n);
    BN_free(e);
}

/* The point as the certificate has it, compressed or not. */
static void describe_ec_point(sp_out *out, const X509 *cert)
{
    const ASN1_BIT_STRING *point = X509_get0_pubkey_bitstr(cert);

    if (point != NULL)
        pair(out, "pubkey", ASN1_STRING_get0_data(point), (size_t)ASN1_STRING_length(point));
}

static void describe_ec(sp_out *out, const EVP_PKEY *key, const X509 *cert)
{
    char text[80];
    size_t len = 0;
    int bits = EVP_PKEY_get_bits(key);
    int nid = NID_undef;
    const char *nist;

    if (bits > 0) {
        snprintf(text, sizeof(text), "%d", bits);
        pair_text(out, "bits", text);
    }
    describe_ec_point(out, cert);
    if (EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, text, sizeof(text), &len))
        nid = OBJ_txt2nid(text);
    if (nid == NID_undef)
        return; /* explicit parameters of no known curve */
    pair_text(out, "asn1Curve", OBJ_nid2sn(nid));
    if ((nist = EC_curve_nid2nist(nid)) != NULL)
        pair_text(out, "nistCurve", nist);
}

static void describe_key(sp_out *out, X509 *cert, BIO *bio)
{
    const EVP_PKEY *key = X509_get0_pubkey(cert);

    if (key == NULL)
        return;
    if (EVP_PKEY_get_id(key) == EVP_PKEY_RSA)
        describe_rsa(out, key, bio);
    else if (EVP_PKEY_get_id(key) == EVP_PKEY_EC)
        describe_ec(out, key, cert);
}

static void describe_validity(sp_out *out, const X509 *cert, BIO *bio)
{
    /* A malformed time prints as "Bad time value", which is kept. */
    ASN1_TIME_print(bio, X509_get0_notBefore(cert));
    pair_bio(out, "valid_from", bio);
    ASN1_TIME_print(bio, X509_get0_notAfter(cert));
    pair_bio(out, "valid_to", bio);
}

static void describe_fingerprint(sp_out *out, const char *key, const X509 *cert, const EVP_MD *md)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    char text[3 * EVP_MAX_MD_SIZE];
    unsigned int len = 0;

    if (!X509_digest(cert, md, digest, &len) || len == 0)
        return;
    for (unsigned int i = 0; i < len; i++)
        snprintf(text + 3 * i, 4 - (i + 1 == len), i + 1 == len ? "%02X" : "%02X:", digest[i]);
    pair_text(out, key, text);
}

static void describe_key_usage(sp_out *out, const X509 *cert)
{
    EXTENDED_KEY_USAGE *usages = X509_get_ext_d2i(cert, NID_ext_key_usage, NULL, NULL);
    char oid[256];

    for (int i = 0; i < sk_ASN1_OBJECT_num(usages); i++) {
        if (OBJ_obj2txt(oid, sizeof(oid), sk_ASN1_OBJECT_value(usages, i), 1) >= 0)
            pair_text(out, "ext_key_usage", oid);
    }
    sk_ASN1_OBJECT_pop_free(usages, ASN1_OBJECT_free);
}

static void describe_serial(sp_out *out, const X509 *cert)
{
    BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(cert), NULL);
    char *hex = number != NULL ? BN_bn2hex(number) : NULL;

    if (hex != NULL)
        pair_text(out, "serialNumber", hex);
    OPENSSL_free(hex);
    BN_free(number);
}

static X509 *parse(const uint8_t *der, size_t len)
{
    const uint8_t *at = der;
    X509 *cert = der != NULL && len <= LONG_MAX ? d2i_X509(NULL, &at, (long)len) : NULL;

    if (cert != NULL && at != der + len) {
        X509_free(cert);
        cert = NULL;
    }
    return cert;
}

int64_t sp_x509_describe(const uint8_t *der, size_t len, uint8_t *to, size_t cap)
{
    sp_out out = out_into(to, cap);
    int64_t size = -1;
    X509 *cert;
    BIO *bio = NULL;

    if (!sp_library_ready())
        return -1;
    sp_queue_clear();
    cert = parse(der, len);
    if (cert == NULL || (bio = BIO_new(BIO_s_mem())) == NULL)
        goto end;
    describe_name(&out, "subject", X509_get_subject_name(cert));
    describe_name(&out, "issuer", X509_get_issuer_name(cert));
    describe_alt_names(&out, cert);
    describe_info_access(&out, cert);
    pair_text(&out, "ca", X509_check_ca(cert) == 1 ? "1" : "0");
    describe_key(&out, cert, bio);
    describe_validity(&out, cert, bio);
    describe_fingerprint(&out, "fingerprint", cert, EVP_sha1());
    describe_fingerprint(&out, "fingerprint256", cert, EVP_sha256());
    describe_fingerprint(&out, "fingerprint512", cert, EVP_sha512());
    describe_key_usage(&out, cert);
    describe_serial(&out, cert);
    pair_text(&out, "self_issued", X509_check_issued(cert, cert) == X509_V_OK ? "1" : "0");
    size = (int64_t)out.len;
end:
    BIO_free(bio);
    X509_free(cert);
    sp_queue_clear();
    return size;
}

int64_t sp_x509_error_text(int64_t code, uint8_t *to, size_t cap)
{
    sp_out out = out_into(to, cap);

    out_text(&out, X509_verify_cert_error_string((long)code));
    return (int64_t)out.len;
}

/* The codes that Node names; tools written for Node expect no others. */
#define NAMED(name)                                                                                          \
    {                                                                                                        \
        X509_V_ERR_##name, #name                                                                             \
    }
static const struct {
    int64_t code;
    const char *name;
} named_errors[] = {NAMED(UNABLE_TO_GET_ISSUER_CERT),
                    NAMED(UNABLE_TO_GET_CRL),
                    NAMED(UNABLE_TO_DECRYPT_CERT_SIGNATURE),
                    NAMED(UNABLE_TO_DECRYPT_CRL_SIGNATURE),
                    NAMED(UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY),
                    NAMED(CERT_SIGNATURE_FAILURE),
                    NAMED(CRL_SIGNATURE_FAILURE),
                    NAMED(CERT_NOT_YET_VALID),
                    NAMED(CERT_HAS_EXPIRED),
                    NAMED(CRL_NOT_YET_VALID),
                    NAMED(CRL_HAS_EXPIRED),
                    NAMED(ERROR_IN_CERT_NOT_BEFORE_FIELD),
                    NAMED(ERROR_IN_CERT_NOT_AFTER_FIELD),
                    NAMED(ERROR_IN_CRL_LAST_UPDATE_FIELD),
                    NAMED(ERROR_IN_CRL_NEXT_UPDATE_FIELD),
                    NAMED(OUT_OF_MEM),
                    NAMED(DEPTH_ZERO_SELF_SIGNED_CERT),
                    NAMED(SELF_SIGNED_CERT_IN_CHAIN),
                    NAMED(UNABLE_TO_GET_ISSUER_CERT_LOCALLY),
                    NAMED(UNABLE_TO_VERIFY_LEAF_SIGNATURE),
                    NAMED(CERT_CHAIN_TOO_LONG),
                    NAMED(CERT_REVOKED),
                    NAMED(INVALID_CA),
                    NAMED(PATH_LENGTH_EXCEEDED),
                    NAMED(INVALID_PURPOSE),
                    NAMED(CERT_UNTRUSTED),
                    NAMED(CERT_REJECTED),
                    NAMED(HOSTNAME_MISMATCH)};
#undef NAMED

int64_t sp_x509_error_name(int64_t code, uint8_t *to, size_t cap)
{
    sp_out out = out_into(to, cap);
    const char *name = "UNSPECIFIED";

    for (size_t i = 0; i < sizeof(named_errors) / sizeof(named_errors[0]); i++) {
        if (named_errors[i].code == code)
            name = named_errors[i].name;
    }
    out_text(&out, name);
    return (int64_t)out.len;
}
