#include "gateway/hub/who.h"

#include "gateway/hub/given.h"

#define KEY_MOST (3u + SN_NODE_ID_MOST + 256u)

/* What a key begins with. */
enum identity { BY_NAME, BY_CERT, BY_PSK, BY_UID, BY_ADDRESS, BY_WIRELESS, BY_CLIENT_ID, BY_FROM };

struct entry {
    struct map_item item;
    struct entry *next;
    const struct conf_node *section;
    uint8_t key[];
};

struct hub_who {
    struct map map;
    struct entry *entries;
    struct hub_node **holders; /* one for each [node] */
    size_t holder_count;
};

static struct span key_of(enum identity kind, struct span value, struct writer *w)
{
    write_u8(w, (uint8_t)kind);
    write_span(w, value);
    return w->bad ? (struct span){NULL, 0} : span_of(w->start, written(w));
}

/* Of an address and a node id: where, and which. */
static struct span key_at(enum identity kind, size_t listener, struct span value, struct writer *w)
{
    write_u8(w, (uint8_t)kind);
    write_u16(w, (uint16_t)listener);
    write_span(w, value);
    return w->bad ? (struct span){NULL, 0} : span_of(w->start, written(w));
}

static const struct conf_node *find(const struct hub *hub, struct span key)
{
    struct map_item *item = key.len == 0 ? NULL : map_find(&hub->who->map, key);
    const struct entry *entry = MAP_ITEM(item, struct entry, item);

    return entry == NULL ? NULL : entry->section;
}

/* --- the index ------------------------------------------------------------------------------- */

/* The first section with an identity has it. */
static void add(struct hub *hub, const struct conf_node *section, struct span key)
{
    struct entry *entry = NULL;

    if (key.len == 0 || find(hub, key) != NULL) {
        return;
    }
    entry = reserve(sizeof *entry + key.len);
    if (entry == NULL) {
        return;
    }
    memcpy(entry->key, key.at, key.len);
    entry->section = section;
    entry->next = hub->who->entries;
    hub->who->entries = entry;
    map_add(&hub->who->map, &entry->item, span_of(entry->key, key.len));
}

static void add_text(struct hub *hub, const struct conf_node *section, enum identity kind,
                     const char *text)
{
    uint8_t room[KEY_MOST];
    struct writer w = writer_of(room, sizeof room);

    if (text != NULL) {
        add(hub, section, key_of(kind, span_of_text(text), &w));
    }
}

static unsigned digit_of(char c)
{
    return c <= '9' ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a' + 10);
}

/* The reader of the file has seen to it that these are hexadecimal digits, two by two. */
static struct span octets_of(const char *hex, uint8_t room[SN_NODE_ID_MOST])
{
    size_t len = 0;

    while (len < SN_NODE_ID_MOST && hex[2 * len] != '\0') {
        room[len] = (uint8_t)(digit_of(hex[2 * len]) << 4 | digit_of(hex[2 * len + 1]));
        len++;
    }
    return span_of(room, len);
}

static void add_place(struct hub *hub, const struct conf_node *section)
{
    const struct conf_listener *listener =
        section->listener == NULL ? NULL : conf_listener_find(hub->conf, section->listener);
    size_t index = listener == NULL ? 0 : (size_t)(listener - hub->conf->listener);
    uint8_t address = (uint8_t)section->address;
    uint8_t octets[SN_NODE_ID_MOST];
    uint8_t room[KEY_MOST];
    struct writer w = writer_of(room, sizeof room);

    if (listener == NULL) {
        return;
    }
    if (section->address != 0) {
        add(hub, section, key_at(BY_ADDRESS, index, span_of(&address, 1), &w));
    }
    if (section->wireless_id != NULL) {
        w = writer_of(room, sizeof room);
        add(hub, section, key_at(BY_WIRELESS, index, octets_of(section->wireless_id, octets), &w));
    }
}

static void add_section(struct hub *hub, const struct conf_node *section)
{
    uint8_t octets[SN_NODE_ID_MOST];
    uint8_t room[KEY_MOST];
    struct writer w = writer_of(room, sizeof room);

    add_text(hub, section, BY_NAME, section->at.name);
    add_text(hub, section, BY_CERT, section->cert);
    add_text(hub, section, BY_PSK, section->psk_identity);
    add_text(hub, section, BY_CLIENT_ID, section->client_id);
    add_place(hub, section);
    if (section->uid != NULL) {
        add(hub, section, key_of(BY_UID, octets_of(section->uid, octets), &w));
    }
    if (section->from.ip_len != 0) {
        w = writer_of(room, sizeof room);
        add(hub, section, key_of(BY_FROM, span_of(section->from.ip, section->from.ip_len), &w));
    }
}

static void clear(struct hub_who *who)
{
    while (who->entries != NULL) {
        struct entry *entry = who->entries;

        who->entries = entry->next;
        map_remove(&who->map, &entry->item);
        release(entry);
    }
    release(who->holders);
    who->holders = NULL;
    who->holder_count = 0;
}

