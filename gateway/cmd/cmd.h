/* gateway/cmd/cmd.h - the commands of `sedge`, one file each, and what they share.
 *
 * A command returns the exit code: 0 good, 1 a fault that was said in one line, 2 misused.
 */
#ifndef GATEWAY_CMD_CMD_H
#define GATEWAY_CMD_CMD_H

#include "config/conf.h"
#include "gateway/hub/hub.h" /* SEDGE_VERSION */

enum { CMD_GOOD, CMD_FAULT, CMD_MISUSED };

#define CMD_WORDS 3

struct cmd_options {
    const char *program;              /* argv[0] */
    const char *conf;                 /* -c; NULL: the built-in configuration */
    bool reference;                   /* dump --reference */
    bool set;                         /* dump --set */
    const char *words[CMD_WORDS + 1]; /* what is no option, in order; NULL behind the last */
    size_t word_count;
    bool words_only;    /* behind -- */
    const char *socket; /* of the running gateway; NULL: where the configuration says */
    const char *node;
    const char *with;
    const char *name;
    bool json;
    bool waiting;      /* nodes */
    bool yes;          /* upstream purge */
    bool as_is;        /* upstream test */
    const char *topic; /* upstream test */
    uint64_t count;    /* -n; 0: no end */
};

int cmd_run(const struct cmd_options *options);
int cmd_check(const struct cmd_options *options);
int cmd_doctor(const struct cmd_options *options);
int cmd_dump(const struct cmd_options *options);
int cmd_store(const struct cmd_options *options);
int cmd_enrol(const struct cmd_options *options);
int cmd_ports(const struct cmd_options *options);
int cmd_passwd(const struct cmd_options *options);
int cmd_nodes(const struct cmd_options *options);
int cmd_node(const struct cmd_options *options);
int cmd_topics(const struct cmd_options *options);
int cmd_upstream(const struct cmd_options *options);
int cmd_upstream_test(const struct cmd_options *options);
int cmd_watch(const struct cmd_options *options);
int cmd_status(const struct cmd_options *options);
int cmd_reload(const struct cmd_options *options);
int cmd_version(const struct cmd_options *options);
int cmd_help(const struct cmd_options *options);

/* Reads the configuration, tests it against this release, and prints what there is to say, errors
 * and notes, to stderr; `forgive`: what this release cannot serve is a note. NULL: there were
 * errors. */
struct conf *cmd_load(const char *path, bool forgive, bool *has_notes);

/* Prints the octets of `print(arg, writer)` to stdout, however many. False: no memory, or stdout
 * does not take them. */
bool cmd_print(void (*print)(const void *arg, struct writer *w), const void *arg);

#endif
