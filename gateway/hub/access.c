#include "gateway/hub/access.h"

#include "config/expand.h"
#include "gateway/hub/say.h"
#include "gateway/hub/sys.h"

#define PERSONAL (CONF_BIT(CONF_LISTENER) | CONF_NODE_VALUES | CONF_BIT(CONF_USER))

/* --- acls ------------------------------------------------------------------------------------ */

static bool is_personal(const struct conf_texts *filters)
{
    unsigned found = 0;

    for (size_t i = 0; i < filters->count; i++) {
        found |= conf_placeholders_of(span_of_text(filters->at[i]));
    }
    return (found & PERSONAL) != 0;
}

static bool make_table(struct hub *hub)
{
    const struct conf *conf = hub->conf;

    hub->acls = reserve((conf->acl_count + 1) * sizeof *hub->acls);
    hub->acl_count = hub->acls == NULL ? 0 : conf->acl_count;
    for (size_t i = 0; i < hub->acl_count; i++) {
        hub->acls[i].personal =
            is_personal(&conf->acl[i].publish) || is_personal(&conf->acl[i].subscribe);
    }
    return hub->acls != NULL;
}

static void free_table(struct hub *hub)
{
    for (size_t i = 0; i < hub->acl_count; i++) {
        block_drop(hub->acls[i].shared);
    }
    release(hub->acls);
    hub->acls = NULL;
    hub->acl_count = 0;
}

bool hub_access_init(struct hub *hub)
{
    struct mqtt_acl nothing = {{NULL, 0}, {NULL, 0}};

    hub->no_rights = mqtt_acl_new(&hub->sessions.budget, &nothing);
    return hub->no_rights != NULL && make_table(hub);
}

void hub_access_fini(struct hub *hub)
{
    free_table(hub);
    block_drop(hub->no_rights);
    hub->no_rights = NULL;
}

/* One acl in the making. */
struct making {
    struct hub *hub;
    size_t index; /* of [acl] */
    const struct conf_values *values;
    struct writer octets;
};

static void say_once(const struct making *m, const char *filter)
{
    bool *said = &m->hub->acls[m->index].said;

    if (!*said) {
        hub_say(m->hub,
                &(struct hub_line_of_log){
                    CONF_NOTICE, "access", "acl line grants nothing to who has not its value:",
                    span_of_text(filter), m->hub->conf->acl[m->index].at.name});
    }
    *said = true;
}

/* A line whose placeholder has no fit value grants nothing. */
static struct mqtt_acl_list expand(struct making *m, const struct conf_texts *from,
                                   struct span spans[HUB_ACL_LINES])
{
    struct mqtt_acl_list list = {spans, 0};

    for (size_t i = 0; i < from->count && list.count < HUB_ACL_LINES; i++) {
        struct writer before = m->octets;

        if (!conf_expand(span_of_text(from->at[i]), m->values, 0, &m->octets) || m->octets.bad) {
            m->octets = before;
            say_once(m, from->at[i]);
            continue;
        }
        spans[list.count++] = span_of(before.at, written(&m->octets) - written(&before));
    }
    return list;
}

static struct block *make(struct making *m)
{
    const struct conf_acl *conf = &m->hub->conf->acl[m->index];
    struct span publish[HUB_ACL_LINES];
    struct span subscribe[HUB_ACL_LINES];
    uint8_t room[HUB_ACL_OCTETS];
    struct mqtt_acl acl;

    m->octets = writer_of(room, sizeof room);
    acl.publish = expand(m, &conf->publish, publish);
    acl.subscribe = expand(m, &conf->subscribe, subscribe);
    return mqtt_acl_new(&m->hub->sessions.budget, &acl);
}

/* The acl of that name for who has these values; one without placeholders is made once. */
static bool acl_named(struct hub *hub, const char *name, const struct conf_values *values,
                      struct block **acl)
{
    const struct conf_acl *conf = name == NULL ? NULL : conf_acl_find(hub->conf, name);
    struct making m = {.hub = hub, .values = values};
    struct hub_acl *own = NULL;

    *acl = NULL;
    if (conf == NULL) {
        return true;
    }
    m.index = (size_t)(conf - hub->conf->acl);
    if (m.index >= hub->acl_count) {
        return false;
    }
    own = &hub->acls[m.index];
    if (own->personal) {
        *acl = make(&m);
        return *acl != NULL;
    }
    if (own->shared == NULL) {
        own->shared = make(&m);
    }
    *acl = own->shared == NULL ? NULL : block_hold(own->shared);
    return *acl != NULL;
}

bool hub_access_node(struct hub *hub, const struct conf_place *place, struct block **acl)
{
    struct conf_settings with = conf_node_settings(hub->conf, place);
    struct conf_values values = {0};

    values.of[CONF_GATEWAY] = span_of_text(hub->conf->gateway.name);
    values.of[CONF_NODE] = place->name;
    values.of[CONF_CLIENT_ID] = place->client_id;
    if (place->listener != NULL) {
        values.of[CONF_LISTENER] = span_of_text(place->listener->at.name);
    }
    return acl_named(hub, with.acl, &values, acl);
}

/* --- logins ---------------------------------------------------------------------------------- */

static const struct conf_user *user_named(const struct conf *conf, struct span name)
{
    for (size_t i = 0; i < conf->user_count; i++) {
        if (span_equal(span_of_text(conf->user[i].at.name), name)) {
            return &conf->user[i];
        }
    }
    return NULL;
}

static void refuse(struct hub *hub, const struct mqtt_asking *asking, enum mqtt_code code,
                   uint64_t now_ms)
{
    struct mqtt_verdict verdict = {.code = code};

    mqtt_broker_login(&hub->broker, asking->ticket, &verdict, now_ms);
}

