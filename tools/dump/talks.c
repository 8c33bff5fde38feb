#include "tools/dump/talks.h"

#include <stdlib.h>

#include "sn/flags.h"
#include "sn/frame.h"
#include "sn/packet.h"

enum { ID_MOST = 23, ASKED = 8, NODE_ID_MOST = 250, KEY_MOST = 2 * 19 + NODE_ID_MOST };

/* A REGISTER or SUBSCRIBE that waits for its answer, which has the id. */
struct asked {
    uint16_t msg_id;
    uint8_t answer; /* type; 0: nothing waits here */
    uint16_t len;
    uint8_t *name; /* malloc */
};

struct talk {
    struct map_item item;
    uint32_t number;
    uint8_t next; /* of asked */
    uint8_t id_len;
    bool client_is_low; /* of the two ends */
    uint8_t id[ID_MOST];
    struct asked asked[ASKED];
    uint8_t key[];
};

struct name {
    struct map_item item;
    uint8_t key[6]; /* number of the conversation, topic id */
    uint16_t len;
    uint8_t text[];
};

bool talks_init(struct talks *talks)
{
    *talks = (struct talks){0};
    return map_init(&talks->talks, 1024, 1) && map_init(&talks->names, 4096, 2);
}

static void free_talk(struct talk *talk)
{
    for (size_t i = 0; i < ASKED; i++) {
        free(talk->asked[i].name);
    }
    free(talk);
}

static void forget(struct talks *talks)
{
    struct map_item *item;

    while ((item = map_next(&talks->talks, NULL)) != NULL) {
        map_remove(&talks->talks, item);
        free_talk(MAP_ITEM(item, struct talk, item));
    }
    while ((item = map_next(&talks->names, NULL)) != NULL) {
        map_remove(&talks->names, item);
        free(MAP_ITEM(item, struct name, item));
    }
    talks->octets = 0;
    talks->forgot++;
}

void talks_fini(struct talks *talks)
{
    forget(talks);
    map_fini(&talks->talks);
    map_fini(&talks->names);
}

static struct span write_end_key(uint8_t *out, size_t size, const struct dump_end *end)
{
    struct writer w = writer_of(out, size);

    write_u8(&w, end->len);
    write_span(&w, span_of(end->at, end->len));
    write_u16(&w, end->port);
    return span_of(out, written(&w));
}

/* Both directions have one key; `low` tells whether `from` stands first in it. */
static struct span key_of(uint8_t *key, const struct dump_packet *packet, struct span node,
                          bool *low)
{
    uint8_t from[19];
    uint8_t to[19];
    struct span a = write_end_key(from, sizeof from, &packet->from);
    struct span b = write_end_key(to, sizeof to, &packet->to);
    struct writer w = writer_of(key, KEY_MOST);

    if (packet->from.len == 0) {
        *low = (packet->ctrl & SN_CTRL_FROM_NODE) != 0;
        write_u8(&w, packet->addr);
    } else {
        *low = a.len == b.len && memcmp(a.at, b.at, a.len) < 0;
        write_span(&w, *low ? a : b);
        write_span(&w, *low ? b : a);
    }
    write_span(&w, node);
    return span_of(key, written(&w));
}

static struct talk *new_talk(struct talks *talks, struct span key)
{
    struct talk *talk;

    if (talks->talks.count >= TALKS_MOST) {
        forget(talks);
    }
    talk = calloc(1, sizeof *talk + key.len);
    if (talk != NULL) {
        memcpy(talk->key, key.at, key.len);
        talk->number = ++talks->number;
        map_add(&talks->talks, &talk->item, span_of(talk->key, key.len));
    }
    return talk;
}

static struct name *find_name(const struct talks *talks, const struct talk *talk, uint16_t id)
{
    uint8_t key[6];
    struct writer w = writer_of(key, sizeof key);

    write_u32(&w, talk->number);
    write_u16(&w, id);
    return MAP_ITEM(map_find(&talks->names, span_of(key, sizeof key)), struct name, item);
}

static void add_name(struct talks *talks, const struct talk *talk, uint16_t id, struct span text)
{
    struct name *name = find_name(talks, talk, id);
    struct writer w;

    if (name != NULL) {
        map_remove(&talks->names, &name->item);
        talks->octets -= sizeof *name + name->len;
        free(name);
    }
    if (text.len == 0 || talks->octets + sizeof *name + text.len > TALKS_OCTETS) {
        return;
    }
    name = malloc(sizeof *name + text.len);
    if (name == NULL) {
        return;
    }
    w = writer_of(name->key, sizeof name->key);
    write_u32(&w, talk->number);
    write_u16(&w, id);
    name->len = (uint16_t)text.len;
    memcpy(name->text, text.at, text.len);
    talks->octets += sizeof *name + text.len;
    map_add(&talks->names, &name->item, span_of(name->key, sizeof name->key));
}

