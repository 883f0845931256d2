/* ticket_keys.h - the ticket protection of a context. */
#ifndef SP_TICKET_KEYS_H
#define SP_TICKET_KEYS_H

#include "internal.h"

/* Draws random keys and installs the callback. 0 on failure. */
int sp_ticket_keys_install(sp_ctx *ctx);
void sp_ticket_keys_free(sp_ctx *ctx);

#endif
