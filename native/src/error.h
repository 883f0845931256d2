/* error.h - the thread's error queue, from the beginning of a call to its end. */
#ifndef SP_ERROR_H
#define SP_ERROR_H

#include "sp.h"

/* First line of every call that can fail: empties the report (NULL is fine) and the thread's queue. */
void sp_enter(sp_report *report);
/* Moves the thread's queue into the report (NULL: drops it) and returns SP_ERROR. */
int32_t sp_fail(sp_report *report);
/* Last line: SP_OK with an empty queue when ok, else sp_fail(). */
int32_t sp_leave(sp_report *report, int ok);
/* The queue is empty afterwards; cheap when it is already. */
void sp_queue_clear(void);

#endif
