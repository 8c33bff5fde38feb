#include "tests/hub/fixture.h"

#include <stdlib.h>

struct site *site_begin(const char *text, bool stored)
{
    struct site *site = calloc(1, sizeof *site);
    struct conf_source source = {"test.conf", span_of_text(text)};
    struct conf_report report = {0};
    struct hub_setup setup = {.seed = 1, .wall_ms = 1700000000000, .stored = stored};

    assert_non_null(site);
    site->now_ms = 1000;
    site->conf = conf_read(&source, 1, NULL, &report);
    for (size_t i = 0; site->conf == NULL && i < report.count; i++) {
        print_error("%s: %s\n", report.items[i].key, report.items[i].text);
    }
    conf_report_fini(&report);
    assert_non_null(site->conf);
    setup.conf = site->conf;
    site->hub = hub_new(&setup, site->now_ms);
    assert_non_null(site->hub);
    return site;
}

struct site *site_new(const char *text, bool stored)
{
    struct site *site = site_begin(text, stored);

    hub_restored(site->hub, site->now_ms);
    return site;
}

void site_free(struct site *site)
{
    hub_free(site->hub);
    conf_free(site->conf);
    free(site);
}

void site_says(struct site *site, uint8_t node, struct span wire)
{
    struct sn_peer peer = {.forwarder = true, .addr_len = 6, .addr = {10, 0, 0, node, 7, 92}};

    hub_datagram(site->hub, &peer, wire, site->now_ms);
    hub_pump(site->hub, site->now_ms);
}

struct span site_hears(struct site *site, uint8_t node)
{
    struct sn_out out;

    while (sn_gate_output(hub_gate(site->hub), 0, NULL, &out)) {
        size_t len = out.wire.len;

        memcpy(site->out, out.wire.at, len);
        sn_gate_sent(hub_gate(site->hub), 0, 1, site->now_ms);
        if (out.peer.addr[3] == node) {
            return span_of(site->out, len);
        }
    }
    return (struct span){NULL, 0};
}

void site_wait(struct site *site, uint64_t ms)
{
    for (; ms > 0; ms--) {
        site->now_ms++;
        if (hub_deadline(site->hub) <= site->now_ms) {
            hub_tick(site->hub, site->now_ms);
            hub_pump(site->hub, site->now_ms);
        }
    }
}

const char *site_log(struct site *site)
{
    struct hub_news news;

    while (hub_event(site->hub, &news)) {
        if (news.kind == HUB_LOG) {
            return news.text;
        }
    }
    return NULL;
}
