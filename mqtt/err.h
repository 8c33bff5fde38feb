/* mqtt/err.h - what can be wrong with a packet or an operation: values and their words from one
 * list. The words are what a log line says after "closed:". */
#ifndef MQTT_ERR_H
#define MQTT_ERR_H

/* clang-format off */
#define MQTT_ERRS(X)                                                            \
    X(MQTT_OK, "ok")                                                            \
    X(MQTT_ERR_SHORT, "packet ends inside a field")                             \
    X(MQTT_ERR_LONG, "octets left over after the packet")                       \
    X(MQTT_ERR_LENGTH, "remaining length of more than four octets")             \
    X(MQTT_ERR_SIZE, "packet above max_packet")                                 \
    X(MQTT_ERR_TYPE, "reserved packet type")                                    \
    X(MQTT_ERR_FLAGS, "reserved header flags")                                  \
    X(MQTT_ERR_QOS, "QoS 3")                                                    \
    X(MQTT_ERR_DUP, "DUP at QoS 0")                                             \
    X(MQTT_ERR_ID, "packet id 0")                                               \
    X(MQTT_ERR_TEXT, "string is not UTF-8 or holds U+0000")                     \
    X(MQTT_ERR_TOPIC, "topic name is empty or has wildcards")                   \
    X(MQTT_ERR_FILTER, "ill-formed topic filter")                               \
    X(MQTT_ERR_NO_FILTER, "request without a topic filter")                     \
    X(MQTT_ERR_PROTOCOL, "unknown protocol name")                               \
    X(MQTT_ERR_LEVEL, "protocol level not served")                              \
    X(MQTT_ERR_CONNECT, "reserved or contradicting connect flags")              \
    X(MQTT_ERR_CODE, "reserved return code")                                    \
    X(MQTT_ERR_STATE, "packet out of place")                                    \
    X(MQTT_ERR_CLIENT_ID, "client id refused")                                  \
    X(MQTT_ERR_LOGIN, "user name or password refused")                          \
    X(MQTT_ERR_LEVELS, "topic has too many levels")                             \
    X(MQTT_ERR_FULL, "no memory or no store")                                   \
    X(MQTT_ERR_DENIED, "not allowed")
/* clang-format on */

#define MQTT_ERR_ENUM(name, text) name,
enum mqtt_err { MQTT_ERRS(MQTT_ERR_ENUM) MQTT_ERR_COUNT };

/* The words of `err`; never NULL. */
const char *mqtt_err_name(enum mqtt_err err);

#endif
