#include "gateway/edge/ws_open.h"

#include <mbedtls/base64.h>
#include <mbedtls/md.h>

#include "base/text.h"

#define KEY_LEN    16u
#define SHA1_LEN   20u
#define TEXT_LEN   32u /* of a key or its acceptance in base64, with a NUL */
#define REASON_LEN 64u /* of a server's words that are told */
#define GUID       "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

/* clang-format off */
static const struct gw_ws_refusal
    not_http = {"400 Bad Request", "", "this port takes MQTT over WebSocket, and that was not HTTP/1.1"},
    too_long = {"431 Request Header Fields Too Large", "", "the request has more than 8 KiB"},
    no_memory = {"503 Service Unavailable", "", "no memory for another WebSocket"},
    not_here = {"404 Not Found", "", "the path is not that of MQTT over WebSocket"},
    not_get = {"405 Method Not Allowed", "Allow: GET\r\n", "a WebSocket is opened by GET"},
    no_upgrade = {"426 Upgrade Required", "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n",
                  "the request does not ask for a WebSocket; MQTT programs do, a browser's address line does not"},
    not_13 = {"426 Upgrade Required", "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n",
              "Sec-WebSocket-Version is not 13"},
    no_host = {"400 Bad Request", "", "the request has no Host, or more than one"},
    no_key = {"400 Bad Request", "", "Sec-WebSocket-Key is not 16 octets in base64"},
    no_protocol = {"400 Bad Request", "", "the client does not offer the sub-protocol mqtt"};
/* clang-format on */

/* The first `len` octets of the SHA-1 of `a` and `b`, in base64, with a NUL. */
static void write_digest(char out[TEXT_LEN], struct span a, struct span b, size_t len)
{
    uint8_t whole[128];
    uint8_t sum[SHA1_LEN];
    struct writer w = writer_of(whole, sizeof whole);
    size_t out_len = 0;

    write_span(&w, a);
    write_span(&w, b);
    /* Neither can fail: SHA-1 of a short text, and a text that fits. */
    (void)mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_SHA1), whole, written(&w), sum);
    (void)mbedtls_base64_encode((unsigned char *)out, TEXT_LEN, &out_len, sum, len);
}

static void accept_of(char out[TEXT_LEN], struct span key)
{
    write_digest(out, key, span_of_text(GUID), SHA1_LEN);
}

/* One way, so that the key on the wire does not tell what the masks will be. */
static void key_of(char out[TEXT_LEN], uint64_t seed)
{
    write_digest(out, span_of(&seed, sizeof seed), (struct span){NULL, 0}, KEY_LEN);
}

static bool is_key(struct span text)
{
    uint8_t key[KEY_LEN + 2];
    size_t len = 0;

    return text.len == 24 && mbedtls_base64_decode(key, sizeof key, &len, text.at, text.len) == 0 &&
           len == KEY_LEN;
}

static bool is(struct span text, const char *word)
{
    return span_equal(text, span_of_text(word));
}

static struct span without_query(struct span target)
{
    const uint8_t *query = target.len == 0 ? NULL : memchr(target.at, '?', target.len);

    return query == NULL ? target : span_of(target.at, (size_t)(query - target.at));
}

static const struct gw_ws_refusal *judge(const struct gw_ws_head *head, const char *path)
{
    const unsigned upgrade = GW_WS_WEBSOCKET | GW_WS_UPGRADE;
    const struct {
        bool good;
        const struct gw_ws_refusal *refusal;
    } rules[] = {
        {is(without_query(head->line[1]), path), &not_here},
        {is(head->line[0], "GET"), &not_get},
        {(head->words & upgrade) == upgrade, &no_upgrade},
        {is(gw_ws_only(head, GW_WS_VERSION), "13"), &not_13},
        {head->count[GW_WS_HOST] == 1, &no_host},
        {is_key(gw_ws_only(head, GW_WS_KEY)), &no_key},
        {(head->words & (GW_WS_MQTT | GW_WS_MQTT_3_1)) != 0, &no_protocol},
    };

    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        if (!rules[i].good) {
            return rules[i].refusal;
        }
    }
    return NULL;
}

