#include "sn/dump.h"

#include "base/text.h"

/* What a line shows, in order: one letter each, see show(). */
/* clang-format off */
static const struct line {
    const char *name;
    const char *shows;
} lines[] = {
    [SN_ADVERTISE] = {"ADVERTISE", "gs"},
    [SN_SEARCHGW] = {"SEARCHGW", "r"},
    [SN_GWINFO] = {"GWINFO", "gx"},
    [SN_CONNECT] = {"CONNECT", "pCWsd"},
    [SN_CONNACK] = {"CONNACK", "c"},
    [SN_WILLTOPICREQ] = {"WILLTOPICREQ", ""},
    [SN_WILLTOPIC] = {"WILLTOPIC", "?QRd"},
    [SN_WILLMSGREQ] = {"WILLMSGREQ", ""},
    [SN_WILLMSG] = {"WILLMSG", "d"},
    [SN_REGISTER] = {"REGISTER", "tmd"},
    [SN_REGACK] = {"REGACK", "tmc"},
    [SN_PUBLISH] = {"PUBLISH", "QDRTtmd"},
    [SN_PUBACK] = {"PUBACK", "tmc"},
    [SN_PUBCOMP] = {"PUBCOMP", "m"},
    [SN_PUBREC] = {"PUBREC", "m"},
    [SN_PUBREL] = {"PUBREL", "m"},
    [SN_SUBSCRIBE] = {"SUBSCRIBE", "QDTmn"},
    [SN_SUBACK] = {"SUBACK", "Qtmc"},
    [SN_UNSUBSCRIBE] = {"UNSUBSCRIBE", "Tmn"},
    [SN_UNSUBACK] = {"UNSUBACK", "m"},
    [SN_PINGREQ] = {"PINGREQ", "d"},
    [SN_PINGRESP] = {"PINGRESP", ""},
    [SN_DISCONNECT] = {"DISCONNECT", "?s"},
    [SN_WILLTOPICUPD] = {"WILLTOPICUPD", "?QRd"},
    [SN_WILLTOPICRESP] = {"WILLTOPICRESP", "c"},
    [SN_WILLMSGUPD] = {"WILLMSGUPD", "d"},
    [SN_WILLMSGRESP] = {"WILLMSGRESP", "c"},
};
/* clang-format on */

const char *sn_type_name(enum sn_type type)
{
    if (type == SN_FORWARD) {
        return "FORWARD";
    }
    return (unsigned)type < SN_TYPES && lines[type].name != NULL ? lines[type].name : "reserved";
}

static void write_number(struct writer *w, const char *word, uint64_t value)
{
    write_text(w, word);
    write_decimal(w, value);
}

static void write_quoted(struct writer *w, struct span text)
{
    write_text(w, " \"");
    write_printable(w, text);
    write_text(w, "\"");
}

static void write_topic(struct writer *w, const struct sn_packet *pkt)
{
    uint8_t name[] = {(uint8_t)(pkt->topic_id >> 8), (uint8_t)pkt->topic_id};

    if (sn_flags_topic_type(pkt->flags) == SN_TOPIC_SHORT) {
        write_quoted(w, span_of(name, sizeof name));
    } else {
        write_number(w, " topic ", pkt->topic_id);
    }
}

static void write_topic_type(struct writer *w, uint8_t flags)
{
    static const char *const words[] = {"", " predefined", " short", " type 3"};

    write_text(w, words[sn_flags_topic_type(flags)]);
}

static void write_code(struct writer *w, uint8_t code)
{
    static const char *const words[] = {" accepted", " congestion", " invalid topic id",
                                        " not supported"};

    if (code < sizeof words / sizeof words[0]) {
        write_text(w, words[code]);
    } else {
        write_number(w, " code ", code);
    }
}

static void write_qos(struct writer *w, uint8_t flags)
{
    if (sn_flags_qos(flags) == SN_QOS_MINUS_1) {
        write_text(w, " qos -1");
    } else {
        write_number(w, " qos ", (uint64_t)sn_flags_qos(flags));
    }
}

static void write_flag(struct writer *w, const struct sn_packet *pkt, unsigned flag,
                       const char *word)
{
    if (pkt->flags & flag) {
        write_text(w, word);
    }
}

static void write_name_or_topic(struct writer *w, const struct sn_packet *pkt)
{
    enum sn_topic_type type = sn_flags_topic_type(pkt->flags);

    if (type == SN_TOPIC_PREDEFINED || type == SN_TOPIC_SHORT) {
        write_topic(w, pkt);
    } else {
        write_quoted(w, pkt->data);
    }
}

static void write_address(struct writer *w, struct span address)
{
    if (address.len != 0) {
        write_text(w, " at ");
        write_hex(w, address);
    }
}

static void show(struct writer *w, char what, const struct sn_packet *pkt)
{
    switch (what) {
    case 'g': write_number(w, " gw ", pkt->gw_id); break;
    case 's': write_number(w, " duration ", pkt->duration_s); break;
    case 'r': write_number(w, " radius ", pkt->radius); break;
    case 'x': write_address(w, pkt->data); break;
    case 'p': write_number(w, " protocol ", pkt->protocol); break;
    case 'c': write_code(w, pkt->code); break;
    case 't': write_topic(w, pkt); break;
    case 'm': write_number(w, " msg ", pkt->msg_id); break;
    case 'd': write_quoted(w, pkt->data); break;
    case 'n': write_name_or_topic(w, pkt); break;
    case 'T': write_topic_type(w, pkt->flags); break;
    case 'Q': write_qos(w, pkt->flags); break;
    case 'D': write_flag(w, pkt, SN_FLAG_DUP, " dup"); break;
    case 'R': write_flag(w, pkt, SN_FLAG_RETAIN, " retain"); break;
    case 'W': write_flag(w, pkt, SN_FLAG_WILL, " will"); break;
    case 'C': write_flag(w, pkt, SN_FLAG_CLEAN, " clean"); break;
    default: break;
    }
}

/* All but the message inside an encapsulation. */
static void dump_one(struct writer *w, const struct sn_packet *pkt)
{
    write_text(w, sn_type_name(pkt->type));
    if (pkt->type == SN_FORWARD) {
        write_number(w, " radius ", pkt->radius & 3u);
        write_text(w, " node ");
        write_hex(w, pkt->node_id);
        write_text(w, ": ");
        return;
    }
    if ((unsigned)pkt->type >= SN_TYPES || lines[pkt->type].shows == NULL) {
        return;
    }
    for (const char *what = lines[pkt->type].shows; *what != '\0'; what++) {
        if (*what == '?' && !pkt->full) {
            return;
        }
        show(w, *what, pkt);
    }
}

void sn_dump_packet(struct writer *w, const struct sn_packet *pkt)
{
    dump_one(w, pkt);
    if (pkt->type == SN_FORWARD) {
        sn_dump_wire(w, pkt->data);
    }
}

void sn_dump_wire(struct writer *w, struct span wire)
{
    struct sn_packet pkt;
    enum sn_err err;

    while ((err = sn_packet_decode(&pkt, wire)) == SN_OK) {
        dump_one(w, &pkt);
        if (pkt.type != SN_FORWARD) {
            return;
        }
        wire = pkt.data;
    }
    write_text(w, "malformed: ");
    write_text(w, sn_err_name(err));
    write_text(w, ": ");
    write_hex(w, wire);
}
