#include "config/options/rows.h"

/*   key, kind, many, field, least, most, initial, words, placeholders, reload, effect, depends,
 *   help */

#undef AT
#define AT(field) offsetof(struct conf_gateway, field)

/* clang-format off */
const struct conf_option conf_rows_gateway[] = {
    {"name", TEXT, ONE, AT(name), 1, 64, "%h", NULL, CONF_BIT(CONF_HOST) | CONF_BIT(CONF_SERIAL_NO), RESTART, YES, NULL,
     "name of this gateway: %g in topics and client ids; %h is the host name, %s the serial number"},
    {"id", NUMBER, ONE, AT(id), 1, 255, "1", NULL, NONE, RESTART, YES, NULL,
     "GwId in ADVERTISE and GWINFO"},
    {"include", TEXT, MANY, AT(include), 1, 4096, NULL, NULL, NONE, LIVE, YES, NULL,
     "more files to read, * and ? allowed, in name order; relative to this file"},
    {"user", TEXT, ONE, AT(user), 1, 64, NULL, NULL, NONE, RESTART, YES, "stays who it is",
     "account to change to after the ports are open, when started as root"},
    {"state", TOPIC, ONE, AT(state), 0, 0, "$SYS/gateway", NULL, G, LIVE, YES, NULL,
     "topic under which the gateway publishes its own state"},
    {"control", TEXT, ONE, AT(control), 1, CONF_CONTROL_MOST, NULL, NULL, G, RESTART, YES, "/run/sedge/sedge.sock if that folder is writable, else sedge.sock beside the store file",
     "socket by which sedge nodes, watch, reload and others reach the gateway; off: none"},
    END,
};
/* clang-format on */

#undef AT
#define AT(field) offsetof(struct conf_limits, field)

/* clang-format off */
const struct conf_option conf_rows_limits[] = {
    {"nodes", NUMBER, ONE, AT(nodes), 1, 1000000, "10000", NULL, NONE, RESTART, YES, NULL,
     "MQTT-SN sessions at once"},
    {"clients", NUMBER, ONE, AT(clients), 1, 1000000, "10000", NULL, NONE, RESTART, YES, NULL,
     "MQTT sessions at once"},
    {"max_packet", SIZE, ONE, AT(max_packet), KIB, 256 * MIB, "1MiB", NULL, NONE, RESTART, YES, NULL,
     "largest MQTT packet taken"},
    {"queued", NUMBER, ONE, AT(queued), 1, 10000000, "10000", NULL, NONE, RESTART, YES, NULL,
     "messages that wait for one session, upstreams apart; over it QoS 0 goes first, then the oldest"},
    {"inflight", NUMBER, ONE, AT(inflight), 1, 65535, "20", NULL, NONE, RESTART, YES, NULL,
     "messages sent to one session and not yet acknowledged"},
    {"subscriptions", PAIR, ONE, AT(subscriptions), 1, 1000000, "10000, 100", NULL, NONE, RESTART, YES, NULL,
     "subscriptions of one MQTT client, of one node"},
    {"registrations", PAIR, ONE, AT(registrations), 1, 65534, "256, 4096", NULL, NONE, RESTART, YES, NULL,
     "topic ids that one node asked for, that were made for its wildcard subscriptions"},
    {"client_id", PAIR, ONE, AT(client_id), 1, 65535, "64, 1024", NULL, NONE, RESTART, YES, NULL,
     "octets of a client id: of a node, of an MQTT client"},
    {"topic_levels", NUMBER, ONE, AT(topic_levels), 1, 1000, "32", NULL, NONE, RESTART, YES, NULL,
     "levels of a topic or filter"},
    {"retained", NUMBER, ONE, AT(retained), 0, 100000000, "100000", NULL, NONE, RESTART, YES, NULL,
     "retained messages"},
    {"memory", SIZE, ONE, AT(memory), MIB, 64 * GIB, "256MiB", NULL, NONE, RESTART, YES, NULL,
     "message bodies and queues in memory"},
    {"session_expiry", MS, ONE, AT(session_expiry_ms), MINUTE, 3650 * DAY, "7d", "none", NONE, RESTART, YES, NULL,
     "how long a kept session outlives its connection"},
    {"connect_rate", RATE, ONE, AT(connect_rate), 1, 1000000, "50/s", NULL, NONE, RESTART, YES, NULL,
     "new connections of one address, loopback excepted"},
    {"handshakes", NUMBER, ONE, AT(handshakes), 1, 10000, "32", NULL, NONE, RESTART, YES, NULL,
     "TLS and DTLS handshakes at once"},
    END,
};
/* clang-format on */

#undef AT
#define AT(field) offsetof(struct conf_store, field)

/* clang-format off */
const struct conf_option conf_rows_store[] = {
    {"path", TEXT, ONE, AT(path), 1, 4096, NULL, NULL, G, RESTART, YES, "/var/lib/sedge/sedge.db if that folder is writable, else ~/.local/state/sedge/sedge.db",
     "database file; none: memory only"},
    {"durability", WORD, ONE, AT(durability), 0, 0, "full", "full|relaxed|none", NONE, RESTART, YES, NULL,
     "full: synced before the acknowledgement; relaxed: within a second; none: as path = none"},
    {"commit_delay", MS, ONE, AT(commit_delay_ms), 0, 10 * SECOND, "5ms", NULL, NONE, RESTART, YES, NULL,
     "how long records gather before one commit; 100ms spares an SD card"},
    {"max", SIZE, ONE, AT(max), MIB, 16384 * GIB, "1GiB", NULL, NONE, RESTART, YES, NULL,
     "largest database"},
    {"min_free", SIZE, ONE, AT(min_free), 0, 16384 * GIB, "32MiB", NULL, NONE, RESTART, YES, NULL,
     "space left on the disk below which nothing more is taken; half of it, 8MiB at most, is held by a file for a disk that is full"},
    END,
};
/* clang-format on */

#undef AT
#define AT(field) offsetof(struct conf_log, field)

/* clang-format off */
const struct conf_option conf_rows_log[] = {
    {"level", WORD, ONE, AT(level), 0, 0, "info", "error|warning|notice|info|debug", NONE, LIVE, YES, NULL,
     "least important messages that are logged"},
    {"to", TEXT, ONE, AT(to), 1, 4096, "stderr", NULL, G, RESTART, "stderr", NULL,
     "stderr, journal or file:PATH"},
    {"format", WORD, ONE, AT(format), 0, 0, "text", "text|json", NONE, LIVE, "text", NULL,
     "form of a line"},
    {"level.*", AREA, MANY, AT(areas), 0, 0, NULL, "error|warning|notice|info|debug", NONE, LIVE, NOT_YET, NULL,
     "level of one area, such as level.mqtt"},
    END,
};
/* clang-format on */
