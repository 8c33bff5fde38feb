#include "tools/common.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "sn/dump.h"

enum { DEFAULT_RETRIES = 4, DEFAULT_RETRY_MS = 1000, CONGESTION_MS = 5000 };
enum { UDP_MESSAGE = 1400, SERIAL_MESSAGE = 512 }; /* what a gateway takes by default */

const char *const tool_common_help =
    "  -h HOST            gateway's name or address (127.0.0.1)\n"
    "  -p PORT            UDP port (1884)\n"
    "  --serial DEVICE    serial line instead of UDP; any terminal, ptys included\n"
    "  --uid HEX          the line is a bus (RS-485), and this the device's id there: 16 digits\n"
    "  -b BAUD            of the line (115200)\n"
    "  -i ID              client id (the tool's name and process number)\n"
    "  -k SECONDS         keep alive (60; 0: none)\n"
    "  -c                 keep the session: no CleanSession\n"
    "  --will-topic TOPIC  --will-payload TEXT  --will-qos 0|1|2  --will-retain\n"
    "  --retry SECONDS    time for an answer before a request is repeated, 4 times (1)\n"
    "  --max-message N    largest packet in octets (1400; serial 512)\n"
    "  -d                 print packets on stderr\n"
    "  --quiet            print no errors\n"
    "  --help             this\n";

struct tool *tool_new(const char *name)
{
    struct tool *tool = calloc(1, sizeof *tool);

    if (tool == NULL) {
        exit(TOOL_ERROR);
    }
    tool->name = name;
    tool->host = "127.0.0.1";
    tool->port = "1884";
    tool->baud = 115200;
    tool->clean = true;
    tool->link.fd = -1;
    tool->config = (struct snode_config){.client_id = tool->id,
                                         .wait_ms = CONGESTION_MS,
                                         .keepalive_s = 60,
                                         .retry_ms = DEFAULT_RETRY_MS,
                                         .retries = DEFAULT_RETRIES};
    (void)snprintf(tool->id, sizeof tool->id, "%s-%d", name, (int)getpid());
    return tool;
}

__attribute__((format(printf, 2, 0))) static void say(const struct tool *tool, const char *format,
                                                      va_list args)
{
    if (!tool->quiet) {
        (void)fprintf(stderr, "%s: ", tool->name);
        (void)vfprintf(stderr, format, args);
        (void)fputc('\n', stderr);
    }
}

void tool_say(const struct tool *tool, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(tool, format, args);
    va_end(args);
}

void tool_fail(const struct tool *tool, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(tool, format, args);
    va_end(args);
    exit(TOOL_ERROR);
}

long tool_number(const struct tool *tool, const char *what, const char *text, long least, long most)
{
    char *end;
    long value;

    errno = 0;
    value = strtol(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || value < least || value > most) {
        tool_fail(tool, "%s: \"%s\" is not a number from %ld to %ld", what, text, least, most);
    }
    return value;
}

static uint16_t retry_of(const struct tool *tool, const char *text)
{
    char *end;
    double seconds = strtod(text, &end);

    if (end == text || *end != '\0' || !(seconds >= 0.05 && seconds <= 60)) {
        tool_fail(tool, "--retry: \"%s\" is not a time from 0.05 to 60 seconds", text);
    }
    return (uint16_t)(seconds * 1000);
}

static void set_uid(struct tool *tool, const char *hex)
{
    unsigned long long uid = 0;
    char *end = NULL;

    errno = 0;
    uid = strtoull(hex, &end, 16);
    if (strlen(hex) != (size_t)2 * SN_BUS_UID || *end != '\0' || errno != 0) {
        tool_fail(tool, "--uid: \"%s\" is not 16 hexadecimal digits", hex);
    }
    for (unsigned i = SN_BUS_UID; i > 0; i--, uid >>= 8) {
        tool->uid[i - 1] = (uint8_t)uid;
    }
    tool->bus = true;
}

