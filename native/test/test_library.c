/* Versions, features, the list of suites, and the legacy provider. */
#include "internal.h"
#include "pair.h"

#include <pthread.h>

TEST(theLibraryNamesItself)
{
    uint8_t text[256] = {0};

    CHECK_INT(sp_library_init(NULL), SP_OK);
    CHECK_INT(sp_library_init(NULL), SP_OK);
    CHECK(sp_library_version() >= 0x30000000);
    CHECK_INT(sp_library_header_version() >> 28, sp_library_version() >> 28);
    int64_t len = sp_library_text(SP_TEXT_VERSION, text, sizeof(text));
    CHECK(len > 8 && memcmp(text, "OpenSSL ", 8) == 0);
    CHECK_INT(sp_library_text(SP_TEXT_VERSION, NULL, 0), len);
    text[0] = 'x';
    CHECK_INT(sp_library_text(SP_TEXT_VERSION, text, (size_t)len - 1), len);
    CHECK_INT(text[0], 'x'); /* what does not fit is not copied in part */
    for (int32_t what = SP_TEXT_CFLAGS; what <= SP_TEXT_DIR; what++)
        CHECK(sp_library_text(what, NULL, 0) > 0);
    CHECK_INT(sp_library_text(-1, text, sizeof(text)), -1);
    CHECK_INT(sp_library_text(SP_TEXT_DIR + 1, text, sizeof(text)), -1);
    CHECK_INT(sp_library_live(-1), -1);
    CHECK_INT(sp_library_live(SP_LIVE_BYTES + 1), -1);
}

TEST(theFilesOfTheLibrariesAreNamed)
{
    static const char *const names[] = {"/libcrypto", "/libssl"};

    for (int32_t which = SP_FILE_LIBCRYPTO; which <= SP_FILE_LIBSSL; which++) {
        char file[4096] = {0};
        int64_t len = sp_library_file(which, (uint8_t *)file, sizeof(file) - 1);
        CHECK(len > 0 && len < (int64_t)sizeof(file));
        CHECK_INT(sp_library_file(which, NULL, 0), len);
        CHECK(strstr(file, names[which]) != NULL);
    }
    CHECK_INT(sp_library_file(-1, NULL, 0), -1);
    CHECK_INT(sp_library_file(SP_FILE_LIBSSL + 1, NULL, 0), -1);
}

TEST(featuresAreWhatTheLibraryCanDo)
{
    CHECK_INT(sp_library_feature(SP_FEATURE_TLS1_2), 1);
    CHECK_INT(sp_library_feature(SP_FEATURE_TLS1_3), 1);
    CHECK_INT(sp_library_feature(SP_FEATURE_PSK), 1);
    CHECK_INT(sp_library_feature(-1), 0);
    CHECK_INT(sp_library_feature(1000), 0);
    for (int32_t version = SP_FEATURE_SSL3; version <= SP_FEATURE_TLS1_3; version++) {
        sp_ctx *ctx = sp_ctx_new(SP_ROLE_ANY, NULL);
        int32_t wire = 0x0300 + version - SP_FEATURE_SSL3;
        int settable = sp_ctx_set_versions(ctx, wire, wire, NULL) == SP_OK;
        CHECK_INT(sp_library_feature(version), settable);
        sp_ctx_free(ctx);
    }
}

TEST(theSuitesAreTheDefaultOnesAndAllOfTls1_3)
{
    static char list[16384];
    int64_t len = sp_library_ciphers((uint8_t *)list, sizeof(list) - 1);
    size_t count = 1;

    CHECK(len > 0 && len < (int64_t)sizeof(list));
    list[len] = '\0';
    CHECK_INT(strlen(list), len);
    CHECK_INT(sp_library_ciphers(NULL, 0), len);
    CHECK(strncmp(list, "TLS_AES_256_GCM_SHA384:", 23) == 0);
    CHECK(strstr(list, ":TLS_AES_128_CCM_8_SHA256:") != NULL);
    CHECK(strstr(list, ":ECDHE-ECDSA-AES128-GCM-SHA256:") != NULL);
    CHECK(list[len - 1] != ':');
    for (const char *at = list; (at = strchr(at, ':')) != NULL; at++)
        count++;
    CHECK(count >= 20);
}

TEST(theLegacyProviderLoadsWhereItExists)
{
    sp_report report;

    if (!sp_library_feature(SP_FEATURE_LEGACY_PROVIDER)) {
        CHECK_INT(sp_library_load_legacy(&report), SP_ERROR);
        CHECK(report.count > 0);
        test_skip("a library with the legacy provider");
    }
    CHECK_INT(sp_library_load_legacy(&report), SP_OK);
    CHECK_INT(sp_library_load_legacy(&report), SP_OK);
    EVP_MD *old = EVP_MD_fetch(NULL, "MD4", NULL);
    CHECK(old != NULL);
    EVP_MD_free(old);
    /* The default provider is still there. */
    pair *p = pair_new(0x0304, 0x0304);
    pair_handshake(p);
    pair_free(p);
}

static void *handshakes(void *arg)
{
    (void)arg;
    for (int i = 0; i < 20; i++) {
        pair *p = pair_new(0x0303 + i % 2, 0x0303 + i % 2);
        sp_conn_set_events(p->client.conn, SP_TELL_KEYLOG | SP_TELL_SESSION);
        pair_handshake(p);
        pair_free(p);
    }
    return NULL;
}

TEST(connectionsOfSeveralThreadsDoNotMeet)
{
    pthread_t threads[4];

    test_identity(KEY_P256, "test.example"); /* made beforehand: making identities is not thread-safe */
    for (int i = 0; i < 4; i++)
        CHECK_INT(pthread_create(&threads[i], NULL, handshakes, NULL), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    check_nothing_lives();
}
