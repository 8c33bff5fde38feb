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

        if (octet <= 0x20 || octet == '@' || octet == '[' || octet == ']' || octet == '?') {
            return false;
        }
    }
    return host.len != 0 && host.len <= 255;
}

const char *conf_url_read(struct span text, struct conf_url *out, struct conf_arena *arena)
{
    struct conf_url url = {0};
    struct span path;
    struct span host;
    uint64_t port = 0;

    if (!take_scheme(&text, &url)) {
        return wrong_url;
    }
    path = span_from(text, first(text, '/'));
    text.len -= path.len;
    host = take_host(&text);
    if (!is_host(host)) {
        return wrong_url;
    }
    if (text.len != 0) {
        if (text.at[0] != ':' || conf_number_read(span_from(text, 1), &port) != NULL || port == 0 ||
            port > 65535) {
            return "has no port between 1 and 65535";
        }
        url.port = (uint16_t)port;
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
