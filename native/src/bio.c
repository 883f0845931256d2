/* bio.c - the window: a BIO that reads from and writes to memory lent for one call. What finds no room in the lent
 * output window waits in a chain of chunks. There is no other buffer between OpenSSL's records and the caller. */
#include "internal.h"

enum { CHUNK_ROOM = 4096 - sizeof(sp_chunk) - 16 }; /* one page with malloc's own header */

static BIO_METHOD *method;

static int on_read(BIO *bio, char *to, size_t len, size_t *done)
{
    sp_conn *conn = BIO_get_data(bio);

    BIO_clear_retry_flags(bio);
    conn->read_buffer = 1;
    if (len > conn->in_left)
        len = conn->in_left;
    *done = 0;
    if (len == 0 || conn->gated) { /* the end of a handshake is delivered before what follows it */
        conn->starved = len == 0;
        BIO_set_retry_read(bio);
        return 0;
    }
    *done = len;
    sp_copy((uint8_t *)to, conn->in, len);
    conn->in += len;
    conn->in_left -= len;
    return 1;
}

/* Fails only without memory, and then with -1: later OpenSSLs take 0 for "nothing written yet" and try again for ever. */
static int on_write(BIO *bio, const char *from, size_t len, size_t *done)
{
    BIO_clear_retry_flags(bio);
    *done = 0;
    if (!sp_chain_write(BIO_get_data(bio), (const uint8_t *)from, len))
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

/* ---- the chain ---- */

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
    sp_chunk *chunk = conn->first;

    conn->first = chunk->next;
    if (conn->first == NULL)
        conn->last = NULL;
    OPENSSL_free(chunk);
    sp_live_add(SP_LIVE_CHUNK, -1);
}

static int append(sp_conn *conn, const uint8_t *bytes, size_t len)
{
    sp_chunk *chunk = conn->last;

    if (chunk == NULL || chunk->room - chunk->end < len) {
        chunk = chunk_new(len);
        if (chunk == NULL)
            return 0;
        if (conn->last != NULL)
            conn->last->next = chunk;
        else
            conn->first = chunk;
        conn->last = chunk;
    }
    sp_copy(chunk->bytes + chunk->end, bytes, len);
    chunk->end += len;
    conn->pending += len;
    return 1;
}

int sp_chain_write(sp_conn *conn, const uint8_t *bytes, size_t len)
{
    size_t now = conn->first != NULL ? 0 : len < conn->out_left ? len : conn->out_left;

    if (now > 0) {
        sp_copy(conn->out, bytes, now);
        conn->out += now;
        conn->out_left -= now;
    }
    return now == len || append(conn, bytes + now, len - now);
}

void sp_chain_drain(sp_conn *conn)
{
    while (conn->first != NULL && conn->out_left > 0) {
        sp_chunk *chunk = conn->first;
        size_t len = chunk->end - chunk->begin;
        if (len > conn->out_left)
            len = conn->out_left;
        sp_copy(conn->out, chunk->bytes + chunk->begin, len);
        conn->out += len;
        conn->out_left -= len;
        chunk->begin += len;
        conn->pending -= len;
        if (chunk->begin == chunk->end)
            drop_first(conn);
    }
}

void sp_chain_free(sp_conn *conn)
{
    while (conn->first != NULL)
        drop_first(conn);
    conn->pending = 0;
}
