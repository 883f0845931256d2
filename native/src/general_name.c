/* general_name.c - subject alternative names and access locations as unambiguous text.
 *
 * OpenSSL's own printer joins names with ", " and escapes nothing, so one name may pose as several. Node's answer,
 * followed here byte by byte: a value with a quote, backslash, comma or control character becomes a JSON string.
 */
#include "general_name.h"

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/objects.h>
#include <stdio.h>

/* Node takes an IA5String as Latin-1, other strings as UTF-8. */
enum charset { LATIN1, UTF8 };

static int is_safe(const uint8_t *text, size_t len, enum charset charset)
{
    for (size_t i = 0; i < len; i++) {
        uint8_t c = text[i];
        if (c == '"' || c == '\\' || c == ',' || c == '\'' || c < ' ' || c == 0x7f)
            return 0;
        if (charset == LATIN1 && c > '~')
            return 0;
    }
    return 1;
}

static void write_json_char(sp_out *out, uint8_t c, enum charset charset)
{
    static const char hex[] = "0123456789abcdef";
    char escape[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};

    if (c == '\\' || c == '"') {
        out_text(out, "\\");
        out_bytes(out, &c, 1);
    } else if ((c >= ' ' && c <= '~' && c != ',') || (charset == UTF8 && c >= 0x80)) {
        out_bytes(out, &c, 1);
    } else {
        out_bytes(out, escape, sizeof(escape));
    }
}

static void write_plain_char(sp_out *out, uint8_t c, enum charset charset)
{
    uint8_t two[2] = {(uint8_t)(0xc0 | c >> 6), (uint8_t)(0x80 | (c & 0x3f))};

    if (charset == LATIN1 && c >= 0x80)
        out_bytes(out, two, sizeof(two));
    else
        out_bytes(out, &c, 1);
}

/* `prefix` names an otherName's kind and stands inside the quotes, if there are any. */
static void write_text(sp_out *out, const char *prefix, const uint8_t *text, size_t len, enum charset charset,
                       enum general_name_form form)
{
    int quoted = form == GENERAL_NAME_QUOTED && !is_safe(text, len, charset);

    if (quoted)
        out_text(out, "\"");
    if (prefix != NULL) {
        out_text(out, prefix);
        out_text(out, ":");
    }
    for (size_t i = 0; i < len; i++) {
        if (quoted)
            write_json_char(out, text[i], charset);
        else
            write_plain_char(out, text[i], charset);
    }
    if (quoted)
        out_text(out, "\"");
}

static void write_string(sp_out *out, const char *prefix, const ASN1_STRING *text, enum charset charset,
                         enum general_name_form form)
{
    write_text(out, prefix, ASN1_STRING_get0_data(text), (size_t)ASN1_STRING_length(text), charset, form);
}

static int write_directory_name(sp_out *out, const X509_NAME *name, enum general_name_form form)
{
    /* JSON does the escaping; that of RFC 2253 would make Unicode unreadable. */
    const unsigned long flags =
        XN_FLAG_RFC2253 & ~(unsigned long)(ASN1_STRFLGS_ESC_MSB | ASN1_STRFLGS_ESC_CTRL);
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    int ok = bio != NULL && X509_NAME_print_ex(bio, name, 0, flags) >= 0;

    if (ok) {
        long len = BIO_get_mem_data(bio, &text);
        write_text(out, NULL, (const uint8_t *)text, len > 0 ? (size_t)len : 0, UTF8, form);
    }
    BIO_free(bio);
    return ok;
}

static void write_ip_address(sp_out *out, const ASN1_OCTET_STRING *ip)
{
    const uint8_t *b = ASN1_STRING_get0_data(ip);
    int len = ASN1_STRING_length(ip);
    char text[48];

    if (len == 4) {
        snprintf(text, sizeof(text), "%d.%d.%d.%d", b[0], b[1], b[2], b[3]);
    } else if (len == 16) {
        size_t n = 0;
        for (int i = 0; i < 16; i += 2)
            n += (size_t)snprintf(text + n, sizeof(text) - n, i == 0 ? "%X" : ":%X", b[i] << 8 | b[i + 1]);
    } else {
        snprintf(text, sizeof(text), "<invalid length=%d>", len);
    }
    out_text(out, text);
}

/* The kinds that OpenSSL 3 prints; all but SRVName hold UTF-8. */
static const char *other_name_kind(int nid)
{
    switch (nid) {
    case NID_id_on_SmtpUTF8Mailbox:
        return "SmtpUTF8Mailbox";
    case NID_XmppAddr:
        return "XmppAddr";
    case NID_SRVName:
        return "SRVName";
    case NID_ms_upn:
        return "UPN";
    case NID_NAIRealm:
        return "NAIRealm";
    default:
        return NULL;
    }
}

static void write_other_name(sp_out *out, const OTHERNAME *other, enum general_name_form form)
{
    int nid = OBJ_obj2nid(other->type_id);
    const char *kind = other_name_kind(nid);
    int wanted = nid == NID_SRVName ? V_ASN1_IA5STRING : V_ASN1_UTF8STRING;

    if (kind == NULL || other->value == NULL || other->value->type != wanted)
        out_text(out, "<unsupported>");
    else
        write_string(out, kind, other->value->value.asn1_string, nid == NID_SRVName ? LATIN1 : UTF8, form);
}

static void write_registered_id(sp_out *out, const ASN1_OBJECT *oid)
{
    char text[256] = "";

    OBJ_obj2txt(text, sizeof(text), oid, 1);
    out_text(out, text);
}

const char *sp_general_name_kind(const GENERAL_NAME *name)
{
    static const char *const kinds[] = {"othername",    "email", "DNS",        "X400Name",     "DirName",
                                        "EdiPartyName", "URI",   "IP Address", "Registered ID"};

    return name->type >= 0 && name->type < 9 ? kinds[name->type] : NULL;
}

int sp_general_name_value(sp_out *out, const GENERAL_NAME *name, enum general_name_form form)
{
    switch (name->type) {
    case GEN_DNS:
    case GEN_EMAIL:
    case GEN_URI:
        write_string(out, NULL, name->d.ia5, LATIN1, form);
        return 1;
    case GEN_DIRNAME:
        return write_directory_name(out, name->d.dirn, form);
    case GEN_IPADD:
        write_ip_address(out, name->d.ip);
        return 1;
    case GEN_RID:
        write_registered_id(out, name->d.rid);
        return 1;
    case GEN_OTHERNAME:
        write_other_name(out, name->d.otherName, form);
        return 1;
    default:
        out_text(out, "<unsupported>"); /* X.400 and EDI party names, as OpenSSL prints them */
        return 1;
    }
}
