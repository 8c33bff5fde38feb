#include "gateway/hub/given.h"

#include "base/text.h"
#include "base/utf8.h"
#include "config/nodename.h"
#include "gateway/hub/bus_parts.h"
#include "gateway/hub/say.h"
#include "gateway/hub/seen.h"
#include "gateway/hub/who.h"

#define USUAL 64u

struct given {
    struct map_item by_name;
    struct map_item by_id;
    uint64_t number; /* names it in the store */
    size_t name_len;
    size_t id_len;
    uint8_t text[]; /* name, then client id */
};

struct hub_givens {
    struct map by_name;
    struct map by_id;
    uint8_t was[CONF_NAME_MOST]; /* the client id of who was replaced last */
    char uid[HUB_UID_TEXT];      /* that was shown last */
};

const char *hub_gave_text(enum hub_gave outcome)
{
#define HUB_GAVE_TEXT(name, text) text,
    static const char *const texts[] = {HUB_GAVES(HUB_GAVE_TEXT)};
#undef HUB_GAVE_TEXT

    return (unsigned)outcome < HUB_GAVE_KINDS ? texts[outcome] : "unknown";
}

bool hub_givens_init(struct hub *hub, uint64_t seed)
{
    hub->givens = reserve(sizeof *hub->givens);
    return hub->givens != NULL && map_init(&hub->givens->by_name, USUAL, seed) &&
           map_init(&hub->givens->by_id, USUAL, seed);
}

/* --- rows ------------------------------------------------------------------------------------ */

static struct span name_of(const struct given *row)
{
    return span_of(row->text, row->name_len);
}

static struct span id_of(const struct given *row)
{
    return span_of(row->text + row->name_len, row->id_len);
}

static struct given *by_name(const struct hub *hub, struct span name)
{
    return MAP_ITEM(map_find(&hub->givens->by_name, name), struct given, by_name);
}

static struct given *by_id(const struct hub *hub, struct span client_id)
{
    return MAP_ITEM(map_find(&hub->givens->by_id, client_id), struct given, by_id);
}

struct span hub_given_name(const struct hub *hub, struct span who)
{
    const struct given *row = by_id(hub, who);

    return row == NULL ? (struct span){NULL, 0} : name_of(row);
}

struct span hub_given_id(const struct hub *hub, struct span name)
{
    const struct given *row = by_name(hub, name);

    return row == NULL ? (struct span){NULL, 0} : id_of(row);
}

struct span hub_uid_key(uint8_t room[HUB_UID_KEY], struct span uid)
{
    struct writer w = writer_of(room, HUB_UID_KEY);

    write_u8(&w, 0);
    write_span(&w, uid);
    return span_of(room, uid.len == SN_BUS_UID ? written(&w) : 0);
}

static bool is_uid_key(struct span who)
{
    return who.len == HUB_UID_KEY && who.at[0] == 0;
}

/* As people read it. */
static struct span shown(const struct hub *hub, struct span who)
{
    if (!is_uid_key(who)) {
        return who;
    }
    hub_write_uid(hub->givens->uid, span_from(who, 1));
    return span_of_text(hub->givens->uid);
}

static void free_row(struct hub *hub, struct given *row)
{
    budget_release(&hub->sessions.budget, row, sizeof *row + row->name_len + row->id_len);
}

/* In no map yet. NULL: no memory. */
static struct given *make_row(struct hub *hub, struct span name, struct span client_id)
{
    struct given *row =
        budget_reserve(&hub->sessions.budget, sizeof(struct given) + name.len + client_id.len);

    if (row == NULL) {
        return NULL;
    }
    row->name_len = name.len;
    row->id_len = client_id.len;
    memcpy(row->text, name.at, name.len);
    memcpy(row->text + name.len, client_id.at, client_id.len);
    return row;
}

/* Neither its name nor its client id is there. */
static void enter_row(struct hub *hub, struct given *row)
{
    map_add(&hub->givens->by_name, &row->by_name, name_of(row));
    map_add(&hub->givens->by_id, &row->by_id, id_of(row));
}

static void leave_row(struct hub *hub, struct given *row)
{
    map_remove(&hub->givens->by_name, &row->by_name);
    map_remove(&hub->givens->by_id, &row->by_id);
    free_row(hub, row);
}

