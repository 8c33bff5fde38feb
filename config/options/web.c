#include "config/options/rows.h"

/*   key, kind, many, field, least, most, initial, words, placeholders, reload, effect, depends,
 *   help */

#undef AT
#define AT(field) offsetof(struct conf_web, field)

/* clang-format off */
const struct conf_option conf_rows_web[] = {
    {"bind", ENDPOINT, ONE, AT(bind), 0, 0, "127.0.0.1:8080", "off", NONE, RESTART, NOT_YET, NULL,
     "address and port of the page; off: none"},
    {"cert", TEXT, ONE, AT(cert), 1, 4096, NULL, NULL, G, NEW, NOT_YET, NULL,
     "certificate file"},
    {"key", TEXT, ONE, AT(key), 1, 4096, NULL, NULL, G, NEW, NOT_YET, NULL,
     "its private key"},
    {"user", TEXT, ONE, AT(user), 1, 256, NULL, NULL, G, LIVE, NOT_YET, NULL,
     "user name that the page asks for"},
    {"password", SECRET, ONE, AT(password), 1, 65535, NULL, NULL, NONE, LIVE, NOT_YET, NULL,
     "its password"},
    {"read_only", FLAG, ONE, AT(read_only), 0, 0, "no", NULL, NONE, LIVE, NOT_YET, NULL,
     "the page changes nothing"},
    END,
};
/* clang-format on */

#undef AT
#define AT(field) offsetof(struct conf_metrics, field)

/* clang-format off */
const struct conf_option conf_rows_metrics[] = {
    {"bind", ENDPOINT, ONE, AT(bind), 0, 0, NULL, "off", NONE, RESTART, NOT_YET, "that of [web]",
     "address and port of /metrics; off: none"},
    {"per_node", FLAG, ONE, AT(per_node), 0, 0, "no", NULL, NONE, LIVE, NOT_YET, NULL,
     "counters of each node, not only their sums"},
    END,
};
/* clang-format on */

#undef AT
#define AT(field) offsetof(struct conf_homeassistant, field)

/* clang-format off */
const struct conf_option conf_rows_homeassistant[] = {
    {"discovery", FLAG, ONE, AT(discovery), 0, 0, "off", NULL, NONE, LIVE, NOT_YET, NULL,
     "announces the topics of [entity] to Home Assistant"},
    {"prefix", TOPIC, ONE, AT(prefix), 0, 0, "homeassistant", NULL, G, LIVE, NOT_YET, NULL,
     "first level of the announcements"},
    END,
};
/* clang-format on */

#undef AT
#define AT(field) offsetof(struct conf_entity, field)

/* clang-format off */
const struct conf_option conf_rows_entity[] = {
    {"match", TOPIC, ONE, AT(match), 0, 0, NULL, NULL, G | L | N, LIVE, NOT_YET, NULL,
     "topic of the value; %n is the node"},
    {"component", TEXT, ONE, AT(component), 1, 64, "sensor", NULL, NONE, LIVE, NOT_YET, NULL,
     "kind of entity"},
    {"unit", TEXT, ONE, AT(unit), 0, 64, NULL, NULL, NONE, LIVE, NOT_YET, NULL,
     "unit of measurement"},
    {"device_class", TEXT, ONE, AT(device_class), 1, 64, NULL, NULL, NONE, LIVE, NOT_YET, NULL,
     "device class"},
    {"state_class", TEXT, ONE, AT(state_class), 1, 64, NULL, NULL, NONE, LIVE, NOT_YET, NULL,
     "state class"},
    {"value", TEXT, ONE, AT(value), 1, 1024, NULL, NULL, NONE, LIVE, NOT_YET, NULL,
     "template that takes the value out of the payload"},
    {"command", TOPIC, ONE, AT(command), 0, 0, NULL, NULL, G | L | N, LIVE, NOT_YET, NULL,
     "topic of commands; %n is the node"},
    END,
};
/* clang-format on */
