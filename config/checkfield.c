#include "config/address.h"
#include "config/checks.h"
#include "config/expand.h"
#include "config/nodename.h"

/* True when `octet` is one of the characters of `text`. */
static bool is_one_of(const char *text, char octet)
{
    while (*text != '\0' && *text != octet) {
        text++;
    }
    return *text != '\0';
}

const char *conf_level_problem(struct span name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (!conf_name_holds(name.at[i])) {
            return "has a name with a blank, /, +, # or %";
        }
    }
    return name.len == 0 || name.len > 64 ? "has a name that is not 1..64 octets long" : NULL;
}

static void check_gateway(const struct conf_reading *reading)
{
    const struct conf_gateway *gateway = &reading->conf->gateway;
    const char *wrong = conf_level_problem(span_of_text(gateway->name));

    if (wrong != NULL) {
        conf_say_of(reading, &gateway->at, "name", false, wrong);
    }
}

/* Keys that mean something for some types of listener only. */
static const struct typed {
    const char *key;
    unsigned types; /* a bit for each type that takes it */
} typed[] = {
    {"bind", 1u << CONF_UDP | 1u << CONF_DTLS},
    {"multicast", 1u << CONF_UDP | 1u << CONF_DTLS},
    {"interface", 1u << CONF_UDP | 1u << CONF_DTLS},
    {"advertise", 1u << CONF_UDP | 1u << CONF_DTLS},
    {"ttl", 1u << CONF_UDP | 1u << CONF_DTLS},
    {"standby_for", 1u << CONF_UDP | 1u << CONF_DTLS},
    {"standby_after", 1u << CONF_UDP | 1u << CONF_DTLS},
    {"cert", 1u << CONF_DTLS},
    {"key", 1u << CONF_DTLS},
    {"client_ca", 1u << CONF_DTLS},
    {"psk", 1u << CONF_DTLS},
    {"device", 1u << CONF_SERIAL | 1u << CONF_RS485},
    {"baud", 1u << CONF_SERIAL | 1u << CONF_RS485},
    {"parity", 1u << CONF_SERIAL | 1u << CONF_RS485},
    {"stop_bits", 1u << CONF_SERIAL | 1u << CONF_RS485},
    {"direction", 1u << CONF_SERIAL | 1u << CONF_RS485},
    {"turnaround", 1u << CONF_SERIAL | 1u << CONF_RS485},
    {"addresses", 1u << CONF_RS485},
    {"enrol", 1u << CONF_RS485},
    {"slot", 1u << CONF_RS485},
};

bool conf_key_means(const struct conf_section_kind *kind, const struct conf_section *section,
                    const char *key)
{
    const struct conf_listener *listener = (const void *)section;

    for (size_t i = 0; strcmp(kind->name, "listener") == 0 && i < sizeof typed / sizeof typed[0];
         i++) {
        if (strcmp(typed[i].key, key) == 0) {
            return (typed[i].types & 1u << listener->type) != 0;
        }
    }
    return true;
}

static bool is_group(const struct conf_address *address)
{
    return address->ip_len == 4 ? address->ip[0] >> 4 == 0xE : address->ip[0] == 0xFF;
}

static bool has_family(const struct conf_addresses *list, uint8_t ip_len)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->at[i].ip_len == ip_len) {
            return true;
        }
    }
    return false;
}

static void check_groups(const struct conf_reading *reading, const struct conf_listener *listener)
{
    const struct conf_addresses *groups = &listener->multicast;

    if (groups->count > CONF_GROUPS) {
        conf_say_of(reading, &listener->at, "multicast", false, "stands more than 16 times");
    }
    for (size_t i = 0; i < groups->count; i++) {
        if (!is_group(&groups->at[i])) {
            conf_say_of(reading, &listener->at, "multicast", false,
                        "is no group: 224.0.0.0 to 239.255.255.255, or ff00::/8");
        } else if (!has_family(&listener->bind, groups->at[i].ip_len)) {
            conf_say_of(reading, &listener->at, "multicast", false,
                        groups->at[i].ip_len == 4
                            ? "is an IPv4 group: needs an IPv4 bind, to answer from"
                            : "is an IPv6 group: needs an IPv6 bind, to answer from");
        }
    }
}

static void check_discovery(const struct conf_reading *reading,
                            const struct conf_listener *listener)
{
    bool has_groups = listener->multicast.count != 0;

    check_groups(reading, listener);
    if (listener->advertise_s != 0 && !has_groups && listener->forwarders.count == 0) {
        conf_say_of(reading, &listener->at, "advertise", true,
                    "means nothing without multicast or forwarders");
    }
    if (listener->standby_for == CONF_NONE) {
        return;
    }
    if (!has_groups) {
        conf_say_of(reading, &listener->at, "standby_for", false,
                    "needs multicast: there the other gateway is heard");
    }
    if (listener->standby_for == reading->conf->gateway.id) {
        conf_say_of(reading, &listener->at, "standby_for", false,
                    "is the id of this gateway: each has its own ([gateway] id)");
    }
}

