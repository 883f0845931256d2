/* general_name.h - GENERAL_NAMEs as text, in the form of Node's certificate object. */
#ifndef SP_GENERAL_NAME_H
#define SP_GENERAL_NAME_H

#include <openssl/x509v3.h>

#include "out.h"

enum general_name_form {
    GENERAL_NAME_QUOTED, /* a value that could be mistaken for list syntax becomes a JSON string */
    GENERAL_NAME_PLAIN   /* what that JSON string stands for, always UTF-8 */
};

/* "DNS", "URI", "IP Address", ...: what stands before the colon. NULL for an unknown type. */
const char *sp_general_name_kind(const GENERAL_NAME *name);
/* Writes what stands behind the colon. Returns 0 when a directory name cannot be printed. */
int sp_general_name_value(sp_out *out, const GENERAL_NAME *name, enum general_name_form form);

#endif
