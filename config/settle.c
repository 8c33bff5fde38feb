#include "config/reading.h"

#include "base/text.h"
#include "config/address.h"
#include "config/checks.h"
#include "config/lines.h"
#include "config/preset.h"
#include "config/setting.h"

#define STORE_PATH "/var/lib/sedge/sedge.db"

/* The values that are the same for all texts of one section. */
static struct conf_values values_of(const struct conf_reading *reading,
                                    const struct conf_section_kind *kind,
                                    const struct conf_section *section)
{
    const struct conf_machine *machine = &reading->machine;
    struct span gateway = span_of_text(reading->conf->gateway.name);
    struct conf_values values = {0};

    if (conf_level_problem(gateway) != NULL) {
        gateway = span_of_text("gateway"); /* one error is enough: check says it */
    }
    values.of[CONF_HOST] = span_of_text(machine->host_name == NULL ? "sedge" : machine->host_name);
    values.of[CONF_SERIAL_NO] = span_of_text(machine->serial == NULL ? "0" : machine->serial);
    values.of[CONF_GATEWAY] = gateway;
    if (strcmp(kind->name, "listener") == 0) {
        values.of[CONF_LISTENER] = span_of_text(section->name);
    }
    return values;
}

/* `text` with the placeholders replaced that are not `kept`; NULL and said why not. */
static const char *expanded(const struct conf_reading *reading, const struct conf_values *values,
                            const char *text, unsigned kept)
{
    uint8_t room[CONF_LINE_MAX];
    struct writer w = writer_of(room, sizeof room);

    if (memchr(text, '%', strlen(text) + 1) == NULL) {
        return text;
    }
    if (!conf_expand(span_of_text(text), values, kept, &w) || w.bad) {
        return NULL;
    }
    return conf_arena_text(reading->conf->arena, span_of(room, written(&w)));
}

/* What cannot be replaced stays as it was; false. */
static bool expand_text(const struct conf_reading *reading, const struct conf_values *values,
                        const char **text, unsigned kept)
{
    const char *done = *text == NULL ? NULL : expanded(reading, values, *text, kept);
    bool good = done != NULL || *text == NULL;

    *text = good ? done : *text;
    return good;
}

static bool expand_value(const struct conf_reading *reading, const struct conf_values *values,
                         const struct conf_option *row, void *value)
{
    struct conf_rule *rule = value;

    if (row->kind != CONF_KIND_RULE) {
        return expand_text(reading, values, value, 0);
    }
    return expand_text(reading, values, &rule->filter, 0) &&
           expand_text(reading, values, &rule->template, CONF_BIT(CONF_TAIL));
}

static bool has_node(const char *text)
{
    return text != NULL && (conf_placeholders_of(span_of_text(text)) & CONF_NODE_VALUES) != 0;
}

/* A placeholder of a node, in a text that is used before there is a node. */
static bool needs_node(const struct conf_option *row, const void *value)
{
    const char *text = NULL;

    if (row->kind == CONF_KIND_RULE) {
        const struct conf_rule *rule = value;

        return has_node(rule->filter) || has_node(rule->template);
    }
    if (!conf_kind_is_text(row->kind)) {
        return false;
    }
    memcpy(&text, value, sizeof text);
    return has_node(text);
}

static void expand_row(const struct conf_reading *reading, const struct conf_section_kind *kind,
                       struct conf_section *section, const struct conf_option *row)
{
    struct conf_values values = values_of(reading, kind, section);
    struct conf_list list = conf_values_of(section, row);

    for (size_t i = 0; i < list.count; i++) {
        void *value = (uint8_t *)list.at + i * conf_kind_size(row->kind);

        if (needs_node(row, value)) {
            conf_say_of(reading, section, row->key, false,
                        "%n and %c stand here with mode = transparent alone");
        } else if (!expand_value(reading, &values, row, value)) {
            conf_say_of(reading, section, row->key, false,
                        "cannot be used: a placeholder's value does not fit here");
        }
    }
}

static bool has_placeholders(const struct conf_option *row)
{
    return row->kind == CONF_KIND_RULE ||
           (conf_kind_is_text(row->kind) && row->kind != CONF_KIND_NAME);
}

static void expand_section(const struct conf_reading *reading, const struct conf_section_kind *kind,
                           struct conf_section *section)
{
    for (const struct conf_option *row = kind->options; row->key != NULL; row++) {
        if (has_placeholders(row) && !conf_is_template(kind, section, row)) {
            expand_row(reading, kind, section, row);
        }
    }
}

#define BUS_CYCLES  16u
#define BUS_LEAST   1000u /* ms */
#define BUS_MOST    600000u
#define BUS_HOST_US 1500u /* how late octets reach us from an adapter */

