#include "gateway/edge/token.h"

#include <mbedtls/base64.h>
#include <mbedtls/md.h>
#include <string.h>

#include "base/text.h"

#define SHA256_OCTETS 32u
#define KEY_OCTETS    512u
#define AZURE_S       UINT64_C(3600)
#define TENCENT_S     UINT64_C(86400)
#define CONNID        5u

/* One login in the making. */
struct making {
    const struct conf_upstream *conf;
    const struct gw_token_moment *moment;
    struct hub_credentials *login;
    struct writer w; /* of the token's room */
    struct gw_fault *fault;
};

/* Texts are written one behind the other; each is cut off when it is done. */
static struct span cut(struct making *m)
{
    struct span text = span_of(m->w.start, written(&m->w));

    m->w.start = m->w.at; /* it stays bad when it was */
    return text;
}

/* --- keys and digests ------------------------------------------------------------------------ */

static bool hmac(struct span key, struct span text, uint8_t digest[SHA256_OCTETS])
{
    return mbedtls_md_hmac(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), key.at, key.len, text.at,
                           text.len, digest) == 0;
}

/* As above, by a key in base64. */
static bool hmac_by_base64(struct making *m, struct span text, uint8_t digest[SHA256_OCTETS])
{
    uint8_t key[KEY_OCTETS];
    struct span given = span_of_text(m->conf->password.text);
    size_t len = 0;
    bool good = mbedtls_base64_decode(key, sizeof key, &len, given.at, given.len) == 0 && len > 0;

    good = good ? hmac(span_of(key, len), text, digest)
                : gw_fail(m->fault, "its password is no key in base64");
    explicit_bzero(key, sizeof key);
    return good;
}

static bool is_plain(uint8_t octet)
{
    return (octet >= 'a' && octet <= 'z') || (octet >= 'A' && octet <= 'Z') ||
           (octet >= '0' && octet <= '9') || (octet != 0 && strchr("-_.~", octet) != NULL);
}

static void write_url(struct writer *w, struct span text)
{
    static const char digits[] = "0123456789ABCDEF";

    for (size_t i = 0; i < text.len; i++) {
        uint8_t octet = text.at[i];

        if (is_plain(octet)) {
            write_u8(w, octet);
        } else {
            write_u8(w, '%');
            write_u8(w, (uint8_t)digits[octet >> 4]);
            write_u8(w, (uint8_t)digits[octet & 15]);
        }
    }
}

/* The text up to `octet`, or all of it. */
static struct span up_to(struct span text, uint8_t octet)
{
    const uint8_t *at = text.len == 0 ? NULL : memchr(text.at, octet, text.len);

    return at == NULL ? text : span_of(text.at, (size_t)(at - text.at));
}

/* --- Azure IoT Hub --------------------------------------------------------------------------- */

static bool is_signature(const struct conf_upstream *conf)
{
    return conf->password.text == NULL ||
           strncmp(conf->password.text, "SharedAccessSignature ", 22) == 0;
}

static bool make_azure(struct making *m)
{
    uint8_t digest[SHA256_OCTETS];
    uint8_t room[64];
    struct writer sig = writer_of(room, sizeof room);
    uint64_t end_s = m->moment->wall_ms / 1000 + AZURE_S;
    struct span resource;

    write_url(&m->w, up_to(span_of_text(m->conf->username), '/'));
    write_text(&m->w, "%2Fdevices%2F");
    write_url(&m->w, span_of_text(m->conf->client_id));
    resource = span_of(m->w.start, written(&m->w));
    write_text(&m->w, "\n");
    write_decimal(&m->w, end_s);
    if (!hmac_by_base64(m, cut(m), digest)) {
        return false;
    }
    write_base64(&sig, span_of(digest, sizeof digest));
    write_text(&m->w, "SharedAccessSignature sr=");
    write_span(&m->w, resource);
    write_text(&m->w, "&sig=");
    write_url(&m->w, span_of(room, written(&sig)));
    write_text(&m->w, "&se=");
    write_decimal(&m->w, end_s);
    m->login->password = cut(m);
    m->login->good_ms = AZURE_S * 900;
    return true;
}

/* --- Tencent IoT Hub ------------------------------------------------------------------------- */

static bool is_expiring(const struct conf_upstream *conf)
{
    return conf->username == NULL || strchr(conf->username, ';') != NULL;
}

