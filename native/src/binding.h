/* binding.h - what sessions are bound to. */
#ifndef SP_BINDING_H
#define SP_BINDING_H

#include "internal.h"

int sp_binding_init(void);

/* Server: computes what sessions of this connection are bound to now, and makes that the SSL's session id context.
 * `made`: a session that this handshake made under the former binding; NULL = none. 0 when out of memory. */
int sp_binding_server(sp_conn *conn, SSL_SESSION *made);
/* To be called before a session of the connection is encoded. 0 when out of memory. */
int sp_binding_made(sp_conn *conn, SSL_SESSION *session);
/* Whether the name in a later hello is that of the first. */
int sp_binding_same_name(const sp_conn *conn, const uint8_t *name, size_t len);

/* Client: whether the session, which is the SSL's already, may be offered. May leave entries in the error queue. */
int sp_binding_fits(sp_conn *conn, SSL_SESSION *session);

#endif
