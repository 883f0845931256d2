/* bio.h - the window of a connection, and the overflow behind its output. */
#ifndef SP_BIO_H
#define SP_BIO_H

#include "internal.h"

int sp_bio_init(void);
/* A BIO over the window of conn, for both directions. NULL on failure. Owns: the caller. */
BIO *sp_bio_new(sp_conn *conn);

/* Appends ciphertext to the output window; what does not fit goes to the overflow. 0 when out of memory. */
int sp_window_write(sp_conn *conn, const uint8_t *bytes, size_t len);
/* Moves the overflow into the output window, as far as it fits. */
void sp_overflow_drain(sp_conn *conn);
void sp_overflow_free(sp_conn *conn);

#endif
