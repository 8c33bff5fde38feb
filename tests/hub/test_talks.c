/* tests/hub/test_talks.c - exchanges that nodes of other people had with this gateway, kept in
 * tests/vectors/talks and held again: each datagram of the node, each of ours, octet by octet.
 *
 *     # what it was
 *     > octets                       the node sends
 *     < octets                       the gateway sends, this and in this order
 *     ! topic qos retain payload     somebody else publishes
 *     = topic payload                somebody else reads
 */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "sn/flags.h"
#include "sn/packet.h"
#include "tests/hub/fixture.h"

#define TALKS  "tests/vectors/talks"
#define NODE   1
#define READER 2
#define WRITER 8 /* and those above: one for each message */
#define HEARD  16u

static const char conf[] = "[listener lan]\ntype = udp\nbind = 0.0.0.0:1884\nretry = 2s\n"
                           "forwarders = any\nallow_insecure = yes\n"
                           "publish_without_connect = yes\n"
                           "[topics default]\n1 = pre/one\n10 = pre/ten\n"
                           "[store]\npath = none\n";

struct heard {
    uint8_t octets[HEARD][512];
    size_t len[HEARD];
    size_t first;
    size_t end;
};

struct talk {
    struct site *site;
    const char *file;
    unsigned line;
    uint8_t writers;
    uint16_t topics; /* that the reader subscribed */
    struct heard node;
    struct heard reader;
};

static size_t octets_of(const char *text, uint8_t *out, size_t size)
{
    size_t len = 0;

    for (; text[0] != '\0' && text[1] != '\0' && len < size; text += 2) {
        char pair[3] = {text[0], text[1], '\0'};
        char *end = NULL;

        out[len++] = (uint8_t)strtoul(pair, &end, 16);
        assert_ptr_equal(end, pair + 2);
    }
    return len;
}

static void keep(struct heard *heard, struct span wire)
{
    assert_true(heard->end < HEARD && wire.len <= sizeof heard->octets[0]);
    memcpy(heard->octets[heard->end], wire.at, wire.len);
    heard->len[heard->end++] = wire.len;
}

/* The oldest datagram that came; empty: none. */
static struct span take(struct heard *heard)
{
    size_t i = heard->first;

    if (i == heard->end) {
        return (struct span){NULL, 0};
    }
    heard->first++;
    if (heard->first == heard->end) {
        heard->first = heard->end = 0;
    }
    return span_of(heard->octets[i], heard->len[i]);
}

static void say(struct talk *talk, uint8_t node, struct span wire)
{
    struct sn_gate *gate = hub_gate(talk->site->hub);
    struct sn_out out;

    site_says(talk->site, node, wire);
    while (sn_gate_output(gate, 0, NULL, &out)) {
        if (out.peer.addr[3] == NODE) {
            keep(&talk->node, out.wire);
        } else if (out.peer.addr[3] == READER) {
            keep(&talk->reader, out.wire);
        }
        sn_gate_sent(gate, 0, 1, talk->site->now_ms);
    }
}

static void say_packet(struct talk *talk, uint8_t node, const struct sn_packet *pkt)
{
    uint8_t wire[512];
    size_t len = sn_packet_encode(pkt, wire, sizeof wire);

    assert_int_not_equal(len, 0);
    say(talk, node, span_of(wire, len));
}

static void connect_as(struct talk *talk, uint8_t node)
{
    uint8_t id[2] = {'x', (uint8_t)('0' + node)};

    say_packet(talk, node,
               &(struct sn_packet){.type = SN_CONNECT,
                                   .flags = SN_FLAG_CLEAN,
                                   .protocol = SN_PROTOCOL_ID,
                                   .duration_s = 600,
                                   .data = span_of(id, sizeof id)});
}

