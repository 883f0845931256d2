/* credentials.h - contexts from the files of ci/fixtures. */
#ifndef SP_TEST_CREDENTIALS_H
#define SP_TEST_CREDENTIALS_H

#include "pair.h"

/* A context without identity or trust. */
sp_ctx *ctx_bare(int32_t role, int32_t min, int32_t max);
/* Uses NAME-cert.pem or, if `certificate` is given, that file; and NAME-key.pem. */
void ctx_use(sp_ctx *ctx, const char *name, const char *certificate);
/* Trusts the certificates of a file; checks how many there are. */
void ctx_trust(sp_ctx *ctx, const char *file, int32_t count);
int32_t ctx_pfx(sp_ctx *ctx, const char *file, const char *pass, sp_report *report);
int32_t ctx_crl(sp_ctx *ctx, const char *file, sp_report *report);
/* A server with that identity, and a client that trusts ca1; both of version 1.3 alone when min and max are 0. */
pair *pair_as(const char *server, int32_t min, int32_t max);

/* DER of the first certificate of a PEM fixture; the caller frees the bytes. */
bytes fixture_der(const char *file);
/* One value of sp_ctx_get() or sp_conn_get(); len is SIZE_MAX when there is none. The caller frees the bytes. */
bytes ctx_value(sp_ctx *ctx, int32_t what);
bytes conn_value(sp_conn *conn, int32_t what);
#define NO_VALUE SIZE_MAX
/* How many {u32 length, bytes} items there are, and whether item `index` equals the certificate of that file. */
int item_count(const bytes *list);
int item_is(const bytes *list, int index, const char *file);
/* Value `what` of the context, or of the connection, is that certificate. */
int ctx_value_is(sp_ctx *ctx, int32_t what, const char *file);
int conn_value_is(sp_conn *conn, int32_t what, const char *file);

#endif
