#include "config/address.h"

#include "base/text.h"
#include "config/number.h"

static bool take_octet(struct span *text, uint64_t *out)
{
    size_t len = 0;

    while (len < text->len && len < 4 && text->at[len] != '.') {
        len++;
    }
    if (conf_number_read(span_of(text->at, len), out) != NULL || *out > 255) {
        return false;
    }
    *text = span_from(*text, len);
    return true;
}

/* Four numbers with dots into `ip`. */
static bool read_ip4(struct span text, uint8_t *ip)
{
    for (size_t i = 0; i < 4; i++) {
        uint64_t octet = 0;

        if (i != 0 && (text.len == 0 || text.at[0] != '.')) {
            return false;
        }
        text = i == 0 ? text : span_from(text, 1);
        if (!take_octet(&text, &octet)) {
            return false;
        }
        ip[i] = (uint8_t)octet;
    }
    return text.len == 0;
}

static int hex_digit(uint8_t octet)
{
    if (octet >= '0' && octet <= '9') {
        return octet - '0';
    }
    octet |= 0x20;
    return octet >= 'a' && octet <= 'f' ? octet - 'a' + 10 : -1;
}

/* One group of one to four digits; false: none or too many. */
static bool take_group(struct span *text, unsigned *out)
{
    size_t len = 0;

    *out = 0;
    for (; len < text->len && hex_digit(text->at[len]) >= 0; len++) {
        *out = *out << 4 | (unsigned)hex_digit(text->at[len]);
        if (len == 4) {
            return false;
        }
    }
    *text = span_from(*text, len);
    return len != 0;
}

/* Groups with colons, at most `limit` octets of them; returns how many octets, or SIZE_MAX. */
static size_t take_groups(struct span text, uint8_t *ip, size_t limit)
{
    size_t len = 0;
    unsigned group = 0;

    while (text.len != 0) {
        if (limit - len >= 4 && memchr(text.at, '.', text.len) != NULL &&
            memchr(text.at, ':', text.len) == NULL) {
            return read_ip4(text, ip + len) ? len + 4 : SIZE_MAX;
        }
        if (limit - len < 2 || !take_group(&text, &group)) {
            return SIZE_MAX;
        }
        ip[len++] = (uint8_t)(group >> 8);
        ip[len++] = (uint8_t)group;
        if (text.len == 1 || (text.len != 0 && text.at[0] != ':')) {
            return SIZE_MAX;
        }
        text = span_from(text, 1);
    }
    return len;
}

static bool read_ip6(struct span text, uint8_t *ip)
{
    uint8_t tail[16] = {0};
    size_t gap = 0;
    size_t head_len = 0;
    size_t tail_len = 0;

    while (gap + 1 < text.len && !(text.at[gap] == ':' && text.at[gap + 1] == ':')) {
        gap++;
    }
    if (gap + 1 >= text.len) {
        return take_groups(text, ip, 16) == 16;
    }
    head_len = take_groups(span_of(text.at, gap), ip, 14);
    if (head_len == SIZE_MAX) {
        return false;
    }
    tail_len = take_groups(span_from(text, gap + 2), tail, 14 - head_len);
    if (tail_len == SIZE_MAX) {
        return false;
    }
    memcpy(ip + 16 - tail_len, tail, tail_len);
    return true;
}

/* An address of either family; ip_len stays 0 when it is none. */
static void read_ip(struct span text, struct conf_address *out)
{
    struct conf_address found = {0};

    if (memchr(text.at, ':', text.len) != NULL) {
        found.ip_len = read_ip6(text, found.ip) ? 16 : 0;
    } else {
        found.ip_len = read_ip4(text, found.ip) ? 4 : 0;
    }
    found.bits = (uint8_t)(found.ip_len * 8);
    if (found.ip_len != 0) {
        *out = found;
    }
}

/* Where the last `octet` stands, or the length. */
static size_t last(struct span text, uint8_t octet)
{
    for (size_t i = text.len; i > 0; i--) {
        if (text.at[i - 1] == octet) {
            return i - 1;
        }
    }
    return text.len;
}

static struct span without_brackets(struct span host)
{
    bool has = host.len >= 2 && host.at[0] == '[' && host.at[host.len - 1] == ']';

    return has ? span_of(host.at + 1, host.len - 2) : host;
}

