/* tests/fuzz/fuzz_proxy.c - octets as what a proxy answers. The first octet says how they are cut
 * into pieces, whether it speaks SOCKS (0x40), and whether it wants a login (0x80). However they
 * are cut, we say the same, take the same, and it ends alike. */
#include <stdlib.h>

#include "gateway/edge/proxy.h"
#include "tests/vectors/proxy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct outcome {
    struct gw_proxy proxy;
    struct writer said;
    size_t left;
    uint8_t said_octets[GW_PROXY_SAYS];
};

static void must(bool truth)
{
    if (!truth) {
        abort();
    }
}

static void run(struct outcome *o, struct span octets, unsigned how, size_t piece)
{
    struct conf_proxy conf = {.kind =
                                  (how & PROXY_SOCKS) != 0 ? CONF_PROXY_SOCKS5 : CONF_PROXY_HTTP,
                              .user = (how & PROXY_LOGIN) != 0 ? "me" : NULL,
                              .password = (how & PROXY_LOGIN) != 0 ? "pw" : NULL};

    o->said = writer_of(o->said_octets, sizeof o->said_octets);
    gw_proxy_init(&o->proxy, &conf, "broker.example", 8883);
    write_span(&o->said, gw_proxy_output(&o->proxy));
    while (octets.len != 0 && o->proxy.state == GW_STAGE_OPENING) {
        struct span part = span_of(octets.at, piece < octets.len ? piece : octets.len);
        size_t given = part.len;

        gw_proxy_input(&o->proxy, &part);
        octets = span_from(octets, given - part.len);
        must(part.len == 0 || o->proxy.state != GW_STAGE_OPENING);
        if (o->proxy.state == GW_STAGE_OPENING) {
            write_span(&o->said, gw_proxy_output(&o->proxy));
        }
    }
    o->left = octets.len;
    must(!o->said.bad);
    must((o->proxy.state == GW_STAGE_OVER) == (o->proxy.cause != NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct outcome whole;
    static struct outcome cut;
    struct span octets = span_from(span_of(data, size), 1);
    unsigned how = size == 0 ? 0 : data[0];

    run(&whole, octets, how, SIZE_MAX);
    run(&cut, octets, how, 1 + (how & 0x3F));
    must(whole.proxy.state == cut.proxy.state && whole.left == cut.left);
    must(whole.proxy.cause == NULL || strcmp(whole.proxy.cause, cut.proxy.cause) == 0);
    must(whole.proxy.state != GW_STAGE_OPENING || /* at its end nothing more is said */
         span_equal(span_of(whole.said.start, written(&whole.said)),
                    span_of(cut.said.start, written(&cut.said))));
    gw_proxy_fini(&whole.proxy);
    gw_proxy_fini(&cut.proxy);
    must(whole.proxy.budget.used == 0 && cut.proxy.budget.used == 0);
    return 0;
}
