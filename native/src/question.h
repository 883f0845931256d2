/* question.h - the question at which a handshake pauses. */
#ifndef SP_QUESTION_H
#define SP_QUESTION_H

#include "events.h"

/* Queues an event and opens it as the question. Returns its sequence, 0 when out of memory, as sp_event_add(). */
uint32_t sp_question_ask(sp_conn *conn, uint16_t type, const sp_item *items, uint16_t count);
/* Whether the handshake is paused at a question of that type, so that its answers may be given now. */
int sp_question_is(const sp_conn *conn, uint16_t type);

#endif
