/* mqtt/login.c - CONNECT requests from their arrival to the verdict on them. [MQTT 3.1.1, 3.1.4] */
#include "mqtt/conn.h"
#include "mqtt/topic.h"

/* The CONNECT is kept as it came, and decoded again when the verdict is there. */
struct mqtt_login {
    struct list link; /* in the broker's asking, then waiting */
    struct block *block;
    struct mqtt_conn *conn;
    uint64_t ticket;
    size_t len;
    uint8_t wire[];
};

static struct mqtt_login *login_of(struct list *link)
{
    return LIST_ITEM(link, struct mqtt_login, link);
}

static bool has_good_id(const struct mqtt_broker *b, const struct mqtt_packet *pkt)
{
    bool clean = (pkt->connect_flags & MQTT_CONNECT_CLEAN) != 0;

    if (pkt->client_id.len == 0) {
        return clean && pkt->level != MQTT_LEVEL_3_1; /* [MQTT-3.1.3-8] */
    }
    return pkt->client_id.len <= b->sessions->limits.client_id;
}

enum mqtt_err mqtt_conn_ask(struct mqtt_broker *b, struct mqtt_conn *conn,
                            const struct mqtt_packet *pkt, struct span wire, uint64_t now_ms)
{
    struct block *block = NULL;
    struct mqtt_login *login = NULL;

    if (mqtt_topic_levels(pkt->will_topic) > b->sessions->limits.topic_levels) {
        return MQTT_ERR_LEVELS;
    }
    if (!has_good_id(b, pkt)) {
        mqtt_conn_refuse(b, conn, MQTT_REFUSED_ID, mqtt_err_name(MQTT_ERR_CLIENT_ID), now_ms);
        return MQTT_OK;
    }
    block = block_new(conn->stream.budget, sizeof *login + wire.len);
    if (block == NULL) {
        mqtt_conn_refuse(b, conn, MQTT_REFUSED_SERVER, mqtt_err_name(MQTT_ERR_FULL), now_ms);
        return MQTT_OK;
    }
    login = (struct mqtt_login *)(void *)block->octets;
    *login = (struct mqtt_login){
        .block = block, .conn = conn, .ticket = ++b->last_ticket, .len = wire.len};
    memcpy(login->wire, wire.at, wire.len);
    list_push(&b->asking, &login->link);
    conn->login = login;
    return MQTT_OK;
}

void mqtt_conn_forget_login(struct mqtt_conn *conn)
{
    struct mqtt_login *login = conn->login;

    if (login != NULL) {
        conn->login = NULL;
        list_remove(&login->link);
        memset(login->wire, 0, login->len);
        block_drop(login->block);
    }
}

/* It decoded when it came. */
static struct mqtt_packet packet_of(const struct mqtt_login *login)
{
    struct mqtt_packet pkt;

    (void)mqtt_packet_decode(&pkt, span_of(login->wire, login->len), 0);
    return pkt;
}

static struct mqtt_asking asking_of(const struct mqtt_login *login)
{
    const struct mqtt_conn *conn = login->conn;
    struct mqtt_packet pkt = packet_of(login);

    return (struct mqtt_asking){
        .ticket = login->ticket,
        .client_id = pkt.client_id,
        .address = {conn->address->octets, conn->address_len},
        .identity = span_from(block_span(conn->address), conn->address_len),
        .username = pkt.username,
        .password = pkt.password,
        .place = conn->place,
        .has_username = (pkt.connect_flags & MQTT_CONNECT_USERNAME) != 0,
        .has_password = (pkt.connect_flags & MQTT_CONNECT_PASSWORD) != 0,
    };
}

bool mqtt_broker_asked(struct mqtt_broker *b, struct mqtt_asking *asking)
{
    struct list *link = list_pop(&b->asking);

    if (link == NULL) {
        return false;
    }
    list_push(&b->waiting, link);
    *asking = asking_of(login_of(link));
    return true;
}

static struct mqtt_login *find(const struct mqtt_broker *b, uint64_t ticket)
{
    LIST_EACH (link, &b->waiting) {
        if (login_of(link)->ticket == ticket) {
            return login_of(link);
        }
    }
    return NULL;
}

bool mqtt_broker_ask_again(const struct mqtt_broker *b, uint64_t ticket, struct mqtt_asking *asking)
{
    const struct mqtt_login *login = find(b, ticket);

    if (login != NULL) {
        *asking = asking_of(login);
    }
    return login != NULL;
}

static const char *cause_of(enum mqtt_code code)
{
    switch (code) {
    case MQTT_REFUSED_LOGIN: return mqtt_err_name(MQTT_ERR_LOGIN);
    case MQTT_REFUSED_RIGHTS: return "comes without a user name";
    default: return "too many logins at once";
    }
}

/* Its address was for the verdict alone; who it is stays. */
static void take_user(struct mqtt_conn *conn, struct block *user)
{
    if (conn->session == NULL) {
        block_drop(user);
        return;
    }
    conn->address = user;
    conn->address_len = 0;
}

void mqtt_broker_login(struct mqtt_broker *b, uint64_t ticket, const struct mqtt_verdict *verdict,
                       uint64_t now_ms)
{
    struct mqtt_login *login = find(b, ticket);
    struct mqtt_conn *conn = login == NULL ? NULL : login->conn;
    struct mqtt_packet pkt;
    struct block *user = NULL;

    if (login == NULL || verdict->code != MQTT_ACCEPTED) {
        block_drop(verdict->acl);
    }
    if (login == NULL) {
        return;
    }
    if (verdict->code != MQTT_ACCEPTED) {
        mqtt_conn_refuse(b, conn, verdict->code, cause_of(verdict->code), now_ms);
        return;
    }
    if (verdict->user.len != 0) {
        user = block_copy(conn->stream.budget, verdict->user);
    }
    if (verdict->user.len != 0 && user == NULL) {
        block_drop(verdict->acl);
        mqtt_conn_refuse(b, conn, MQTT_REFUSED_SERVER, mqtt_err_name(MQTT_ERR_FULL), now_ms);
        return;
    }
    pkt = packet_of(login);
    conn->heard_ms = now_ms;
    mqtt_conn_open(b, conn, &pkt, verdict->acl, now_ms);
    take_user(conn, user);
    mqtt_conn_forget_login(conn);
    mqtt_conn_go_on(b, conn, now_ms);
}

bool mqtt_broker_next(const struct mqtt_broker *b, struct mqtt_guest *at)
{
    struct list *link = at->conn == NULL ? b->all.next : at->conn->in_all.next;

    for (; link != &b->all; link = link->next) {
        struct mqtt_conn *conn = LIST_ITEM(link, struct mqtt_conn, in_all);

        if (conn->session != NULL) {
            *at = (struct mqtt_guest){.conn = conn,
                                      .session = conn->session,
                                      .user = block_span(conn->address),
                                      .place = conn->place};
            return true;
        }
    }
    return false;
}