/* Keeps a name until its answer comes, or ASKED others have been asked for. */
static void remember(struct talks *talks, struct talk *talk, enum sn_type answer,
                     const struct sn_packet *pkt)
{
    struct asked *asked = &talk->asked[talk->next];

    talks->octets -= asked->len;
    free(asked->name);
    *asked = (struct asked){.name = malloc(pkt->data.len + 1)};
    if (asked->name == NULL) {
        return;
    }
    asked->msg_id = pkt->msg_id;
    asked->answer = (uint8_t)answer;
    asked->len = (uint16_t)pkt->data.len;
    if (pkt->data.len != 0) {
        memcpy(asked->name, pkt->data.at, pkt->data.len);
    }
    talks->octets += asked->len;
    talk->next = (uint8_t)((talk->next + 1) % ASKED);
}

static void take_answer(struct talks *talks, struct talk *talk, const struct sn_packet *pkt)
{
    for (size_t i = 0; i < ASKED; i++) {
        const struct asked *asked = &talk->asked[i];

        if (asked->name != NULL && asked->answer == (uint8_t)pkt->type &&
            asked->msg_id == pkt->msg_id && pkt->code == SN_RC_ACCEPTED && pkt->topic_id != 0) {
            add_name(talks, talk, pkt->topic_id, span_of(asked->name, asked->len));
        }
    }
}

static void take_client(struct talks *talks, struct talk *talk, const struct sn_packet *pkt,
                        bool low)
{
    if (pkt->data.len == 0 || pkt->data.len > ID_MOST) {
        return;
    }
    memcpy(talk->id, pkt->data.at, pkt->data.len);
    talk->id_len = (uint8_t)pkt->data.len;
    talk->client_is_low = low;
    if (pkt->type == SN_CONNECT && (pkt->flags & SN_FLAG_CLEAN) != 0) {
        talk->number = ++talks->number; /* its ids mean nothing any more */
    }
}

static void learn(struct talks *talks, struct talk *talk, const struct sn_packet *pkt, bool low)
{
    switch (pkt->type) {
    case SN_CONNECT:
    case SN_PINGREQ: take_client(talks, talk, pkt, low); break;
    case SN_REGISTER:
        if (pkt->topic_id != 0) { /* the gateway's, which chose the id */
            add_name(talks, talk, pkt->topic_id, pkt->data);
        } else {
            remember(talks, talk, SN_REGACK, pkt);
        }
        break;
    case SN_SUBSCRIBE:
        if (sn_flags_topic_type(pkt->flags) == SN_TOPIC_NORMAL) {
            remember(talks, talk, SN_SUBACK, pkt);
        }
        break;
    case SN_REGACK:
    case SN_SUBACK: take_answer(talks, talk, pkt); break;
    default: break;
    }
}

/* Whether the packet has a normal topic id, whose name is not in it. */
static bool has_id(const struct sn_packet *pkt)
{
    switch (pkt->type) {
    case SN_PUBLISH: return sn_flags_topic_type(pkt->flags) == SN_TOPIC_NORMAL;
    case SN_PUBACK:
    case SN_REGACK:
    case SN_SUBACK: return pkt->topic_id != 0;
    default: return false;
    }
}

/* The packet itself, out of its encapsulation; false if there is none to be read. */
static bool open_packet(struct sn_packet *pkt, struct span *node, struct span wire)
{
    if (sn_packet_decode(pkt, wire) != SN_OK) {
        return false;
    }
    *node = span_of(NULL, 0);
    if (pkt->type == SN_FORWARD) {
        *node = pkt->node_id;
        return node->len <= NODE_ID_MOST && sn_packet_decode(pkt, pkt->data) == SN_OK;
    }
    return true;
}

struct talk_notes talks_note(struct talks *talks, const struct dump_packet *packet)
{
    uint8_t room[KEY_MOST];
    struct talk_notes notes = {0};
    struct sn_packet pkt;
    struct span node;
    struct span key;
    struct talk *talk;
    struct name *name;
    bool low;

    if (!open_packet(&pkt, &node, packet->payload)) {
        return notes;
    }
    if (talks->octets + sizeof *name + pkt.data.len > TALKS_OCTETS) {
        forget(talks);
    }
    key = key_of(room, packet, node, &low);
    talk = MAP_ITEM(map_find(&talks->talks, key), struct talk, item);
    talk = talk == NULL ? new_talk(talks, key) : talk;
    if (talk == NULL) {
        return notes;
    }
    learn(talks, talk, &pkt, low);
    name = has_id(&pkt) ? find_name(talks, talk, pkt.topic_id) : NULL;
    notes.topic = name == NULL ? notes.topic : span_of(name->text, name->len);
    notes.client = span_of(talk->id, talk->id_len);
    notes.from_client = talk->client_is_low == low;
    return notes;
}
