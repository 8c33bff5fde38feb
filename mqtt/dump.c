#include "mqtt/dump.h"

#include "base/text.h"

static const char *const names[MQTT_TYPES] = {
    [MQTT_CONNECT] = "CONNECT",   [MQTT_CONNACK] = "CONNACK",
    [MQTT_PUBLISH] = "PUBLISH",   [MQTT_PUBACK] = "PUBACK",
    [MQTT_PUBREC] = "PUBREC",     [MQTT_PUBREL] = "PUBREL",
    [MQTT_PUBCOMP] = "PUBCOMP",   [MQTT_SUBSCRIBE] = "SUBSCRIBE",
    [MQTT_SUBACK] = "SUBACK",     [MQTT_UNSUBSCRIBE] = "UNSUBSCRIBE",
    [MQTT_UNSUBACK] = "UNSUBACK", [MQTT_PINGREQ] = "PINGREQ",
    [MQTT_PINGRESP] = "PINGRESP", [MQTT_DISCONNECT] = "DISCONNECT",
};

const char *mqtt_type_name(enum mqtt_type type)
{
    return (unsigned)type < MQTT_TYPES && names[type] != NULL ? names[type] : "reserved";
}

static void number(struct writer *w, const char *word, uint64_t value)
{
    write_text(w, word);
    write_decimal(w, value);
}

static void quoted(struct writer *w, const char *word, struct span text)
{
    write_text(w, word);
    write_u8(w, '"');
    write_printable(w, text);
    write_u8(w, '"');
}

static void flag(struct writer *w, const char *word, unsigned set)
{
    if (set) {
        write_text(w, word);
    }
}

static void dump_connect(struct writer *w, const struct mqtt_packet *pkt)
{
    unsigned flags = pkt->connect_flags;

    number(w, " level ", pkt->level);
    flag(w, " bridge", pkt->bridge);
    flag(w, " clean", flags & MQTT_CONNECT_CLEAN);
    number(w, " keepalive ", pkt->keepalive_s);
    quoted(w, " client ", pkt->client_id);
    if (flags & MQTT_CONNECT_WILL) {
        number(w, " will qos ", mqtt_packet_will_qos(pkt));
        flag(w, " retain", flags & MQTT_CONNECT_WILL_RETAIN);
        quoted(w, " topic ", pkt->will_topic);
        quoted(w, " ", pkt->will_payload);
    }
    if (flags & MQTT_CONNECT_USERNAME) {
        quoted(w, " user ", pkt->username);
    }
    if (flags & MQTT_CONNECT_PASSWORD) {
        number(w, " password of ", pkt->password.len);
    }
}

static void dump_publish(struct writer *w, const struct mqtt_packet *pkt)
{
    number(w, " qos ", mqtt_packet_qos(pkt));
    flag(w, " dup", pkt->flags & MQTT_DUP);
    flag(w, " retain", pkt->flags & MQTT_RETAIN);
    if (pkt->packet_id != 0) {
        number(w, " id ", pkt->packet_id);
    }
    quoted(w, " topic ", pkt->topic);
    quoted(w, " ", pkt->payload);
}

static void dump_filters(struct writer *w, const struct mqtt_packet *pkt)
{
    struct span rest = pkt->payload;
    struct mqtt_filter filter;

    while (mqtt_filters_next(pkt->type, &rest, &filter)) {
        quoted(w, " ", filter.filter);
        if (pkt->type == MQTT_SUBSCRIBE) {
            number(w, " qos ", filter.qos);
        }
    }
}

void mqtt_dump_packet(struct writer *w, const struct mqtt_packet *pkt)
{
    write_text(w, mqtt_type_name(pkt->type));
    if (pkt->packet_id != 0 && pkt->type != MQTT_PUBLISH) {
        number(w, " id ", pkt->packet_id);
    }
    switch (pkt->type) {
    case MQTT_CONNECT: dump_connect(w, pkt); break;
    case MQTT_CONNACK:
        number(w, " code ", pkt->code);
        flag(w, " present", pkt->present);
        break;
    case MQTT_PUBLISH: dump_publish(w, pkt); break;
    case MQTT_SUBSCRIBE:
    case MQTT_UNSUBSCRIBE: dump_filters(w, pkt); break;
    case MQTT_SUBACK:
        write_text(w, " codes ");
        write_hex(w, pkt->payload);
        break;
    default: break;
    }
}

void mqtt_dump_wire(struct writer *w, struct span wire)
{
    struct mqtt_packet pkt;
    enum mqtt_err err = mqtt_packet_decode(&pkt, wire, MQTT_LEVEL_3_1_1);

    if (err == MQTT_OK) {
        mqtt_dump_packet(w, &pkt);
        return;
    }
    write_text(w, mqtt_err_name(err));
    write_text(w, ": ");
    write_hex(w, wire);
}