const struct gw_ws_refusal *gw_ws_judge_request(struct span octets, enum gw_ws_taken taken,
                                                const char *path)
{
    struct gw_ws_head head;

    switch (taken) {
    case GW_WS_TOO_LONG: return &too_long;
    case GW_WS_NO_MEMORY: return &no_memory;
    case GW_WS_WHOLE:
        return gw_ws_head_read(&head, octets) && is(head.line[2], "HTTP/1.1") ? judge(&head, path)
                                                                              : &not_http;
    default: return &not_http;
    }
}

void gw_ws_write_welcome(struct writer *w, struct span request)
{
    struct gw_ws_head head;
    char accept[TEXT_LEN];

    (void)gw_ws_head_read(&head, request);
    accept_of(accept, head.field[GW_WS_KEY]);
    write_text(w,
               "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
               "Sec-WebSocket-Accept: ");
    write_text(w, accept);
    write_text(w, "\r\nSec-WebSocket-Protocol: ");
    write_text(w, (head.words & GW_WS_MQTT) != 0 ? "mqtt" : "mqttv3.1");
    write_text(w, "\r\n\r\n");
}

void gw_ws_write_refusal(struct writer *w, const struct gw_ws_refusal *refusal, const char *path)
{
    write_text(w, "HTTP/1.1 ");
    write_text(w, refusal->status);
    write_text(w, "\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n");
    write_text(w, refusal->fields);
    write_text(w, "\r\n");
    write_text(w, refusal->text);
    if (refusal == &not_here) {
        write_text(w, ", which is ");
        write_text(w, path);
    }
    write_text(w, "\n");
}

void gw_ws_write_request(struct writer *w, const struct gw_ws_to *to)
{
    bool brackets = strchr(to->host, ':') != NULL;
    char key[TEXT_LEN];

    key_of(key, to->seed);
    write_text(w, "GET ");
    write_text(w, to->path);
    write_text(w, " HTTP/1.1\r\nHost: ");
    write_text(w, brackets ? "[" : "");
    write_text(w, to->host);
    write_text(w, brackets ? "]:" : ":");
    write_decimal(w, to->port);
    write_text(w, "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ");
    write_text(w, key);
    write_text(w, "\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n");
}

static const char *what_is_wrong(const struct gw_ws_head *head, const struct gw_ws_to *to)
{
    const unsigned upgrade = GW_WS_WEBSOCKET | GW_WS_UPGRADE;
    char key[TEXT_LEN];
    char accept[TEXT_LEN];

    key_of(key, to->seed);
    accept_of(accept, span_of_text(key));
    if (!is(head->line[0], "HTTP/1.1") || (head->words & upgrade) != upgrade) {
        return "the server answers 101, but not with a WebSocket";
    }
    if (!is(gw_ws_only(head, GW_WS_ACCEPT), accept)) {
        return "the server's Sec-WebSocket-Accept does not fit: a cache or a proxy on the way?";
    }
    if ((head->words & GW_WS_MQTT) == 0) {
        return "the server chose no sub-protocol mqtt";
    }
    if (head->count[GW_WS_EXTENSIONS] != 0) {
        return "the server chose an extension that was not offered";
    }
    return NULL;
}

static void write_status(struct writer *w, const struct gw_ws_head *head)
{
    struct span reason = head->line[2];

    reason.len = reason.len < REASON_LEN ? reason.len : REASON_LEN;
    write_text(w, "the server answers ");
    write_printable(w, head->line[1]);
    write_text(w, reason.len == 0 ? "" : " ");
    write_printable(w, reason);
    write_text(w, ", not a WebSocket");
}

static const char *what_came(enum gw_ws_taken taken)
{
    switch (taken) {
    case GW_WS_TOO_LONG: return "the server's answer has more than 8 KiB";
    case GW_WS_NO_MEMORY: return "no memory";
    default: return "the server does not speak HTTP";
    }
}

bool gw_ws_judge_answer(struct span octets, enum gw_ws_taken taken, const struct gw_ws_to *to,
                        struct writer *why)
{
    struct gw_ws_head head;
    const char *text = what_came(taken);

    if (taken == GW_WS_WHOLE && gw_ws_head_read(&head, octets) && head.line[0].len == 8 &&
        memcmp(head.line[0].at, "HTTP/1.", 7) == 0 && head.line[1].len == 3) {
        if (!is(head.line[1], "101")) {
            write_status(why, &head);
            write_end(why);
            return false;
        }
        text = what_is_wrong(&head, to);
    }
    write_text(why, text == NULL ? "" : text);
    write_end(why);
    return text == NULL;
}
