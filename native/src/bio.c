/* bio.c - the window: a BIO that reads from and writes to memory lent for one call. What does not fit the output
 * window waits in the overflow, a list of chunks. There is no other buffer between OpenSSL's records and the caller. */
#include "bio.h"

#include "bytes.h"
#include "live.h"

enum { CHUNK_ROOM = 4096 - sizeof(sp_chunk) - 16 }; /* one page, with the header of malloc() */

static BIO_METHOD *method;

static int on_read(BIO *bio, char *to, size_t len, size_t *done)
{
    sp_conn *conn = BIO_get_data(bio);

    BIO_clear_retry_flags(bio);
    conn->read_buffer = 1;
    if (len > conn->in_left)
        len = conn->in_left;
    *done = 0;
    if (len == 0 || conn->gated) { /* the end of a handshake is delivered before more is read */
        conn->wants_input = len == 0;
        BIO_set_retry_read(bio);
        return 0;
    }
    *done = len;
    sp_copy_record((uint8_t *)to, conn->in, len);
    conn->in += len;
    conn->in_left -= len;
    return 1;
}

/* Fails only when out of memory, and then with -1: newer versions take 0 for "nothing written yet" and retry for
 * ever. */
static int on_write(BIO *bio, const char *from, size_t len, size_t *done)
{
    BIO_clear_retry_flags(bio);
    *done = 0;
    if (!sp_window_write(BIO_get_data(bio), (const uint8_t *)from, len))
        return -1;
    *done = len;
    return 1;
}

static long on_ctrl(BIO *bio, int command, long number, void *ptr)
{
    (void)bio, (void)number, (void)ptr;
    return command == BIO_CTRL_FLUSH;
}

int sp_bio_init(void)
{
    method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "securepair window");
    return method != NULL && BIO_meth_set_read_ex(method, on_read) &&
           BIO_meth_set_write_ex(method, on_write) && BIO_meth_set_ctrl(method, on_ctrl);
}

BIO *sp_bio_new(sp_conn *conn)
{
    BIO *bio = BIO_new(method);

    if (bio != NULL) {
        BIO_set_data(bio, conn);
        BIO_set_init(bio, 1);
    }
    return bio;
}

/* ---- the overflow ---- */

static sp_chunk *chunk_new(size_t len)
{
    size_t room = len > CHUNK_ROOM ? len : CHUNK_ROOM;
    sp_chunk *chunk = OPENSSL_malloc(sizeof(*chunk) + room);

    if (chunk != NULL) {
        *chunk = (sp_chunk){.room = room};
        sp_live_add(SP_LIVE_CHUNK, 1);
    }
    return chunk;
}

static void drop_first(sp_conn *conn)
{
    sp_chunk *chunk = conn->overflow_first;

    conn->overflow_first = chunk->next;
    if (conn->overflow_first == NULL)
        conn->overflow_last = NULL;
    OPENSSL_free(chunk);
    sp_live_add(SP_LIVE_CHUNK, -1);
}

static int append(sp_conn *conn, const uint8_t *bytes, size_t len)
{
    sp_chunk *chunk = conn->overflow_last;

    if (chunk == NULL || chunk->room - chunk->end < len) {
        chunk = chunk_new(len);
        if (chunk == NULL)
            return 0;
        if (conn->overflow_last != NULL)
            conn->overflow_last->next = chunk;
        else
            conn->overflow_first = chunk;
        conn->overflow_last = chunk;
    }
    sp_copy_record(chunk->bytes + chunk->end, bytes, len);
    chunk->end += len;
    conn->pending += len;
    return 1;
}

int sp_window_write(sp_conn *conn, const uint8_t *bytes, size_t len)
{
    size_t now = conn->overflow_first != NULL ? 0 : len < conn->out_left ? len : conn->out_left;

    if (now > 0) {
        sp_copy_record(conn->out, bytes, now);
        conn->out += now;
        conn->out_left -= now;
    }
    return now == len || append(conn, bytes + now, len - now);
}

void sp_overflow_drain(sp_conn *conn)
{
    while (conn->overflow_first != NULL && conn->out_left > 0) {
        sp_chunk *chunk = conn->overflow_first;
        size_t len = chunk->end - chunk->begin;
        if (len > conn->out_left)
            len = conn->out_left;
        sp_copy_record(conn->out, chunk->bytes + chunk->begin, len);
        conn->out += len;
        conn->out_left -= len;
        chunk->begin += len;
        conn->pending -= len;
        if (chunk->begin == chunk->end)
            drop_first(conn);
    }
}

void sp_overflow_free(sp_conn *conn)
{
    while (conn->overflow_first != NULL)
        drop_first(conn);
    conn->pending = 0;
}