/* Who comes, or came, by an MQTT port. */
struct client {
    uint16_t place;
    struct span user; /* proved, or empty */
    struct span client_id;
};

static bool acl_of(struct hub *hub, const struct client *client, struct block **acl)
{
    const struct conf_broker *port = &hub->conf->broker[client->place];
    const struct conf_user *section = user_named(hub->conf, client->user);
    const char *name = section != NULL && section->acl != NULL ? section->acl : port->acl;
    struct conf_values values = {0};

    values.of[CONF_GATEWAY] = span_of_text(hub->conf->gateway.name);
    values.of[CONF_LISTENER] = span_of_text(port->at.name);
    values.of[CONF_CLIENT_ID] = client->client_id;
    values.of[CONF_USER] = client->user;
    return acl_named(hub, name, &values, acl);
}

/* `user` is proved, or empty. */
static void accept(struct hub *hub, const struct mqtt_asking *asking, struct span user,
                   uint64_t now_ms)
{
    struct client client = {asking->place, user, asking->client_id};
    struct mqtt_verdict verdict = {.code = MQTT_ACCEPTED, .user = user};

    if (!acl_of(hub, &client, &verdict.acl)) {
        verdict.code = MQTT_REFUSED_SERVER;
    }
    mqtt_broker_login(&hub->broker, asking->ticket, &verdict, now_ms);
}

/* There is room: the pump saw to it. */
static void ask_edge(struct hub *hub, const struct mqtt_asking *asking)
{
    struct hub_logins *logins = &hub->logins;

    logins->tickets[(logins->first + logins->count) % HUB_LOGINS] = asking->ticket;
    logins->count++;
}

/* A user name says nothing where the configuration knows no users. */
static void judge(struct hub *hub, const struct mqtt_asking *asking, uint64_t now_ms)
{
    const struct conf_broker *port =
        asking->place < hub->conf->broker_count ? &hub->conf->broker[asking->place] : NULL;
    bool claims = asking->has_username && (hub->conf->user_count > 0 || port == NULL);

    if (port == NULL) {
        refuse(hub, asking, MQTT_REFUSED_RIGHTS, now_ms);
    } else if (asking->identity.len != 0) {
        accept(hub, asking, asking->identity, now_ms);
    } else if (claims && asking->has_password) {
        ask_edge(hub, asking);
    } else if (port->anonymous && !claims) {
        accept(hub, asking, (struct span){NULL, 0}, now_ms);
    } else {
        refuse(hub, asking, asking->has_username ? MQTT_REFUSED_LOGIN : MQTT_REFUSED_RIGHTS,
               now_ms);
    }
}

void hub_access_pump(struct hub *hub, uint64_t now_ms)
{
    struct mqtt_asking asking;

    while (hub->logins.count < HUB_LOGINS && mqtt_broker_asked(&hub->broker, &asking)) {
        hub_sys_tell(hub, HUB_SYS_FRESH_MS, now_ms);
        judge(hub, &asking, now_ms);
    }
}

bool hub_access_waits(const struct hub *hub)
{
    return !list_is_empty(&hub->broker.asking);
}

bool hub_access_event(struct hub *hub, struct hub_news *news)
{
    struct hub_logins *logins = &hub->logins;
    struct mqtt_asking asking;

    while (logins->count > 0) {
        uint64_t ticket = logins->tickets[logins->first];
        const struct conf_user *user = NULL;

        logins->first = (logins->first + 1) % HUB_LOGINS;
        logins->count--;
        if (!mqtt_broker_ask_again(&hub->broker, ticket, &asking)) {
            continue;
        }
        user = user_named(hub->conf, asking.username);
        *news = (struct hub_news){.kind = HUB_LOGIN,
                                  .login = {.ticket = ticket,
                                            .user = asking.username,
                                            .password = asking.password,
                                            .address = asking.address,
                                            .hash = user == NULL ? NULL : user->password.text}};
        return true;
    }
    return false;
}

void hub_login(struct hub *hub, uint64_t ticket, enum hub_verdict verdict, uint64_t now_ms)
{
    struct mqtt_asking asking;

    if (!mqtt_broker_ask_again(&hub->broker, ticket, &asking)) {
        return;
    }
    if (verdict == HUB_LOGIN_GOOD && user_named(hub->conf, asking.username) == NULL) {
        verdict = HUB_LOGIN_BAD; /* a reload took the user away meanwhile */
    }
    if (verdict == HUB_LOGIN_GOOD) {
        accept(hub, &asking, asking.username, now_ms);
    } else {
        refuse(hub, &asking, verdict == HUB_LOGIN_BAD ? MQTT_REFUSED_LOGIN : MQTT_REFUSED_SERVER,
               now_ms);
    }
}

/* --- a reload -------------------------------------------------------------------------------- */

/* What a client may do now. One whose [user] went has no rights left, nor has one for whose rights
 * there is no memory. */
static struct block *rights_of(struct hub *hub, const struct mqtt_guest *guest,
                               const struct conf *before)
{
    struct client client = {guest->place, guest->user, mqtt_session_name(guest->session)};
    bool expelled =
        user_named(before, guest->user) != NULL && user_named(hub->conf, guest->user) == NULL;
    struct block *acl = NULL;

    if (expelled || client.place >= hub->conf->broker_count || !acl_of(hub, &client, &acl)) {
        return block_hold(hub->no_rights);
    }
    return acl;
}

void hub_access_apply(struct hub *hub, const struct conf *before, uint64_t now_ms)
{
    struct mqtt_guest guest = {.conn = NULL};

    free_table(hub);
    (void)make_table(hub);
    while (mqtt_broker_next(&hub->broker, &guest)) {
        mqtt_session_set_acl(&hub->sessions, guest.session, rights_of(hub, &guest, before), now_ms);
    }
}
