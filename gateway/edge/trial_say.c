/* gateway/edge/trial_say.c - each step of a trial told, with what was seen. */
#include "gateway/edge/trial_parts.h"

#include <arpa/inet.h>
#include <time.h>

#include "base/text.h"
#include "gateway/edge/clock.h"

/* --- steps ----------------------------------------------------------------------------------- */

static void tell(struct gw_trial *trial, struct gw_trial_news *news)
{
    uint64_t now_ms = gw_clock_ms();

    news->step = trial->step;
    news->ms = now_ms > trial->since_ms ? now_ms - trial->since_ms : 0;
    trial->since_ms = now_ms;
    trial->setup->told(trial->setup->arg, news);
}

void gw_trial_passed(struct gw_trial *trial, enum gw_trial_step next, const char *text)
{
    tell(trial, &(struct gw_trial_news){.result = GW_TRIAL_GOOD, .text = text});
    trial->step = next;
}

void gw_trial_left_out(struct gw_trial *trial, enum gw_trial_step next, const char *text)
{
    tell(trial, &(struct gw_trial_news){.result = GW_TRIAL_LEFT_OUT, .text = text});
    trial->step = next;
}

static void write_time(struct writer *w, int64_t wall_s)
{
    char at[GW_TRIAL_TIME];

    gw_trial_time(wall_s, at);
    write_text(w, at);
}

static void write_certificate(struct writer *w, const struct gw_tls_peer *peer)
{
    write_text(w, "certificate of ");
    write_text(w, peer->subject);
    if (peer->names[0] != '\0') {
        write_text(w, " for ");
        write_text(w, peer->names);
    }
    write_text(w, ", by ");
    write_text(w, peer->issuer);
    write_text(w, ", good from ");
    write_time(w, peer->from_s);
    write_text(w, " to ");
    write_time(w, peer->to_s);
}

/* A certificate that was shown belongs to what went wrong. */
static const char *cause_of(struct gw_trial *trial, const char *cause)
{
    struct writer w = writer_of((uint8_t *)trial->text, sizeof trial->text);

    write_text(&w, cause);
    if (trial->step == GW_TRIAL_TLS && trial->peer.subject[0] != '\0') {
        write_text(&w, "; ");
        write_certificate(&w, &trial->peer);
    }
    write_end(&w);
    return trial->text;
}

void gw_trial_failed(struct gw_trial *trial, const char *cause)
{
    char advice[GW_TRIAL_WORDS];
    struct gw_trial_wrong wrong = {.cause = cause,
                                   .upstream = trial->setup->upstream,
                                   .url = trial->setup->url,
                                   .wall_s = time(NULL)};

    if (trial->step == GW_TRIAL_TLS && strstr(cause, "alpn") != NULL &&
        trial->setup->upstream->alpn != NULL) {
        trial->step = GW_TRIAL_ALPN;
    }
    wrong.step = trial->step;
    gw_trial_advise(&wrong, advice);
    tell(trial, &(struct gw_trial_news){
                    .result = GW_TRIAL_WRONG, .text = cause_of(trial, cause), .advice = advice});
    trial->over = true;
}

/* --- what was seen --------------------------------------------------------------------------- */

static struct writer begin(struct gw_trial *trial)
{
    return writer_of((uint8_t *)trial->text, sizeof trial->text);
}

static const char *end(struct gw_trial *trial, struct writer *w)
{
    write_end(w);
    return trial->text;
}

static void write_host(struct writer *w, const union gw_addr *addr)
{
    char text[INET6_ADDRSTRLEN] = "?";
    bool is_v4 = addr->any.sa_family == AF_INET;

    (void)inet_ntop(addr->any.sa_family,
                    is_v4 ? (const void *)&addr->v4.sin_addr : &addr->v6.sin6_addr, text,
                    sizeof text);
    write_text(w, text);
}

const char *gw_trial_say_name(struct gw_trial *trial)
{
    const struct gw_dial *dial = &trial->dial;
    struct writer w = begin(trial);

    write_text(&w, dial->by_proxy ? "the proxy " : "");
    write_text(&w, dial->host);
    if (gw_dial_is_address(dial)) {
        write_text(&w, " is an address");
        return end(trial, &w);
    }
    write_text(&w, " is ");
    for (size_t i = 0; i < dial->address_count; i++) {
        write_text(&w, i == 0 ? "" : ", ");
        write_host(&w, &dial->addresses[i]);
    }
    return end(trial, &w);
}

const char *gw_trial_say_tcp(struct gw_trial *trial, int fd)
{
    struct writer w = begin(trial);
    union gw_addr addr = {.v6 = {0}};
    socklen_t len = sizeof addr;
    char text[GW_ADDR_TEXT] = "the other side";

    if (getpeername(fd, &addr.any, &len) == 0) {
        gw_addr_print(&addr, text);
    }
    write_text(&w, "connected to ");
    write_text(&w, text);
    return end(trial, &w);
}

const char *gw_trial_say_tls(struct gw_trial *trial, const struct gw_stage *stage)
{
    struct writer w = begin(trial);

    write_text(&w, gw_tls_version(stage));
    write_text(&w, "; ");
    write_certificate(&w, &trial->peer);
    if (trial->setup->upstream->insecure) {
        write_text(&w, "; NOT LOOKED AT, for insecure = yes");
    }
    return end(trial, &w);
}
