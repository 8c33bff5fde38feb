/* config/conf.h - gateway.conf as values: one struct per section, one field per key.
 *
 * Every field has its row in config/options/, which says its range, default and help. After
 * conf_read all defaults are filled in, those that depend on other settings too, and texts are
 * ready to use (%g, %l, %h, %s replaced) but for templates, which say so; these go through
 * config/topicmap.h, config/expand.h or config/rule.h at use.
 *
 * Pure: texts in, values out. config/load.h reads files.
 * Ownership: one arena holds all that a struct conf points to; conf_free frees it.
 */
#ifndef CONFIG_CONF_H
#define CONFIG_CONF_H

#include "base/bytes.h"
#include "config/report.h"
#include "config/value.h"

#define CONF_CONTROL_MOST 107u /* octets of the path of a socket, so the kernel */

struct conf_gateway {
    struct conf_section at;
    const char *name;
    uint64_t id; /* GwId, 1..255 */
    struct conf_texts include;
    const char *user;    /* NULL: stays who it is */
    const char *state;   /* topic prefix */
    const char *control; /* path of a socket, or "off" */
};

enum conf_listener_type { CONF_UDP, CONF_DTLS, CONF_SERIAL, CONF_RS485 };
enum conf_auth { CONF_AUTH_UNSET, CONF_OPEN, CONF_LISTED, CONF_PSK, CONF_CERT };
/* Who may send QoS -1. BY_SENDER: predefined ids from loopback, serial, rs485 and senders that a
 * [node] names; nothing from others. */
enum conf_publish { CONF_PUBLISH_BY_SENDER, CONF_PUBLISH_NO, CONF_PUBLISH_IDS, CONF_PUBLISH_YES };
enum conf_takeover { CONF_TAKEOVER_UNSET, CONF_TAKEOVER_ASK, CONF_TAKEOVER_AT_ONCE };
enum conf_parity { CONF_PARITY_NONE, CONF_PARITY_EVEN, CONF_PARITY_ODD };
enum conf_direction { CONF_DIRECTION_AUTO, CONF_DIRECTION_KERNEL, CONF_DIRECTION_RTS };
enum conf_enrol { CONF_ENROL_CLOSED, CONF_ENROL_ASK, CONF_ENROL_OPEN };

/* A grace is a factor in thousandths: 2500 is two and a half keepalives. */
#define CONF_GRACE_SPEC 0u

#define CONF_GROUPS 16u /* multicast, of one listener */

struct conf_listener {
    struct conf_section at;
    enum conf_listener_type type;
    enum conf_auth auth;
    bool allow_insecure;
    uint64_t retry_ms;
    uint64_t retries;
    uint64_t keepalive_grace; /* thousandths, or CONF_GRACE_SPEC */
    uint64_t sleep_grace;
    uint64_t max_message;     /* octets of a datagram or frame payload */
    uint64_t wake_messages;   /* CONF_NONE: all */
    struct conf_texts topics; /* names of [topics] */
    const char *mount;        /* template */
    const char *acl;
    struct conf_rate stranger_rate;
    enum conf_publish publish_without_connect;
    enum conf_takeover takeover;
    uint64_t takeover_wait_ms;
    bool rebind;
    struct conf_addresses bind; /* udp, dtls */
    struct conf_addresses multicast;
    const char *interface;
    uint64_t advertise_s; /* 0: off */
    uint64_t ttl;
    uint64_t standby_for; /* GwId; CONF_NONE */
    uint64_t standby_after;
    const char *cert; /* dtls */
    const char *key;
    const char *client_ca;
    struct conf_secrets psk;
    const char *device; /* serial, rs485 */
    uint64_t baud;
    enum conf_parity parity;
    uint64_t stop_bits;
    enum conf_direction direction;
    uint64_t turnaround_us;      /* CONF_NONE: from the baud rate */
    struct conf_range addresses; /* rs485 */
    enum conf_enrol enrol;
    uint64_t slot_us; /* CONF_NONE: auto */
    struct conf_addresses forwarders;
    struct conf_rate rate; /* downlink messages to one forwarder; count CONF_NONE: off */
};

enum conf_transport { CONF_TCP, CONF_TLS, CONF_TCP_WS, CONF_TLS_WS };
enum conf_client_cert {
    CONF_CLIENT_CERT_UNSET,
    CONF_CLIENT_CERT_REQUIRED,
    CONF_CLIENT_CERT_OPTIONAL
};
enum conf_tls { CONF_TLS_1_2, CONF_TLS_1_3 };

