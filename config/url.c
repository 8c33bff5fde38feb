#include "config/address.h"

#include "base/text.h"
#include "config/arena.h"
#include "config/number.h"

static const struct scheme {
    const char *name;
    uint16_t port;
} schemes[] = {
    [CONF_MQTT] = {"mqtt", 1883},
    [CONF_MQTTS] = {"mqtts", 8883},
    [CONF_WS] = {"ws", 80},
    [CONF_WSS] = {"wss", 443},
};

#define SCHEMES (sizeof schemes / sizeof schemes[0])

static const char wrong_url[] = "is not a URL such as mqtt://HOST:1883 or mqtts://HOST";
static const char wrong_port[] = "has no port between 1 and 65535";

static bool is_web(enum conf_scheme scheme)
{
    return scheme == CONF_WS || scheme == CONF_WSS;
}

/* Takes `SCHEME://` off; false: it begins with none that we know. */
static bool take_scheme(struct span *text, struct conf_url *url)
{
    for (size_t i = 0; i < SCHEMES; i++) {
        struct span name = span_of_text(schemes[i].name);

        if (text->len > name.len + 3 && span_equal(span_of(text->at, name.len), name) &&
            memcmp(text->at + name.len, "://", 3) == 0) {
            *text = span_from(*text, name.len + 3);
            *url = (struct conf_url){(enum conf_scheme)i, schemes[i].port, NULL, NULL};
            return true;
        }
    }
    return false;
}

/* Where the first of `octets` stands, or the length. */
static size_t first(struct span text, uint8_t octet)
{
    const uint8_t *at = text.len == 0 ? NULL : memchr(text.at, octet, text.len);

    return at == NULL ? text.len : (size_t)(at - text.at);
}

static bool has(const char *text, uint8_t octet)
{
    struct span all = span_of_text(text);

    return first(all, octet) < all.len;
}

/* HOST or [ADDRESS] at the front of `text`, which becomes what follows. */
static struct span take_host(struct span *text)
{
    bool has_brackets = text->len != 0 && text->at[0] == '[';
    size_t len = first(*text, has_brackets ? ']' : ':');
    struct span host = span_of(text->at, len);

    if (has_brackets) {
        host = len < text->len ? span_of(text->at + 1, len - 1) : (struct span){NULL, 0};
        len += len < text->len;
    }
    *text = span_from(*text, len);
    return host;
}

static bool is_host(struct span host)
{
    for (size_t i = 0; i < host.len; i++) {
        uint8_t octet = host.at[i];

        if (octet <= 0x20 || octet == 0x7F || octet == '@' || octet == '[' || octet == ']' ||
            octet == '?') {
            return false;
        }
    }
    return host.len != 0 && host.len <= 255;
}

/* :PORT */
static bool read_port(struct span text, uint16_t *port)
{
    uint64_t number = 0;

    if (text.len == 0 || text.at[0] != ':' ||
        conf_number_read(span_from(text, 1), &number) != NULL || number == 0 || number > 65535) {
        return false;
    }
    *port = (uint16_t)number;
    return true;
}

const char *conf_url_read(struct span text, struct conf_url *out, struct conf_arena *arena)
{
    struct conf_url url = {0};
    struct span path;
    struct span host;

    if (!take_scheme(&text, &url)) {
        return wrong_url;
    }
    path = span_from(text, first(text, '/'));
    text.len -= path.len;
    host = take_host(&text);
    if (!is_host(host)) {
        return wrong_url;
    }
    if (text.len != 0 && !read_port(text, &url.port)) {
        return wrong_port;
    }
    if (path.len > 1 && !is_web(url.scheme)) {
        return "has a path, which only ws:// and wss:// take";
    }
    url.host = conf_arena_text(arena, host);
    url.path = path.len == 0 ? "/mqtt" : conf_arena_text(arena, path);
    *out = url;
    return NULL;
}

void conf_url_write(const struct conf_url *url, struct writer *w)
{
    struct span host = span_of_text(url->host);
    bool has_brackets = first(host, ':') < host.len;

    write_text(w, schemes[url->scheme].name);
    write_text(w, has_brackets ? "://[" : "://");
    write_text(w, url->host);
    write_text(w, has_brackets ? "]:" : ":");
    write_decimal(w, url->port);
    write_text(w, is_web(url->scheme) ? url->path : "");
}

/* --- proxies --------------------------------------------------------------------------------- */

#define LOGIN_MOST 255u /* octets, as SOCKS has it */

static const char *const proxies[] = {[CONF_PROXY_HTTP] = "http", [CONF_PROXY_SOCKS5] = "socks5"};

