/* sn-pub - publishes messages as an MQTT-SN node; mosquitto_pub's twin. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tools/common.h"

enum source { NONE, TEXT, FILE_NAMED, STDIN_LINES, STDIN_WHOLE };

struct pub {
    struct tool *tool;
    const char *topic;
    const char *arg; /* text or file name */
    enum source source;
    int exit_code;
    struct snode_message message;
    bool ended;   /* of stdin */
    size_t taken; /* octets of `input` that were published */
    size_t len;   /* octets in `input` */
    uint8_t input[SNODE_UDP_MTU + 2];
};

static const struct option options[] = {
    TOOL_OPTIONS,
    {"topic", required_argument, NULL, 't'},
    {"message", required_argument, NULL, 'm'},
    {"null-message", no_argument, NULL, 'n'},
    {"file", required_argument, NULL, 'f'},
    {"stdin-line", no_argument, NULL, 'l'},
    {"stdin-file", no_argument, NULL, 's'},
    {"retain", no_argument, NULL, 'r'},
    {NULL, 0, NULL, 0},
};

static void help(void)
{
    (void)printf(
        "sn-pub - publish as an MQTT-SN node\n\n"
        "  sn-pub -t TOPIC | -T ID   -m TEXT | -f FILE | -n | -s | -l   [options]\n\n"
        "  -t TOPIC           name; one of two octets goes as short name, without REGISTER\n"
        "  -T ID              predefined topic id, 1 to 65534\n"
        "  -m TEXT            the message\n"
        "  -f FILE            the message is the file's content\n"
        "  -n                 the message is empty\n"
        "  -s                 the message is all of stdin\n"
        "  -l                 each line of stdin is a message\n"
        "  -q -1|0|1|2        QoS (0); -1 connects to nothing and needs -T or a short name\n"
        "  -r                 retain\n%s",
        tool_common_help);
}

static void set_source(struct pub *pub, enum source source, const char *arg)
{
    if (pub->source != NONE) {
        tool_fail(pub->tool, "only one of -m, -f, -n, -s and -l");
    }
    pub->source = source;
    pub->arg = arg;
}

static void set_predefined(struct pub *pub, const char *arg)
{
    pub->message.topic = snode_predefined((uint16_t)tool_number(pub->tool, "-T", arg, 1, 65534));
}

static void take_option(struct pub *pub, int option, const char *arg)
{
    switch (option) {
    case 't': pub->topic = arg; break;
    case 'T': set_predefined(pub, arg); break;
    case 'm': set_source(pub, TEXT, arg); break;
    case 'n': set_source(pub, TEXT, ""); break;
    case 'f': set_source(pub, FILE_NAMED, arg); break;
    case 'l': set_source(pub, STDIN_LINES, NULL); break;
    case 's': set_source(pub, STDIN_WHOLE, NULL); break;
    case 'r': pub->message.retain = true; break;
    case TOOL_HELP: help(); exit(TOOL_OK);
    default:
        if (!tool_option(pub->tool, option, arg)) {
            tool_fail(pub->tool, "see sn-pub --help");
        }
    }
}

static void check_topic(struct pub *pub)
{
    const char *topic = pub->topic;

    if ((topic != NULL) == (pub->message.topic.by == SNODE_BY_ID)) {
        tool_fail(pub->tool, "a topic is needed: -t NAME or -T ID, not both");
    }
    if (topic == NULL) {
        return;
    }
    if (topic[0] == '\0' || strpbrk(topic, "+#") != NULL) {
        tool_fail(pub->tool, "-t \"%s\": a topic to publish on is not empty and has no + or #",
                  topic);
    }
    if (strlen(topic) == 2) {
        pub->message.topic = snode_short(topic[0], topic[1]);
    } else if (pub->tool->qos < 0) {
        tool_fail(pub->tool,
                  "QoS -1 needs a predefined id (-T) or a topic of two octets, for nobody "
                  "registers \"%s\" without a connection",
                  topic);
    }
}

static void parse(struct pub *pub, int argc, char **argv)
{
    int option;

    while ((option = getopt_long(argc, argv, TOOL_LETTERS "t:T:m:f:nlsr", options, NULL)) != -1) {
        take_option(pub, option, optarg);
    }
    if (optind < argc) {
        tool_fail(pub->tool, "\"%s\" is not an option; see sn-pub --help", argv[optind]);
    }
    check_topic(pub);
    if (pub->source == NONE) {
        tool_fail(pub->tool, "a message is needed: -m, -f, -n, -s or -l");
    }
    pub->message.qos = (int8_t)pub->tool->qos;
}

