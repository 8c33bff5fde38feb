/* What decodes must encode, and decode to the same again; its line of text must fit the rules. */
#include <stdlib.h>

#include "sn/dump.h"
#include "sn/packet.h"

#define BIG 4096

static void require(bool truth)
{
    if (!truth) {
        abort();
    }
}

static bool same(const struct sn_packet *a, const struct sn_packet *b)
{
    return a->type == b->type && a->flags == b->flags && a->code == b->code &&
           a->gw_id == b->gw_id && a->radius == b->radius && a->protocol == b->protocol &&
           a->full == b->full && a->topic_id == b->topic_id && a->msg_id == b->msg_id &&
           a->duration_s == b->duration_s && span_equal(a->data, b->data) &&
           span_equal(a->node_id, b->node_id);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
    struct sn_packet first;
    struct sn_packet second;
    uint8_t wire[BIG];
    uint8_t text[256];
    struct writer w = writer_of(text, sizeof text);
    size_t size;

    sn_dump_wire(&w, span_of(octets, len));
    if (len > BIG || sn_packet_decode(&first, span_of(octets, len)) != SN_OK) {
        return 0;
    }
    size = sn_packet_encode(&first, wire, sizeof wire);
    require(size != 0 && size <= len);
    require(sn_packet_decode(&second, span_of(wire, size)) == SN_OK);
    require(same(&first, &second));
    return 0;
}
