/* common.h - what sn-pub and sn-sub share: options, the node, and words for what goes wrong.
 *
 * Functions named tool_fail and tool_number end the program with exit 1 and one line on stderr.
 */
#ifndef TOOLS_COMMON_H
#define TOOLS_COMMON_H

#include <getopt.h>
#include <stdnoreturn.h>

#include "firmware/ports/posix/run.h"
#include "sn/flags.h"

enum { TOOL_OK = 0, TOOL_ERROR = 1, TOOL_TIMEOUT = 27 /* as mosquitto_sub -W */ };

/* Long options without a letter. */
enum {
    TOOL_HELP = 256,
    TOOL_SERIAL,
    TOOL_RETRY,
    TOOL_MAX_MESSAGE,
    TOOL_QUIET,
    TOOL_WILL_TOPIC,
    TOOL_WILL_PAYLOAD,
    TOOL_UID,
    TOOL_WILL_QOS,
    TOOL_WILL_RETAIN
};

#define TOOL_LETTERS "h:p:i:k:b:q:dc"

/* clang-format off */
#define TOOL_OPTIONS                                                                               \
    {"help", no_argument, NULL, TOOL_HELP},                                                        \
    {"serial", required_argument, NULL, TOOL_SERIAL},                                              \
    {"uid", required_argument, NULL, TOOL_UID},                                                    \
    {"baud", required_argument, NULL, 'b'},                                                        \
    {"retry", required_argument, NULL, TOOL_RETRY},                                                \
    {"max-message", required_argument, NULL, TOOL_MAX_MESSAGE},                                    \
    {"quiet", no_argument, NULL, TOOL_QUIET},                                                      \
    {"will-topic", required_argument, NULL, TOOL_WILL_TOPIC},                                      \
    {"will-payload", required_argument, NULL, TOOL_WILL_PAYLOAD},                                  \
    {"will-qos", required_argument, NULL, TOOL_WILL_QOS},                                          \
    {"will-retain", no_argument, NULL, TOOL_WILL_RETAIN},                                          \
    {"host", required_argument, NULL, 'h'},                                                        \
    {"port", required_argument, NULL, 'p'},                                                        \
    {"id", required_argument, NULL, 'i'},                                                          \
    {"keepalive", required_argument, NULL, 'k'},                                                   \
    {"qos", required_argument, NULL, 'q'},                                                         \
    {"debug", no_argument, NULL, 'd'},                                                             \
    {"disable-clean-session", no_argument, NULL, 'c'}
/* clang-format on */

/* How both end their --help. */
extern const char *const tool_common_help;

struct tool {
    const char *name; /* "sn-pub" */
    const char *host;
    const char *port;
    const char *device; /* serial; NULL: UDP */
    unsigned long baud;
    bool bus; /* the line is one, and this its uid */
    uint8_t uid[SN_BUS_UID];
    int qos;
    uint16_t max_message; /* 0: what the gateway takes by default on such a link */
    bool debug;
    bool quiet;
    bool clean;
    char id[24];
    struct snode_will will;
    struct snode_config config;
    const char *topics[1];
    struct snode node;
    struct snode_link link;
    struct snode_run run;
    uint32_t asked_ms; /* when the request under way was made */
    uint16_t topic_id; /* memory of the node, from here on */
    uint8_t data[SNODE_UDP_MTU];
    uint8_t names[UINT16_MAX];
};

/* With the defaults. The caller's to free. */
struct tool *tool_new(const char *name);

/* Takes an option of TOOL_OPTIONS; false if it is none. */
bool tool_option(struct tool *tool, int option, const char *arg);

long tool_number(const struct tool *tool, const char *what, const char *text, long least,
                 long most);

/* Opens the link and makes the node, off. `topic` is the config's one topic, or NULL. */
void tool_open(struct tool *tool, const char *topic);
void tool_close(struct tool *tool);

/* Asks for a connection; the events tell. */
void tool_connect(struct tool *tool);

/* As snode_run_next. Handles what is the same for both: congestion and rejoining are noted; on
 * refusal, silence and loss it says why and ends the program. */
enum snode_run_why tool_next(struct tool *tool, const uint32_t *deadline_ms, int fd,
                             struct snode_event *event);

/* Sends DISCONNECT and waits for the end of the connection. */
void tool_disconnect(struct tool *tool);

/* A request that snode refused at once. */
void tool_expect(const struct tool *tool, enum snode_err err, const char *what);

/* "name: text" on stderr, unless --quiet. */
__attribute__((format(printf, 2, 3))) void tool_say(const struct tool *tool, const char *format,
                                                    ...);
__attribute__((format(printf, 2, 3))) noreturn void tool_fail(const struct tool *tool,
                                                              const char *format, ...);

/* Words of a return code. */
const char *tool_code(uint8_t code);

#endif