/* One read; at the end of file `ended`. */
static void read_some(struct pub *pub, int fd)
{
    ssize_t count = read(fd, pub->input + pub->len, sizeof pub->input - pub->len);

    if (count < 0 && errno != EINTR) {
        tool_fail(pub->tool, "reading %s: %s", pub->arg == NULL ? "stdin" : pub->arg,
                  strerror(errno));
    }
    pub->ended = count == 0;
    pub->len += count > 0 ? (size_t)count : 0;
}

static void read_all(struct pub *pub, int fd)
{
    while (!pub->ended) {
        read_some(pub, fd);
        if (pub->len == sizeof pub->input) {
            tool_fail(pub->tool, "the message is larger than any packet");
        }
    }
    pub->message.data = span_of(pub->input, pub->len);
}

/* All that is known before connecting, so that a mistake costs the gateway nothing. */
static void load(struct pub *pub)
{
    int fd = STDIN_FILENO;

    if (pub->source == TEXT) {
        pub->message.data = span_of_text(pub->arg);
    }
    if (pub->source == FILE_NAMED) {
        fd = open(pub->arg, O_RDONLY | O_CLOEXEC);
        if (fd < 0) {
            tool_fail(pub->tool, "%s: %s", pub->arg, strerror(errno));
        }
    }
    if (pub->source == FILE_NAMED || pub->source == STDIN_WHOLE) {
        read_all(pub, fd);
    }
}

/* Takes the next line out of `input`; the last one may lack its end. */
static bool next_line(struct pub *pub)
{
    uint8_t *start = pub->input + pub->taken;
    size_t left = pub->len - pub->taken;
    const uint8_t *end = memchr(start, '\n', left);

    if (end != NULL) {
        pub->message.data = span_of(start, (size_t)(end - start));
        pub->taken += pub->message.data.len + 1;
        return true;
    }
    if (pub->ended && left != 0) {
        pub->message.data = span_of(start, left);
        pub->taken = pub->len;
        return true;
    }
    memmove(pub->input, start, left);
    pub->len = left;
    pub->taken = 0;
    if (left == sizeof pub->input) {
        tool_fail(pub->tool, "a line of stdin is larger than any packet");
    }
    return false;
}

static void publish(struct pub *pub)
{
    pub->tool->asked_ms = snode_run_now();
    tool_expect(pub->tool, snode_publish(&pub->tool->node, &pub->message), "publish");
}

/* Runs until the message under way is answered, or the connection is there. */
static void wait_for(struct pub *pub, enum snode_news news)
{
    struct snode_event event;

    do {
        tool_next(pub->tool, NULL, -1, &event);
    } while (event.news != news);
    if (event.code != SN_RC_ACCEPTED) {
        tool_say(pub->tool, "%s refused the message: %s (%u)", pub->tool->link.where,
                 tool_code(event.code), event.code);
        pub->exit_code = TOOL_ERROR;
    }
}

static void publish_lines(struct pub *pub)
{
    struct snode_event event;

    for (;;) {
        while (next_line(pub)) {
            publish(pub);
            wait_for(pub, SNODE_PUBLISHED);
        }
        if (pub->ended) {
            return;
        }
        if (tool_next(pub->tool, NULL, STDIN_FILENO, &event) == SNODE_RUN_READABLE) {
            read_some(pub, STDIN_FILENO);
        }
    }
}

/* Nobody answers QoS -1, but a socket may know at once that nobody was there. */
static void look_for_refusal(struct pub *pub)
{
    struct snode_event event;
    uint32_t now_ms = snode_run_now();

    tool_next(pub->tool, &now_ms, -1, &event);
    if (pub->tool->link.err == ECONNREFUSED) {
        tool_fail(pub->tool, "nothing listens at %s; is the gateway running?",
                  pub->tool->link.where);
    }
}

static void run(struct pub *pub)
{
    if (pub->message.qos >= 0) {
        tool_connect(pub->tool);
        wait_for(pub, SNODE_CONNECTED);
    }
    if (pub->source == STDIN_LINES) {
        publish_lines(pub);
    } else {
        publish(pub);
        wait_for(pub, SNODE_PUBLISHED);
    }
    if (pub->message.qos < 0) {
        look_for_refusal(pub);
    }
    tool_disconnect(pub->tool);
}

int main(int argc, char **argv)
{
    struct pub *pub = calloc(1, sizeof *pub);
    int exit_code;

    if (pub == NULL) {
        return TOOL_ERROR;
    }
    pub->tool = tool_new("sn-pub");
    parse(pub, argc, argv);
    load(pub);
    tool_open(pub->tool, pub->topic);
    run(pub);
    exit_code = pub->exit_code;
    tool_close(pub->tool);
    free(pub);
    return exit_code;
}