static enum conf_proxy_kind take_proxy_kind(struct span *text)
{
    size_t len = first(*text, ':');
    struct span name = span_of(text->at, len);

    for (unsigned i = CONF_PROXY_HTTP; i <= CONF_PROXY_SOCKS5; i++) {
        if (span_equal(name, span_of_text(proxies[i])) && text->len > len + 3 &&
            memcmp(text->at + len, "://", 3) == 0) {
            *text = span_from(*text, len + 3);
            return (enum conf_proxy_kind)i;
        }
    }
    return CONF_NO_PROXY;
}

static unsigned digit_of(uint8_t octet)
{
    static const char digits[] = "0123456789abcdefABCDEF";
    unsigned at = (unsigned)first(span_of_text(digits), octet);

    return at == sizeof digits - 1 ? 256 : at - (at > 15 ? 6u : 0u);
}

/* Octets, or %XX; NULL: ill-formed, a control character, or too long. */
static const char *decode(struct span text, struct conf_arena *arena)
{
    uint8_t plain[LOGIN_MOST];
    struct writer w = writer_of(plain, sizeof plain);
    struct reader r = reader_of(text);

    while (read_left(&r) != 0) {
        unsigned octet = read_u8(&r);

        if (octet == '%') {
            octet = digit_of(read_u8(&r)) * 16;
            octet += digit_of(read_u8(&r));
        }
        if (r.bad || octet > 255 || octet < 0x20 || octet == 0x7F) {
            return NULL;
        }
        write_u8(&w, (uint8_t)octet);
    }
    return w.bad ? NULL : conf_arena_text(arena, span_of(plain, written(&w)));
}

/* USER:PASSWORD@ at the front of `text`, which becomes what follows the last '@'. */
static const char *take_login(struct span *text, struct conf_proxy *proxy, struct conf_arena *arena)
{
    struct span login = *text;
    size_t colon = 0;

    while (login.len != 0 && login.at[login.len - 1] != '@') {
        login.len--;
    }
    if (login.len == 0) {
        return NULL;
    }
    *text = span_from(*text, login.len);
    login.len--;
    colon = first(login, ':');
    proxy->user = decode(span_of(login.at, colon), arena);
    proxy->password = decode(span_from(login, colon + 1), arena);
    if (proxy->user == NULL || proxy->password == NULL) {
        return "has a login that is not USER:PASSWORD, 255 octets each, what is special as %XX";
    }
    if (proxy->kind == CONF_PROXY_SOCKS5 &&
        (proxy->user[0] == '\0' || proxy->password[0] == '\0')) {
        return "has an empty user name or password, which SOCKS does not take";
    }
    if (proxy->kind == CONF_PROXY_HTTP && has(proxy->user, ':')) {
        return "has a colon in its user name, which HTTP does not take";
    }
    return NULL;
}

const char *conf_proxy_read(struct span text, struct conf_proxy *out, struct conf_arena *arena)
{
    struct conf_proxy proxy = {.kind = take_proxy_kind(&text)};
    const char *wrong = NULL;
    struct span host;

    if (proxy.kind == CONF_NO_PROXY) {
        return "is not a URL such as http://HOST:8080 or socks5://HOST:1080";
    }
    wrong = take_login(&text, &proxy, arena);
    if (wrong != NULL) {
        return wrong;
    }
    host = take_host(&text);
    if (!is_host(host) || first(host, '/') != host.len) {
        return "is not a URL such as http://HOST:8080 or socks5://HOST:1080";
    }
    if (!read_port(text, &proxy.port)) {
        return wrong_port;
    }
    proxy.host = conf_arena_text(arena, host);
    *out = proxy;
    return NULL;
}

static void encode(struct span text, struct writer *w)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] > ' ' && !has("%:@/;\"$", text.at[i])) {
            write_u8(w, text.at[i]);
        } else {
            write_text(w, "%");
            write_hex(w, span_of(text.at + i, 1));
        }
    }
}

void conf_proxy_write(const struct conf_proxy *proxy, struct writer *w)
{
    bool has_brackets = has(proxy->host, ':');

    write_text(w, proxies[proxy->kind]);
    write_text(w, "://");
    if (proxy->user != NULL) {
        encode(span_of_text(proxy->user), w);
        write_text(w, ":");
        encode(span_of_text(proxy->password), w);
        write_text(w, "@");
    }
    write_text(w, has_brackets ? "[" : "");
    write_text(w, proxy->host);
    write_text(w, has_brackets ? "]:" : ":");
    write_decimal(w, proxy->port);
}