static void set_id(struct tool *tool, const char *id)
{
    if (strlen(id) == 0 || strlen(id) >= sizeof tool->id) {
        tool_fail(tool, "-i: a client id has 1 to %zu octets", sizeof tool->id - 1);
    }
    memcpy(tool->id, id, strlen(id) + 1);
}

static bool will_option(struct tool *tool, int option, const char *arg)
{
    switch (option) {
    case TOOL_WILL_TOPIC: tool->will.topic = arg; return true;
    case TOOL_WILL_PAYLOAD: tool->will.data = span_of_text(arg); return true;
    case TOOL_WILL_QOS:
        tool->will.qos = (uint8_t)tool_number(tool, "--will-qos", arg, 0, 2);
        return true;
    case TOOL_WILL_RETAIN: tool->will.retain = true; return true;
    default: return false;
    }
}

bool tool_option(struct tool *tool, int option, const char *arg)
{
    switch (option) {
    case 'h': tool->host = arg; break;
    case 'p':
        (void)tool_number(tool, "-p", arg, 1, UINT16_MAX);
        tool->port = arg;
        break;
    case 'i': set_id(tool, arg); break;
    case 'k':
        tool->config.keepalive_s = (uint16_t)tool_number(tool, "-k", arg, 0, UINT16_MAX);
        break;
    case 'b': tool->baud = (unsigned long)tool_number(tool, "-b", arg, 1, 4000000); break;
    case 'q': tool->qos = (int)tool_number(tool, "-q", arg, -1, 2); break;
    case 'd': tool->debug = true; break;
    case 'c': tool->clean = false; break;
    case TOOL_SERIAL: tool->device = arg; break;
    case TOOL_UID: set_uid(tool, arg); break;
    case TOOL_RETRY: tool->config.retry_ms = retry_of(tool, arg); break;
    case TOOL_MAX_MESSAGE:
        tool->max_message = (uint16_t)tool_number(tool, "--max-message", arg, 32, SNODE_UDP_MTU);
        break;
    case TOOL_QUIET: tool->quiet = true; break;
    default: return will_option(tool, option, arg);
    }
    return true;
}

static void trace(bool sent, struct span packet)
{
    uint8_t text[4096];
    struct writer w = writer_of(text, sizeof text);

    sn_dump_wire(&w, packet);
    (void)fprintf(stderr, "%s %.*s\n", sent ? "->" : "<-", (int)written(&w), (const char *)text);
}

static void open_link(struct tool *tool)
{
    bool serial = tool->device != NULL;
    uint16_t most = tool->bus ? SNODE_BUS_MTU : serial ? SNODE_SERIAL_MTU : SNODE_UDP_MTU;
    bool good = false;

    if (tool->bus && !serial) {
        tool_fail(tool, "--uid: needs --serial, the line that is a bus");
    }
    if (tool->bus) {
        good = snode_link_bus(&tool->link, tool->device, tool->baud, tool->uid);
    } else if (serial) {
        good = snode_link_serial(&tool->link, tool->device, tool->baud);
    } else {
        good = snode_link_udp(&tool->link, tool->host, tool->port);
    }
    if (!good) {
        tool_fail(tool, "cannot open %s", tool->link.why);
    }
    tool->config.mtu = serial ? SERIAL_MESSAGE : UDP_MESSAGE;
    if (tool->max_message != 0) {
        tool->config.mtu = tool->max_message < most ? tool->max_message : most;
    }
}

void tool_open(struct tool *tool, const char *topic)
{
    struct snode_memory memory = {.ids = &tool->topic_id,
                                  .data = tool->data,
                                  .data_size = sizeof tool->data,
                                  .names_size = sizeof tool->names,
                                  .names = tool->names};

    open_link(tool);
    tool->topics[0] = topic;
    tool->config.topics = tool->topics;
    tool->config.topic_count = topic != NULL;
    tool->config.will = tool->will.topic != NULL ? &tool->will : NULL;
    snode_init(&tool->node, &tool->config, &memory, (uint32_t)getpid() ^ snode_run_now());
    tool->run = (struct snode_run){&tool->node, &tool->link, tool->debug ? trace : NULL};
}

