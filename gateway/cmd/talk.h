/* gateway/cmd/talk.h - a question to the running gateway, by its control socket.
 *
 * The socket is the one named by --socket, else that of the configuration (-c), as `sedge run`
 * takes it.
 */
#ifndef GATEWAY_CMD_TALK_H
#define GATEWAY_CMD_TALK_H

#include <cjson/cJSON.h>

#include "gateway/cmd/cmd.h"

/* Told of each line of an answer but the last, {"end":true}. False: stdout takes no more. */
typedef bool cmd_line(void *arg, const cJSON *line);

/* A request {"do": name}; its other members are the caller's to add. */
cJSON *cmd_request(const char *name);

/* Asks, and frees `request`. With --json each line is printed as it is and `line` is not called;
 * with -n so many lines that have a topic are enough. What is wrong is said in one line on stderr.
 */
int cmd_ask(const struct cmd_options *options, cJSON *request, cmd_line *line, void *arg);

/* Asks the gateway that `options` mean, if one runs, and says nothing on stderr; frees `request`.
 * 0: it answered, `line` was told of each line but the last; else what errno says, ENOENT where the
 * configuration has no control socket. */
int cmd_peek(const struct cmd_options *options, const struct conf *conf, cJSON *request,
             cmd_line *line, void *arg);

/* The state of a node in words; in nodes.c. */
void cmd_node_state(const cJSON *node, char *room, size_t size);

/* A member of a line; "" and 0 where there is none. */
const char *cmd_text(const cJSON *line, const char *key);
uint64_t cmd_number(const cJSON *line, const char *key);
bool cmd_flag(const cJSON *line, const char *key);

#endif
