#include "config/nodename.h"

#include "base/text.h"
#include "base/utf8.h"
#include "config/expand.h"

bool conf_name_holds(uint8_t octet)
{
    return octet > ' ' && octet != 0x7F && octet != '/' && octet != '+' && octet != '#' &&
           octet != '%';
}

static void write_escape(uint8_t octet, struct writer *w)
{
    static const char digits[] = "0123456789ABCDEF";

    write_u8(w, '%');
    write_u8(w, (uint8_t)digits[octet >> 4]);
    write_u8(w, (uint8_t)digits[octet & 15]);
}

void conf_name_escape(struct span text, struct writer *w)
{
    bool is_text = utf8_is_text(text);

    for (size_t i = 0; i < text.len; i++) {
        uint8_t octet = text.at[i];

        if (conf_name_holds(octet) && (is_text || octet < 0x80)) {
            write_u8(w, octet);
        } else {
            write_escape(octet, w);
        }
    }
}

/* 0..15, or 16 when it is no digit that conf_name_escape writes. */
static unsigned digit_of(uint8_t octet)
{
    if (octet >= '0' && octet <= '9') {
        return octet - (unsigned)'0';
    }
    return octet >= 'A' && octet <= 'F' ? octet - (unsigned)'A' + 10 : 16;
}

bool conf_name_unescape(struct span name, struct writer *w)
{
    struct reader r = reader_of(name);

    while (read_left(&r) > 0) {
        uint8_t octet = read_u8(&r);
        unsigned high = 0;
        unsigned low = 0;

        if (octet != '%') {
            write_u8(w, octet);
            continue;
        }
        high = digit_of(read_u8(&r));
        low = digit_of(read_u8(&r));
        if (r.bad || high > 15 || low > 15) {
            return false;
        }
        write_u8(w, (uint8_t)(high << 4 | low));
    }
    return !w->bad;
}

bool conf_name_is_escaped(struct span name)
{
    return name.len != 0 && memchr(name.at, '%', name.len) != NULL;
}

/* %a: the address on the bus, else the node id behind a forwarder in hexadecimal digits. */
static struct span address_of(const struct conf_place *place, struct writer *w)
{
    if (place->address != 0) {
        write_decimal(w, place->address);
    } else {
        write_hex(w, place->wireless);
    }
    return span_of(w->start, written(w));
}

/* The template of the first group that has one, and holds the node. */
static const char *template_of(const struct conf *conf, const struct conf_place *place)
{
    for (size_t i = 0; i < conf->group_count; i++) {
        if (conf->group[i].name != NULL && conf_group_holds(&conf->group[i], place)) {
            return conf->group[i].name;
        }
    }
    return NULL;
}

bool conf_node_name(const struct conf *conf, const struct conf_place *place, struct writer *w)
{
    uint8_t address[512];
    uint8_t client_id[CONF_NAME_MOST];
    struct writer for_address = writer_of(address, sizeof address);
    struct writer for_id = writer_of(client_id, sizeof client_id);
    const char *template = place->node == NULL ? template_of(conf, place) : NULL;
    struct conf_values values = {0};

    if (place->node != NULL) {
        write_text(w, place->node->at.name);
        return !w->bad;
    }
    conf_name_escape(place->client_id, &for_id);
    values.of[CONF_CLIENT_ID] = span_of(client_id, written(&for_id));
    values.of[CONF_ADDRESS] = address_of(place, &for_address);
    if (place->listener != NULL) {
        values.of[CONF_LISTENER] = span_of_text(place->listener->at.name);
    }
    if (template != NULL && conf_expand(span_of_text(template), &values, 0, w)) {
        return !w->bad;
    }
    if (place->client_id.len != 0) {
        write_span(w, values.of[CONF_CLIENT_ID]);
        return !w->bad && !for_id.bad;
    }
    return conf_expand(span_of_text("%l-%a"), &values, 0, w) && !w->bad;
}
