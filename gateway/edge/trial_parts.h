/* gateway/edge/trial_parts.h - what the files of trial share; nobody else includes it.
 *
 *     trial.c       the way: password, name, socket, stages; the loop
 *     trial_say.c   each step told, with what was seen
 *     trial_mqtt.c  MQTT: CONNACK, SUBACK, PUBACK
 *     trial_words.c what to do about what went wrong
 */
#ifndef GATEWAY_EDGE_TRIAL_PARTS_H
#define GATEWAY_EDGE_TRIAL_PARTS_H

#include "gateway/edge/command.h"
#include "gateway/edge/dial.h"
#include "gateway/edge/token.h"
#include "gateway/edge/trial.h"
#include "gateway/edge/way.h"
#include "mqtt/client.h"

struct gw_trial {
    const struct gw_trial_setup *setup;
    struct gw_log log; /* says nothing */
    struct gw_loop loop;
    struct budget budget;
    struct gw_wires wires;
    struct gw_wire_user user;
    struct gw_wire wire;
    struct gw_dial dial;
    struct gw_command command; /* prints the password */
    struct gw_token token;     /* the login, where the cloud wants one made */
    struct event *late;        /* its stages have had their time */
    struct gw_tls_setup *tls;
    struct gw_tls_peer peer;
    struct mqtt_client_config config;
    struct mqtt_client client;
    struct mqtt_client_filter *filters; /* of the receive rules */
    size_t asked;                       /* of these, answered */
    size_t asking;                      /* of the SUBSCRIBE under way */
    size_t refused;
    struct writer refusals;  /* names them */
    enum gw_trial_step step; /* under way */
    uint64_t since_ms;       /* it began */
    bool speaks;             /* MQTT may be said */
    bool published;          /* PUBLISH is written */
    bool over;
    bool good;
    char text[GW_TRIAL_WORDS];
    char refused_text[GW_TRIAL_WORDS];
};

/* The step under way is over, and `next` begins. */
void gw_trial_passed(struct gw_trial *trial, enum gw_trial_step next, const char *text);
void gw_trial_left_out(struct gw_trial *trial, enum gw_trial_step next, const char *text);
/* It is wrong, and the trial is over. */
void gw_trial_failed(struct gw_trial *trial, const char *cause);

/* What was seen on the way, into `trial->text`, which they return. */
const char *gw_trial_say_name(struct gw_trial *trial);
const char *gw_trial_say_tcp(struct gw_trial *trial, int fd);
const char *gw_trial_say_tls(struct gw_trial *trial, const struct gw_stage *stage);

/* The wire is up. False: no memory. */
bool gw_trial_mqtt_begin(struct gw_trial *trial);
void gw_trial_mqtt_input(struct gw_trial *trial, struct span octets);
void gw_trial_mqtt_turn(struct gw_trial *trial);
/* Why the connection ended: `cause`, NULL: the other side closed it. */
void gw_trial_mqtt_down(struct gw_trial *trial, const char *cause);

#endif
