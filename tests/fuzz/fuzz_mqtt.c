/* tests/fuzz/fuzz_mqtt.c - octets as an MQTT stream: the first octet says how they are cut into
 * pieces, and which level the connection has. What decodes must encode, and decode again to the
 * same. A dump must come to an end. */
#include <stdlib.h>

#include "base/text.h"
#include "mqtt/dump.h"
#include "mqtt/packet.h"
#include "mqtt/stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool truth)
{
    if (!truth) {
        abort();
    }
}

static void must_be_equal(const struct mqtt_packet *a, const struct mqtt_packet *b)
{
    must(a->type == b->type && a->code == b->code && a->level == b->level);
    must(a->connect_flags == b->connect_flags && a->present == b->present);
    must(a->bridge == b->bridge && a->packet_id == b->packet_id);
    must(a->keepalive_s == b->keepalive_s);
    must(span_equal(a->topic, b->topic) && span_equal(a->payload, b->payload));
    must(span_equal(a->client_id, b->client_id) && span_equal(a->will_topic, b->will_topic));
    must(span_equal(a->will_payload, b->will_payload) && span_equal(a->username, b->username));
    must(span_equal(a->password, b->password));
}

static void one_packet(struct span wire, uint8_t level)
{
    static uint8_t out[8192];
    char line[300];
    struct writer text = writer_of((uint8_t *)line, sizeof line);
    struct writer w = writer_of(out, sizeof out);
    struct mqtt_packet pkt;
    struct mqtt_packet again;

    mqtt_dump_wire(&text, wire);
    write_end(&text);
    if (mqtt_packet_decode(&pkt, wire, level) != MQTT_OK) {
        return;
    }
    mqtt_packet_encode(&pkt, &w);
    must(!w.bad && written(&w) <= wire.len);
    must(mqtt_packet_decode(&again, span_of(out, written(&w)), level) == MQTT_OK);
    must_be_equal(&pkt, &again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct budget budget = {.limit = 16384};
    struct mqtt_stream stream;
    struct span left = {data, size};
    struct span packet;
    size_t piece = size == 0 ? 0 : data[0] & 0x3F;
    uint8_t level = size != 0 && (data[0] & 0x40) ? MQTT_LEVEL_3_1 : MQTT_LEVEL_3_1_1;
    enum mqtt_err err = MQTT_OK;

    mqtt_stream_init(&stream, &budget, 4096);
    left = span_from(left, 1);
    while (err == MQTT_OK && left.len != 0) {
        size_t len = piece == 0 || piece > left.len ? left.len : piece;
        struct span octets = {left.at, len};

        left = span_from(left, len);
        do {
            err = mqtt_stream_next(&stream, &octets, &packet);
            if (err == MQTT_OK && packet.len != 0) {
                one_packet(packet, level);
            }
        } while (err == MQTT_OK && packet.len != 0);
    }
    mqtt_stream_fini(&stream);
    must(budget.used == 0);
    return 0;
}