/* `any` is for senders that are near, unless all are let in. */
static void check_forwarders(const struct conf_reading *reading,
                             const struct conf_listener *listener)
{
    bool is_line = listener->type == CONF_SERIAL || listener->type == CONF_RS485;
    bool is_near = is_line || listener->allow_insecure;
    bool has_any = false;

    for (size_t i = 0; i < listener->forwarders.count; i++) {
        has_any = has_any || listener->forwarders.at[i].is_any;
    }
    for (size_t i = 0; has_any && !is_near && i < listener->bind.count; i++) {
        if (!conf_address_is_loopback(&listener->bind.at[i])) {
            conf_say_of(reading, &listener->at, "forwarders", true,
                        "any: from loopback alone, without allow_insecure");
            return;
        }
    }
}

static void check_listener(const struct conf_reading *reading, const struct conf_listener *listener)
{
    const struct conf_section_kind *kind = conf_kind_of(reading->conf, &listener->at);
    bool is_line = listener->type == CONF_SERIAL || listener->type == CONF_RS485;

    if (!conf_has(kind, &listener->at, "type")) {
        conf_say_of(reading, &listener->at, "type", false,
                    "is missing: udp, dtls, serial or rs485");
        return;
    }
    if (is_line && !conf_has(kind, &listener->at, "device")) {
        conf_say_of(reading, &listener->at, "device", false, "is missing: the serial line");
    }
    if (!is_line && !conf_has(kind, &listener->at, "bind")) {
        conf_say_of(reading, &listener->at, "bind", false, "is missing: such as 0.0.0.0:1884");
    }
    check_discovery(reading, listener);
    check_forwarders(reading, listener);
    for (const struct conf_option *row = kind->options; row->key != NULL; row++) {
        if ((listener->at.set & conf_option_bit(kind, row)) != 0 &&
            !conf_key_means(kind, &listener->at, row->key)) {
            conf_say_of(reading, &listener->at, row->key, true,
                        "means nothing for a listener of this type");
        }
    }
}

/* A key for link protection that stands in the file itself. */
static void check_key(const struct conf_reading *reading, const struct conf_section *section,
                      const struct conf_secret *key)
{
    size_t digits = 0;

    while (key->text != NULL && key->text[digits] != '\0' &&
           is_one_of("0123456789abcdefABCDEF", key->text[digits])) {
        digits++;
    }
    if (key->text != NULL && (digits != 32 || key->text[digits] != '\0')) {
        conf_say_of(reading, section, "key", false, "is not 32 hexadecimal digits");
    }
}

static bool has_identity(const struct conf_node *node)
{
    return node->client_id != NULL || node->uid != NULL || node->address != 0 ||
           node->wireless_id != NULL || node->psk_identity != NULL || node->cert != NULL ||
           node->from.ip_len != 0;
}

static void check_node(const struct conf_reading *reading, const struct conf_node *node)
{
    bool has_place = node->address != 0 || node->wireless_id != NULL;

    if (node->listener != NULL && !has_place) {
        conf_say_of(reading, &node->at, "listener", false,
                    "needs address or wireless_id beside it");
    }
    if (node->listener == NULL && has_place) {
        conf_say_of(reading, &node->at, node->address != 0 ? "address" : "wireless_id", false,
                    "needs listener beside it");
    }
    if (!has_identity(node)) {
        conf_say_of(reading, &node->at, "", true,
                    "has no identity: a place that sedge node accept fills");
    }
    check_key(reading, &node->at, &node->with.key);
}

static void check_twins(const struct conf_reading *reading, const struct conf_node *node)
{
    for (const struct conf_node *other = reading->conf->node; other != node; other++) {
        if (node->client_id != NULL && other->client_id != NULL &&
            strcmp(node->client_id, other->client_id) == 0) {
            conf_say_of(reading, &node->at, "client_id", false,
                        "is the client id of an earlier [node] too");
        }
    }
}

/* What is not a placeholder must be fit for a name; values are written so that they are. */
static void check_template(const struct conf_reading *reading, const struct conf_group *group)
{
    static const struct conf_values values = {.of = {[CONF_LISTENER] = {(const uint8_t *)"l", 1},
                                                     [CONF_ADDRESS] = {(const uint8_t *)"a", 1},
                                                     [CONF_CLIENT_ID] = {(const uint8_t *)"c", 1}}};
    uint8_t name[256];
    struct writer w = writer_of(name, sizeof name);
    const char *wrong = NULL;

    if (group->name == NULL) {
        return;
    }
    (void)conf_expand(span_of_text(group->name), &values, 0, &w);
    wrong = conf_level_problem(span_of(name, written(&w)));
    if (wrong != NULL) {
        conf_say_of(reading, &group->at, "name", false, wrong);
    }
}

void conf_check_field(const struct conf_reading *reading)
{
    const struct conf *conf = reading->conf;

    check_gateway(reading);
    for (size_t i = 0; i < conf->listener_count; i++) {
        check_listener(reading, &conf->listener[i]);
    }
    for (size_t i = 0; i < conf->node_count; i++) {
        check_node(reading, &conf->node[i]);
        check_twins(reading, &conf->node[i]);
    }
    for (size_t i = 0; i < conf->group_count; i++) {
        check_key(reading, &conf->group[i].at, &conf->group[i].with.key);
        check_template(reading, &conf->group[i]);
    }
}