const char *conf_endpoint_read(struct span text, struct conf_address *out)
{
    size_t colon = last(text, ':');
    struct span host = span_of(text.at, colon);
    struct span ip = without_brackets(host);
    struct conf_address found = {0};
    uint64_t port = 0;

    if (host.len != 0 && (ip.len != host.len) == (memchr(ip.at, ':', ip.len) != NULL)) {
        read_ip(ip, &found);
    }
    if (found.ip_len == 0) {
        return "is not an address with port such as 0.0.0.0:1884 or [::]:1884";
    }
    if (conf_number_read(span_from(text, colon + 1), &port) != NULL || port > 65535) {
        return "has no port between 0 and 65535";
    }
    found.port = (uint16_t)port;
    *out = found;
    return NULL;
}

static void write_ip4(const uint8_t *ip, struct writer *w)
{
    for (size_t i = 0; i < 4; i++) {
        write_text(w, i == 0 ? "" : ".");
        write_decimal(w, ip[i]);
    }
}

static void write_group(unsigned group, struct writer *w)
{
    static const char digits[] = "0123456789abcdef";
    bool begun = false;

    for (int shift = 12; shift >= 0; shift -= 4) {
        unsigned digit = group >> shift & 15;

        begun = begun || digit != 0 || shift == 0;
        if (begun) {
            write_u8(w, (uint8_t)digits[digit]);
        }
    }
}

/* The longest row of two or more zero groups, as RFC 5952 shortens it. */
static size_t longest_gap(const uint8_t *ip, size_t *count)
{
    size_t best = 8;

    *count = 1;
    for (size_t i = 0; i < 8; i++) {
        size_t len = 0;

        while (i + len < 8 && ip[2 * (i + len)] == 0 && ip[2 * (i + len) + 1] == 0) {
            len++;
        }
        if (len > *count) {
            best = i;
            *count = len;
        }
    }
    return best;
}

static void write_ip6(const uint8_t *ip, struct writer *w)
{
    size_t count = 0;
    size_t gap = longest_gap(ip, &count);

    for (size_t i = 0; i < 8; i++) {
        if (i == gap) {
            write_text(w, "::");
            i += count - 1;
            continue;
        }
        write_text(w, i == 0 || i == gap + count ? "" : ":");
        write_group((unsigned)ip[2 * i] << 8 | ip[2 * i + 1], w);
    }
}

static void write_ip(const struct conf_address *address, struct writer *w)
{
    if (address->ip_len == 4) {
        write_ip4(address->ip, w);
    } else {
        write_ip6(address->ip, w);
    }
}

void conf_endpoint_write(const struct conf_address *address, struct writer *w)
{
    write_text(w, address->ip_len == 16 ? "[" : "");
    write_ip(address, w);
    write_text(w, address->ip_len == 16 ? "]:" : ":");
    write_decimal(w, address->port);
}

const char *conf_prefix_read(struct span text, struct conf_address *out)
{
    size_t slash = last(text, '/');
    struct conf_address found = {0};
    uint64_t bits = 0;

    if (span_equal(text, span_of_text("any"))) {
        *out = (struct conf_address){.is_any = true};
        return NULL;
    }
    read_ip(span_of(text.at, slash), &found);
    if (found.ip_len == 0) {
        return "is not an address or prefix such as 10.0.0.0/8 or fd00::/8";
    }
    if (slash < text.len) {
        if (conf_number_read(span_from(text, slash + 1), &bits) != NULL || bits > found.bits) {
            return "has no prefix length that fits the address";
        }
        found.bits = (uint8_t)bits;
    }
    *out = found;
    return NULL;
}

void conf_prefix_write(const struct conf_address *address, struct writer *w)
{
    if (address->is_any) {
        write_text(w, "any");
        return;
    }
    write_ip(address, w);
    if (address->bits != address->ip_len * 8) {
        write_text(w, "/");
        write_decimal(w, address->bits);
    }
}

bool conf_address_is_loopback(const struct conf_address *address)
{
    static const uint8_t one[16] = {[15] = 1};

    return (address->ip_len == 4 && address->ip[0] == 127) ||
           (address->ip_len == 16 && memcmp(address->ip, one, sizeof one) == 0);
}

bool conf_prefix_holds(const struct conf_address *prefix, struct span ip)
{
    size_t whole = prefix->bits / 8;
    unsigned rest = prefix->bits % 8;

    if (prefix->is_any) {
        return true;
    }
    if (ip.len != prefix->ip_len || memcmp(ip.at, prefix->ip, whole) != 0) {
        return false;
    }
    return rest == 0 || (ip.at[whole] ^ prefix->ip[whole]) >> (8 - rest) == 0;
}

bool conf_prefixes_hold(const struct conf_addresses *list, struct span ip, bool any)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct conf_address *one = &list->at[i];

        if (one->is_any ? any : conf_prefix_holds(one, ip)) {
            return true;
        }
    }
    return false;
}