void hub_givens_fini(struct hub *hub)
{
    struct map_item *item = NULL;

    if (hub->givens == NULL) {
        return;
    }
    while (hub->givens->by_name.buckets != NULL &&
           (item = map_next(&hub->givens->by_name, NULL)) != NULL) {
        leave_row(hub, MAP_ITEM(item, struct given, by_name));
    }
    map_fini(&hub->givens->by_name);
    map_fini(&hub->givens->by_id);
    release(hub->givens);
    hub->givens = NULL;
}

bool hub_given_restore(struct hub *hub, const struct record *record)
{
    struct given *row = NULL;

    if (record->text.len == 0 || record->body.len == 0 || by_name(hub, record->text) != NULL ||
        by_id(hub, record->body) != NULL) {
        return false;
    }
    row = make_row(hub, record->text, record->body);
    if (row != NULL) {
        row->number = record->key[2];
        enter_row(hub, row);
    }
    return row != NULL;
}

/* False, and the row is freed: no memory. */
static bool keep(struct hub *hub, struct given *row, uint64_t now_ms)
{
    struct record put = {.key = {TABLE_GIVEN, 0, ++hub->sessions.last_number}, .fresh = true};

    put.block = block_copy(&hub->sessions.budget, span_of(row->text, row->name_len + row->id_len));
    if (put.block == NULL) {
        free_row(hub, row);
        return false;
    }
    row->number = put.key[2];
    put.text = span_of(put.block->octets, row->name_len);
    put.body = span_of(put.block->octets + row->name_len, row->id_len);
    (void)journal_put(&hub->journal, &put, now_ms);
    return true;
}

static void drop_row(struct hub *hub, struct given *row, uint64_t now_ms)
{
    (void)journal_del(&hub->journal, TABLE_GIVEN, 0, row->number, now_ms);
    leave_row(hub, row);
}

void hub_given_leave(struct hub *hub, struct span who, uint64_t now_ms)
{
    struct given *row = by_id(hub, who);

    if (row != NULL) {
        drop_row(hub, row, now_ms);
    }
}

/* --- giving ---------------------------------------------------------------------------------- */

static struct hub_node *node_of(const struct hub *hub, struct span who)
{
    const struct mqtt_session *s = NULL;

    if (is_uid_key(who)) {
        return hub_bus_node(hub, span_from(who, 1));
    }
    s = mqtt_session_find(&hub->sessions, MQTT_DOOR_NODE, who);
    return s == NULL ? NULL : s->user;
}

/* True when a node of that client id has the name without being given it. */
static bool is_its_own(const struct hub *hub, struct span name, struct span client_id)
{
    uint8_t room[CONF_NAME_MOST];
    struct writer w = writer_of(room, sizeof room);

    conf_name_escape(client_id, &w);
    return hub_who_named(hub, name) == NULL && span_equal(name, span_of(room, written(&w)));
}

/* Why `client_id` cannot have `name`; HUB_GAVE: it can. */
static struct hub_gift judge(const struct hub *hub, struct span name, struct span client_id)
{
    const struct conf_node *other = hub_who_has(hub, client_id);
    const struct given *row = by_id(hub, client_id);
    struct hub_gift gift = {.outcome = HUB_GAVE};

    if (!is_uid_key(client_id) &&
        (client_id.len == 0 || client_id.len > hub->conf->limits.client_id.first ||
         !utf8_is_text(client_id))) {
        gift.outcome = HUB_GAVE_BAD_ID;
    } else if (other != NULL) {
        gift = hub_gift_about(hub, HUB_GAVE_TAKEN, other);
        gift.name = span_of_text(other->at.name);
    } else if (row != NULL && !span_equal(name_of(row), name)) {
        gift.outcome = HUB_GAVE_TAKEN;
        gift.name = name_of(row);
    } else if (!journal_has_cells(&hub->journal, 2)) {
        gift.outcome = HUB_GAVE_FULL;
    }
    return gift;
}

/* The old holder goes before the heir learns, so that the name is free; without memory for the new
 * row all is as before. */
static enum hub_gave give(struct hub *hub, struct span name, struct span client_id, uint64_t now_ms)
{
    struct given *old = by_name(hub, name);
    struct hub_node *holder = hub_node_named(hub, name);
    struct hub_node *heir = node_of(hub, client_id);
    struct given *row = NULL;

