/* callbacks.h - the files that OpenSSL calls back: each installs its callbacks. */
#ifndef SP_CALLBACKS_H
#define SP_CALLBACKS_H

#include "internal.h"

/* client_hello.c */
void sp_hello_install(sp_ctx *ctx);
void sp_hello_reset(sp_conn *conn); /* a handshake starts, or the connection is freed */

/* cert_select.c; cert_cb belongs to the SSL */
void sp_cert_install(sp_conn *conn);

/* ocsp.c */
void sp_ocsp_install(sp_ctx *ctx);

/* session.c */
void sp_session_install(sp_ctx *ctx); /* the cache mode too */
void sp_session_drop_offer(sp_conn *conn);

/* alpn_npn.c */
void sp_alpn_install(sp_ctx *ctx);

/* observe.c; the info callback belongs to the SSL */
void sp_observe_install(sp_conn *conn);
void sp_observe_update(sp_conn *conn);                     /* the event mask or the handshake state changed */
void sp_observe_alert(sp_conn *conn, int sent, int value); /* value: level << 8 | description */

#endif