/* Cycles of an RS-485 bus in which each of its addresses says 27 octets (docs/serial-link.md). */
static uint64_t retry_of_bus(const struct conf_listener *listener)
{
    uint64_t c_ns = UINT64_C(10000000000) / listener->baud;
    uint64_t nodes = listener->addresses.high - listener->addresses.low + 1;
    uint64_t groups = nodes / 32 + 1;
    uint64_t grants = nodes / 12 + 1;
    uint64_t turn_us =
        listener->turnaround_us != CONF_NONE ? listener->turnaround_us : 2 * c_ns / 1000 + 50;
    uint64_t slot_us = listener->slot_us != CONF_NONE ? listener->slot_us : 3 * c_ns / 2000 + 60;
    uint64_t cycle_us = groups * (19 * c_ns / 1000 + turn_us + BUS_HOST_US + slot_us) +
                        grants * (21 * c_ns / 1000 + BUS_HOST_US) +
                        nodes * (36 * c_ns / 1000 + turn_us + slot_us);
    uint64_t ms = BUS_CYCLES * cycle_us / 1000;

    return ms < BUS_LEAST ? BUS_LEAST : ms < BUS_MOST ? ms : BUS_MOST;
}

static uint64_t usual_retry(const struct conf_listener *listener)
{
    switch (listener->type) {
    case CONF_SERIAL: return BUS_LEAST;
    case CONF_RS485: return retry_of_bus(listener);
    default: return 10000;
    }
}

static void settle_listener(struct conf_listener *listener, const struct conf_section_kind *kind)
{
    bool is_line = listener->type == CONF_SERIAL || listener->type == CONF_RS485;
    bool has_proof = false;

    if (listener->auth == CONF_AUTH_UNSET) {
        listener->auth = listener->type == CONF_DTLS ? CONF_PSK : CONF_OPEN;
    }
    has_proof = listener->auth == CONF_PSK || listener->auth == CONF_CERT;
    if (listener->takeover == CONF_TAKEOVER_UNSET) {
        listener->takeover = has_proof ? CONF_TAKEOVER_AT_ONCE : CONF_TAKEOVER_ASK;
    }
    if (!conf_has(kind, &listener->at, "retry")) {
        listener->retry_ms = usual_retry(listener);
    }
    if (!conf_has(kind, &listener->at, "max_message")) {
        listener->max_message = is_line ? 512 : 1400;
    }
    if (!conf_has(kind, &listener->at, "rebind")) {
        listener->rebind = listener->type == CONF_DTLS;
    }
}

static void settle_broker(struct conf_broker *broker, const struct conf_section_kind *kind)
{
    if (broker->client_cert == CONF_CLIENT_CERT_UNSET && broker->client_ca != NULL) {
        broker->client_cert = CONF_CLIENT_CERT_REQUIRED;
    }
    if (!conf_has(kind, &broker->at, "anonymous")) {
        broker->anonymous = conf_address_is_loopback(&broker->bind);
    }
}

/* What stands nowhere in the table because it depends on other settings. */
static void settle_defaults(const struct conf_reading *reading)
{
    struct conf *conf = reading->conf;

    for (size_t i = 0; i < conf->listener_count; i++) {
        settle_listener(&conf->listener[i], conf_kind_of(conf, &conf->listener[i].at));
    }
    for (size_t i = 0; i < conf->broker_count; i++) {
        settle_broker(&conf->broker[i], conf_kind_of(conf, &conf->broker[i].at));
    }
    for (size_t i = 0; i < conf->upstream_count; i++) {
        struct conf_upstream *upstream = &conf->upstream[i];

        if (upstream->client_id == NULL) {
            upstream->client_id = upstream->mode == CONF_TRANSPARENT ? "%c" : "%g";
        }
        conf_preset_apply(reading, upstream);
    }
    if (conf->store.path == NULL) {
        const char *path = reading->machine.store_path;

        conf->store.path =
            path == NULL ? STORE_PATH : conf_arena_text(conf->arena, span_of_text(path));
    }
    if (!conf_has(conf_kind_of(conf, &conf->metrics.at), &conf->metrics.at, "bind")) {
        conf->metrics.bind = conf->web.bind;
    }
}

/* Beside the store, once that has its name; what keeps nothing leaves no socket either, and where
 * the path would be too long there is none until one is named. */
static const char *control_beside(struct conf_arena *arena, const char *store)
{
    size_t folder = strlen(store);
    uint8_t room[CONF_LINE_MAX];
    struct writer w = writer_of(room, sizeof room);

    if (strcmp(store, "none") == 0) {
        return "off";
    }
    while (folder > 0 && store[folder - 1] != '/') {
        folder--;
    }
    write_span(&w, span_of(store, folder));
    write_text(&w, "sedge.sock");
    return written(&w) > CONF_CONTROL_MOST ? "off"
                                           : conf_arena_text(arena, span_of(room, written(&w)));
}

static void settle_control(const struct conf_reading *reading)
{
    struct conf *conf = reading->conf;
    const char *path = reading->machine.control_path;

    if (conf->gateway.control == NULL) {
        conf->gateway.control = path == NULL ? control_beside(conf->arena, conf->store.path)
                                             : conf_arena_text(conf->arena, span_of_text(path));
    }
}

void conf_settle(const struct conf_reading *reading)
{
    const struct conf_section_kind *gateway = conf_section_kind(0);

    expand_section(reading, gateway, &reading->conf->gateway.at);
    settle_defaults(reading);
    for (size_t i = 1; i < CONF_SECTION_KINDS; i++) {
        const struct conf_section_kind *kind = conf_section_kind(i);

        for (size_t j = 0; j < conf_section_count(reading->conf, kind); j++) {
            expand_section(reading, kind, conf_section_at(reading->conf, kind, j));
        }
    }
    settle_control(reading);
}
