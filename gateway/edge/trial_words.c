/* gateway/edge/trial_words.c - what to do about a step that went wrong. */
#include "gateway/edge/trial.h"

#include <string.h>
#include <time.h>

#include "base/text.h"

#define CUT_AT_CONNECT                                                                            \
    "most brokers do so when another client uses the id %i, or no right allows it (AWS: the "     \
    "policy); when the port wants TLS (url = mqtts://...), or a certificate of ours; or a will, " \
    "a keepalive or RETAIN that they do not take"
#define BAD_LOGIN                                                                                 \
    "are `username` and `password` right for %u, and known there? A client id of its own may be " \
    "wanted: this was %i"

/* Of a step, the first whose cause is a part of what went wrong. %h host, %p port, %i client id,
 * %u user name, %c what the clock says. */
/* clang-format off */
static const struct {
    enum gw_trial_step step;
    const char *cause;
    const char *advice;
} rows[] = {
    {GW_TRIAL_PASSWORD, "", "run the command by hand, as the gateway's user; docs/upstream.md says what it must print"},

    {GW_TRIAL_NAME, "no network yet", "is the network up? /etc/resolv.conf names no name server"},
    {GW_TRIAL_NAME, "does not answer", "is the network up, and the name server of /etc/resolv.conf the right one? A firewall may stop port 53"},
    {GW_TRIAL_NAME, "", "is %h spelt right? `getent hosts %h` asks the system"},

    {GW_TRIAL_TCP, "refused", "nothing listens at port %p of %h: does the broker run, is the port right? Usual are 1883, 8883 with TLS, 443 with WebSocket"},
    {GW_TRIAL_TCP, "no answer", "a firewall on the way drops it, or the machine is off: try another network, ask who runs %h whether port %p is open to you"},
    {GW_TRIAL_TCP, "nreachable", "is the network up? `ip route` shows the ways out"},
    {GW_TRIAL_TCP, "", "is the network up, are host %h and port %p right?"},

    {GW_TRIAL_PROXY, "the proxy: ", "is `proxy` right, and does the proxy run?"},
    {GW_TRIAL_PROXY, "", "who runs the proxy must let us through to %h, port %p; docs/upstream.md shows the forms of `proxy`"},

    {GW_TRIAL_TLS, "[upstream", "mend the file that the line names"},
    {GW_TRIAL_TLS, "speaks no TLS", "is port %p the one for TLS? Usual is 8883; without TLS the url is mqtt://..."},
    {GW_TRIAL_TLS, "clock of this machine", "the clock says %c: is there NTP? `timedatectl` shows it, `date -s` sets it"},
    {GW_TRIAL_TLS, "not valid yet", "the clock says %c: is it right? `timedatectl` shows whether NTP set it. If it is, the broker needs another certificate"},
    {GW_TRIAL_TLS, "certificate has expired", "the broker needs a new certificate; or is the clock wrong, which says %c?"},
    {GW_TRIAL_TLS, "not trusted", "if the broker has an authority of its own, name its certificate: ca = FILE. If not, somebody stands between"},
    {GW_TRIAL_TLS, "not for this host", "write a name in url that the certificate is for, or say by `sni = NAME` which name it is to be for"},
    {GW_TRIAL_TLS, "too weak", "the broker needs a certificate of today; there is no setting that takes this one but insecure = yes"},
    {GW_TRIAL_TLS, "our certificate", "is `cert` the one that the broker knows, registered and active there, with its whole chain in the file?"},
    {GW_TRIAL_TLS, "wants a client certificate", "the broker wants `cert` and `key`"},
    {GW_TRIAL_TLS, "bad certificate", "is `cert` the one that the broker knows, registered and active there?"},
    {GW_TRIAL_TLS, "handshake failure", "the broker may want `cert` and `key`, another `sni`, or have no cipher suite of docs/tls.md"},
    {GW_TRIAL_TLS, "does not know the name", "`sni` or the host of url must be a name that the broker knows"},
    {GW_TRIAL_TLS, "in common", "the broker's TLS is too old or too special: docs/tls.md says what we speak"},
    {GW_TRIAL_TLS, "closed by", "is port %p the one for TLS? Some brokers hang up like this when `sni`, `alpn` or `cert` is missing"},
    {GW_TRIAL_TLS, "reset", "is port %p the one for TLS? Some brokers hang up like this when `sni`, `alpn` or `cert` is missing"},
    {GW_TRIAL_TLS, "does not answer", "is port %p the one for TLS? A firewall may let connections through and drop what is said"},
    {GW_TRIAL_TLS, "", "docs/tls.md says what we speak; does the broker speak TLS at port %p?"},

    {GW_TRIAL_ALPN, "", "`alpn` is wrong for this port: leave it out, or write what the broker's papers say (AWS, port 443: x-amzn-mqtt-ca)"},

    {GW_TRIAL_WEBSOCKET, "speak HTTP", "is port %p the one for WebSocket? For MQTT without it the url is mqtt://... or mqtts://..."},
    {GW_TRIAL_WEBSOCKET, "server answers", "is the path in url right? Usual are /mqtt and /ws; a web server on the way may need to be told of it"},
    {GW_TRIAL_WEBSOCKET, "", "is port %p the one for WebSocket, and the path in url right?"},

    {GW_TRIAL_CONNACK, "no CONNACK", "something takes connections at port %p and says nothing: is it the port of a broker? With TLS the url is mqtts://..."},
    {GW_TRIAL_CONNACK, "CONNACK 1", "the broker speaks no MQTT 3.1.1"},
    {GW_TRIAL_CONNACK, "CONNACK 2", "the broker does not take the client id %i: too long, other characters, or not one it knows; `client_id` sets it"},
    {GW_TRIAL_CONNACK, "CONNACK 3", "the broker is there and not ready: try later, or ask who runs it"},
    {GW_TRIAL_CONNACK, "CONNACK", BAD_LOGIN},
    {GW_TRIAL_CONNACK, "alert", "is `cert` the one that the broker knows, registered and active there?"},
    {GW_TRIAL_CONNACK, "HTTP", "port %p of %h is a web server's: is the port right? For MQTT over WebSocket the url is ws://... or wss://..."},
    {GW_TRIAL_CONNACK, "TLS", "port %p wants TLS: the url is mqtts://..."},
    {GW_TRIAL_CONNACK, "closed by", CUT_AT_CONNECT},
    {GW_TRIAL_CONNACK, "reset", CUT_AT_CONNECT},
    {GW_TRIAL_CONNACK, "", "what is at port %p of %h speaks no MQTT 3.1.1"},

    {GW_TRIAL_SUBACK, "refuse", "let %u subscribe that there (acl, policy), or change the receive rule"},
    {GW_TRIAL_SUBACK, "", "most brokers cut here when a filter of a receive rule is not allowed, or the QoS is too high: subscribe_qos_max, filters_per_subscribe"},

    {GW_TRIAL_PUBACK, "", "most brokers cut, or say nothing, when no right allows that topic, or QoS, size or topic levels are beyond what they take: qos_max, max_payload, max_levels; --topic tries another topic"},
};
/* clang-format on */