void tool_close(struct tool *tool)
{
    snode_link_close(&tool->link);
    free(tool);
}

void tool_connect(struct tool *tool)
{
    tool->asked_ms = snode_run_now();
    tool_expect(tool, snode_connect(&tool->node, tool->clean), "connect");
}

const char *tool_code(uint8_t code)
{
    switch (code) {
    case SN_RC_ACCEPTED: return "accepted";
    case SN_RC_CONGESTION: return "congestion";
    case SN_RC_INVALID_ID: return "invalid topic id";
    case SN_RC_NOT_SUPPORTED: return "not supported";
    default: return "a reserved return code";
    }
}

static const char *err_words(enum snode_err err)
{
#define WORDS(name, text) text,
    static const char *const words[] = {SNODE_ERRS(WORDS)};
#undef WORDS

    return words[err];
}

void tool_expect(const struct tool *tool, enum snode_err err, const char *what)
{
    if (err != SNODE_OK) {
        tool_fail(tool, "%s: %s (at most %u octets a packet; --max-message)", what, err_words(err),
                  tool->config.mtu);
    }
}

static const char *likely_cause(const struct tool *tool)
{
    if (tool->link.err == ECONNREFUSED) {
        return "nothing listens there; is the gateway running?";
    }
    if (tool->link.err != 0) {
        return strerror(tool->link.err);
    }
    if (tool->link.heard) {
        return "it answered before, so it is gone, or the way to it is lossy";
    }
    if (tool->link.serial) {
        return "is the gateway's listener on this line, at this baud rate?";
    }
    return "is the address right, and does a firewall let UDP through?";
}

static noreturn void fail_silent(const struct tool *tool, uint8_t type)
{
    uint32_t took_ms = snode_run_now() - tool->asked_ms;

    tool_fail(tool, "no answer from %s to %s, %d tries in %u.%u s: %s", tool->link.where,
              sn_type_name((enum sn_type)type), DEFAULT_RETRIES + 1, took_ms / 1000,
              took_ms / 100 % 10, likely_cause(tool));
}

static void handle(struct tool *tool, const struct snode_event *event)
{
    switch (event->news) {
    case SNODE_SILENT: fail_silent(tool, event->code);
    case SNODE_REFUSED:
        tool_fail(tool, "%s refused the connection of \"%s\": %s (%u)", tool->link.where, tool->id,
                  tool_code(event->code), event->code);
    case SNODE_LOST:
        tool_fail(tool, "%s accepts the connection, then forgets it", tool->link.where);
    case SNODE_CONGESTED:
        tool_say(tool, "the gateway is congested; trying again in %d s", CONGESTION_MS / 1000);
        break;
    case SNODE_REJOINING:
        tool->asked_ms = snode_run_now();
        tool_say(tool, "the gateway has forgotten this node; connecting again");
        break;
    default: break;
    }
}

enum snode_run_why tool_next(struct tool *tool, const uint32_t *deadline_ms, int fd,
                             struct snode_event *event)
{
    enum snode_run_why why = snode_run_next(&tool->run, deadline_ms, fd, event);

    if (why == SNODE_RUN_BROKEN) {
        tool_fail(tool, "%s: the line is gone", tool->link.where);
    }
    if (why == SNODE_RUN_EVENT) {
        handle(tool, event);
    }
    return why;
}

void tool_disconnect(struct tool *tool)
{
    struct snode_event event;

    tool->asked_ms = snode_run_now();
    if (snode_disconnect(&tool->node) != SNODE_OK) {
        return;
    }
    do {
        tool_next(tool, NULL, -1, &event);
    } while (event.news != SNODE_DISCONNECTED);
    if (event.code == SNODE_NO_ANSWER) {
        tool_say(tool, "%s did not answer DISCONNECT", tool->link.where);
    }
}
