/* gateway/hub/hub.h - the gateway as a machine: nodes, MQTT clients and upstreams tied together.
 *
 * Pure: octets, values and a time in; octets, records and news out. tests/sim runs all of it, the
 * edge gives it sockets. A turn of the caller is
 *
 *     for what came     hub_datagram, hub_line_input, mqtt_broker_input, hub_uplink_input, ...
 *     when due          hub_tick
 *     once              hub_pump
 *     until false       hub_event, hub_records, and the outputs of each kind
 *     wait              until hub_deadline
 *
 * Ownership: the hub owns gate, broker, sessions and uplinks; `conf` is borrowed, until hub_apply
 * (gateway/hub/apply.h) gives it another one.
 * Units: octets; milliseconds of one monotonic clock. Listeners and uplinks are named by their
 * place in the configuration.
 */
#ifndef GATEWAY_HUB_HUB_H
#define GATEWAY_HUB_HUB_H

#include "base/journal.h"
#include "config/conf.h"
#include "mqtt/broker.h"
#include "sn/gate.h"

#define SEDGE_VERSION "0.1.0"

struct hub;

struct hub_setup {
    const struct conf *conf;
    uint64_t seed;
    int64_t wall_ms; /* wall clock less monotonic clock */
    bool stored;     /* batches are taken and kept; else nothing is recorded */
};

/* NULL: no memory. */
struct hub *hub_new(const struct hub_setup *setup, uint64_t now_ms);
void hub_free(struct hub *hub);

/* The verbs of these are called directly: mqtt_broker_accept, _input, _output, _writable, _gone;
 * sn_gate_output and sn_gate_sent for datagram listeners. */
struct mqtt_broker *hub_broker(struct hub *hub);
struct sn_gate *hub_gate(struct hub *hub);

/* --- the field side -------------------------------------------------------------------------- */

/* One datagram of a udp listener. `wire` may be used again after the call. */
void hub_datagram(struct hub *hub, const struct sn_peer *from, struct span wire, uint64_t now_ms);

/* What the edge alone can count of a listener of datagrams: it adds, the hub tells ($SYS, log). */
struct hub_datagrams {
    uint64_t lost;      /* dropped by the kernel, whose receive buffer was full */
    uint64_t too_long;  /* above max_message */
    uint64_t strangers; /* from a network that `auth = open` does not serve */
    uint64_t unsent;    /* of ours, refused by the kernel and given up */
};
struct hub_datagrams *hub_datagrams(struct hub *hub, uint16_t listener);

/* Octets of a serial listener, as they come. */
void hub_line_input(struct hub *hub, uint16_t listener, struct span octets, uint64_t now_ms);

/* Writes whole frames for a serial listener, as many as fit; returns the octets, 0: none wait. */
size_t hub_line_output(struct hub *hub, uint16_t listener, uint8_t *out, size_t size,
                       uint64_t now_ms);

/* The line was closed and opened anew: a frame begun is forgotten. */
void hub_line_reset(struct hub *hub, uint16_t listener);

/* The same of an rs485 listener, whose octets have their time: microseconds of the hub's clock.
 * Something is to be said at the deadline, whether octets came or not. `size` is what SN_BUS_OUTPUT
 * of sn/bus_master.h says. */
void hub_bus_input(struct hub *hub, uint16_t listener, struct span octets, uint64_t now_us);
size_t hub_bus_output(struct hub *hub, uint16_t listener, uint8_t *out, size_t size,
                      uint64_t now_us);
uint64_t hub_bus_deadline(const struct hub *hub, uint16_t listener);

/* --- upstreams ------------------------------------------------------------------------------- */

/* One for each [upstream]; behind these, up to hub_uplink_places, are the connections of those with
 * `mode = transparent`, each with the section as it is for one node. A pointer is good until the
 * hub is called again, `section` is the place of the [upstream] in the configuration. */
size_t hub_uplink_count(const struct hub *hub);
size_t hub_uplink_places(const struct hub *hub);
const struct conf_upstream *hub_uplink_conf(const struct hub *hub, size_t i);
size_t hub_uplink_section(const struct hub *hub, size_t i);

/* What CONNECT says on the next connection of uplink `i`, in place of the configuration. The spans
 * live until that connection is down. Before `good_ms` is over, unless 0, it says DISCONNECT and is
 * dialled anew. */
struct hub_credentials {
    struct span client_id; /* at NULL: as configured, so the next two */
    struct span username;
    struct span password;
    uint64_t good_ms;
};
void hub_uplink_login(struct hub *hub, size_t i, const struct hub_credentials *login,
                      uint64_t now_ms);

/* The edge has connected uplink `i` after HUB_DIAL; octets came; it is closed or failed (cause is
 * static text). */
void hub_uplink_up(struct hub *hub, size_t i, uint64_t now_ms);
void hub_uplink_input(struct hub *hub, size_t i, struct span octets, uint64_t now_ms);
void hub_uplink_down(struct hub *hub, size_t i, const char *cause, uint64_t now_ms);

