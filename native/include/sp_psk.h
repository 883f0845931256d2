/* sp_psk.h - pre-shared keys: the single synchronous upcall of the project, alone in its header and its file.
 *
 * OpenSSL asks for a PSK in the middle of a handshake message and cannot pause there. One process-wide function
 * answers for every connection; it runs on the thread that called sp_conn_read(), inside that call, and must not call
 * any function on the same connection.
 */
#ifndef SP_PSK_H
#define SP_PSK_H

#include "sp.h"

#ifdef __cplusplus
extern "C" {
#endif

/* token    the value given to sp_conn_set_psk()
 * name     server: the client's identity; client: the server's hint; NULL when there is none
 * identity client only: where to write the identity, without NUL, its room; the length goes to *identity_len
 * psk      where to write the key, its room
 * Returns  the length of the key, 0 = none (the handshake goes on without or fails, as OpenSSL decides). */
typedef int32_t (*sp_psk_fn)(int64_t token, const uint8_t *name, int32_t name_len, uint8_t *identity,
                             int32_t identity_cap, int32_t *identity_len, uint8_t *psk, int32_t psk_cap);

/* Sets the process-wide function; it is never unset while connections use it. Any thread. */
void sp_psk_set_function(sp_psk_fn function);
/* Makes this connection ask for PSKs. Before the first read. token 0 switches it off. */
int32_t sp_conn_set_psk(sp_conn *conn, int64_t token);
/* Server, before the first read: the hint for clients that negotiate a PSK suite of TLS 1.2; at most 256 bytes. */
int32_t sp_conn_set_psk_identity_hint(sp_conn *conn, const char *hint, sp_report *report);

#ifdef __cplusplus
}
#endif
#endif