struct conf_broker {
    struct conf_section at;
    struct conf_address bind;
    enum conf_transport transport;
    const char *path;
    const char *cert;
    const char *key;
    const char *client_ca;
    enum conf_client_cert client_cert;
    struct conf_secrets psk;
    enum conf_tls tls_min;
    bool anonymous;
    uint64_t connect_timeout_ms;
    const char *acl;
};

enum conf_balance { CONF_BALANCE_ORDER, CONF_BALANCE_RANDOM };
enum conf_mode { CONF_AGGREGATING, CONF_TRANSPARENT };
enum conf_payload { CONF_PAYLOAD_RAW, CONF_PAYLOAD_JSON, CONF_PAYLOAD_THINGSBOARD };
enum conf_when_full { CONF_DROP_OLDEST, CONF_DROP_NEWEST, CONF_DROP_QOS0_FIRST };

struct conf_upstream {
    struct conf_section at;
    struct conf_urls url;
    enum conf_balance balance;
    const char *preset;
    enum conf_mode mode;
    const char *nodes;     /* transparent: node names, with * and ? */
    uint64_t connections;  /* transparent: at most */
    const char *client_id; /* this and each text below are templates when mode is transparent */
    const char *username;
    struct conf_secret password;
    bool clean_session;
    uint64_t keepalive_s;
    const char *ca; /* NULL: the system's store */
    const char *cert;
    const char *key;
    const char *sni;
    const char *alpn;
    bool insecure;
    struct conf_proxy proxy;
    const char *will_topic;
    const char *will_payload;
    uint64_t will_qos;
    bool will_retain;
    const char *birth_payload;
    uint64_t qos_max;
    uint64_t subscribe_qos_max;
    enum conf_retain retain;
    struct conf_rules send; /* in file order */
    struct conf_rules receive;
    struct conf_texts exclude; /* filters, %g replaced */
    enum conf_payload payload;
    uint64_t max_inflight;
    uint64_t max_payload;           /* CONF_NONE: no limit, so the next two */
    uint64_t max_levels;            /* of a topic */
    uint64_t filters_per_subscribe; /* of one packet */
    struct conf_rate rate;          /* count CONF_NONE: no limit */
    struct conf_range reconnect_ms;
    uint64_t ack_timeout_ms;
    uint64_t queue_max; /* octets */
    uint64_t queue_messages;
    uint64_t queue_age_ms;
    enum conf_when_full when_full;
    const char *only_while_down; /* name of another upstream */
    uint64_t down_after_ms;
    bool bridge_bit;
};

struct conf_topics {
    struct conf_section at;
    struct conf_topic_entries entries;
};

/* What [node] and [group] have in common. Only fields whose bit is set in the section's `set`
 * were written; conf_node_settings (config/topicmap.h) lays node, groups and listener over
 * each other. */
struct conf_settings {
    struct conf_texts topics;
    struct conf_topic_entries topic;
    const char *mount; /* template */
    const char *acl;
    struct conf_secret key; /* link protection: 32 hexadecimal digits */
    uint64_t retry_ms;
    uint64_t retries;
    uint64_t keepalive_grace;
    uint64_t sleep_grace;
    uint64_t max_message;
    uint64_t wake_messages;
    uint64_t sleep_queue; /* messages */
    uint64_t sleep_bytes; /* octets */
    uint64_t queue_age_ms;
    enum conf_when_full when_full;
};

struct conf_node {
    struct conf_section at;
    const char *client_id;
    const char *uid;
    const char *listener;
    uint64_t address;        /* on the bus; 0: none */
    const char *wireless_id; /* hexadecimal digits */
    const char *psk_identity;
    const char *cert;         /* CN */
    struct conf_address from; /* without port */
    struct conf_texts group;
    struct conf_settings with;
};

struct conf_group {
    struct conf_section at;
    struct conf_texts match; /* client ids with * and ? */
    const char *listener;
    struct conf_range addresses;
    const char *name; /* template: %l %a %c */
    struct conf_settings with;
};

struct conf_user {
    struct conf_section at;
    struct conf_secret password;
    const char *acl;
};

struct conf_acl {
    struct conf_section at;
    struct conf_texts publish; /* filters, templates: %g %l %n %c %u */
    struct conf_texts subscribe;
};

