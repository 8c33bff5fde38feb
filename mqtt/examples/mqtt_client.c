/* mqtt-client HOST PORT ID TOPIC FILTER QOS - publishes each line of stdin to TOPIC at QOS and
 * prints what comes for FILTER. What is typed while the broker is away goes out when it is back.
 * After the end of stdin it ends when all is acknowledged. docs/client.md walks through it. */
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "mqtt/client.h"
#include "mqtt/op.h"
#include "mqtt/received.h"

#define LINE_MOST 4096u
#define ROOM      8192u /* of any packet of ours */

struct app {
    const char *host, *port;
    struct span topic, filter;
    struct journal journal; /* off: the session is in memory alone */
    struct mqtt_sessions sessions;
    struct mqtt_session *session; /* queue, packet ids, QoS 1 and 2: outlives connections */
    struct mqtt_client_config config;
    struct mqtt_client client; /* the connection */
    bool asked, typed_all;
    int fd; /* -1: none */
    uint64_t now_ms;
    uint8_t buffer[65536];
};

static uint64_t clock_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* It is open while we are online; closed it stays, and goes on to queue. */
static void open_session(struct app *a)
{
    struct mqtt_opening opening = {MQTT_DOOR_UPSTREAM, span_of_text("broker"), .door_item = a};

    opening.quota = (struct mqtt_quota){.queued = 100000, .inflight = 20, .no_echo = true};
    a->session = mqtt_session_open(&a->sessions, &opening, a->now_ms);
}

static bool init(struct app *a, const char *id, uint8_t qos)
{
    static const struct mqtt_limits limits = {.sessions = 1,
                                              .subscriptions = 1,
                                              .entries = 100000,
                                              .memory = 1 << 26,
                                              .topic_levels = 99};
    struct mqtt_subscribing typed = {a->topic, qos, .options = MQTT_SUB_FIXED_QOS};
    uint64_t seed = clock_ms() ^ (uint64_t)getpid() << 32;
    uint64_t ticket = 0;

    a->config = (struct mqtt_client_config){.client_id = span_of_text(id),
                                            .keepalive_s = 60,
                                            .reconnect_least_ms = 100,
                                            .reconnect_most_ms = 5000,
                                            .ack_timeout_ms = 30000,
                                            .max_packet = 1 << 20};
    a->now_ms = clock_ms();
    if (!journal_init(&a->journal, 1, seed) ||
        !mqtt_sessions_init(&a->sessions, &limits, &a->journal, seed)) {
        return false;
    }
    a->journal.off = true;
    mqtt_client_init(&a->client, &a->config, &a->sessions.budget, seed, a->now_ms);
    open_session(a); /* what is published to TOPIC here is queued for the broker: */
    mqtt_session_subscribe(&a->sessions, a->session, &typed, &ticket, a->now_ms);
    mqtt_session_close(&a->sessions, a->session, MQTT_END_PARTED, a->now_ms);
    return true;
}

static void dial(struct app *a)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *to = NULL;

    if (getaddrinfo(a->host, a->port, &hints, &to) == 0) {
        a->fd = socket(to->ai_family, SOCK_STREAM, 0);
        if (connect(a->fd, to->ai_addr, to->ai_addrlen) == 0) {
            mqtt_client_up(&a->client, a->now_ms);
        }
        freeaddrinfo(to);
    }
    if (a->client.state == MQTT_DIALLING) {
        mqtt_client_down(&a->client, "cannot connect", a->now_ms);
    }
}

/* By the session, which acknowledges it, and at QoS 2 knows whether it came before. */
static void take(struct app *a, const struct mqtt_packet *packet)
{
    struct mqtt_publication p = {.topic = packet->topic, .payload = packet->payload};
    bool again = mqtt_received_find(&a->sessions, a->session, packet->packet_id) != NULL;

    p.packet_id = packet->packet_id;
    p.qos = mqtt_packet_qos(packet);
    if (mqtt_session_publish(&a->sessions, a->session, &p, a->now_ms) != MQTT_OK) {
        mqtt_client_drop(&a->client, "no memory", a->now_ms); /* the broker sends it again */
    } else if (p.qos < 2 || !again) {
        printf("%.*s %.*s\n", (int)p.topic.len, (const char *)p.topic.at, (int)p.payload.len,
               (const char *)p.payload.at);
        (void)fflush(stdout);
    }
}

