#include "gateway/edge/ws_head.h"

#include <strings.h>

#define FIRST_ROOM 512u

/* clang-format off */
static const struct {
    const char *name;
    enum gw_ws_field field;
} fields[] = {
    {"Host", GW_WS_HOST},
    {"Sec-WebSocket-Key", GW_WS_KEY},
    {"Sec-WebSocket-Version", GW_WS_VERSION},
    {"Sec-WebSocket-Accept", GW_WS_ACCEPT},
    {"Sec-WebSocket-Extensions", GW_WS_EXTENSIONS},
};

static const struct {
    const char *list;
    const char *word;
    enum gw_ws_word is;
    bool exact; /* capitals matter */
} words[] = {
    {"Upgrade", "websocket", GW_WS_WEBSOCKET, false},
    {"Connection", "upgrade", GW_WS_UPGRADE, false},
    {"Sec-WebSocket-Protocol", "mqtt", GW_WS_MQTT, true},
    {"Sec-WebSocket-Protocol", "mqttv3.1", GW_WS_MQTT_3_1, true},
};
/* clang-format on */

static bool may_stand_in_a_head(uint8_t octet)
{
    return (octet >= ' ' && octet != 0x7F) || octet == '\t' || octet == '\r' || octet == '\n';
}

static bool has_room(struct gw_ws_collector *collector, struct budget *budget)
{
    struct block *more = collector->block;

    if (more == NULL) {
        more = block_new(budget, FIRST_ROOM);
    } else if (collector->len == more->len) {
        more = block_resize(more, 2 * (size_t)more->len);
    }
    if (more == NULL) {
        return false;
    }
    collector->block = more;
    return true;
}

static enum gw_ws_taken take(struct gw_ws_collector *collector, uint8_t octet,
                             struct budget *budget)
{
    bool empty = collector->line == 0;

    if (!may_stand_in_a_head(octet)) {
        return GW_WS_NOT_HTTP;
    }
    if (collector->len == GW_WS_HEAD_MOST) {
        return GW_WS_TOO_LONG;
    }
    if (!has_room(collector, budget)) {
        return GW_WS_NO_MEMORY;
    }
    collector->block->octets[collector->len++] = octet;
    if (octet == '\n') {
        collector->line = 0;
        return empty ? GW_WS_WHOLE : GW_WS_MORE;
    }
    collector->line = (uint16_t)(collector->line + (octet != '\r'));
    return GW_WS_MORE;
}

enum gw_ws_taken gw_ws_collect(struct gw_ws_collector *collector, struct span *octets,
                               struct budget *budget)
{
    struct reader r = reader_of(*octets);
    enum gw_ws_taken taken = GW_WS_MORE;

    while (taken == GW_WS_MORE && read_left(&r) != 0) {
        taken = take(collector, read_u8(&r), budget);
    }
    *octets = read_rest(&r);
    return taken;
}

void gw_ws_forget(struct gw_ws_collector *collector)
{
    block_drop(collector->block);
    *collector = (struct gw_ws_collector){0};
}

/* What stands before the next `end`, which is taken too, or else the rest. */
static struct span read_until(struct reader *r, char end)
{
    const uint8_t *found = read_left(r) == 0 ? NULL : memchr(r->at, end, read_left(r));
    struct span before = {NULL, 0};

    if (found == NULL) {
        return read_rest(r);
    }
    before = read_span(r, (size_t)(found - r->at));
    (void)read_u8(r);
    return before;
}

static bool is_blank(uint8_t octet)
{
    return octet == ' ' || octet == '\t';
}

static struct span trim(struct span text)
{
    while (text.len != 0 && is_blank(text.at[0])) {
        text = span_from(text, 1);
    }
    while (text.len != 0 && is_blank(text.at[text.len - 1])) {
        text.len--;
    }
    return text;
}

static bool has(struct span text, char octet)
{
    return text.len != 0 && memchr(text.at, octet, text.len) != NULL;
}

static bool is_word(struct span text, const char *word, bool exact)
{
    if (text.len != strlen(word)) {
        return false;
    }
    return exact ? memcmp(text.at, word, text.len) == 0
                 : strncasecmp((const char *)text.at, word, text.len) == 0;
}

static unsigned meaning_of(struct span list, struct span item)
{
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (is_word(list, words[i].list, false) && is_word(item, words[i].word, words[i].exact)) {
            return words[i].is;
        }
    }
    return 0;
}

static void read_list(struct gw_ws_head *head, struct span name, struct span value)
{
    struct reader r = reader_of(value);

    while (read_left(&r) != 0) {
        head->words |= meaning_of(name, trim(read_until(&r, ',')));
    }
}

static void read_field(struct gw_ws_head *head, struct span name, struct span value)
{
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        enum gw_ws_field field = fields[i].field;

        if (is_word(name, fields[i].name, false)) {
            head->field[field] = value;
            head->count[field] = head->count[field] == 0 ? 1 : 2;
        }
    }
    read_list(head, name, value);
}

/* A line without its end; a CR elsewhere in it marks `r` bad. */
static struct span read_line(struct reader *r)
{
    struct span line = read_until(r, '\n');

    if (line.len != 0 && line.at[line.len - 1] == '\r') {
        line.len--;
    }
    r->bad |= has(line, '\r');
    return line;
}

bool gw_ws_head_read(struct gw_ws_head *head, struct span octets)
{
    struct reader r = reader_of(octets);
    struct reader first = reader_of(read_line(&r));
    struct span line;

    *head = (struct gw_ws_head){0};
    head->line[0] = read_until(&first, ' ');
    head->line[1] = read_until(&first, ' ');
    head->line[2] = read_rest(&first);
    for (line = read_line(&r); line.len != 0; line = read_line(&r)) {
        struct reader parts = reader_of(line);
        struct span name = read_until(&parts, ':');

        /* A blank before the colon, or a line that goes on with the one before, hides things from
         * proxies: RFC 9112, 5.1 and 5.2. */
        if (name.len == 0 || name.len == line.len || has(name, ' ') || has(name, '\t')) {
            return false;
        }
        read_field(head, name, trim(read_rest(&parts)));
    }
    return !r.bad && head->line[0].len != 0 && head->line[1].len != 0;
}
