#include "gateway/edge/proxy.h"

#include <arpa/inet.h>

#include "base/text.h"

#define REASON_LEN 80u /* octets of a proxy's words that are told */

enum { SOCKS = 5, SOCKS_LOGIN = 1, NO_LOGIN = 0, LOGIN = 2, REFUSED = 0xFF, CONNECT = 1 };
enum { IPV4 = 1, NAME = 3, IPV6 = 4 };

static void give_up(struct gw_proxy *proxy, const char *cause)
{
    proxy->state = GW_STAGE_OVER;
    proxy->cause = cause;
}

/* --- what we say ----------------------------------------------------------------------------- */

static void write_authority(struct writer *w, const char *host, uint16_t port)
{
    bool has_brackets = strchr(host, ':') != NULL;

    write_text(w, has_brackets ? "[" : "");
    write_text(w, host);
    write_text(w, has_brackets ? "]:" : ":");
    write_decimal(w, port);
}

static void write_connect(struct writer *w, const struct conf_proxy *conf, const char *host,
                          uint16_t port)
{
    uint8_t login[512];
    struct writer plain = writer_of(login, sizeof login);

    write_text(w, "CONNECT ");
    write_authority(w, host, port);
    write_text(w, " HTTP/1.1\r\nHost: ");
    write_authority(w, host, port);
    if (conf->user != NULL) {
        write_text(&plain, conf->user);
        write_text(&plain, ":");
        write_text(&plain, conf->password);
        write_text(w, "\r\nProxy-Authorization: Basic ");
        write_base64(w, span_of(login, written(&plain)));
    }
    write_text(w, "\r\n\r\n");
    explicit_bzero(login, sizeof login);
}

static void write_counted(struct writer *w, const char *text)
{
    write_u8(w, (uint8_t)strlen(text));
    write_text(w, text);
}

static void write_greeting(struct writer *w, bool has_login)
{
    write_u8(w, SOCKS);
    write_u8(w, has_login ? 2 : 1);
    write_u8(w, NO_LOGIN);
    if (has_login) {
        write_u8(w, LOGIN);
    }
}

static void write_login(struct writer *w, const struct conf_proxy *conf)
{
    if (conf->user != NULL) {
        write_u8(w, SOCKS_LOGIN);
        write_counted(w, conf->user);
        write_counted(w, conf->password);
    }
}

static void write_request(struct writer *w, const char *host, uint16_t port)
{
    uint8_t ip[16];

    write_u8(w, SOCKS);
    write_u8(w, CONNECT);
    write_u8(w, 0);
    if (inet_pton(AF_INET, host, ip) == 1) {
        write_u8(w, IPV4);
        write_span(w, span_of(ip, 4));
    } else if (inet_pton(AF_INET6, host, ip) == 1) {
        write_u8(w, IPV6);
        write_span(w, span_of(ip, 16));
    } else {
        write_u8(w, NAME);
        write_counted(w, host);
    }
    write_u16(w, port);
}

void gw_proxy_init(struct gw_proxy *proxy, const struct conf_proxy *conf, const char *host,
                   uint16_t port)
{
    struct writer w = writer_of(proxy->says, sizeof proxy->says);

    *proxy = (struct gw_proxy){.has_login = conf->user != NULL,
                               .budget = {.limit = (size_t)4 * GW_WS_HEAD_MOST}};
    if (conf->kind == CONF_PROXY_HTTP) {
        proxy->step = GW_PROXY_HTTP;
        write_connect(&w, conf, host, port);
        proxy->ends[0] = written(&w);
    } else {
        proxy->step = GW_PROXY_METHOD;
        write_greeting(&w, proxy->has_login);
        proxy->ends[0] = written(&w);
        write_login(&w, conf);
        proxy->ends[1] = written(&w);
        write_request(&w, host, port);
        proxy->ends[2] = written(&w);
    }
    proxy->due = proxy->ends[0];
    if (w.bad) {
        give_up(proxy, "no request has room for so long a name");
    }
}

void gw_proxy_fini(struct gw_proxy *proxy)
{
    explicit_bzero(proxy->says, sizeof proxy->says);
    gw_ws_forget(&proxy->head);
}

struct span gw_proxy_output(struct gw_proxy *proxy)
{
    struct span now = span_of(proxy->says + proxy->said, proxy->due - proxy->said);

    proxy->said = proxy->due;
    return now;
}

/* --- HTTP ------------------------------------------------------------------------------------ */

static void refuse_status(struct gw_proxy *proxy, const struct gw_ws_head *head)
{
    struct writer w = writer_of((uint8_t *)proxy->words, sizeof proxy->words);
    struct span reason = head->line[2];
    /* Tinyproxy answers a wrong login by 401. */
    bool wants_login = span_equal(head->line[1], span_of_text("407")) ||
                       span_equal(head->line[1], span_of_text("401"));

    reason.len = reason.len < REASON_LEN ? reason.len : REASON_LEN;
    write_text(&w, "the proxy says ");
    write_printable(&w, head->line[1]);
    write_text(&w, reason.len == 0 ? "" : ": ");
    write_printable(&w, reason);
    if (wants_login) {
        write_text(&w, proxy->has_login ? ": is the login in `proxy` right?"
                                        : ": `proxy` has no USER:PASSWORD@");
    }
    write_end(&w);
    give_up(proxy, proxy->words);
}

