#include "gateway/hub/say.h"

#include "base/text.h"
#include "config/address.h"

void hub_say(struct hub *hub, const struct hub_line_of_log *line)
{
    struct hub_log *log = &hub->log;
    size_t at = (log->first + log->count) % HUB_LOG_LINES;
    struct writer w = writer_of((uint8_t *)log->lines[at].text, HUB_LOG_TEXT);

    if (log->count == HUB_LOG_LINES) {
        log->lost++;
        return;
    }
    write_text(&w, line->what);
    if (line->name.at != NULL) {
        write_u8(&w, ' ');
        write_printable(&w, line->name);
    }
    if (line->more != NULL) {
        write_text(&w, ": ");
        write_text(&w, line->more);
    }
    write_end(&w);
    log->lines[at].level = line->level;
    log->lines[at].area = line->area;
    log->count++;
}

bool hub_write_address(struct writer *w, struct span octets)
{
    struct conf_address address = {.ip_len = octets.len < 18 ? 4 : 16, .is_any = false};
    struct reader r = reader_of(octets);
    struct span ip = read_span(&r, address.ip_len);

    address.port = read_u16(&r);
    if (octets.len == 1) { /* on a bus */
        write_decimal(w, octets.at[0]);
        return true;
    }
    if (r.bad) {
        return false;
    }
    memcpy(address.ip, ip.at, ip.len);
    conf_endpoint_write(&address, w);
    return true;
}

void hub_write_peer(struct writer *w, const struct sn_peer *peer)
{
    if (!hub_write_address(w, span_of(peer->addr, peer->addr_len))) {
        write_text(w, "a line");
    }
}

/* The ring has room again: what it could not take is told as a number. */
static bool say_lost(struct hub *hub)
{
    struct hub_log *log = &hub->log;
    uint8_t number[24];
    struct writer w = writer_of(number, sizeof number);

    if (log->lost == 0) {
        return false;
    }
    write_decimal(&w, log->lost);
    log->lost = 0;
    hub_say(hub, &(struct hub_line_of_log){CONF_WARNING, "log",
                                           "lines left out:", span_of(number, written(&w)), NULL});
    return true;
}

bool hub_said(struct hub *hub, struct hub_news *news)
{
    struct hub_log *log = &hub->log;
    size_t at = 0;

    if (log->count == 0 && !say_lost(hub)) {
        return false;
    }
    at = log->first;
    log->first = (log->first + 1) % HUB_LOG_LINES;
    log->count--;
    *news = (struct hub_news){.kind = HUB_LOG,
                              .level = log->lines[at].level,
                              .area = log->lines[at].area,
                              .text = log->lines[at].text};
    return true;
}
