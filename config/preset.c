#include "config/preset.h"

#include "base/text.h"
#include "config/lines.h"
#include "config/nearest.h"
#include "config/setting.h"

#define KIB UINT64_C(1024)

struct filling {
    const char *key;
    const char *value;
    uint16_t port; /* for URLs of this port alone; 0: for all */
};

/* What the cloud takes of a key: a number, size, time in seconds, or yes as 1. */
struct bound {
    const char *key;
    uint64_t least;
    uint64_t most;
};

struct preset {
    const char *name;
    const struct filling *fillings; /* up to one without key */
    const struct bound *bounds;     /* likewise */
    const char *username;           /* @ is the host, * the client id; NULL: the user's own */
    size_t client_id_most;          /* octets; 0: as MQTT has it */
    bool no_will;
    bool no_retain;
    bool ties_id;
};

/* clang-format off */
#define FILL(...) \
    (const struct filling[]) { __VA_ARGS__, {NULL, NULL, 0} }
#define TAKES(...) \
    (const struct bound[]) { __VA_ARGS__, {NULL, 0, 0} }

#define UP_TO_QOS_1   {"qos_max", "1", 0}, {"subscribe_qos_max", "1", 0}
#define TAKES_QOS_1   {"qos_max", 0, 1}, {"subscribe_qos_max", 0, 1}
#define NOTHING_KEPT  {"retain", "strip", 0}, {"will_retain", "no", 0}

static const struct preset presets[] = {
    {.name = "aws",
     .ties_id = true,
     .fillings = FILL(UP_TO_QOS_1, NOTHING_KEPT, {"max_payload", "128KiB", 0}, {"max_levels", "8", 0},
                      {"filters_per_subscribe", "8", 0}, {"rate", "100/s", 0},
                      {"alpn", "x-amzn-mqtt-ca", 443}),
     .bounds = TAKES(TAKES_QOS_1, {"keepalive", 5, 1200}, {"max_payload", 1, 128 * KIB},
                     {"max_levels", 1, 8}, {"filters_per_subscribe", 1, 8}, {"max_inflight", 1, 100}),
     .client_id_most = 128},
    {.name = "azure-iothub",
     .ties_id = true,
     .fillings = FILL(UP_TO_QOS_1, NOTHING_KEPT, {"max_payload", "255KiB", 0}),
     .bounds = TAKES(TAKES_QOS_1, {"keepalive", 5, 1177}, {"max_payload", 1, 256 * KIB}),
     .username = "@/*/?api-version=2021-04-12",
     .client_id_most = 128},
    {.name = "azure-eventgrid",
     .ties_id = true,
     .fillings = FILL(UP_TO_QOS_1, NOTHING_KEPT, {"max_payload", "511KiB", 0}),
     .bounds = TAKES(TAKES_QOS_1, {"keepalive", 5, 1160}, {"max_payload", 1, 512 * KIB}),
     .client_id_most = 128},
    {.name = "hivemq",
     .fillings = FILL({"max_inflight", "10", 0}),
     .bounds = TAKES({"max_inflight", 1, 10})},
    {.name = "emqx",
     .fillings = FILL({"max_payload", "1023KiB", 0}, {"max_levels", "10", 0}, {"rate", "10/s", 0}),
     .bounds = TAKES({"max_payload", 1, 1024 * KIB}, {"max_levels", 1, 10}),
     .client_id_most = 1024},
    {.name = "thingsboard",
     .fillings = FILL(UP_TO_QOS_1, NOTHING_KEPT, {"payload", "thingsboard", 0}),
     .bounds = TAKES(TAKES_QOS_1)},
    {.name = "adafruit",
     .fillings = FILL(UP_TO_QOS_1, NOTHING_KEPT, {"rate", "30/m", 0}),
     .bounds = TAKES(TAKES_QOS_1)},
    {.name = "losant",
     .ties_id = true,
     .fillings = FILL({"qos_max", "1", 0}, {"subscribe_qos_max", "0", 0}, NOTHING_KEPT,
                      {"clean_session", "yes", 0}, {"max_payload", "255KiB", 0}, {"rate", "2/s", 0}),
     .bounds = TAKES({"qos_max", 0, 1}, {"subscribe_qos_max", 0, 0}, {"clean_session", 1, 1},
                     {"max_payload", 1, 256 * KIB}),
     .no_retain = true},
    {.name = "cumulocity", /* of the whole packet */
     .ties_id = true,
     .fillings = FILL({"max_payload", "15KiB", 0}),
     .bounds = TAKES({"max_payload", 1, 16184 - 8})},
    {.name = "tencent",
     .ties_id = true,
     .fillings = FILL(UP_TO_QOS_1, NOTHING_KEPT, {"reconnect", "10s..2m", 0}),
     .bounds = TAKES(TAKES_QOS_1, {"keepalive", 5, 900}),
     .username = "*",
     .no_will = true,
     .no_retain = true},
    {.name = "aliyun",
     .ties_id = true,
     .fillings = FILL(UP_TO_QOS_1, NOTHING_KEPT),
     .bounds = TAKES(TAKES_QOS_1, {"keepalive", 30, 1200}),
     .client_id_most = 64,
     .no_will = true,
     .no_retain = true},
    {.name = "rabbitmq",
     .fillings = FILL(UP_TO_QOS_1),
     .bounds = TAKES(TAKES_QOS_1, {"bridge_bit", 0, 0})},
};
/* clang-format on */

