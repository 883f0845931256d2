/* Bad input to a context: the entries of the error queue must be Node's, in Node's order, since the error codes that
 * users see are made of them. The cases are in data/errors.cases, the entries of Node 20 (on OpenSSL 3.0) in
 * data/errors.txt; data/errors-3.5.txt has the lines that OpenSSL 3.5 changed. */
#include "harness.h"

#include <openssl/crypto.h>
#include <openssl/err.h>

typedef struct input {
    uint8_t *bytes;
    size_t len;
} input;

typedef struct outcome {
    int32_t result;
    sp_report report;
} outcome;

static void unescape(char *text)
{
    char *to = text;

    for (const char *from = text; *from != 0; to++) {
        int newline = from[0] == '\\' && from[1] == 'n';
        *to = newline ? '\n' : *from;
        from += newline ? 2 : 1;
    }
    *to = 0;
}

static input read_input(const char *spec)
{
    char name[256];
    char *cut;
    input in;

    snprintf(name, sizeof(name), "%s", spec);
    if (spec[0] == '=') {
        in.bytes = (uint8_t *)strdup(spec + 1);
        unescape((char *)in.bytes);
        in.len = strlen((char *)in.bytes);
        return in;
    }
    if ((cut = strchr(name, '<')) != NULL)
        *cut++ = 0;
    in.bytes = test_read_fixture(name, &in.len);
    if (cut != NULL) {
        in.len = (size_t)atoi(cut);
        in.bytes[in.len] = 0;
    }
    return in;
}

/* NULL bytes: no passphrase at all. */
static input read_passphrase(const char *spec)
{
    input in = {NULL, 0};

    if (spec == NULL)
        return in;
    if (spec[0] == '*') {
        in.len = (size_t)atoi(spec + 1);
        in.bytes = malloc(in.len);
        memset(in.bytes, 'x', in.len);
    } else {
        in.bytes = (uint8_t *)strdup(strcmp(spec, "\"\"") == 0 ? "" : spec);
        in.len = strlen((char *)in.bytes);
    }
    return in;
}

static int32_t use(sp_ctx *ctx, const char *what, input in, const char *arg, sp_report *report)
{
    input pass = read_passphrase(arg);
    const char *text = (const char *)in.bytes;
    int32_t result = 0;

    if (strcmp(what, "key") == 0)
        result = sp_ctx_use_key(ctx, in.bytes, in.len, pass.bytes, pass.len, report);
    else if (strncmp(what, "cert", 4) == 0)
        result = sp_ctx_use_certificate(ctx, in.bytes, in.len, report);
    else if (strcmp(what, "pfx") == 0)
        result = sp_ctx_use_pfx(ctx, in.bytes, in.len, pass.bytes, pass.len, report);
    else if (strcmp(what, "ciphers") == 0)
        result = sp_ctx_set_cipher_list(ctx, text, report);
    else if (strcmp(what, "suites") == 0)
        result = sp_ctx_set_ciphersuites(ctx, text, report);
    else if (strcmp(what, "sidctx") == 0)
        result = sp_ctx_set_session_id_context(ctx, in.bytes, in.len, report);
    else if (strcmp(what, "groups") == 0)
        result = sp_ctx_set_groups(ctx, text, report);
    else if (strcmp(what, "sigalgs") == 0)
        result = sp_ctx_set_sigalgs(ctx, text, report);
    else if (strcmp(what, "dh") == 0)
        result = sp_ctx_set_dh(ctx, in.bytes, in.len, 1024, report);
    else if (strcmp(what, "crl") == 0)
        result = sp_ctx_add_crl(ctx, in.bytes, in.len, report);
    else
        test_failed(__FILE__, __LINE__, "no such case: %s", what);
    if (result == SP_OK && strcmp(what, "cert+") == 0) {
        input key = read_input(arg);
        result = sp_ctx_use_key(ctx, key.bytes, key.len, NULL, 0, report);
        free(key.bytes);
    }
    free(pass.bytes);
    return result;
}

/* As record-errors writes it: "ok" or the entries, oldest first. */
static void write_outcome(char *to, size_t cap, const outcome *from)
{
    size_t len = 0;

    if (from->result > 0) {
        snprintf(to, cap, "ok");
        return;
    }
    to[0] = 0;
    for (uint32_t i = 0; i < from->report.count; i++)
        len += (size_t)snprintf(to + len, cap - len, "%serror:%08llX:%s::%s", i == 0 ? "" : "\t",
                                (unsigned long long)from->report.error[i].code,
                                from->report.error[i].library_text, from->report.error[i].reason_text);
}

