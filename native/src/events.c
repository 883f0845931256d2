/* events.c - the queue of a connection: encoded events, oldest first, in one buffer that exists only while it holds
 * some. Events are cleansed when they are taken, since they carry key log lines and sessions. */
#include "events.h"

#include "live.h"

enum { HEADER = 16, ITEM = 4, FIRST_ROOM = 1024, TRACE_MAX = 64 * 1024, MESSAGES_MAX = 256 * 1024 };

static void put_u16(uint8_t *to, uint16_t value)
{
    memcpy(to, &value, sizeof(value));
}

static void put_u32(uint8_t *to, uint32_t value)
{
    memcpy(to, &value, sizeof(value));
}

static uint32_t get_u32(const uint8_t *from)
{
    uint32_t value;

    memcpy(&value, from, sizeof(value));
    return value;
}

/* Makes room for len bytes behind the last event; everything moves to the front of a larger buffer. */
static int reserve(sp_conn *conn, size_t len)
{
    size_t used = conn->event_end - conn->event_begin;
    size_t room = conn->event_room > 0 ? conn->event_room : FIRST_ROOM;
    uint8_t *fresh;

    if (conn->event_room - conn->event_end >= len)
        return 1;
    while (room - used < len)
        room *= 2;
    fresh = OPENSSL_malloc(room);
    if (fresh == NULL) {
        conn->out_of_memory = 1;
        return 0;
    }
    if (used > 0)
        memcpy(fresh, conn->event_bytes + conn->event_begin, used);
    OPENSSL_clear_free(conn->event_bytes, conn->event_end);
    conn->event_newest -= conn->event_begin;
    conn->event_bytes = fresh;
    conn->event_begin = 0;
    conn->event_end = used;
    conn->event_room = room;
    return 1;
}

static size_t size_of(const sp_item *items, uint16_t count)
{
    size_t size = 0;

    for (uint16_t i = 0; i < count; i++)
        size += ITEM + (items[i].len != SP_ABSENT ? items[i].len : 0);
    return size;
}

static uint8_t *put_item(uint8_t *to, const sp_item *item)
{
    put_u32(to, (uint32_t)item->len);
    to += ITEM;
    if (item->len == SP_ABSENT || item->len == 0)
        return to;
    memcpy(to, item->bytes, item->len);
    return to + item->len;
}

uint32_t sp_event_add(sp_conn *conn, uint16_t type, const sp_item *items, uint16_t count)
{
    size_t size = size_of(items, count);
    uint8_t *to;

    if (!reserve(conn, HEADER + size))
        return 0;
    if (++conn->sequence == 0) /* 0 means none */
        conn->sequence = 1;
    conn->event_newest = conn->event_end;
    to = conn->event_bytes + conn->event_end;
    put_u16(to, type);
    put_u16(to + 2, count);
    put_u32(to + 4, conn->sequence);
    put_u32(to + 8, conn->produced);
    put_u32(to + 12, (uint32_t)size);
    to += HEADER;
    for (uint16_t i = 0; i < count; i++)
        to = put_item(to, &items[i]);
    conn->event_end += HEADER + size;
    conn->event_count++;
    sp_live_add(SP_LIVE_EVENT, 1);
    return conn->sequence;
}

/* ---- trace and messages: the only events that may be dropped ---- */

static int newest_is_trace(const sp_conn *conn)
{
    uint16_t type;

    if (conn->event_count == 0)
        return 0;
    memcpy(&type, conn->event_bytes + conn->event_newest, sizeof(type));
    return type == SP_EV_TRACE;
}

/* Appends to the text, which is the first item; the u32 item behind it moves. */
static int extend_trace(sp_conn *conn, const char *text, size_t len)
{
    uint8_t *event, *end;

    if (!reserve(conn, len))
        return 0;
    event = conn->event_bytes + conn->event_newest;
    end = conn->event_bytes + conn->event_end;
    memmove(end - 8 + len, end - 8, 8);
    memcpy(end - 8, text, len);
    put_u32(event + 12, get_u32(event + 12) + (uint32_t)len);
    put_u32(event + HEADER, get_u32(event + HEADER) + (uint32_t)len);
    conn->event_end += len;
    return 1;
}

void sp_event_trace(sp_conn *conn, const char *text, size_t len)
{
    uint8_t lost = conn->out_of_memory;
    int kept = 0;

    if (len > 0 && len <= TRACE_MAX - conn->trace_queued) {
        sp_item items[] = {{text, len}, {&conn->trace_dropped, sizeof(conn->trace_dropped)}};
        if (newest_is_trace(conn) && conn->trace_dropped == 0)
            kept = extend_trace(conn, text, len);
        else if (sp_event_add(conn, SP_EV_TRACE, items, 2) != 0) {
            kept = 1;
            conn->trace_dropped = 0;
        }
    }
    if (kept)
        conn->trace_queued += (uint32_t)len;
    else
        conn->trace_dropped += (uint32_t)len;
    conn->out_of_memory = lost; /* trace may be lost */
}

void sp_event_message(sp_conn *conn, const sp_item *items, uint16_t count)
{
    uint8_t lost = conn->out_of_memory;
    size_t size = size_of(items, count);

    if (size > MESSAGES_MAX - conn->messages_queued || sp_event_add(conn, SP_EV_MESSAGE, items, count) == 0) {
        conn->messages_dropped = 1;
    } else {
        conn->messages_queued += (uint32_t)size;
        conn->messages_dropped = 0;
    }
    conn->out_of_memory = lost;
}

/* ---- taking ---- */

void sp_events_free(sp_conn *conn)
{
    OPENSSL_clear_free(conn->event_bytes, conn->event_end);
    conn->event_bytes = NULL;
    conn->event_begin = conn->event_end = conn->event_room = 0;
    sp_live_add(SP_LIVE_EVENT, -(int)conn->event_count);
    conn->event_count = 0;
    conn->trace_queued = conn->messages_queued = 0;
}

int64_t sp_conn_take_events(sp_conn *conn, uint8_t *out, size_t cap)
{
    size_t taken = 0;

    if (!sp_conn_usable(conn))
        return SP_MISUSE;
    while (out != NULL && conn->event_count > 0) {
        uint8_t *event = conn->event_bytes + conn->event_begin;
        size_t size = HEADER + get_u32(event + 12);
        if (size > cap - taken)
            break;
        memcpy(out + taken, event, size);
        OPENSSL_cleanse(event, size);
        taken += size;
        conn->event_begin += size;
        conn->event_count--;
        sp_live_add(SP_LIVE_EVENT, -1);
    }
    if (conn->event_count == 0)
        sp_events_free(conn);
    return (int64_t)taken;
}