#define PRESETS (sizeof presets / sizeof presets[0])

static const struct preset *find(const char *name)
{
    for (size_t i = 0; name != NULL && i < PRESETS; i++) {
        if (strcmp(presets[i].name, name) == 0) {
            return &presets[i];
        }
    }
    return NULL;
}

bool conf_preset_ties_id(const char *preset)
{
    const struct preset *found = find(preset);

    return found != NULL && found->ties_id;
}

static void say_unknown(const struct conf_reading *reading, const struct conf_upstream *upstream)
{
    uint8_t room[512];
    struct writer w = writer_of(room, sizeof room);
    struct conf_nearest nearest = {.text = span_of_text(upstream->preset)};

    write_text(&w, "is none of");
    for (size_t i = 0; i < PRESETS; i++) {
        conf_nearest_offer(&nearest, span_of_text(presets[i].name));
        write_text(&w, i == 0 ? " " : ", ");
        write_text(&w, presets[i].name);
    }
    conf_nearest_write(&nearest, &w);
    write_end(&w);
    conf_say_of(reading, &upstream->at, "preset", false, (const char *)room);
}

static const struct conf_option *row_of(const struct conf_section_kind *kind, const char *key)
{
    return conf_option_find(kind, span_of_text(key));
}

/* The values stand in a table of ours: they are good. */
static void fill(const struct conf_reading *reading, struct conf_upstream *upstream,
                 const struct filling *filling)
{
    const struct conf_section_kind *kind = conf_kind_of(reading->conf, &upstream->at);
    struct conf_given given = {.row = row_of(kind, filling->key),
                               .key = span_of_text(filling->key),
                               .text = span_of_text(filling->value)};
    uint8_t room[256];
    struct writer wrong = writer_of(room, sizeof room);

    if (conf_has(kind, &upstream->at, filling->key) ||
        (filling->port != 0 &&
         (upstream->url.count == 0 || upstream->url.at[0].port != filling->port))) {
        return;
    }
    (void)conf_setting_read(&given, reading->conf->arena, conf_field(&upstream->at, given.row),
                            &wrong);
}

/* The user name that is made of host and client id. */
static void fill_username(const struct conf_reading *reading, const struct preset *preset,
                          struct conf_upstream *upstream)
{
    uint8_t room[CONF_LINE_MAX];
    struct writer w = writer_of(room, sizeof room);

    if (upstream->username != NULL || upstream->url.count == 0) {
        return;
    }
    for (const char *at = preset->username; *at != 0; at++) {
        if (*at == '@') {
            write_text(&w, upstream->url.at[0].host);
        } else if (*at == '*') {
            write_text(&w, upstream->client_id);
        } else {
            write_u8(&w, (uint8_t)*at);
        }
    }
    if (!w.bad) {
        upstream->username = conf_arena_text(reading->conf->arena, span_of(room, written(&w)));
    }
}

