/* tools/sim/profile.h - what the nodes of a run are: groups of equal nodes, from options and a
 * file.
 *
 *     [nodes roof]                            each key is an option too: --count 100
 *     count = 100
 *     topic = farm/%n/temperature
 *     every = 10s
 *
 * Ownership: groups borrow the text they were set from, which the caller keeps for the whole run.
 * Units: milliseconds, octets, millionths; see the rows of profile.c.
 * Errors: words for one line, or NULL.
 */
#ifndef TOOLS_SIM_PROFILE_H
#define TOOLS_SIM_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { SIM_GROUPS = 64, SIM_TOPICS = 8, SIM_NODES = 100000, SIM_NAME = 16 };

#define SIM_OFF (-1) /* of a number or time: not at all, without end */

/* A template of a name, with %n %g %i, or, `name` being NULL, a predefined id. */
struct sim_topic {
    const char *name;
    size_t len;
    uint16_t id;
    uint8_t qos; /* of a subscription */
};

struct sim_group {
    char name[SIM_NAME + 1];
    uint32_t given; /* rows set by the file, one bit each */
    struct sim_topic topics[SIM_TOPICS];
    struct sim_topic filters[SIM_TOPICS];
    size_t topic_count;
    size_t filter_count;
    const char *id;
    const char *will;
    const char *will_message;
    long count;
    long qos;
    long every_ms; /* SIM_OFF: publishes nothing */
    long messages; /* of each node; SIM_OFF: without end */
    long payload;
    long retain;
    long sleep_ms; /* SIM_OFF: never */
    long keepalive_ms;
    long clean;
    long will_qos;
    long will_retain;
    long leave; /* says DISCONNECT at the end */
    long start_ms;
    long retry_ms;
    long retries;
    long loss_ppm;
    long duplicate_ppm;
};

/* One key of the table: `rows[i]` for i below sim_profile_rows(). */
struct sim_key {
    const char *name;
    const char *shape; /* "TIME" */
    const char *help;
    bool many; /* may stand often */
};

size_t sim_profile_rows(void);
struct sim_key sim_profile_key(size_t row);

/* With the defaults. */
void sim_group_init(struct sim_group *group, const char *name);

/* Sets what row `number` means. */
const char *sim_group_set(struct sim_group *group, size_t number, const char *text);

/* Sets what depends on the rest, and says what only the whole group can show to be wrong. */
const char *sim_group_close(struct sim_group *group);

/* Fills `groups` (SIM_GROUPS) from the text of a file, which is cut into pieces and stays in use.
 * Each error is told on `errors` as "NAME:LINE: ..."; returns how many groups, 0 after errors. */
size_t sim_profile_read(struct sim_group *groups, const char *name, char *text, FILE *errors);

/* "500ms", "10s", "15m", "1h" or seconds; -1 if it is no time, or longer than 30 days. */
long sim_time(const char *text);

#endif
