/* error.c - the thread's error queue becomes a report; the only file that calls ERR_get_error_all(). */
#include "error.h"

#include <openssl/err.h>
#include <string.h>

/* ERR_clear_error() walks all sixteen slots; on the hot path the queue is nearly always empty already. */
void sp_queue_clear(void)
{
    if (ERR_peek_error() != 0)
        ERR_clear_error();
}

void sp_enter(sp_report *report)
{
    if (report != NULL) {
        report->count = 0;
        report->alert = -1;
        report->alert_sent = 0;
        report->ssl_error = 0;
    }
    sp_queue_clear();
}

static void set_text(char *to, size_t room, const char *text)
{
    size_t len = text != NULL ? strlen(text) : 0;

    if (len >= room)
        len = room - 1;
    if (len > 0)
        memcpy(to, text, len);
    to[len] = '\0';
}

/* Of a file name the end is kept, which says most. */
static void set_file(char *to, size_t room, const char *file)
{
    size_t len = file != NULL ? strlen(file) : 0;

    set_text(to, room, len >= room ? file + (len - room + 1) : file);
}

static void set_entry(sp_error *entry, unsigned long code, const char *file, int line, const char *function,
                      const char *data, int flags)
{
    entry->code = code;
    entry->library = ERR_GET_LIB(code);
    entry->reason = ERR_GET_REASON(code);
    entry->line = line;
    entry->reserved = 0;
    set_text(entry->library_text, sizeof(entry->library_text), ERR_lib_error_string(code));
    set_text(entry->reason_text, sizeof(entry->reason_text), ERR_reason_error_string(code));
    set_text(entry->data, sizeof(entry->data), (flags & ERR_TXT_STRING) != 0 ? data : NULL);
    set_file(entry->file, sizeof(entry->file), file);
    set_text(entry->function, sizeof(entry->function), function);
}

/* The oldest entries name the cause, the newest its consequences: of a long queue the middle is dropped. */
static sp_error *next_entry(sp_report *report)
{
    enum { OLDEST = SP_ERRORS_MAX / 2 };

    if (report->count < SP_ERRORS_MAX)
        return &report->error[report->count++];
    memmove(&report->error[OLDEST], &report->error[OLDEST + 1],
            sizeof(report->error[0]) * (SP_ERRORS_MAX - OLDEST - 1));
    return &report->error[SP_ERRORS_MAX - 1];
}

int32_t sp_fail(sp_report *report)
{
    const char *file, *function, *data;
    int line, flags;
    unsigned long code;

    if (report == NULL) {
        sp_queue_clear();
        return SP_ERROR;
    }
    while ((code = ERR_get_error_all(&file, &line, &function, &data, &flags)) != 0)
        set_entry(next_entry(report), code, file, line, function, data, flags);
    return SP_ERROR;
}

int32_t sp_leave(sp_report *report, int ok)
{
    if (!ok)
        return sp_fail(report);
    sp_queue_clear();
    return SP_OK;
}