/* Somebody else connects, registers, publishes, and leaves. */
static void publish(struct talk *talk, const char *args)
{
    char topic[64];
    char payload[64];
    unsigned qos = 0;
    unsigned retain = 0;
    uint8_t node = (uint8_t)(WRITER + talk->writers++);
    uint8_t flags = 0;

    assert_int_equal(sscanf(args, "%63s %u %u %63s", topic, &qos, &retain, payload), 4);
    flags = (uint8_t)(sn_flags_of_qos((int)qos) | (retain != 0 ? SN_FLAG_RETAIN : 0));
    connect_as(talk, node);
    say_packet(talk, node,
               &(struct sn_packet){.type = SN_REGISTER, .msg_id = 1, .data = span_of_text(topic)});
    say_packet(talk, node,
               &(struct sn_packet){.type = SN_PUBLISH,
                                   .flags = flags,
                                   .topic_id = 1,
                                   .msg_id = qos == 0 ? 0 : 2,
                                   .data = span_of_text(payload)});
    if (qos == 2) {
        say_packet(talk, node, &(struct sn_packet){.type = SN_PUBREL, .msg_id = 2});
    }
    say_packet(talk, node, &(struct sn_packet){.type = SN_DISCONNECT});
}

/* The reader subscribes the topic of a line that begins with '='. */
static void subscribe(struct talk *talk, const char *args)
{
    char topic[64];

    assert_int_equal(sscanf(args, "%63s", topic), 1);
    if (talk->topics++ == 0) {
        connect_as(talk, READER);
    }
    say_packet(talk, READER,
               &(struct sn_packet){
                   .type = SN_SUBSCRIBE, .msg_id = talk->topics, .data = span_of_text(topic)});
    talk->reader.first = talk->reader.end = 0;
}

static void read_one(struct talk *talk, const char *args)
{
    const char *payload = strchr(args, ' ');
    struct span wire = take(&talk->reader);
    struct sn_packet pkt;

    assert_non_null(payload);
    if (sn_packet_decode(&pkt, wire) != SN_OK) {
        fail_msg("%s:%u: nobody read it", talk->file, talk->line);
    }
    assert_int_equal(pkt.type, SN_PUBLISH);
    assert_span_equal(pkt.data, span_of_text(payload + 1));
}

static void hear_one(struct talk *talk, const char *args)
{
    uint8_t wire[512];
    size_t len = octets_of(args, wire, sizeof wire);
    struct span came = take(&talk->node);

    if (!span_equal(came, span_of(wire, len))) {
        print_error("%s:%u: wanted %s, %zu octets came\n", talk->file, talk->line, args, came.len);
    }
    assert_span_equal(came, span_of(wire, len));
}

static void replay(struct talk *talk, const char *line)
{
    uint8_t wire[512];
    const char *args = line + 2;

    switch (line[0]) {
    case '>': say(talk, NODE, span_of(wire, octets_of(args, wire, sizeof wire))); break;
    case '<': hear_one(talk, args); break;
    case '!': publish(talk, args); break;
    case '=': read_one(talk, args); break;
    default: assert_int_equal(line[0], '#');
    }
}

/* Every line of the open file, without its end, to `each`. */
static void walk(struct talk *talk, FILE *file, void (*each)(struct talk *, const char *))
{
    char line[1100];

    rewind(file);
    for (talk->line = 1; fgets(line, sizeof line, file) != NULL; talk->line++) {
        line[strcspn(line, "\n")] = '\0';
        each(talk, line);
    }
}

static void set_reader(struct talk *talk, const char *line)
{
    if (line[0] == '=') {
        subscribe(talk, line + 2);
    }
}

static void hold(const char *name)
{
    struct talk talk = {.site = site_new(conf, false), .file = name};
    char path[256];
    FILE *file = NULL;

    (void)snprintf(path, sizeof path, TALKS "/%s", name);
    file = fopen(path, "r");
    assert_non_null(file);
    walk(&talk, file, set_reader);
    walk(&talk, file, replay);
    assert_int_equal(take(&talk.node).len, 0); /* nothing beyond what was recorded */
    (void)fclose(file);
    site_free(talk.site);
}

static void the_gateway_says_again_what_it_said_to_nodes_of_others(void **state)
{
    DIR *folder = opendir(TALKS);
    struct dirent *entry = NULL;
    size_t held = 0;

    (void)state;
    assert_non_null(folder);
    while ((entry = readdir(folder)) != NULL) {
        if (strstr(entry->d_name, ".txt") != NULL) {
            hold(entry->d_name);
            held++;
        }
    }
    (void)closedir(folder);
    assert_true(held > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_gateway_says_again_what_it_said_to_nodes_of_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