static void hear(struct app *a, const struct mqtt_client_news *news)
{
    const char *hint = news->pattern == MQTT_CLIENT_TAKEN ? "; is our id used twice?" : "";

    switch (news->kind) {
    case MQTT_CLIENT_DIAL: dial(a); break;
    case MQTT_CLIENT_ONLINE:
        (void)fprintf(stderr, "online, %s session\n", news->present ? "kept" : "new");
        open_session(a);
        a->asked = false;
        break;
    case MQTT_CLIENT_SUBSCRIBED: (void)fprintf(stderr, "subscribed\n"); break;
    case MQTT_CLIENT_PUBLISH: take(a, &news->packet); break;
    case MQTT_CLIENT_DOWN:
        (void)fprintf(stderr, "down: %s%s\n", news->cause, hint);
        (void)close(a->fd);
        a->fd = -1;
        mqtt_session_close(&a->sessions, a->session, MQTT_END_PARTED, a->now_ms);
        break;
    default: (void)mqtt_client_settle(&a->sessions, a->session, news, a->now_ms); break;
    }
}

static void input(struct app *a)
{
    struct mqtt_client_news news;
    ssize_t len = read(a->fd, a->buffer, sizeof a->buffer);
    struct span octets = {a->buffer, len > 0 ? (size_t)len : 0};

    if (len <= 0) {
        mqtt_client_down(&a->client, "closed by the other side", a->now_ms);
    }
    while (mqtt_client_input(&a->client, &octets, &news, a->now_ms)) {
        hear(a, &news);
    }
}

/* What the connection has to say, then the session; true: there may be more. */
static bool output(struct app *a)
{
    struct mqtt_client_filter wanted = {a->filter, 2};
    struct writer w = writer_of(a->buffer, sizeof a->buffer);
    bool fits = true;
    struct mqtt_op op;

    mqtt_client_write(&a->client, &w, a->now_ms);
    a->asked = a->asked || mqtt_client_subscribe(&a->client, &w, &wanted, 1, a->now_ms);
    while (fits && mqtt_client_may_send(&a->client) && written(&w) + ROOM < sizeof a->buffer &&
           mqtt_session_next(&a->sessions, a->session, &op, a->now_ms)) {
        fits = mqtt_client_send(&a->client, &w, &op, a->topic, a->now_ms);
        if (!fits) { /* not now */
            mqtt_session_give_back(&a->sessions, a->session, op.packet_id);
        }
        mqtt_op_drop(&op);
    }
    if (written(&w) > 0 && send(a->fd, a->buffer, written(&w), MSG_NOSIGNAL) < 0) {
        mqtt_client_down(&a->client, "cannot send", a->now_ms);
    }
    return written(&w) > 0;
}

static void type(struct app *a)
{
    char line[LINE_MOST];
    struct mqtt_publication p = {.topic = a->topic, .qos = 1};

    a->typed_all = fgets(line, sizeof line, stdin) == NULL;
    if (!a->typed_all) {
        p.payload = span_of((uint8_t *)line, strcspn(line, "\n"));
        (void)mqtt_sessions_publish(&a->sessions, &p, a->now_ms);
    }
}

/* What came, what is due, and what that makes us do and say. */
static void turn(struct app *a)
{
    uint64_t due = mqtt_client_deadline(&a->client);
    int wait_ms = due <= a->now_ms ? 0 : due - a->now_ms > 1000 ? 1000 : (int)(due - a->now_ms);
    struct pollfd fds[] = {{a->fd, POLLIN, 0}, {a->typed_all ? -1 : STDIN_FILENO, POLLIN, 0}};
    struct mqtt_client_news news;

    (void)poll(fds, 2, wait_ms);
    a->now_ms = clock_ms();
    if (fds[0].revents != 0) {
        input(a);
    }
    if (fds[1].revents != 0) {
        type(a);
    }
    mqtt_client_tick(&a->client, a->now_ms);
    do {
        while (mqtt_client_event(&a->client, &news, a->now_ms)) {
            hear(a, &news);
        }
    } while (output(a));
    if (a->typed_all && !mqtt_session_has_messages(a->session)) {
        mqtt_client_stop(&a->client, a->now_ms);
    }
}

int main(int argc, char **argv)
{
    static struct app a = {.fd = -1};

    if (argc != 7) {
        (void)fprintf(stderr, "usage: %s HOST PORT ID TOPIC FILTER QOS\n", argv[0]);
        return 1;
    }
    a.host = argv[1];
    a.port = argv[2];
    a.topic = span_of_text(argv[4]);
    a.filter = span_of_text(argv[5]);
    if (!init(&a, argv[3], argv[6][0] & 3)) {
        return 1;
    }
    (void)setvbuf(stdin, NULL, _IONBF, 0); /* so that poll sees every line */
    while (!a.client.stopping || a.client.state != MQTT_IDLE) {
        turn(&a);
    }
    return 0;
}
