/* sn/err.h - what can be wrong with an MQTT-SN packet or a delivery: values and their words from
 * one list. */
#ifndef SN_ERR_H
#define SN_ERR_H

/* clang-format off */
#define SN_ERRS(X)                                           \
    X(SN_OK, "ok")                                           \
    X(SN_ERR_SHORT, "packet ends inside a field")            \
    X(SN_ERR_LONG, "octets left over after the packet")      \
    X(SN_ERR_TYPE, "reserved message type")                  \
    X(SN_ERR_FORWARDER, "encapsulated by no forwarder")      \
    X(SN_ERR_SIZE, "too long for the link")                  \
    X(SN_ERR_FULL, "no more topic ids or memory")            \
    X(SN_ERR_REFUSED, "the node refused the topic")          \
    X(SN_ERR_LATER, "the node has no room for the topic yet") \
    X(SN_ERR_OUTSIDE, "outside what the node may name")
/* clang-format on */

#define SN_ERR_ENUM(name, text) name,
enum sn_err { SN_ERRS(SN_ERR_ENUM) SN_ERR_COUNT };

/* The words of `err`; never NULL. */
const char *sn_err_name(enum sn_err err);

#endif
