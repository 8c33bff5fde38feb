#include "config/checks.h"

#include "base/text.h"
#include "config/expand.h"
#include "config/hash.h"
#include "config/preset.h"
#include "config/rule.h"

static void check_broker(const struct conf_reading *reading, const struct conf_broker *broker)
{
    bool has_tls = broker->transport == CONF_TLS || broker->transport == CONF_TLS_WS;

    if (!conf_has(conf_kind_of(reading->conf, &broker->at), &broker->at, "bind")) {
        conf_say_of(reading, &broker->at, "bind", false, "is missing: such as 127.0.0.1:1883");
    }
    if (has_tls && broker->psk.count == 0 && (broker->cert == NULL || broker->key == NULL)) {
        conf_say_of(reading, &broker->at, "transport", false, "needs cert and key, or psk");
    }
    if (!broker->anonymous && reading->conf->user_count == 0 && broker->client_ca == NULL &&
        broker->psk.count == 0) {
        conf_say_of(reading, &broker->at, "anonymous", true,
                    "is no here and there is no [user]: nobody can connect");
    }
}

static bool begins_with(const char *text, const char *with)
{
    size_t len = strlen(with);

    return strlen(text) >= len && memcmp(text, with, len) == 0;
}

/* A hash may stand in a file: that is not read yet when the sections are checked. */
static void check_user(const struct conf_reading *reading, const struct conf_user *user)
{
    struct conf_hash hash;
    uint8_t room[160];
    struct writer w = writer_of(room, sizeof room);
    const char *source = user->password.source;
    const char *text = user->password.text;
    const char *wrong = text == NULL ? NULL : conf_hash_read(span_of_text(text), &hash);

    if (source != NULL && begins_with(source, "command:")) {
        wrong = "is a command: write a hash ($argon2id$, $7$) or file:PATH";
    }
    if (wrong == NULL) {
        return;
    }
    write_text(&w, text == source || text == NULL ? "" : "names a text that ");
    write_text(&w, wrong);
    write_end(&w);
    conf_say_of(reading, &user->at, "password", false, (const char *)room);
}

void conf_check_users(const struct conf_reading *reading)
{
    for (size_t i = 0; i < reading->conf->user_count; i++) {
        check_user(reading, &reading->conf->user[i]);
    }
}

/* The level at the front of `text`, taken off. */
static struct span take_level(struct span *text)
{
    const uint8_t *slash = text->len == 0 ? NULL : memchr(text->at, '/', text->len);
    struct span level = *text;

    if (slash != NULL) {
        level.len = (size_t)(slash - text->at);
    }
    *text = slash == NULL ? (struct span){NULL, 0} : span_from(*text, level.len + 1);
    return level;
}

/* True when what `made` becomes can fit `filter`; a placeholder stands for anything. */
static bool can_fit(const char *made, const char *filter)
{
    struct span a = span_of_text(made);
    struct span b = span_of_text(filter);

    while (a.len != 0 || b.len != 0) {
        struct span mine = take_level(&a);
        struct span theirs = take_level(&b);

        if (span_equal(mine, span_of_text("#")) || span_equal(theirs, span_of_text("#")) ||
            (conf_placeholders_of(mine) & CONF_BIT(CONF_TAIL)) != 0) {
            return true;
        }
        if (!span_equal(theirs, span_of_text("+")) && !span_equal(mine, span_of_text("+")) &&
            !span_equal(mine, theirs)) {
            return false;
        }
    }
    return true;
}

/* An item at the line of a rule. */
struct saying {
    const char *key;
    bool is_note;
    const char *text;
};
static void say_at(const struct conf_reading *reading, const struct conf_upstream *upstream,
                   const struct conf_rule *rule, const struct saying *said)
{
    struct conf_about about = {conf_kind_of(reading->conf, &upstream->at), &upstream->at,
                               upstream->at.file, rule->line, span_of_text(said->key)};

    conf_say(reading->report, &about, said->is_note, span_of_text(said->text));
}

static bool can_come_back(const struct conf_rule *send, const struct conf_rules *receive)
{
    const char *made = send->template == NULL ? send->filter : send->template;

    for (size_t i = 0; i < receive->count; i++) {
        if (can_fit(made, receive->at[i].filter)) {
            return true;
        }
    }
    return false;
}

static void check_receive(const struct conf_reading *reading, const struct conf_upstream *upstream,
                          const struct conf_rule *rule)
{
    if (rule->template != NULL && rule->template[0] == '$') {
        say_at(reading, upstream, rule,
               &(struct saying){"receive", false, "has a template that begins with $"});
    }
    if (rule->qos != CONF_QOS_UNSET && rule->qos > upstream->subscribe_qos_max) {
        say_at(reading, upstream, rule,
               &(struct saying){"receive", false, "has a qos above subscribe_qos_max"});
    }
}

static void check_send(const struct conf_reading *reading, const struct conf_upstream *upstream,
                       const struct conf_rule *rule)
{
    if (rule->qos != CONF_QOS_UNSET && rule->qos > upstream->qos_max) {
        say_at(reading, upstream, rule, &(struct saying){"send", false, "has a qos above qos_max"});
    }
    if (conf_rule_least_levels(rule) > upstream->max_levels) {
        say_at(reading, upstream, rule,
               &(struct saying){"send", false, "makes topics of more levels than max_levels"});
    }
    if (can_come_back(rule, &upstream->receive)) {
        say_at(reading, upstream, rule,
               &(struct saying){"send", true, "what it sends can come back by a receive rule"});
    }
}

