/* From the thread's error queue to a report. */
#include "error.h"
#include "pair.h"

#include <openssl/err.h>
#include <openssl/sslerr.h>

TEST(aReportKeepsOldestAndNewestOfALongQueue)
{
    static const int kept[] = {1, 2, 3, 4, 12, 13, 14, 15};
    sp_report report;

    sp_library_init(NULL);
    sp_enter(&report);
    for (int i = 1; i <= 15; i++)
        ERR_raise_data(ERR_LIB_SSL, 100 + i, "entry %d", i);
    CHECK_INT(sp_fail(&report), SP_ERROR);
    CHECK_INT(report.count, SP_ERRORS_MAX);
    for (int i = 0; i < SP_ERRORS_MAX; i++)
        CHECK_INT(report.error[i].reason, 100 + kept[i]);
    CHECK_INT(ERR_peek_error(), 0);
}

TEST(everyFieldOfAnEntryIsFilled)
{
    sp_report report;

    sp_library_init(NULL);
    sp_enter(&report);
    ERR_raise_data(ERR_LIB_SSL, SSL_R_NO_SHARED_CIPHER, "some %s", "data");
    CHECK_INT(sp_fail(&report), SP_ERROR);
    CHECK_INT(report.count, 1);
    CHECK_INT(report.alert, -1);
    const sp_error *entry = &report.error[0];
    CHECK_INT(entry->library, ERR_LIB_SSL);
    CHECK_INT(entry->reason, SSL_R_NO_SHARED_CIPHER);
    CHECK_INT(ERR_GET_REASON(entry->code), SSL_R_NO_SHARED_CIPHER);
    CHECK_TEXT(entry->library_text, "SSL routines");
    CHECK_TEXT(entry->reason_text, "no shared cipher");
    CHECK_TEXT(entry->data, "some data");
    CHECK_TEXT(entry->function, "everyFieldOfAnEntryIsFilled");
    CHECK(strstr(entry->file, "test_error.c") != NULL);
    CHECK(entry->line > 0);
    CHECK_INT(ERR_peek_error(), 0);
}

TEST(textsThatDoNotFitAreCutAndTerminated)
{
    sp_report report;
    char text[1000], path[300];

    sp_library_init(NULL);
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    memset(path, 'p', sizeof(path) - 1);
    strcpy(path + sizeof(path) - 8, "/end.c");
    sp_enter(&report);
    ERR_new();
    ERR_set_debug(path, 1, text);
    ERR_set_error(ERR_LIB_USER, 1, "%s", text);
    sp_fail(&report);
    CHECK_INT(strlen(report.error[0].data), sizeof(report.error[0].data) - 1);
    CHECK_INT(strlen(report.error[0].function), sizeof(report.error[0].function) - 1);
    CHECK_INT(strlen(report.error[0].file), sizeof(report.error[0].file) - 1);
    CHECK_TEXT(report.error[0].file + strlen(report.error[0].file) - 6, "/end.c");
    CHECK_TEXT(report.error[0].reason_text, "");
}

TEST(aStaleQueueIsNotBlamedOnTheNextCall)
{
    pair *p = pair_new(0x0304, 0x0304);
    sp_report report;

    ERR_raise(ERR_LIB_SSL, SSL_R_NO_SHARED_CIPHER);
    side_step(&p->client, &p->server.wire);
    CHECK_INT(p->client.status, SP_EVENT);
    CHECK_INT(ERR_peek_error(), 0);
    ERR_raise(ERR_LIB_SSL, SSL_R_NO_SHARED_CIPHER);
    CHECK_INT(sp_conn_set_servername(p->server.conn, "x", &report), SP_MISUSE);
    CHECK_INT(report.count, 0);
    pair_handshake(p);
    pair_free(p);
}

TEST(theQueueIsEmptyAfterEveryKindOfCall)
{
    pair *p = pair_new(0x0303, 0x0304);
    uint8_t out[64];

    sp_ctx_set_cipher_list(p->client_ctx, "no such suite", NULL);
    CHECK_INT(ERR_peek_error(), 0);
    sp_conn_set_servername(p->client.conn, NULL, NULL);
    CHECK_INT(ERR_peek_error(), 0);
    sp_conn_set_max_fragment(p->client.conn, 1);
    CHECK_INT(ERR_peek_error(), 0);
    sp_conn_read(p->server.conn, (const uint8_t *)"garbage, garbage", 16, NULL, 0, out, sizeof(out),
                 &p->server.turn);
    CHECK_INT(p->server.turn.status, SP_FAILED);
    CHECK_INT(ERR_peek_error(), 0);
    sp_conn_shutdown(p->server.conn, out, sizeof(out), &p->server.turn);
    CHECK_INT(ERR_peek_error(), 0);
    sp_library_feature(SP_FEATURE_RC4);
    CHECK_INT(ERR_peek_error(), 0);
    pair_free(p);
    CHECK_INT(ERR_peek_error(), 0);
}