void hub_who_build(struct hub *hub)
{
    const struct conf *conf = hub->conf;

    clear(hub->who);
    hub->who->holders = reserve((conf->node_count + 1) * sizeof(struct hub_node *));
    hub->who->holder_count = hub->who->holders == NULL ? 0 : conf->node_count;
    for (size_t i = 0; i < conf->node_count; i++) {
        add_section(hub, &conf->node[i]);
    }
}

bool hub_who_init(struct hub *hub, uint64_t seed)
{
    hub->who = reserve(sizeof *hub->who);
    if (hub->who == NULL || !map_init(&hub->who->map, 4 * hub->conf->node_count + 1, seed)) {
        return false;
    }
    hub_who_build(hub);
    return true;
}

void hub_who_fini(struct hub *hub)
{
    if (hub->who != NULL) {
        clear(hub->who);
        map_fini(&hub->who->map);
    }
    release(hub->who);
    hub->who = NULL;
}

/* --- who it is ------------------------------------------------------------------------------- */

static bool is_bus(const struct hub *hub, const struct sn_peer *peer)
{
    return hub->conf->listener[peer->listener].type == CONF_RS485 && peer->addr_len != 0;
}

static const struct conf_node *find_text(const struct hub *hub, enum identity kind,
                                         struct span value)
{
    uint8_t room[KEY_MOST];
    struct writer w = writer_of(room, sizeof room);

    return value.len == 0 ? NULL : find(hub, key_of(kind, value, &w));
}

static const struct conf_node *find_at(const struct hub *hub, const struct sn_peer *peer)
{
    uint8_t room[KEY_MOST];
    struct writer w = writer_of(room, sizeof room);

    if (peer == NULL) {
        return NULL;
    }
    if (is_bus(hub, peer)) {
        return find(hub, key_at(BY_ADDRESS, peer->listener, span_of(peer->addr, 1), &w));
    }
    return peer->wireless.len == 0
               ? NULL
               : find(hub, key_at(BY_WIRELESS, peer->listener, peer->wireless, &w));
}

/* The place that the user gave to `who`. */
static const struct conf_node *find_given(const struct hub *hub, struct span who)
{
    const struct conf_node *section = hub_who_named(hub, hub_given_name(hub, who));

    return section == NULL || hub_who_is_settled(section) ? NULL : section;
}

static const struct conf_node *find_client(const struct hub *hub, struct span client_id)
{
    const struct conf_node *section = hub_who_has(hub, client_id);

    return section == NULL ? find_given(hub, client_id) : section;
}

static const struct conf_node *find_uid(const struct hub *hub, struct span uid)
{
    uint8_t room[HUB_UID_KEY];
    const struct conf_node *section = find_text(hub, BY_UID, uid);

    return section == NULL ? find_given(hub, hub_uid_key(room, uid)) : section;
}

const struct conf_node *hub_who_is(const struct hub *hub, const struct hub_sender *sender)
{
    const struct conf_node *section = find_text(hub, BY_CERT, sender->cert);

    if (section == NULL) {
        section = find_text(hub, BY_PSK, sender->psk_identity);
    }
    if (section == NULL) {
        section = find_uid(hub, sender->uid);
    }
    if (section == NULL) {
        section = find_at(hub, sender->peer);
    }
    if (section == NULL && sender->client_id.len != 0) {
        section = find_client(hub, sender->client_id);
    }
    if (section == NULL && sender->without_connect && sender->peer != NULL) {
        section = find_text(hub, BY_FROM, sn_peer_ip(sender->peer));
    }
    return section;
}

const struct conf_node *hub_who_named(const struct hub *hub, struct span name)
{
    return find_text(hub, BY_NAME, name);
}

const struct conf_node *hub_who_has(const struct hub *hub, struct span client_id)
{
    return find_text(hub, BY_CLIENT_ID, client_id);
}

bool hub_who_is_settled(const struct conf_node *section)
{
    return section->client_id != NULL || section->uid != NULL || section->address != 0 ||
           section->wireless_id != NULL || section->psk_identity != NULL || section->cert != NULL ||
           section->from.ip_len != 0;
}

/* --- holders, places ------------------------------------------------------------------------- */

static struct hub_node **holder_of(const struct hub *hub, const struct conf_node *section)
{
    size_t index = section == NULL ? SIZE_MAX : (size_t)(section - hub->conf->node);

    return index < hub->who->holder_count ? &hub->who->holders[index] : NULL;
}

struct hub_node *hub_who_holds(const struct hub *hub, const struct conf_node *section)
{
    struct hub_node **holder = holder_of(hub, section);

    return holder == NULL ? NULL : *holder;
}

void hub_who_hold(struct hub *hub, const struct conf_node *section, struct hub_node *hn)
{
    struct hub_node **holder = holder_of(hub, section);

    if (holder != NULL) {
        *holder = hn;
    }
}

void hub_who_stand(const struct hub *hub, const struct sn_peer *peer, struct conf_place *place)
{
    bool known = peer->listener < hub->conf->listener_count;

    place->listener = known ? &hub->conf->listener[peer->listener] : NULL;
    place->address = known && is_bus(hub, peer) ? peer->addr[0] : 0;
    place->wireless = peer->wireless;
}
