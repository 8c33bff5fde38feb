/* TLS between two stages, by PSK, with a hand on the line that cuts, changes, adds and drops
 * octets: what is heard is the beginning of what was said, whatever the hand does; all of it, and
 * both sides up, when it only cuts. */
#include <assert.h>
#include <stdlib.h>

#include "gateway/edge/tls_parts.h"

#define LINE 65536u

enum hand { CUT, CHANGE, ADD, DROP };

struct line {
    struct gw_stage *from;
    struct gw_stage *to;
    const char *say;
    size_t said; /* octets of it */
    uint8_t octets[LINE];
    size_t len;
    char heard[256];
    size_t heard_len;
};

/* Not chance at all, so that what was found is found again. */
static int next_octets(void *arg, unsigned char *out, size_t len)
{
    uint32_t *state = arg;

    for (size_t i = 0; i < len; i++) {
        *state = *state * 1103515245u + 12345u;
        out[i] = (uint8_t)(*state >> 16);
    }
    return 0;
}

static void set_client_psk(struct gw_tls_setup *client)
{
    static const int suites[] = {MBEDTLS_TLS_PSK_WITH_AES_128_GCM_SHA256, 0};
    static const uint8_t key[16] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    int error = mbedtls_ssl_conf_psk(&client->conf, key, sizeof key, (const uint8_t *)"roof", 4);

    assert(error == 0);
    mbedtls_ssl_conf_ciphersuites(&client->conf, suites);
}

static void fill(struct line *line)
{
    struct span plain = span_of(line->say + line->said, strlen(line->say) - line->said);
    struct writer w = writer_of(line->octets + line->len, LINE - line->len);

    if (write_left(&w) < GW_STAGE_LEAST) {
        return;
    }
    gw_stage_output(line->from, &plain, &w);
    assert(!w.bad);
    line->said = strlen(line->say) - plain.len;
    line->len += written(&w);
}

static void deliver(struct line *line, size_t len)
{
    struct span octets = span_of(line->octets, len < line->len ? len : line->len);
    size_t taken = octets.len;
    size_t got = 0;

    do {
        got = gw_stage_input(line->to, &octets, (uint8_t *)line->heard + line->heard_len,
                             sizeof line->heard - line->heard_len);
        line->heard_len += got;
    } while (line->to->state != GW_STAGE_OVER && (got != 0 || octets.len != 0));
    line->len -= taken;
    memmove(line->octets, line->octets + taken, line->len);
    assert(line->heard_len <= line->said);
    assert(memcmp(line->heard, line->say, line->heard_len) == 0);
}

/* True: octets are other than they were said. */
static bool touch(struct line *line, struct reader *r)
{
    unsigned what = read_u8(r);
    size_t at = line->len == 0 ? 0 : read_u16(r) % line->len;

    if (what % 4 == CHANGE && line->len != 0) {
        uint8_t flip = read_u8(r);

        line->octets[at] ^= flip;
        return flip != 0;
    }
    if (what % 4 == ADD && line->len < LINE) {
        memmove(line->octets + at + 1, line->octets + at, line->len - at);
        line->octets[at] = read_u8(r);
        line->len++;
        return true;
    }
    if (what % 4 == DROP && line->len != 0) {
        line->len--;
        memmove(line->octets + at, line->octets + at + 1, line->len - at);
        return true;
    }
    deliver(line, at + 1);
    return false;
}

static void settle(struct line lines[2])
{
    bool moved = true;

    while (moved) {
        moved = false;
        for (int i = 0; i < 2; i++) {
            fill(&lines[i]);
            moved = moved || lines[i].len != 0;
            deliver(&lines[i], LINE);
        }
    }
}

static void play(struct line lines[2], struct reader *r)
{
    bool touched = false;

    while (read_left(r) != 0 && !r->bad) {
        struct line *line = &lines[read_u8(r) % 2];

        fill(line);
        touched = touch(line, r) || touched;
    }
    settle(lines);
    for (int i = 0; i < 2 && !touched; i++) {
        assert(lines[i].from->state == GW_STAGE_UP);
        assert(lines[i].heard_len == strlen(lines[i].say));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct gw_tls_setup *server;
    static struct gw_tls_setup *client;
    static struct line lines[2];
    struct budget budget = {1u << 20, 0};
    struct reader r = reader_of(span_of(data, size));
    uint32_t chance = 1;

    if (server == NULL) {
        struct conf_secret secret = {"", "roof:01010101010101010101010101010101"};
        struct conf_broker broker = {.at = {"b", "f", 1, 0}, .psk = {&secret, 1}};
        struct conf_upstream upstream = {.at = {"u", "f", 2, 0}, .insecure = true};
        struct gw_fault fault;

        server = gw_tls_setup_server(&broker, &fault);
        client = gw_tls_setup_client(&upstream, NULL, &fault);
        assert(server != NULL && client != NULL);
        set_client_psk(client);
    }
    mbedtls_ssl_conf_rng(&server->conf, next_octets, &chance);
    mbedtls_ssl_conf_rng(&client->conf, next_octets, &chance);
    for (size_t i = 0; i < GW_TLS_KEPT; i++) {
        client->kept[i].at_ms = 0;
    }
    lines[0].from = lines[1].to = gw_tls_connect(client, "hub", &budget);
    lines[0].to = lines[1].from = gw_tls_accept(server, &budget);
    lines[0].say = "CONNECT, and a message that is a little longer";
    lines[1].say = "CONNACK";
    for (int i = 0; i < 2; i++) {
        lines[i].said = lines[i].len = lines[i].heard_len = 0;
        assert(lines[i].from != NULL);
    }
    play(lines, &r);
    gw_stage_free(lines[0].from);
    gw_stage_free(lines[0].to);
    assert(budget.used == 0);
    return 0;
}