    if (!is_its_own(hub, name, client_id)) {
        row = make_row(hub, name, client_id);
        if (row == NULL || !keep(hub, row, now_ms)) {
            return HUB_GAVE_FULL;
        }
    }
    if (old != NULL) {
        drop_row(hub, old, now_ms);
    }
    if (row != NULL) {
        enter_row(hub, row);
    }
    if (holder != NULL && holder != heir) {
        hub_node_end(hub, holder, now_ms);
    }
    if (heir != NULL) {
        hub_node_relearn(hub, heir, now_ms);
    }
    hub_registry_rename(hub, now_ms);
    return HUB_GAVE;
}

static void say_given(struct hub *hub, struct span name, struct span client_id)
{
    uint8_t room[HUB_LOG_TEXT];
    struct writer w = writer_of(room, sizeof room);

    write_span(&w, shown(hub, client_id));
    write_text(&w, " has the name ");
    write_span(&w, name);
    hub_say(hub, &(struct hub_line_of_log){CONF_NOTICE, "node", "from now on",
                                           span_of(room, written(&w)), NULL});
}

/* `name` and `who` may lie in what changes: they are copied first. */
struct hub_gift hub_given_take(struct hub *hub, struct span name, struct span who, uint64_t now_ms)
{
    struct hub_gift gift = judge(hub, name, who);
    uint8_t room[2 * CONF_NAME_MOST];
    struct writer w = writer_of(room, sizeof room);

    write_span(&w, name);
    write_span(&w, who);
    if (gift.outcome == HUB_GAVE) {
        say_given(hub, name, who);
        gift.outcome =
            w.bad ? HUB_GAVE_BAD_ID
                  : give(hub, span_of(room, name.len), span_of(room + name.len, who.len), now_ms);
    }
    return gift;
}

struct hub_gift hub_node_accept(struct hub *hub, struct span name, struct span client_id,
                                uint64_t now_ms)
{
    const struct conf_node *section = hub_who_named(hub, name);
    const struct given *row = by_name(hub, name);

    if (section == NULL) {
        return (struct hub_gift){.outcome = HUB_GAVE_UNKNOWN};
    }
    if (hub_who_is_settled(section)) {
        return hub_gift_about(hub, HUB_GAVE_IN_FILE, section);
    }
    if (row != NULL && span_equal(id_of(row), client_id)) {
        return (struct hub_gift){.outcome = HUB_GAVE_AGAIN};
    }
    if (row != NULL) {
        return (struct hub_gift){.outcome = HUB_GAVE_FILLED, .name = shown(hub, id_of(row))};
    }
    return hub_given_take(hub, name, client_id, now_ms);
}

/* The client id that has the name now; empty: none. False: nobody knows such a name. */
static bool whose(struct hub *hub, struct span name, struct span *client_id)
{
    struct hub_node_view view = {.client_id = {NULL, 0}};
    const struct hub_node *hn = hub_node_named(hub, name);

    *client_id = hn != NULL ? sn_node_id(hn->node) : hub_given_id(hub, name);
    if (client_id->len != 0) {
        return true;
    }
    if (hub_node_find(hub, name, &view)) {
        *client_id = view.client_id;
        return true;
    }
    return hub_who_named(hub, name) != NULL;
}

struct hub_gift hub_node_replace(struct hub *hub, struct span old, struct span with,
                                 uint64_t now_ms)
{
    const struct conf_node *section = hub_who_named(hub, old);
    struct span was;
    struct span client_id;
    struct hub_gift gift;
    struct writer w;

    if (section != NULL && hub_who_is_settled(section)) {
        return hub_gift_about(hub, HUB_GAVE_IN_FILE, section);
    }
    if (span_equal(with, old) || !whose(hub, with, &client_id) || client_id.len == 0) {
        client_id = with;
    }
    if (!whose(hub, old, &was)) {
        return (struct hub_gift){.outcome = HUB_GAVE_UNKNOWN};
    }
    if (span_equal(was, client_id)) {
        return (struct hub_gift){.outcome = HUB_GAVE_AGAIN};
    }
    w = writer_of(hub->givens->was, sizeof hub->givens->was);
    write_span(&w, shown(hub, was));
    gift = hub_given_take(hub, old, client_id, now_ms);
    gift.was = span_of(hub->givens->was, written(&w));
    return gift;
}
