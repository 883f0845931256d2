/* out.h - writes a value into caller memory that may be too small, and always counts its whole size.
 *
 * The getters of sp.h return the size needed whatever the capacity is. Nothing is written past `cap`; a piece that
 * does not fit whole is not written at all, and neither is any piece after it.
 */
#ifndef SP_OUT_H
#define SP_OUT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct sp_out {
    uint8_t *data;
    size_t cap;
    size_t len; /* grows past cap when the memory is too small */
} sp_out;

static inline sp_out out_into(uint8_t *data, size_t cap)
{
    sp_out out = {data, data == NULL ? 0 : cap, 0};
    return out;
}

static inline void out_bytes(sp_out *out, const void *bytes, size_t len)
{
    if (len != 0 && out->len <= out->cap && len <= out->cap - out->len)
        memcpy(out->data + out->len, bytes, len);
    else if (len != 0)
        out->cap = out->len < out->cap ? out->len : out->cap; /* a later, shorter piece must not be written */
    out->len += len;
}

static inline void out_text(sp_out *out, const char *text)
{
    out_bytes(out, text, strlen(text));
}

/* Starts a {u32 length, bytes} item whose length is not known yet; out_end() fills it in. */
static inline size_t out_begin(sp_out *out)
{
    uint32_t none = 0;
    out_bytes(out, &none, sizeof(none));
    return out->len;
}

static inline void out_end(sp_out *out, size_t begin)
{
    uint32_t len = (uint32_t)(out->len - begin);
    if (begin <= out->cap)
        memcpy(out->data + begin - sizeof(len), &len, sizeof(len));
}

static inline void out_item(sp_out *out, const void *bytes, size_t len)
{
    size_t begin = out_begin(out);
    out_bytes(out, bytes, len);
    out_end(out, begin);
}

#endif
