#include "tools/sim/profile.h"

#include <stdlib.h>
#include <string.h>

enum kind { NUMBER, TIME, SHARE, FLAG, TEXT, TOPIC, TOPIC_ID, FILTER };

#define AT(field)     offsetof(struct sim_group, field)
#define DAY_MS        86400000L
#define MILLION       1000000L
#define LONGEST       (30 * DAY_MS)
#define SLEEP_MOST_MS (65535 * 1000L) /* what a Duration can say */

/* clang-format off */
static const struct row {
    struct sim_key key;
    enum kind kind;
    size_t at;
    long least;
    long most;
    bool off; /* "off" may stand for SIM_OFF */
} rows[] = {
    {{"count", "N", "nodes of the group (1)", false}, NUMBER, AT(count), 1, SIM_NODES, false},
    {{"id", "TEXT", "client id (%g-%i)", false}, TEXT, AT(id), 0, 0, false},
    {{"topic", "NAME", "published on, one after the other; 2 octets are a short name (sim/%n)", true}, TOPIC, 0, 0, 0, false},
    {{"topic_id", "ID", "the same by predefined id", true}, TOPIC_ID, 0, 1, 65534, false},
    {{"qos", "-1..2", "of what is published (1)", false}, NUMBER, AT(qos), -1, 2, false},
    {{"every", "TIME", "between messages of a node; 0: as fast as they are answered; off (10s)", false}, TIME, AT(every_ms), 0, LONGEST, true},
    {{"messages", "N", "of each node; off: without end (off)", false}, NUMBER, AT(messages), 1, 100000000, true},
    {{"payload", "OCTETS", "of a message; from 24 on with a time stamp (24)", false}, NUMBER, AT(payload), 0, 65000, false},
    {{"retain", "yes|no", "retained messages (no)", false}, FLAG, AT(retain), 0, 0, false},
    {{"subscribe", "FILTER [qos N]", "subscribed to (at QoS 1)", true}, FILTER, 0, 0, 0, false},
    {{"sleep", "TIME", "nodes sleep, and fetch what waits this often (off)", false}, TIME, AT(sleep_ms), 1000, SLEEP_MOST_MS, true},
    {{"keepalive", "TIME", "0: none (60s)", false}, TIME, AT(keepalive_ms), 0, 65535 * 1000L, false},
    {{"clean", "yes|no", "CleanSession (yes; no for nodes that sleep)", false}, FLAG, AT(clean), 0, 0, false},
    {{"will", "NAME", "topic of the will (none)", false}, TEXT, AT(will), 0, 0, false},
    {{"will_message", "TEXT", "of the will (gone)", false}, TEXT, AT(will_message), 0, 0, false},
    {{"will_qos", "0..2", "of the will (1)", false}, NUMBER, AT(will_qos), 0, 2, false},
    {{"will_retain", "yes|no", "of the will (no)", false}, FLAG, AT(will_retain), 0, 0, false},
    {{"disconnect", "yes|no", "say DISCONNECT at the end; no: fall silent (yes)", false}, FLAG, AT(leave), 0, 0, false},
    {{"start", "TIME", "nodes connect spread over this time; 0: all at once (1s)", false}, TIME, AT(start_ms), 0, DAY_MS, false},
    {{"retry", "TIME", "for an answer before a request is repeated (1s)", false}, TIME, AT(retry_ms), 20, 60000, false},
    {{"retries", "N", "repetitions before a node gives up (4)", false}, NUMBER, AT(retries), 0, 100, false},
    {{"loss", "PERCENT", "packets lost on the way, each way (0)", false}, SHARE, AT(loss_ppm), 0, MILLION, false},
    {{"duplicate", "PERCENT", "packets doubled on the way, each way (0)", false}, SHARE, AT(duplicate_ppm), 0, MILLION, false},
};
/* clang-format on */

#define UNSET (-2) /* until the group is closed */

enum { ROWS = sizeof rows / sizeof rows[0] };

size_t sim_profile_rows(void)
{
    return ROWS;
}

struct sim_key sim_profile_key(size_t row)
{
    return rows[row].key;
}

void sim_group_init(struct sim_group *group, const char *name)
{
    *group = (struct sim_group){.id = "%g-%i",
                                .will_message = "gone",
                                .count = 1,
                                .qos = 1,
                                .every_ms = 10000,
                                .messages = SIM_OFF,
                                .payload = 24,
                                .sleep_ms = SIM_OFF,
                                .keepalive_ms = 60000,
                                .clean = UNSET,
                                .will_qos = 1,
                                .leave = 1,
                                .start_ms = 1000,
                                .retry_ms = 1000,
                                .retries = 4};
    (void)snprintf(group->name, sizeof group->name, "%s", name);
}

/* A number with decimals and one of the units; false if it is anything else. */
static bool scaled(const char *text, const char *const *units, const long *factors, long *out)
{
    char *end;
    double value = strtod(text, &end);

    if (end == text || !(value >= 0 && value < 1e9)) {
        return false;
    }
    for (size_t i = 0; units[i] != NULL; i++) {
        if (strcmp(end, units[i]) == 0 && value * (double)factors[i] <= (double)LONGEST) {
            *out = (long)(value * (double)factors[i] + 0.5);
            return true;
        }
    }
    return false;
}

