/* events.h - the event queue of a connection. */
#ifndef SP_EVENTS_H
#define SP_EVENTS_H

#include "internal.h"

typedef struct sp_item {
    const void *bytes; /* NULL with len SP_ABSENT: absent */
    size_t len;
} sp_item;
#define SP_ABSENT ((size_t)(uint32_t)SP_ITEM_ABSENT)

/* Queues an event; returns its sequence, 0 when out of memory (the connection then fails at the end of the call). */
uint32_t sp_event_add(sp_conn *conn, uint16_t type, const sp_item *items, uint16_t count);
/* The two kinds that are dropped when the queue has too many of them. Trace text joins the newest event if that is trace. */
void sp_event_trace(sp_conn *conn, const char *text, size_t len);
void sp_event_message(sp_conn *conn, const sp_item *items, uint16_t count);
void sp_events_free(sp_conn *conn);

#endif
