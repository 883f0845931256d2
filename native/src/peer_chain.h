/* peer_chain.h - certificate lists of a connection, each written as {u32 length, DER}*. 0 when there is none. */
#ifndef SP_PEER_CHAIN_H
#define SP_PEER_CHAIN_H

#include "internal.h"
#include "out.h"

/* Our leaf, then the chain that goes with it. */
int sp_own_chain_write(SSL *ssl, sp_out *out);
/* The peer's leaf, then what it sent with it. */
int sp_peer_chain_write(SSL *ssl, sp_out *out);
/* The peer's leaf, its issuer, and so on, from what it sent and from the trust store. */
int sp_completed_chain_write(SSL *ssl, sp_out *out);
/* Client: the names of the authorities that the server asked for. */
int sp_client_cas_write(SSL *ssl, sp_out *out);

#endif