static void check_rules(const struct conf_reading *reading, const struct conf_upstream *upstream)
{
    for (size_t i = 0; i < upstream->receive.count; i++) {
        check_receive(reading, upstream, &upstream->receive.at[i]);
    }
    for (size_t i = 0; i < upstream->send.count; i++) {
        check_send(reading, upstream, &upstream->send.at[i]);
    }
}

/* What CONNECT may not say. [MQTT-3.1.2-22], [MQTT-3.1.3-7] */
static void check_connect(const struct conf_reading *reading, const struct conf_upstream *upstream)
{
    const struct conf_section_kind *kind = conf_kind_of(reading->conf, &upstream->at);

    if (conf_has(kind, &upstream->at, "password") && upstream->username == NULL) {
        conf_say_of(reading, &upstream->at, "password", false, "needs a username, if an empty one");
    }
    if (upstream->client_id != NULL && upstream->client_id[0] == 0 && !upstream->clean_session) {
        conf_say_of(reading, &upstream->at, "client_id", false,
                    "is empty: needs clean_session = yes");
    }
}

static const struct conf_upstream *other_of(const struct conf *conf,
                                            const struct conf_upstream *upstream)
{
    for (size_t i = 0; upstream->only_while_down != NULL && i < conf->upstream_count; i++) {
        if (strcmp(conf->upstream[i].at.name, upstream->only_while_down) == 0) {
            return &conf->upstream[i];
        }
    }
    return NULL;
}

/* Upstreams that stand by for each other in a ring would none be used. */
static void check_standby(const struct conf_reading *reading, const struct conf_upstream *upstream)
{
    const struct conf_upstream *other = other_of(reading->conf, upstream);

    if (other == upstream) {
        conf_say_of(reading, &upstream->at, "only_while_down", false, "names this upstream itself");
        return;
    }
    for (size_t i = 0; other != NULL && i < reading->conf->upstream_count; i++) {
        other = other_of(reading->conf, other);
        if (other == upstream) {
            conf_say_of(reading, &upstream->at, "only_while_down", false,
                        "leads back to this upstream, so that none of them is used");
            return;
        }
    }
}

/* Each node has a connection: no two may say the same. */
static void check_transparent(const struct conf_reading *reading,
                              const struct conf_upstream *upstream)
{
    unsigned in_id = conf_placeholders_of(span_of_text(upstream->client_id));

    if ((in_id & CONF_NODE_VALUES) == 0) {
        conf_say_of(reading, &upstream->at, "client_id", false,
                    "needs %n or %c: with mode = transparent each node has a connection");
    }
    if (upstream->only_while_down != NULL) {
        conf_say_of(reading, &upstream->at, "only_while_down", false,
                    "cannot be with mode = transparent");
    }
    for (size_t i = 0; i < upstream->send.count; i++) {
        const struct conf_rule *rule = &upstream->send.at[i];

        if ((conf_placeholders_of(span_of_text(rule->filter)) & CONF_NODE_VALUES) != 0) {
            say_at(reading, upstream, rule,
                   &(struct saying){"send", false,
                                    "needs no %n or %c in its filter: what other nodes send does "
                                    "not go up here"});
        }
    }
}

static void check_upstream(const struct conf_reading *reading, const struct conf_upstream *upstream)
{
    if (!conf_has(conf_kind_of(reading->conf, &upstream->at), &upstream->at, "url")) {
        conf_say_of(reading, &upstream->at, "url", false, "is missing: such as mqtt://HOST");
    }
    if (upstream->mode == CONF_TRANSPARENT) {
        check_transparent(reading, upstream);
    }
    check_standby(reading, upstream);
    check_connect(reading, upstream);
    conf_preset_check(reading, upstream);
    check_rules(reading, upstream);
}

static void check_space(const struct conf_reading *reading)
{
    const struct conf *conf = reading->conf;
    uint64_t all = 0;

    for (size_t i = 0; i < conf->upstream_count; i++) {
        all += conf->upstream[i].queue_max;
    }
    if (all > conf->store.max) {
        conf_say_of(reading, &conf->upstream[0].at, "queue_max", true,
                    "of all upstreams together exceeds [store] max");
    }
}

static void check_log(const struct conf_reading *reading)
{
    const char *to = reading->conf->log.to;

    if (strcmp(to, "stderr") != 0 && strcmp(to, "journal") != 0 && !begins_with(to, "file:")) {
        conf_say_of(reading, &reading->conf->log.at, "to", false,
                    "is not stderr, journal or file:PATH");
    }
}

void conf_check_network(const struct conf_reading *reading)
{
    const struct conf *conf = reading->conf;

    for (size_t i = 0; i < conf->broker_count; i++) {
        check_broker(reading, &conf->broker[i]);
    }
    conf_check_users(reading);
    for (size_t i = 0; i < conf->upstream_count; i++) {
        check_upstream(reading, &conf->upstream[i]);
    }
    check_space(reading);
    check_log(reading);
}