static void write_connid(struct writer *w, uint64_t chance)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";

    for (size_t i = 0; i < CONNID; i++) {
        write_u8(w, (uint8_t)letters[chance % 32]);
        chance /= 32;
    }
}

/* With a certificate there is no password, but the user name is the same. */
static bool make_tencent(struct making *m)
{
    uint8_t digest[SHA256_OCTETS];

    write_text(&m->w, m->conf->username);
    write_text(&m->w, ";12010126;");
    write_connid(&m->w, m->moment->chance);
    write_text(&m->w, ";");
    write_decimal(&m->w, m->moment->wall_ms / 1000 + TENCENT_S);
    m->login->username = cut(m);
    m->login->good_ms = TENCENT_S * 900;
    if (m->conf->password.text == NULL) {
        return true;
    }
    if (!hmac_by_base64(m, m->login->username, digest)) {
        return false;
    }
    write_hex(&m->w, span_of(digest, sizeof digest));
    write_text(&m->w, ";hmacsha256");
    m->login->password = cut(m);
    return true;
}

/* --- Alibaba Cloud IoT Platform -------------------------------------------------------------- */

static bool is_signed(const struct conf_upstream *conf)
{
    return conf->username == NULL || conf->password.text == NULL ||
           strchr(conf->client_id, '|') != NULL;
}

/* What is signed: the fields in the order of their names, without anything between. */
static bool make_aliyun(struct making *m)
{
    struct span user = span_of_text(m->conf->username);
    struct span device = up_to(user, '&');
    uint8_t digest[SHA256_OCTETS];

    if (device.len == user.len) {
        return gw_fail(m->fault, "its username is not DEVICENAME&PRODUCTKEY");
    }
    write_text(&m->w, "clientId");
    write_text(&m->w, m->conf->client_id);
    write_text(&m->w, "deviceName");
    write_span(&m->w, device);
    write_text(&m->w, "productKey");
    write_span(&m->w, span_from(user, device.len + 1));
    write_text(&m->w, "timestamp");
    write_decimal(&m->w, m->moment->wall_ms);
    if (!hmac(span_of_text(m->conf->password.text), cut(m), digest)) {
        return gw_fail(m->fault, "no HMAC could be made");
    }
    write_text(&m->w, m->conf->client_id);
    write_text(&m->w, "|securemode=");
    write_text(&m->w, m->moment->is_tls ? "2" : "3");
    write_text(&m->w, ",signmethod=hmacsha256,timestamp=");
    write_decimal(&m->w, m->moment->wall_ms);
    write_text(&m->w, "|");
    m->login->client_id = cut(m);
    write_hex(&m->w, span_of(digest, sizeof digest));
    m->login->password = cut(m);
    return true;
}

/* --- all ------------------------------------------------------------------------------------- */

static const struct kind {
    const char *preset;
    bool (*is_there)(const struct conf_upstream *conf); /* the file has the login itself */
    bool (*make)(struct making *m);
} kinds[] = {
    {"azure-iothub", is_signature, make_azure},
    {"tencent", is_expiring, make_tencent},
    {"aliyun", is_signed, make_aliyun},
};

static const struct kind *kind_of(const struct conf_upstream *conf)
{
    for (size_t i = 0; conf->preset != NULL && i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kinds[i].preset, conf->preset) == 0) {
            return &kinds[i];
        }
    }
    return NULL;
}

bool gw_token_is_made(const struct conf_upstream *conf)
{
    const struct kind *kind = kind_of(conf);

    return kind != NULL && !kind->is_there(conf);
}

bool gw_token_make(struct gw_token *token, const struct conf_upstream *conf,
                   const struct gw_token_moment *moment, struct gw_fault *fault)
{
    struct making m = {.conf = conf, .moment = moment, .login = &token->login, .fault = fault};

    m.w = writer_of(token->room, sizeof token->room);
    token->login = (struct hub_credentials){
        .client_id = span_of_text(conf->client_id),
        .username = conf->username == NULL ? (struct span){NULL, 0} : span_of_text(conf->username),
    };
    return kind_of(conf)->make(&m) &&
           (!m.w.bad || gw_fail(fault, "client id and user name are too long"));
}

void gw_token_wipe(struct gw_token *token)
{
    explicit_bzero(token, sizeof *token);
}