struct conf_limits {
    struct conf_section at;
    uint64_t nodes;
    uint64_t clients;
    uint64_t max_packet; /* octets */
    uint64_t queued;     /* messages of one session */
    uint64_t inflight;
    struct conf_pair subscriptions; /* of one client, of one node */
    struct conf_pair registrations; /* that a node asked for, made for its wildcards */
    struct conf_pair client_id;     /* octets: of a node, of an MQTT client */
    uint64_t topic_levels;
    uint64_t retained; /* messages */
    uint64_t memory;   /* octets */
    uint64_t session_expiry_ms;
    struct conf_rate connect_rate;
    uint64_t handshakes;
};

enum conf_durability { CONF_FULL, CONF_RELAXED, CONF_DURABILITY_NONE };

struct conf_store {
    struct conf_section at;
    const char *path; /* "none": memory only */
    enum conf_durability durability;
    uint64_t commit_delay_ms;
    uint64_t max;      /* octets */
    uint64_t min_free; /* octets */
};

enum conf_log_format { CONF_LOG_TEXT, CONF_LOG_JSON };

struct conf_log {
    struct conf_section at;
    enum conf_level level;
    const char *to; /* "stderr", "journal" or "file:PATH" */
    enum conf_log_format format;
    struct conf_log_areas areas; /* level.AREA */
};

struct conf_web {
    struct conf_section at;
    struct conf_address bind; /* ip_len 0: off */
    const char *cert;
    const char *key;
    const char *user;
    struct conf_secret password;
    bool read_only;
};

struct conf_metrics {
    struct conf_section at;
    struct conf_address bind; /* that of [web] where not set; ip_len 0: off */
    bool per_node;
};

struct conf_homeassistant {
    struct conf_section at;
    bool discovery;
    const char *prefix;
};

struct conf_entity {
    struct conf_section at;
    const char *match; /* template with %n */
    const char *component;
    const char *unit;
    const char *device_class;
    const char *state_class;
    const char *value;
    const char *command; /* template with %n */
};

struct conf_arena;
struct conf_set;

/* Sections in file order. */
struct conf {
    struct conf_gateway gateway;
    struct conf_limits limits;
    struct conf_store store;
    struct conf_log log;
    struct conf_web web;
    struct conf_metrics metrics;
    struct conf_homeassistant homeassistant;
    struct conf_listener *listener;
    size_t listener_count;
    struct conf_broker *broker;
    size_t broker_count;
    struct conf_upstream *upstream;
    size_t upstream_count;
    struct conf_topics *topics;
    size_t topics_count;
    struct conf_node *node;
    size_t node_count;
    struct conf_group *group;
    size_t group_count;
    struct conf_user *user;
    size_t user_count;
    struct conf_acl *acl;
    size_t acl_count;
    struct conf_entity *entity;
    size_t entity_count;
    struct conf_arena *arena; /* config's own, so the next two */
    struct conf_set *sets;    /* where each key stands */
    size_t set_count;
};

/* One text to read; `name` is what errors call it. */
struct conf_source {
    const char *name;
    struct span text;
};

/* What a configuration may ask of the machine. NULL, or a NULL field: the fallback named. */
struct conf_machine {
    const char *host_name;          /* %h; "sedge" */
    const char *serial;             /* %s; "0" */
    const char *store_path;         /* default of [store] path; /var/lib/sedge/sedge.db */
    const char *const *environment; /* "NAME=value", ends with NULL; empty */
    const char *control_path;       /* default of [gateway] control; sedge.sock beside the store */
};

/* Reads all sources as one configuration. No source at all gives the built-in one (CONFIG's
 * first example). NULL when the report has errors; notes do not count. `machine` may be NULL. */
struct conf *conf_read(const struct conf_source *sources, size_t count,
                       const struct conf_machine *machine, struct conf_report *report);

/* NULL is allowed. */
void conf_free(struct conf *conf);

/* The line of a key that was set last; where no file sets it, that of its section. */
uint64_t conf_line_of(const struct conf *conf, const struct conf_section *section, const char *key);

/* The section of that name, or NULL. */
const struct conf_listener *conf_listener_find(const struct conf *conf, const char *name);
const struct conf_topics *conf_topics_find(const struct conf *conf, const char *name);
const struct conf_group *conf_group_find(const struct conf *conf, const char *name);
const struct conf_user *conf_user_find(const struct conf *conf, const char *name);
const struct conf_acl *conf_acl_find(const struct conf *conf, const char *name);

#endif
