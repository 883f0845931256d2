#include "harness.h"

#include <dirent.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <pthread.h>

/* ---- certificates of data/x509, and what Node says about them ---- */

static uint8_t *read_data(const char *name, const char *suffix, size_t *len)
{
    char path[512];
    FILE *file;
    uint8_t *bytes;

    snprintf(path, sizeof(path), "%s/x509/%s%s", SP_TEST_DATA, name, suffix);
    file = fopen(path, "rb");
    if (file == NULL)
        test_failed(__FILE__, __LINE__, "cannot read %s", path);
    bytes = malloc(65536);
    *len = fread(bytes, 1, 65535, file);
    bytes[*len] = 0;
    fclose(file);
    return bytes;
}

/* The first certificate of NAME.pem as DER; the caller frees with free(). */
static uint8_t *read_der(const char *name, size_t *len)
{
    size_t pem_len;
    uint8_t *pem = read_data(name, ".pem", &pem_len);
    BIO *bio = BIO_new_mem_buf(pem, (int)pem_len);
    char *kind = NULL, *header = NULL;
    unsigned char *der = NULL;
    long der_len = 0;
    uint8_t *copy;

    CHECK(PEM_read_bio(bio, &kind, &header, &der, &der_len) == 1);
    CHECK_TEXT(kind, "CERTIFICATE");
    copy = malloc((size_t)der_len);
    memcpy(copy, der, (size_t)der_len);
    *len = (size_t)der_len;
    OPENSSL_free(kind);
    OPENSSL_free(header);
    OPENSSL_free(der);
    BIO_free(bio);
    free(pem);
    return copy;
}

/* ---- the answer as lines: key, tab, value, as record-x509 writes them ---- */

typedef struct line {
    char *text;
    size_t key_len, len;
    int written;
} line;

typedef struct text {
    char at[65536];
    size_t len;
} text;

static void add_escaped(text *to, const uint8_t *bytes, size_t len)
{
    static const char special[] = "\\\n\r\t", letter[] = "\\nrt";

    for (size_t i = 0; i < len; i++) {
        const char *found = bytes[i] == 0 ? NULL : strchr(special, bytes[i]);
        if (bytes[i] == 0) {
            memcpy(to->at + to->len, "\\0", 2);
            to->len += 2;
        } else if (found != NULL) {
            to->at[to->len++] = '\\';
            to->at[to->len++] = letter[found - special];
        } else {
            to->at[to->len++] = (char)bytes[i];
        }
    }
}

static void add_hex(text *to, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        to->len += (size_t)sprintf(to->at + to->len, "%02x", bytes[i]);
}

static const uint8_t *next_item(const uint8_t *at, const uint8_t *end, uint32_t *len)
{
    CHECK(end - at >= 4);
    memcpy(len, at, 4);
    CHECK((size_t)(end - at) - 4 >= *len);
    return at + 4;
}

/* In an object of Node, repeated keys stand together, where the first of them was. */
static void add_grouped(text *to, line *lines, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t k = i; k < count && !lines[i].written; k++) {
            if (k != i && (lines[k].key_len != lines[i].key_len ||
                           memcmp(lines[k].text, lines[i].text, lines[i].key_len) != 0))
                continue;
            memcpy(to->at + to->len, lines[k].text, lines[k].len);
            to->len += lines[k].len;
            lines[k].written = k != i;
        }
    }
}

static void render(text *to, const uint8_t *pairs, size_t len)
{
    static text flat;
    line lines[256];
    size_t count = 0;
    const uint8_t *end = pairs + len;

    flat.len = to->len = 0;
    while (pairs < end) {
        uint32_t key_len, value_len;
        const uint8_t *key = next_item(pairs, end, &key_len);
        const uint8_t *value = next_item(key + key_len, end, &value_len);
        size_t begin = flat.len;
        CHECK(count < 256);
        add_escaped(&flat, key, key_len);
        flat.at[flat.len++] = '\t';
        if (key_len == 6 && memcmp(key, "pubkey", 6) == 0)
            add_hex(&flat, value, value_len);
        else
            add_escaped(&flat, value, value_len);
        flat.at[flat.len++] = '\n';
        lines[count++] = (line){flat.at + begin, key_len, flat.len - begin, 0};
        pairs = value + value_len;
    }
    add_grouped(to, lines, count);
    to->at[to->len] = 0;
}

static void check_as_node(const char *name)
{
    static uint8_t out[32768];
    static text ours;
    size_t der_len, expected_len;
    uint8_t *der = read_der(name, &der_len);
    uint8_t *expected = read_data(name, ".txt", &expected_len);
    int64_t size = sp_x509_describe(der, der_len, out, sizeof(out));

    CHECK(size > 0 && size <= (int64_t)sizeof(out));
    CHECK_INT(ERR_peek_error(), 0);
    render(&ours, out, (size_t)size);
    if (ours.len != expected_len || memcmp(ours.at, expected, expected_len) != 0)
        test_failed(__FILE__, __LINE__, "%s: ours\n%s\nNode's\n%s", name, ours.at, expected);
    free(expected);
    free(der);
}

