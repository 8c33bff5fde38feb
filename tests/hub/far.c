#include "tests/hub/far.h"

#include <string.h>

#include "gateway/hub/uplink.h"

#define FAR_ROOM ((size_t)4 * 1024 * 1024)

/* What upstreams said and nobody has read yet: of one at a time. */
static struct {
    uint8_t octets[FAR_ROOM];
    size_t at;
    size_t len;
} heard;

static void collect(struct site *site, size_t i)
{
    struct mqtt_out out;

    while (hub_uplink_output(site->hub, i, &out, site->out, site->now_ms)) {
        assert_true(heard.len + out.head.len + out.body.len <= FAR_ROOM);
        memcpy(heard.octets + heard.len, out.head.at, out.head.len);
        heard.len += out.head.len;
        if (out.block != NULL) {
            memcpy(heard.octets + heard.len, out.body.at, out.body.len);
            heard.len += out.body.len;
            block_drop(out.block);
        }
    }
}

/* The length of the whole packet at the front. */
static size_t length_of(struct span octets)
{
    size_t len = 0;
    size_t at = 1;

    for (unsigned shift = 0; at < octets.len; shift += 7) {
        len |= (size_t)(octets.at[at] & 127) << shift;
        if ((octets.at[at++] & 128) == 0) {
            break;
        }
    }
    return at + len;
}

static bool is_of_interest(const struct mqtt_packet *packet)
{
    return packet->type == MQTT_PUBLISH || packet->type == MQTT_PUBREL ||
           packet->type == MQTT_SUBSCRIBE || packet->type == MQTT_UNSUBSCRIBE;
}

void far_forget(void)
{
    heard.at = 0;
    heard.len = 0;
}

bool far_hears(struct site *site, size_t i, struct mqtt_packet *packet)
{
    if (heard.at == heard.len) {
        heard.at = 0;
        heard.len = 0;
        collect(site, i);
    }
    while (heard.at < heard.len) {
        struct span left = span_of(heard.octets + heard.at, heard.len - heard.at);
        size_t len = length_of(left);

        assert_true(len <= left.len);
        assert_int_equal(mqtt_packet_decode(packet, span_of(left.at, len), MQTT_LEVEL_3_1_1),
                         MQTT_OK);
        heard.at += len;
        if (is_of_interest(packet)) {
            return true;
        }
    }
    return false;
}

void far_hears_nothing(struct site *site, size_t i)
{
    struct mqtt_packet packet;

    assert_false(far_hears(site, i, &packet));
}

void far_hears_publish(struct site *site, size_t i, const char *topic, const char *payload)
{
    struct mqtt_packet packet;

    assert_true(far_hears(site, i, &packet));
    assert_int_equal(packet.type, MQTT_PUBLISH);
    assert_span_equal(packet.topic, span_of_text(topic));
    assert_span_equal(packet.payload, span_of_text(payload));
}

void far_says(struct site *site, size_t i, struct span octets)
{
    hub_uplink_input(site->hub, i, octets, site->now_ms);
    hub_pump(site->hub, site->now_ms);
}

void far_publishes(struct site *site, size_t i, const struct mqtt_packet *publish)
{
    uint8_t room[1024];
    struct writer w = writer_of(room, sizeof room);
    struct mqtt_packet packet = *publish;

    packet.type = MQTT_PUBLISH;
    mqtt_packet_encode(&packet, &w);
    assert_false(w.bad);
    far_says(site, i, span_of(room, written(&w)));
}

void far_acks(struct site *site, size_t i, enum mqtt_type type, uint16_t packet_id)
{
    uint8_t room[8];
    struct writer w = writer_of(room, sizeof room);
    struct mqtt_packet packet = {.type = type, .packet_id = packet_id};

    mqtt_packet_encode(&packet, &w);
    far_says(site, i, span_of(room, written(&w)));
}

/* Its news may have gone by when lines of the log were read. */
static void wait_for_dial(struct site *site, size_t i)
{
    const struct mqtt_client *client = &site->hub->uplinks[i].client;
    struct hub_news news;

    for (unsigned ms = 0; ms < 5000 && client->state != MQTT_DIALLING; ms++) {
        site_wait(site, 1);
    }
    while (hub_event(site->hub, &news)) {
    }
}

void far_accept(struct site *site, size_t i, bool present)
{
    wait_for_dial(site, i);
    far_forget();
    hub_uplink_up(site->hub, i, site->now_ms);
    collect(site, i);
    assert_true(heard.len > 0); /* CONNECT */
    far_forget();
    far_says(site, i, present ? WIRE_SPAN("\x20\x02\x01\0") : WIRE_SPAN("\x20\x02\0\0"));
}

void far_cut(struct site *site, size_t i)
{
    far_forget();
    hub_uplink_down(site->hub, i, "cut", site->now_ms);
    hub_pump(site->hub, site->now_ms);
}

void here_publish(struct site *site, const struct mqtt_publication *p)
{
    assert_int_equal(mqtt_sessions_publish(hub_broker(site->hub)->sessions, p, site->now_ms),
                     MQTT_OK);
    hub_pump(site->hub, site->now_ms);
}

void here_say(struct site *site, const char *topic, const char *payload, uint8_t qos)
{
    here_publish(site, &(struct mqtt_publication){.topic = span_of_text(topic),
                                                  .payload = span_of_text(payload),
                                                  .qos = qos});
}