void conf_preset_apply(const struct conf_reading *reading, struct conf_upstream *upstream)
{
    const struct preset *preset = find(upstream->preset);

    if (upstream->preset != NULL && preset == NULL) {
        say_unknown(reading, upstream);
        return;
    }
    for (const struct filling *f = preset == NULL ? NULL : preset->fillings; f != NULL && f->key;
         f++) {
        fill(reading, upstream, f);
    }
    if (preset != NULL && preset->username != NULL) {
        fill_username(reading, preset, upstream);
    }
}

static uint64_t number_of(const struct conf_upstream *upstream, const struct conf_option *row)
{
    uint64_t number = 0;

    if (row->kind == CONF_KIND_FLAG) {
        bool flag = false;

        memcpy(&flag, conf_field(&upstream->at, row), sizeof flag);
        return flag;
    }
    memcpy(&number, conf_field(&upstream->at, row), sizeof number);
    return number;
}

static void write_bound(const struct conf_option *row, const struct bound *bound, struct writer *w)
{
    if (row->kind == CONF_KIND_FLAG) {
        write_text(w, bound->most == 0 ? "no alone" : "yes alone");
        return;
    }
    if (bound->least != bound->most) {
        conf_number_print(row->kind, bound->least, w);
        write_text(w, " to ");
    }
    conf_number_print(row->kind, bound->most, w);
}

static void check_bound(const struct conf_reading *reading, const struct conf_upstream *upstream,
                        const struct bound *bound)
{
    const struct conf_section_kind *kind = conf_kind_of(reading->conf, &upstream->at);
    const struct conf_option *row = row_of(kind, bound->key);
    uint64_t number = number_of(upstream, row);
    uint8_t room[256];
    struct writer w = writer_of(room, sizeof room);

    if (!conf_has(kind, &upstream->at, bound->key) ||
        (number >= bound->least && number <= bound->most)) {
        return;
    }
    write_text(&w, upstream->preset);
    write_text(&w, " takes ");
    write_bound(row, bound, &w);
    write_end(&w);
    conf_say_of(reading, &upstream->at, bound->key, false, (const char *)room);
}

static void check_no_will(const struct conf_reading *reading, const struct conf_upstream *upstream)
{
    if (upstream->will_topic != NULL) {
        conf_say_of(reading, &upstream->at, "will_topic", false, "this cloud takes no will");
    }
}

/* Settings that say strip, as ours do, and rules that say otherwise. */
static void check_no_retain(const struct conf_reading *reading,
                            const struct conf_upstream *upstream)
{
    static const char wrong[] = "this cloud takes no retained messages";

    if (upstream->retain != CONF_RETAIN_STRIP) {
        conf_say_of(reading, &upstream->at, "retain", false, wrong);
    }
    if (upstream->will_topic != NULL && upstream->will_retain) {
        conf_say_of(reading, &upstream->at, "will_retain", false, wrong);
    }
    for (size_t i = 0; i < upstream->send.count; i++) {
        enum conf_retain retain = upstream->send.at[i].retain;

        if (retain == CONF_RETAIN_KEEP || retain == CONF_RETAIN_SET) {
            conf_say_of(reading, &upstream->at, "send", false, wrong);
            return;
        }
    }
}

static void check_client_id(const struct conf_reading *reading, const struct preset *preset,
                            const struct conf_upstream *upstream)
{
    uint8_t room[128];
    struct writer w = writer_of(room, sizeof room);

    if (preset->client_id_most == 0 || strlen(upstream->client_id) <= preset->client_id_most) {
        return;
    }
    write_text(&w, preset->name);
    write_text(&w, " takes at most ");
    write_decimal(&w, preset->client_id_most);
    write_text(&w, " octets");
    write_end(&w);
    conf_say_of(reading, &upstream->at, "client_id", false, (const char *)room);
}

void conf_preset_check(const struct conf_reading *reading, const struct conf_upstream *upstream)
{
    const struct preset *preset = find(upstream->preset);

    if (preset == NULL) {
        return;
    }
    for (const struct bound *b = preset->bounds; b->key != NULL; b++) {
        check_bound(reading, upstream, b);
    }
    check_client_id(reading, preset, upstream);
    if (preset->no_will) {
        check_no_will(reading, upstream);
    }
    if (preset->no_retain) {
        check_no_retain(reading, upstream);
    }
}