#define AS_NODE(id, name)                                                                                    \
    TEST(id)                                                                                                 \
    {                                                                                                        \
        check_as_node(name);                                                                                 \
    }

AS_NODE(rsaCertificateReadsAsInNode, "rsa")
AS_NODE(repeatedMultiValuedAndUnknownNamePartsReadAsInNode, "names")
AS_NODE(bmpStringsReadAsInNode, "bmp")
AS_NODE(latin1StringsReadAsInNode, "latin1")
AS_NODE(alternativeNamesAreQuotedAsInNode, "san")
AS_NODE(alternativeNamesOfRawBytesReadAsInNode, "sanraw")
AS_NODE(emptyListOfAlternativeNamesReadsAsInNode, "sanempty")
AS_NODE(undecodableExtensionsAreToldFromAbsentOnes, "sanbroken")
AS_NODE(brokenKeyUsageIsLeftOutAsInNode, "extbroken")
AS_NODE(accessLocationsReadAsInNode, "aia")
AS_NODE(extendedKeyUsagesReadAsInNode, "eku")
AS_NODE(negativeSerialReadsAsInNode, "serialminus5")
AS_NODE(longNegativeSerialReadsAsInNode, "serialminusbig")
AS_NODE(zeroSerialReadsAsInNode, "serialzero")
AS_NODE(serialOfOddDigitsReadsAsInNode, "serialodd")
AS_NODE(serialOfTwentyBytesReadsAsInNode, "serialbig")
AS_NODE(emptySubjectReadsAsInNode, "emptysubject")
AS_NODE(versionOneReadsAsInNode, "v1")
AS_NODE(ed25519ReadsAsInNode, "ed25519")
AS_NODE(ed448ReadsAsInNode, "ed448")
AS_NODE(p384ReadsAsInNode, "p384")
AS_NODE(p521ReadsAsInNode, "p521")
AS_NODE(curveWithoutNistNameReadsAsInNode, "secp256k1")
AS_NODE(brainpoolCurveReadsAsInNode, "brainpoolp256r1")
AS_NODE(binaryCurveReadsAsInNode, "sect283k1")
AS_NODE(compressedPointReadsAsInNode, "compressed")
AS_NODE(explicitCurveParametersReadAsInNode, "explicit")
AS_NODE(sm2ReadsAsInNode, "sm2")
AS_NODE(rsaPssReadsAsInNode, "rsapss")
AS_NODE(smallExponentAndOddModulusReadAsInNode, "rsae3")
AS_NODE(exponentOver32BitsReadsAsInNode, "rsabige")
AS_NODE(dsaReadsAsInNode, "dsa")
AS_NODE(sha1SignatureReadsAsInNode, "sha1")
AS_NODE(dateAfter2050ReadsAsInNode, "late")
AS_NODE(malformedDateReadsAsInNode, "badtime")
AS_NODE(issuedCertificateReadsAsInNode, "leaf")
AS_NODE(rootReadsAsInNode, "root")
AS_NODE(undecodableNameIsToldFromAnEmptyOne, "badname")

TEST(everyRecordedCertificateIsCompared)
{
    char path[512];
    int records = 0;
    DIR *dir;

    snprintf(path, sizeof(path), "%s/x509", SP_TEST_DATA);
    CHECK((dir = opendir(path)) != NULL);
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        char *dot = strrchr(entry->d_name, '.');
        if (dot == NULL || strcmp(dot, ".txt") != 0)
            continue;
        *dot = 0;
        check_as_node(entry->d_name);
        records++;
    }
    closedir(dir);
    CHECK(records >= 38);
}

/* ---- bounds ---- */

TEST(sizeIsTheSameForEveryCapacityAndNothingIsWrittenBehindIt)
{
    static uint8_t whole[32768];
    size_t der_len;
    uint8_t *der = read_der("san", &der_len);
    int64_t size = sp_x509_describe(der, der_len, whole, sizeof(whole));

    CHECK_INT(sp_x509_describe(der, der_len, NULL, 0), size);
    for (int64_t cap = 0; cap <= size; cap += cap < 64 ? 1 : 37) {
        uint8_t *exact = malloc((size_t)cap + 1);
        CHECK_INT(sp_x509_describe(der, der_len, exact, (size_t)cap), size);
        free(exact);
    }
    uint8_t *exact = malloc((size_t)size);
    CHECK_INT(sp_x509_describe(der, der_len, exact, (size_t)size), size);
    CHECK_BYTES(exact, size, whole, size);
    free(exact);
    free(der);
}

