/* mqtt_mass PORT KIND COUNT - many of one thing, and then it holds still until stdin ends:
 *
 *     connect    so many clients, one after the other, keep alive 600 s
 *     claim      so many clients, each with 1,000 octets of a packet that is to have 256 MiB
 *     retain     one client publishes so many retained messages of 64 octets at QoS 1, window 20
 *     fetch      one client asks for them by one wildcard
 *     subscribe  so many filters, 1,000 of each client, window 20
 *
 * `connect` connects before it is ready, the others work after "go". */
#include "tests/bench/mqtt_peer.h"

#include <sys/resource.h>

#define WINDOW      20
#define FILTERS     1000 /* of one client */
#define CLAIM_LEN   268435450u
#define CLAIM_SENT  1000
#define DESCRIPTORS 20000

struct mass {
    const char *port;
    size_t count;
    size_t seen;
    struct peer peer; /* of the client that is at work */
};

static void take(void *arg, struct peer *peer, const struct mqtt_packet *pkt)
{
    struct mass *mass = arg;

    if (pkt->type == MQTT_PUBACK || pkt->type == MQTT_SUBACK) {
        peer->unacked--;
    }
    if (pkt->type == MQTT_SUBACK && (pkt->payload.len != 1 || pkt->payload.at[0] > 2)) {
        peer_fail("a filter was refused");
    }
    mass->seen += pkt->type == MQTT_PUBLISH;
}

/* Sends what the peer has to say once the window is full or `last`, and waits for room: for one, as
 * else a broker that does not switch off the algorithm of Nagle would wait too. */
static void keep_window(struct mass *mass, bool last)
{
    struct peer *peer = &mass->peer;

    peer->unacked++;
    if (peer->unacked < WINDOW && !last) {
        return;
    }
    peer_flush(peer);
    do {
        peer_receive(peer, take, mass);
    } while (peer->unacked >= (last ? 1 : WINDOW));
}

static void connect_all(struct mass *mass)
{
    for (size_t i = 0; i < mass->count; i++) {
        peer_join(&mass->peer, mass->port, i);
    }
}

static void claim(struct mass *mass)
{
    struct peer *peer = &mass->peer;
    static const uint8_t some[CLAIM_SENT];

    for (size_t i = 0; i < mass->count; i++) {
        peer_join(peer, mass->port, i);
        write_u8(&peer->w, MQTT_PUBLISH << 4);
        for (uint32_t rest = CLAIM_LEN; rest != 0; rest >>= 7) {
            write_u8(&peer->w, (uint8_t)((rest & 0x7fu) | (rest > 0x7fu ? 0x80u : 0)));
        }
        write_u16(&peer->w, 3);
        write_span(&peer->w, span_of_text("big"));
        write_span(&peer->w, span_of(some, sizeof some));
        peer_flush(peer);
    }
}

static void retain(struct mass *mass)
{
    static const uint8_t payload[PEER_PAYLOAD] = {1};
    char topic[32];

    peer_join(&mass->peer, mass->port, 0);
    for (size_t i = 0; i < mass->count; i++) {
        snprintf(topic, sizeof topic, "kept/%zu", i);
        peer_publish(&mass->peer, 1u << 1 | MQTT_RETAIN, topic, span_of(payload, sizeof payload));
        keep_window(mass, i + 1 == mass->count);
    }
}

static void fetch(struct mass *mass)
{
    peer_join(&mass->peer, mass->port, 1);
    peer_subscribe(&mass->peer, "kept/#", 0);
    peer_flush(&mass->peer);
    while (mass->seen < mass->count) {
        peer_receive(&mass->peer, take, mass);
    }
}

static void subscribe(struct mass *mass)
{
    char filter[32];

    for (size_t i = 0; i < mass->count; i++) {
        if (i % FILTERS == 0) {
            peer_join(&mass->peer, mass->port, i / FILTERS);
        }
        snprintf(filter, sizeof filter, "read/%zu/value", i);
        peer_subscribe(&mass->peer, filter, 1);
        keep_window(mass, (i + 1) % FILTERS == 0 || i + 1 == mass->count);
    }
}

static const struct kind {
    const char *name;
    void (*before)(struct mass *);
    void (*after)(struct mass *);
} kinds[] = {
    {"connect", connect_all, NULL}, {"claim", NULL, claim},         {"retain", NULL, retain},
    {"fetch", NULL, fetch},         {"subscribe", NULL, subscribe},
};

static const struct kind *kind_of(const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kinds[i].name, name) == 0) {
            return &kinds[i];
        }
    }
    return NULL;
}

int main(int argc, char **argv)
{
    static struct mass mass;
    struct rlimit files = {DESCRIPTORS, DESCRIPTORS};
    const struct kind *kind = argc == 4 ? kind_of(argv[2]) : NULL;
    double start = 0;

    if (kind == NULL) {
        return 1;
    }
    (void)setrlimit(RLIMIT_NOFILE, &files);
    mass.port = argv[1];
    mass.count = strtoul(argv[3], NULL, 10);
    if (kind->before != NULL) {
        kind->before(&mass);
    }
    load_ready();
    start = load_now();
    if (kind->after != NULL) {
        kind->after(&mass);
    }
    load_done(mass.count, load_now() - start);
    return 0;
}
