/* sn-sub - prints messages as an MQTT-SN node receives them; mosquitto_sub's twin. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "tools/common.h"

enum { TOPICS = 64 };

struct sub {
    struct tool *tool;
    struct snode_topic topics[TOPICS];
    size_t count;   /* topics */
    size_t asked;   /* SUBSCRIBEs sent in this connection */
    size_t refused; /* of these */
    long wanted;    /* -C, 0: without end */
    long timeout_s; /* -W, 0: none */
    uint16_t sleep_s;
    bool only_subscribe;
    bool verbose;
    bool no_newline;
    bool no_retained;
    bool done;
    bool dozes; /* asleep until wake_ms */
    int exit_code;
    int signals; /* readable when the program shall end */
    uint32_t end_ms;
    uint32_t wake_ms;
};

static const struct option options[] = {
    TOOL_OPTIONS,
    {"topic", required_argument, NULL, 't'},
    {"verbose", no_argument, NULL, 'v'},
    {NULL, 0, NULL, 0},
};

static void help(void)
{
    (void)printf("sn-sub - print messages as an MQTT-SN node receives them\n\n"
                 "  sn-sub -t TOPIC | -T ID ...   [options]\n\n"
                 "  -t TOPIC           name, + and # allowed; may be given often\n"
                 "  -T ID              predefined topic id, 1 to 65534; may be given often\n"
                 "  -q 0|1|2           QoS asked for (0)\n"
                 "  -C COUNT           end after so many messages\n"
                 "  -W SECONDS         end after this time, exit code 27\n"
                 "  -E                 end when everything is subscribed\n"
                 "  -e SECONDS         sleep, and fetch what waits every so many seconds\n"
                 "  -v                 print the topic before the message; predefined as #ID\n"
                 "  -N                 no newline after a message\n"
                 "  -R                 no retained messages\n%s",
                 tool_common_help);
}

static void add_topic(struct sub *sub, struct snode_topic topic)
{
    if (sub->count == TOPICS) {
        tool_fail(sub->tool, "at most %d topics", TOPICS);
    }
    sub->topics[sub->count++] = topic;
}

static long positive(const struct sub *sub, const char *what, const char *arg, long most)
{
    return tool_number(sub->tool, what, arg, 1, most);
}

static void take_option(struct sub *sub, int option, const char *arg)
{
    switch (option) {
    case 't': add_topic(sub, snode_filter(arg)); break;
    case 'T': add_topic(sub, snode_predefined((uint16_t)positive(sub, "-T", arg, 65534))); break;
    case 'C': sub->wanted = positive(sub, "-C", arg, INT32_MAX); break;
    case 'W': sub->timeout_s = positive(sub, "-W", arg, INT32_MAX / 1000); break;
    case 'e': sub->sleep_s = (uint16_t)positive(sub, "-e", arg, UINT16_MAX); break;
    case 'E': sub->only_subscribe = true; break;
    case 'v': sub->verbose = true; break;
    case 'N': sub->no_newline = true; break;
    case 'R': sub->no_retained = true; break;
    case TOOL_HELP: help(); exit(TOOL_OK);
    default:
        if (!tool_option(sub->tool, option, arg)) {
            tool_fail(sub->tool, "see sn-sub --help");
        }
    }
}

static void parse(struct sub *sub, int argc, char **argv)
{
    int option;

    while ((option = getopt_long(argc, argv, TOOL_LETTERS "t:T:C:W:e:EvNR", options, NULL)) != -1) {
        take_option(sub, option, optarg);
    }
    if (optind < argc) {
        tool_fail(sub->tool, "\"%s\" is not an option; see sn-sub --help", argv[optind]);
    }
    if (sub->count == 0) {
        tool_fail(sub->tool, "a topic is needed: -t NAME or -T ID");
    }
    if (sub->tool->qos < 0) {
        tool_fail(sub->tool, "-q -1: nobody subscribes without a connection");
    }
}

static void watch_signals(struct sub *sub)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0) {
        tool_fail(sub->tool, "signals: %s", strerror(errno));
    }
    sub->signals = signalfd(-1, &set, SFD_CLOEXEC);
    if (sub->signals < 0) {
        tool_fail(sub->tool, "signals: %s", strerror(errno));
    }
}

static void write_topic(const struct snode_topic *topic)
{
    switch (topic->by) {
    case SNODE_BY_ID: (void)printf("#%u ", topic->id); break;
    case SNODE_BY_SHORT: (void)printf("%c%c ", topic->id >> 8, topic->id & 0xFF); break;
    default: (void)printf("%.*s ", (int)topic->name.len, (const char *)topic->name.at); break;
    }
}