TEST(whatIsNoCertificateIsRefused)
{
    size_t len;
    uint8_t *der = read_der("rsa", &len);
    uint8_t *longer = calloc(1, len + 1);

    memcpy(longer, der, len);
    CHECK_INT(sp_x509_describe(NULL, 0, NULL, 0), -1);
    CHECK_INT(sp_x509_describe((const uint8_t *)"garbage", 7, NULL, 0), -1);
    CHECK_INT(sp_x509_describe(longer, len + 1, NULL, 0), -1);
    for (size_t cut = 0; cut < len; cut += 13) {
        CHECK_INT(sp_x509_describe(der, cut, NULL, 0), -1);
        CHECK_INT(ERR_peek_error(), 0);
    }
    free(longer);
    free(der);
}

TEST(anyFlippedByteIsDescribedOrRefusedButNeverCrashes)
{
    static const char *const names[] = {"san", "sanraw", "aia", "names", "rsa", "explicit"};
    static uint8_t out[32768];

    for (size_t n = 0; n < sizeof(names) / sizeof(names[0]); n++) {
        size_t len;
        uint8_t *der = read_der(names[n], &len);
        for (size_t i = 0; i < len; i++) {
            uint8_t saved = der[i];
            der[i] ^= (uint8_t)(1u << (i % 8));
            CHECK(sp_x509_describe(der, len, out, sizeof(out)) >= -1);
            CHECK_INT(ERR_peek_error(), 0);
            der[i] = saved;
        }
        free(der);
    }
}

/* ---- verification codes ---- */

static const char *name_of(int64_t code)
{
    static char name[128];
    int64_t len = sp_x509_error_name(code, (uint8_t *)name, sizeof(name) - 1);

    CHECK(len > 0 && len < (int64_t)sizeof(name));
    name[len] = 0;
    return name;
}

static const char *text_of(int64_t code)
{
    static char name[128];
    int64_t len = sp_x509_error_text(code, (uint8_t *)name, sizeof(name) - 1);

    CHECK(len > 0 && len < (int64_t)sizeof(name));
    name[len] = 0;
    return name;
}

TEST(errorNamesAreThoseOfNode)
{
    CHECK_TEXT(name_of(2), "UNABLE_TO_GET_ISSUER_CERT");
    CHECK_TEXT(name_of(10), "CERT_HAS_EXPIRED");
    CHECK_TEXT(name_of(18), "DEPTH_ZERO_SELF_SIGNED_CERT");
    CHECK_TEXT(name_of(19), "SELF_SIGNED_CERT_IN_CHAIN");
    CHECK_TEXT(name_of(20), "UNABLE_TO_GET_ISSUER_CERT_LOCALLY");
    CHECK_TEXT(name_of(21), "UNABLE_TO_VERIFY_LEAF_SIGNATURE");
    CHECK_TEXT(name_of(26), "INVALID_PURPOSE");
    CHECK_TEXT(name_of(62), "HOSTNAME_MISMATCH");
    CHECK_TEXT(name_of(66), "UNSPECIFIED"); /* EE key too small: Node has no name for it */
    CHECK_TEXT(name_of(0), "UNSPECIFIED");
    CHECK_TEXT(name_of(-7), "UNSPECIFIED");
}

TEST(errorTextsAreThoseOfTheLibrary)
{
    CHECK_TEXT(text_of(10), "certificate has expired");
    CHECK_TEXT(text_of(18), "self-signed certificate");
    CHECK_TEXT(text_of(123456), "unknown certificate verification error");
    CHECK_INT(sp_x509_error_text(10, NULL, 0), strlen("certificate has expired"));
}

/* ---- threads ---- */

static void *describe_many(void *arg)
{
    const uint8_t *der = arg;
    uint32_t len;
    int64_t size;

    memcpy(&len, der, 4);
    size = sp_x509_describe(der + 4, len, NULL, 0);
    for (int i = 0; i < 200; i++) {
        if (sp_x509_describe(der + 4, len, NULL, 0) != size)
            return arg;
    }
    return NULL;
}

TEST(threadsDescribeAtTheSameTime)
{
    size_t len;
    uint8_t *der = read_der("san", &len);
    uint8_t *shared = malloc(len + 4);
    uint32_t size = (uint32_t)len;
    pthread_t threads[4];
    void *failed;

    memcpy(shared, &size, 4);
    memcpy(shared + 4, der, len);
    for (int i = 0; i < 4; i++)
        CHECK_INT(pthread_create(&threads[i], NULL, describe_many, shared), 0);
    for (int i = 0; i < 4; i++) {
        CHECK_INT(pthread_join(threads[i], &failed), 0);
        CHECK(failed == NULL);
    }
    free(shared);
    free(der);
}