/* Node has texts of its own for some; these are the entries that they replace. */
static const char *in_nodes_words(const char *what, const outcome *from)
{
    static char text[128];

    if (strcmp(what, "groups") == 0)
        return "Failed to set ECDH curve";
    if (strcmp(what, "crl") == 0)
        return "Failed to parse CRL";
    if (strcmp(what, "sigalgs") == 0)
        return "error:00000000:lib(0)::reason(0)";
    if (strcmp(what, "pfx") != 0)
        return NULL;
    switch (from->result) {
    case SP_PFX_NO_KEY:
        return "Unable to load private key from PFX data";
    case SP_PFX_NO_CERT:
        return "Unable to load certificate from PFX data";
    case SP_PFX_UNSUPPORTED:
        return "Unsupported PKCS12 PFX data";
    default:
        snprintf(text, sizeof(text), "%s", from->report.error[0].reason_text);
        return text;
    }
}

/* The line "name <tab> rest" of a record file; 0 when it has none. */
static int find_line(const char *file, const char *name, char *rest, size_t cap)
{
    char path[512];
    char text[4096];
    size_t len = strlen(name);
    FILE *in;
    int found = 0;

    snprintf(path, sizeof(path), "%s/%s", SP_TEST_DATA, file);
    if ((in = fopen(path, "r")) == NULL)
        return 0;
    while (!found && fgets(text, sizeof(text), in) != NULL) {
        text[strcspn(text, "\n")] = 0;
        found = strncmp(text, name, len) == 0 && text[len] == '\t';
    }
    fclose(in);
    if (found)
        snprintf(rest, cap, "%s", text + len + 1);
    return found;
}

static int compare(const char *name, const char *what, const outcome *ours)
{
    char expected[4096], actual[8192];
    const char *words = in_nodes_words(what, ours);
    int newer = OPENSSL_version_major() > 3 || OPENSSL_version_minor() >= 5;

    CHECK(find_line("errors.txt", name, expected, sizeof(expected)));
    if (newer)
        find_line("errors-3.5.txt", name, expected, sizeof(expected));
    write_outcome(actual, sizeof(actual), ours);
    if (ours->result <= 0 && words != NULL && strncmp(words, expected, strlen(expected)) == 0)
        return 1;
    if (strcmp(actual, expected) == 0)
        return 1;
    fprintf(stderr, "    %s: ours\n%s\t%s\n    Node's\n%s\t%s\n", name, name, actual, name, expected);
    return 0;
}

static int run_case(char *line)
{
    const char *name = strsep(&line, "|"), *what = strsep(&line, "|"), *file = strsep(&line, "|");
    input in = read_input(file);
    static outcome ours;
    sp_ctx *ctx = sp_ctx_new(SP_ROLE_ANY, &ours.report);

    CHECK(ctx != NULL);
    ours.result = use(ctx, what, in, line, &ours.report);
    sp_ctx_free(ctx);
    free(in.bytes);
    CHECK_INT(ERR_peek_error(), 0);
    if (ours.result > 0)
        CHECK_INT(ours.report.count, 0);
    /* Below the limit of bits Node throws an error of its own, and input without DH parameters is ignored. */
    if (strcmp(what, "dh") == 0)
        return strcmp(name, "dh512") == 0                                       ? ours.result == 512
               : strcmp(name, "dhGarbage") == 0 || strcmp(name, "dhIsKey") == 0 ? ours.result == SP_IGNORED
                                                                                : ours.result >= 1024;
    return compare(name, what, &ours);
}

TEST(everyBadInputLeavesTheErrorsThatNodeReports)
{
    char path[512], text[1024];
    int cases = 0, wrong = 0;
    FILE *in;

    CHECK_INT(sp_library_init(NULL), SP_OK);
    snprintf(path, sizeof(path), "%s/errors.cases", SP_TEST_DATA);
    CHECK((in = fopen(path, "r")) != NULL);
    while (fgets(text, sizeof(text), in) != NULL) {
        text[strcspn(text, "\n")] = 0;
        if (text[0] == 0 || text[0] == '#')
            continue;
        cases++;
        if (!run_case(text)) {
            fprintf(stderr, "    %s\n", text);
            wrong++;
        }
    }
    fclose(in);
    CHECK(cases >= 75);
    CHECK_INT(wrong, 0);
    CHECK_INT(sp_library_live(SP_LIVE_CTX), 0);
}