static void write_host(struct writer *w, const struct gw_trial_wrong *wrong)
{
    bool by_proxy = wrong->upstream->proxy.kind != CONF_NO_PROXY && wrong->step < GW_TRIAL_PROXY;

    write_text(w, by_proxy ? wrong->upstream->proxy.host : wrong->url->host);
}

static void write_port(struct writer *w, const struct gw_trial_wrong *wrong)
{
    bool by_proxy = wrong->upstream->proxy.kind != CONF_NO_PROXY && wrong->step < GW_TRIAL_PROXY;

    write_decimal(w, by_proxy ? wrong->upstream->proxy.port : wrong->url->port);
}

static void write_quoted(struct writer *w, const char *text, const char *none)
{
    if (text == NULL) {
        write_text(w, none);
        return;
    }
    write_text(w, "\"");
    write_printable(w, span_of_text(text));
    write_text(w, "\"");
}

static void write_fact(struct writer *w, const struct gw_trial_wrong *wrong, char letter)
{
    char now[GW_TRIAL_TIME];

    switch (letter) {
    case 'h': write_host(w, wrong); break;
    case 'p': write_port(w, wrong); break;
    case 'i': write_quoted(w, wrong->upstream->client_id, "\"\""); break;
    case 'u': write_quoted(w, wrong->upstream->username, "a client without user name"); break;
    default:
        gw_trial_time(wrong->wall_s, now);
        write_text(w, now);
        break;
    }
}

static const char *advice_of(const struct gw_trial_wrong *wrong)
{
    size_t i = 0;

    while (i + 1 < sizeof rows / sizeof rows[0] &&
           (rows[i].step != wrong->step || strstr(wrong->cause, rows[i].cause) == NULL)) {
        i++;
    }
    return rows[i].advice;
}

void gw_trial_advise(const struct gw_trial_wrong *wrong, char room[GW_TRIAL_WORDS])
{
    struct writer w = writer_of((uint8_t *)room, GW_TRIAL_WORDS);

    for (const char *at = advice_of(wrong); *at != '\0'; at++) {
        if (*at == '%') {
            write_fact(&w, wrong, *++at);
        } else {
            write_u8(&w, (uint8_t)*at);
        }
    }
    write_end(&w);
}

void gw_trial_time(int64_t wall_s, char room[GW_TRIAL_TIME])
{
    time_t at = wall_s;
    struct tm tm;

    if (gmtime_r(&at, &tm) == NULL ||
        strftime(room, GW_TRIAL_TIME, "%Y-%m-%d %H:%M UTC", &tm) == 0) {
        room[0] = '\0';
    }
}

const char *gw_trial_step_name(enum gw_trial_step step)
{
    static const char *const names[] = {
        [GW_TRIAL_PASSWORD] = "password",
        [GW_TRIAL_NAME] = "name",
        [GW_TRIAL_TCP] = "tcp",
        [GW_TRIAL_PROXY] = "proxy",
        [GW_TRIAL_TLS] = "tls",
        [GW_TRIAL_ALPN] = "alpn",
        [GW_TRIAL_WEBSOCKET] = "websocket",
        [GW_TRIAL_CONNACK] = "connack",
        [GW_TRIAL_SUBACK] = "suback",
        [GW_TRIAL_PUBACK] = "puback",
    };

    return names[step];
}