static void judge_head(struct gw_proxy *proxy, struct span octets)
{
    struct gw_ws_head head;

    if (!gw_ws_head_read(&head, octets) || head.line[0].len != 8 ||
        memcmp(head.line[0].at, "HTTP/1.", 7) != 0 || head.line[1].len != 3) {
        give_up(proxy, "the proxy does not speak HTTP");
    } else if (head.line[1].at[0] != '2') { /* 9.3.6: any 2xx */
        refuse_status(proxy, &head);
    } else {
        proxy->state = GW_STAGE_UP;
    }
}

static void take_http(struct gw_proxy *proxy, struct span *octets)
{
    switch (gw_ws_collect(&proxy->head, octets, &proxy->budget)) {
    case GW_WS_MORE: return;
    case GW_WS_WHOLE: judge_head(proxy, gw_ws_collected(&proxy->head)); return;
    case GW_WS_TOO_LONG: give_up(proxy, "the proxy's answer has more than 8 KiB"); return;
    case GW_WS_NO_MEMORY: give_up(proxy, "no memory"); return;
    default: give_up(proxy, "the proxy does not speak HTTP");
    }
}

/* --- SOCKS ----------------------------------------------------------------------------------- */

static const char not_socks[] = "the proxy does not speak SOCKS 5";

static void judge_method(struct gw_proxy *proxy, uint8_t version, uint8_t method)
{
    if (version != SOCKS) {
        give_up(proxy, not_socks);
    } else if (method == LOGIN && proxy->has_login) {
        proxy->step = GW_PROXY_LOGIN;
        proxy->due = proxy->ends[1];
    } else if (method == NO_LOGIN) {
        proxy->step = GW_PROXY_REPLY;
        proxy->said = proxy->ends[1]; /* without it */
        proxy->due = proxy->ends[2];
    } else if (method == REFUSED) {
        give_up(proxy, proxy->has_login ? "the proxy takes no login by user name and password"
                                        : "the proxy wants a login: `proxy` has no USER:PASSWORD@");
    } else {
        give_up(proxy, "the proxy chooses a way to log in that it was not offered");
    }
}

static void judge_login(struct gw_proxy *proxy, uint8_t version, uint8_t status)
{
    if (version != SOCKS_LOGIN) {
        give_up(proxy, not_socks);
    } else if (status != 0) {
        give_up(proxy, "the proxy refuses the login: is it right in `proxy`?");
    } else {
        proxy->step = GW_PROXY_REPLY;
        proxy->due = proxy->ends[2];
    }
}

/* RFC 1928, 6. */
static void judge_reply(struct gw_proxy *proxy, uint8_t reply)
{
    static const char *const replies[] = {
        [1] = "general SOCKS server failure", [2] = "connection not allowed by ruleset",
        [3] = "Network unreachable",          [4] = "Host unreachable",
        [5] = "Connection refused",           [6] = "TTL expired",
        [7] = "Command not supported",        [8] = "Address type not supported",
    };
    struct writer w = writer_of((uint8_t *)proxy->words, sizeof proxy->words);

    if (reply == 0) {
        proxy->state = GW_STAGE_UP;
        return;
    }
    write_text(&w, "the proxy says ");
    write_decimal(&w, reply);
    if (reply < sizeof replies / sizeof replies[0]) {
        write_text(&w, ": ");
        write_text(&w, replies[reply]);
    }
    write_end(&w);
    give_up(proxy, proxy->words);
}

/* Octets of the address in a reply, by those that are there; 0: not known yet. */
static size_t address_len(struct reader r)
{
    (void)read_span(&r, 3);
    switch (read_u8(&r)) {
    case IPV4: return 4;
    case IPV6: return 16;
    case NAME: {
        uint8_t len = read_u8(&r);

        return r.bad ? 0 : 1u + len;
    }
    default: return 0;
    }
}

static bool is_known_type(uint8_t type)
{
    return type == IPV4 || type == NAME || type == IPV6;
}

/* An address of a refusal is not waited for: some proxies send none. */
static void judge_reply_so_far(struct gw_proxy *proxy)
{
    struct reader r = reader_of(span_of(proxy->answer, proxy->answer_len));
    struct reader start = r;
    size_t len = 0;
    uint8_t version = read_u8(&r);
    uint8_t reply = read_u8(&r);
    uint8_t type = 0;

    if (version != SOCKS) {
        give_up(proxy, not_socks);
        return;
    }
    if (!r.bad && reply != 0) {
        judge_reply(proxy, reply);
        return;
    }
    (void)read_u8(&r);
    type = read_u8(&r);
    if (r.bad) {
        return;
    }
    len = address_len(start);
    if (!is_known_type(type)) {
        give_up(proxy, not_socks);
    } else if (len != 0 && proxy->answer_len == 4 + len + 2) {
        judge_reply(proxy, 0);
    }
}

static void take_socks(struct gw_proxy *proxy, uint8_t octet)
{
    const uint8_t *answer = proxy->answer;

    proxy->answer[proxy->answer_len++] = octet;
    if (proxy->step == GW_PROXY_REPLY) {
        judge_reply_so_far(proxy);
    } else if (proxy->answer_len == 2) {
        proxy->answer_len = 0;
        (proxy->step == GW_PROXY_METHOD ? judge_method : judge_login)(proxy, answer[0], answer[1]);
    }
}

void gw_proxy_input(struct gw_proxy *proxy, struct span *octets)
{
    struct reader r = reader_of(*octets);

    if (proxy->step == GW_PROXY_HTTP) {
        if (proxy->state == GW_STAGE_OPENING) {
            take_http(proxy, octets);
        }
        return;
    }
    while (proxy->state == GW_STAGE_OPENING && read_left(&r) != 0) {
        take_socks(proxy, read_u8(&r));
    }
    *octets = read_rest(&r);
}
