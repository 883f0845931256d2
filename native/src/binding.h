/* binding.h - what sessions are bound to; for the files that make, take and offer them. */
#ifndef SP_BINDING_H
#define SP_BINDING_H

#include "internal.h"

int sp_binding_init(void);

/* Server: computes what sessions of this connection are bound to now, and gives that to OpenSSL. `made`: a session of this
 * handshake that was made under what held before; NULL = none. 0 when out of memory. */
int sp_binding_server(sp_conn *conn, SSL_SESSION *made);
/* A session of the connection is about to be encoded. 0 when out of memory. */
int sp_binding_made(sp_conn *conn, SSL_SESSION *session);
/* Whether the name in a later hello is the one of the first. */
int sp_binding_same_name(const sp_conn *conn, const uint8_t *name, size_t len);

/* Client: whether the session, which the connection has been given, may be offered. May leave entries in the error queue. */
int sp_binding_fits(sp_conn *conn, SSL_SESSION *session);

#endif