long sim_time(const char *text)
{
    static const char *const units[] = {"ms", "s", "", "m", "h", "d", NULL};
    static const long factors[] = {1, 1000, 1000, 60000, 3600000, DAY_MS};
    long ms;

    return scaled(text, units, factors, &ms) ? ms : -1;
}

static bool read_number(const char *text, long *out)
{
    char *end;

    *out = strtol(text, &end, 10);
    return end != text && *end == '\0';
}

static bool read_value(const struct row *row, const char *text, long *out)
{
    static const char *const percent[] = {"%", "", NULL};
    static const long factors[] = {MILLION / 100, MILLION / 100};

    switch (row->kind) {
    case TIME: *out = sim_time(text); return *out >= 0;
    case SHARE: return scaled(text, percent, factors, out);
    case FLAG: *out = strcmp(text, "yes") == 0; return *out || strcmp(text, "no") == 0;
    default: return read_number(text, out);
    }
}

static const char *set_value(struct sim_group *group, const struct row *row, const char *text)
{
    long *field = (long *)(void *)((char *)group + row->at);
    long value = SIM_OFF;

    if (row->off && strcmp(text, "off") == 0) {
        *field = SIM_OFF;
        return NULL;
    }
    if (!read_value(row, text, &value)) {
        return row->kind == TIME    ? "is no time such as 500ms, 10s, 15m, 1h"
               : row->kind == SHARE ? "is no percentage such as 2%"
               : row->kind == FLAG  ? "is neither yes nor no"
                                    : "is no whole number";
    }
    if (row->kind != FLAG && (value < row->least || value > row->most)) {
        return "is outside what is allowed";
    }
    *field = value;
    return NULL;
}

static const char *add_topic(struct sim_topic *list, size_t *count, struct sim_topic topic)
{
    if (*count == SIM_TOPICS) {
        return "there are 8 already";
    }
    list[(*count)++] = topic;
    return NULL;
}

static const char *add_name(struct sim_group *group, const char *text)
{
    if (*text == '\0' || strpbrk(text, "+#") != NULL) {
        return "a topic to publish on is not empty and has no + or #";
    }
    return add_topic(group->topics, &group->topic_count,
                     (struct sim_topic){.name = text, .len = strlen(text)});
}

/* "FILTER" or "FILTER qos N" */
static const char *add_filter(struct sim_group *group, const char *text)
{
    const char *qos = strstr(text, " qos ");
    struct sim_topic filter = {.name = text, .len = strlen(text), .qos = 1};

    if (qos != NULL) {
        if (strspn(qos + 5, "012") != 1 || qos[6] != '\0') {
            return "qos is 0, 1 or 2";
        }
        filter.qos = (uint8_t)(qos[5] - '0');
        filter.len = (size_t)(qos - text);
    }
    if (filter.len == 0) {
        return "a filter is not empty";
    }
    return add_topic(group->filters, &group->filter_count, filter);
}

static const char *add_id(struct sim_group *group, const struct row *row, const char *text)
{
    long id;

    if (!read_number(text, &id) || id < row->least || id > row->most) {
        return "is no predefined id, 1 to 65534";
    }
    return add_topic(group->topics, &group->topic_count, (struct sim_topic){.id = (uint16_t)id});
}

const char *sim_group_set(struct sim_group *group, size_t number, const char *text)
{
    const struct row *row = &rows[number];

    switch (row->kind) {
    case TEXT: *(const char **)(void *)((char *)group + row->at) = text; return NULL;
    case TOPIC: return add_name(group, text);
    case TOPIC_ID: return add_id(group, row, text);
    case FILTER: return add_filter(group, text);
    default: return set_value(group, row, text);
    }
}

static bool has_long_name(const struct sim_group *group)
{
    for (size_t i = 0; i < group->topic_count; i++) {
        if (group->topics[i].name != NULL && group->topics[i].len != 2) {
            return true;
        }
    }
    return group->topic_count == 0;
}

const char *sim_group_close(struct sim_group *group)
{
    if (group->qos < 0 && has_long_name(group)) {
        return "qos -1 needs topic_id, or a topic of two octets";
    }
    if (group->qos < 0 && (group->filter_count != 0 || group->sleep_ms != SIM_OFF)) {
        return "nodes of qos -1 do not connect, so they neither subscribe nor sleep";
    }
    if (group->count > 1 && strstr(group->id, "%i") == NULL) {
        return "id needs %i, for each node has its own";
    }
    if (group->topic_count + group->filter_count == 0 && group->every_ms != SIM_OFF) {
        group->topics[group->topic_count++] = (struct sim_topic){.name = "sim/%n", .len = 6};
    }
    if (group->clean == UNSET) {
        group->clean = group->sleep_ms == SIM_OFF;
    }
    return NULL;
}