static void print_message(struct sub *sub, const struct snode_message *message)
{
    if (sub->done || (message->retain && sub->no_retained)) {
        return;
    }
    if (sub->verbose) {
        write_topic(&message->topic);
    }
    if (message->data.len != 0) {
        (void)fwrite(message->data.at, 1, message->data.len, stdout);
    }
    if (!sub->no_newline) {
        (void)putchar('\n');
    }
    if (fflush(stdout) != 0) {
        tool_fail(sub->tool, "stdout: %s", strerror(errno));
    }
    sub->done = sub->wanted != 0 && --sub->wanted == 0;
}

static void doze(struct sub *sub)
{
    sub->dozes = true;
    sub->wake_ms = snode_run_now() + sub->sleep_s * 1000u;
}

/* The next SUBSCRIBE, or what follows the last. */
static void go_on(struct sub *sub)
{
    struct snode *node = &sub->tool->node;

    sub->tool->asked_ms = snode_run_now();
    if (sub->asked < sub->count) {
        tool_expect(sub->tool,
                    snode_subscribe(node, &sub->topics[sub->asked], (uint8_t)sub->tool->qos),
                    "subscribe");
        sub->asked++;
    } else if (sub->refused == sub->count) {
        tool_say(sub->tool, "every subscription was refused");
        sub->exit_code = TOOL_ERROR;
        sub->done = true;
    } else if (sub->only_subscribe) {
        sub->done = true;
    } else if (sub->sleep_s != 0) {
        tool_expect(sub->tool, snode_sleep(node, sub->sleep_s), "sleep");
    }
}

static void on_subscribed(struct sub *sub, uint8_t code)
{
    const struct snode_topic *topic = &sub->topics[sub->asked - 1];

    if (code != SN_RC_ACCEPTED) {
        sub->refused++;
        if (topic->by == SNODE_BY_ID) {
            tool_say(sub->tool, "subscription to predefined id %u refused: %s (%u)", topic->id,
                     tool_code(code), code);
        } else {
            tool_say(sub->tool, "subscription to \"%.*s\" refused: %s (%u)", (int)topic->name.len,
                     (const char *)topic->name.at, tool_code(code), code);
        }
    }
    go_on(sub);
}

static void act(struct sub *sub, const struct snode_event *event)
{
    switch (event->news) {
    case SNODE_CONNECTED:
        sub->asked = 0;
        sub->refused = 0;
        go_on(sub);
        break;
    case SNODE_SUBSCRIBED: on_subscribed(sub, event->code); break;
    case SNODE_MESSAGE: print_message(sub, &event->message); break;
    case SNODE_SLEEPS:
    case SNODE_AWAKE_DONE: doze(sub); break;
    default: break;
    }
}

/* The nearer of the end and the next waking; NULL if neither comes. */
static const uint32_t *deadline(const struct sub *sub)
{
    if (sub->dozes && (sub->timeout_s == 0 || sub->end_ms - sub->wake_ms <= INT32_MAX)) {
        return &sub->wake_ms;
    }
    return sub->timeout_s != 0 ? &sub->end_ms : NULL;
}

static void on_time(struct sub *sub, const uint32_t *due)
{
    if (due == &sub->wake_ms) {
        sub->dozes = false;
        sub->tool->asked_ms = snode_run_now();
        tool_expect(sub->tool, snode_wake(&sub->tool->node), "wake");
        return;
    }
    tool_say(sub->tool, "timed out after %ld s", sub->timeout_s);
    sub->exit_code = TOOL_TIMEOUT;
    sub->done = true;
}

static void run(struct sub *sub)
{
    struct snode_event event;

    sub->end_ms = snode_run_now() + (uint32_t)sub->timeout_s * 1000u;
    tool_connect(sub->tool);
    while (!sub->done) {
        const uint32_t *due = deadline(sub);

        switch (tool_next(sub->tool, due, sub->signals, &event)) {
        case SNODE_RUN_EVENT: act(sub, &event); break;
        case SNODE_RUN_TIME: on_time(sub, due); break;
        default: sub->done = true; break;
        }
    }
}

int main(int argc, char **argv)
{
    struct sub *sub = calloc(1, sizeof *sub);
    int exit_code;

    if (sub == NULL) {
        return TOOL_ERROR;
    }
    sub->tool = tool_new("sn-sub");
    parse(sub, argc, argv);
    watch_signals(sub);
    tool_open(sub->tool, NULL);
    run(sub);
    tool_disconnect(sub->tool);
    exit_code = sub->exit_code;
    tool_close(sub->tool);
    free(sub);
    return exit_code;
}