/* The kernel took some of what waited for it. */
void hub_uplink_moved(struct hub *hub, size_t i, uint64_t now_ms);

/* What the user may do to one at run time; effects come with the next pump. Paused: left in order
 * and not dialled until it is resumed or the program ends; its queue goes on. */
void hub_uplink_pause(struct hub *hub, size_t i, bool paused);

/* Drops all that waits for it, and returns how many messages; what was sent and not acknowledged
 * stays. */
size_t hub_uplink_purge(struct hub *hub, size_t i, uint64_t now_ms);

/* Queues the retained messages that its send rules take, as if the rules were new; returns how
 * many. */
size_t hub_uplink_resend(struct hub *hub, size_t i, uint64_t now_ms);

/* As mqtt_broker_output, for one uplink; conn and socket are NULL. The edge does not ask while a
 * tail of it waits for the kernel. */
bool hub_uplink_output(struct hub *hub, size_t i, struct mqtt_out *out, uint8_t *scratch,
                       uint64_t now_ms);

/* --- the store ------------------------------------------------------------------------------- */

/* A batch for the writer: when the oldest record is commit_delay old, or at 64 KiB; at most one
 * batch is out. It belongs to the caller until hub_kept. */
bool hub_records(struct hub *hub, struct batch *batch, uint64_t now_ms);
void hub_kept(struct hub *hub, struct batch *batch, uint64_t now_ms);

/* Rows of TABLE_MESSAGE that are to be read, of queues longer than what is kept in memory; one
 * request is out at a time. What comes back is the first `count` of them, in order: a put, or
 * RECORD_DEL where there is no such row. Its octets are copied. */
#define HUB_WANTED 64u
struct hub_wanted {
    uint64_t numbers[HUB_WANTED];
    size_t count;
};
bool hub_wanted(struct hub *hub, struct hub_wanted *out);
void hub_fetched(struct hub *hub, const struct record *rows, size_t count, uint64_t now_ms);

/* The writer failed and tries again: as when it is full, and nothing that must be kept is answered
 * meanwhile. `cause` is static text. */
void hub_not_kept(struct hub *hub, const char *cause);

/* What else the writer says, with each batch that is kept and when it changes: it works, and has
 * room or is full. While full, QoS 1 and 2 publications are refused: a node gets congestion, an
 * MQTT client waits. All else goes on, so that what is stored can drain; the log has one line when
 * it begins and one when it ends. */
void hub_store_works(struct hub *hub, bool full, uint64_t now_ms);

/* At start, before all else: each stored record, tables in order of enum table; then the end. The
 * record and its block stay the caller's. False: it does not fit what came before; told as news. */
bool hub_restore(struct hub *hub, const struct record *record, uint64_t now_ms);
void hub_restored(struct hub *hub, uint64_t now_ms);

/* The budget that blocks of restored records are charged to. */
struct budget *hub_budget(struct hub *hub);

/* --- the turn -------------------------------------------------------------------------------- */

/* Moves news and operations between the parts until all is quiet. */
void hub_pump(struct hub *hub, uint64_t now_ms);
void hub_tick(struct hub *hub, uint64_t now_ms);
uint64_t hub_deadline(const struct hub *hub);

enum hub_news_kind {
    HUB_DIAL,   /* connect uplink `index` to its url number `url` */
    HUB_HANGUP, /* close the socket of uplink `index` */
    HUB_LOGIN,  /* login: is that the password? answered by hub_login */
    HUB_LOG     /* level, area and text, one line */
};

/* Spans are valid until the next hub_event; who keeps the password wipes it. */
struct hub_login {
    uint64_t ticket;
    struct span user;
    struct span password;
    struct span address; /* of the peer, as text with its port */
    const char *hash;    /* of the right password; NULL: no such user, one is tried all the same */
};

struct hub_news {
    enum hub_news_kind kind;
    size_t index;
    size_t url;
    enum conf_level level;
    const char *area; /* static: "node", "mqtt", "uplink", "store" */
    const char *text; /* valid until the next call */
    struct hub_login login;
};

bool hub_event(struct hub *hub, struct hub_news *news);

/* The answer to HUB_LOGIN; BUSY: could not be asked now. A ticket that is out of date is ignored.
 */
enum hub_verdict { HUB_LOGIN_GOOD, HUB_LOGIN_BAD, HUB_LOGIN_BUSY };
void hub_login(struct hub *hub, uint64_t ticket, enum hub_verdict verdict, uint64_t now_ms);

/* A clean stop: an uplink with a will topic publishes its will's payload, all say DISCONNECT, and
 * what is pending leaves for the store at once. Nodes and MQTT clients are not told: their sessions
 * go on after the restart. The caller makes turns until hub_is_stopped, or its patience ends. */
void hub_stop(struct hub *hub, uint64_t now_ms);
bool hub_is_stopped(const struct hub *hub);

#endif
