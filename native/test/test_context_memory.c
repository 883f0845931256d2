/* Every allocation fails once: each call that configures a context must then fail without a crash, a leak of ours, or
 * an entry left in the queue. Only our own leaks are counted, not those of OpenSSL in such moments. */
#include "credentials.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

static long countdown = -1; /* allocations until the one that fails; -1 = none does */
static long served;

static int refuse(void)
{
    served++;
    return countdown >= 0 && countdown-- == 0;
}

static void *get(size_t size, const char *file, int line)
{
    (void)file, (void)line;
    return size == 0 || refuse() ? NULL : malloc(size);
}

static void *resize(void *at, size_t size, const char *file, int line)
{
    (void)file, (void)line;
    return refuse() ? NULL : realloc(at, size);
}

static void drop(void *at, const char *file, int line)
{
    (void)file, (void)line;
    free(at);
}

/* Before OpenSSL allocates anything: afterwards it refuses. */
__attribute__((constructor(101))) static void take_over(void)
{
    if (CRYPTO_set_mem_functions(get, resize, drop) != 1)
        abort();
}

static struct {
    uint8_t *bytes;
    size_t len;
} files[8];
enum { KEY_FILE, CERT_FILE, CHAIN_FILE, PFX_FILE, CA_FILE, CRL_FILE, DH_FILE, ENCRYPTED_FILE };

static void read_files(void)
{
    static const char *const names[] = {"server-rsa-key.pem",
                                        "server-rsa-cert.pem",
                                        "server-intermediate-fullchain.pem",
                                        "server-intermediate.pfx",
                                        "ca-bundle.pem",
                                        "ca1-crl-revoked.pem",
                                        "dh2048.pem",
                                        "server-rsa-key-encrypted.pem"};

    for (int i = 0; i < 8 && files[i].bytes == NULL; i++)
        files[i].bytes = test_read_fixture(names[i], &files[i].len);
}

#define FILE_OF(kind) files[kind].bytes, files[kind].len

static void use_everything(sp_ctx *ctx)
{
    static sp_report report;
    static uint8_t out[65536];

    sp_ctx_set_versions(ctx, 0x0303, 0x0304, &report);
    sp_ctx_set_cipher_list(ctx, "ECDHE-RSA-AES128-GCM-SHA256", &report);
    sp_ctx_set_groups(ctx, "P-256:X25519", &report);
    sp_ctx_set_sigalgs(ctx, "RSA+SHA256:ECDSA+SHA256:RSA-PSS+SHA256", &report);
    sp_ctx_set_dh(ctx, FILE_OF(DH_FILE), 1024, &report);
    sp_ctx_use_certificate(ctx, FILE_OF(CERT_FILE), &report);
    sp_ctx_use_key(ctx, FILE_OF(KEY_FILE), NULL, 0, &report);
    sp_ctx_use_key(ctx, FILE_OF(ENCRYPTED_FILE), (const uint8_t *)"passphrase", 10, &report);
    sp_ctx_use_certificate(ctx, FILE_OF(CHAIN_FILE), &report);
    sp_ctx_use_pfx(ctx, FILE_OF(PFX_FILE), (const uint8_t *)"passphrase", 10, &report);
    sp_ctx_use_roots(ctx, &report);
    sp_ctx_add_ca(ctx, FILE_OF(CA_FILE), 1, &report);
    sp_ctx_add_crl(ctx, FILE_OF(CRL_FILE), &report);
    sp_ctx_set_partial_chain(ctx, 1);
    for (int32_t what = SP_CTX_CERTIFICATE; what <= SP_CTX_CHAIN; what++)
        sp_ctx_get(ctx, what, out, sizeof(out));
}

static void round_trip(void)
{
    static sp_report report;
    sp_ctx *ctx = sp_ctx_new(SP_ROLE_SERVER, &report);

    if (ctx != NULL) {
        use_everything(ctx);
        sp_conn *conn = sp_conn_new(ctx, 1, &report);
        sp_ctx_free(ctx);
        sp_conn_free(conn);
    }
    countdown = -1;
    CHECK_INT(ERR_peek_error(), 0);
    check_nothing_lives();
}

TEST(anyAllocationMayFailOnce)
{
    long all, step;

    CHECK_INT(sp_library_init(NULL), SP_OK);
    read_files();
    round_trip();
    served = 0;
    round_trip(); /* the second: what OpenSSL never frees is allocated by now */
    all = served;
    CHECK(all > 1000);
    /* Some hundred of them, spread evenly; SP_EVERY_ALLOCATION tries each, which takes minutes. */
    step = getenv("SP_EVERY_ALLOCATION") != NULL ? 1 : 1 + all / 400;
    for (long i = 0; i < all; i += step) {
        countdown = i;
        round_trip();
    }
    for (int i = 0; i < 8; i++)
        free(files[i].bytes);
}
