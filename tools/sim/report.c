/* What a run has come to, for people and for programs. */
#include <inttypes.h>

#include "tools/sim/sim.h"

static double seconds(const struct sim *sim)
{
    return (double)(sim->now_us - sim->start_us) / 1e6;
}

void sim_report_line(const struct sim *sim, FILE *out)
{
    const struct sim_counts *counts = &sim->counts;

    (void)fprintf(
        out,
        "%.0f s: %" PRIu64 " of %zu connected; published %" PRIu64 ", acknowledged %" PRIu64
        "; delivered %" PRIu64 "; retried %" PRIu64 "; acknowledged in p50 %.1f p99 %.1f ms\n",
        seconds(sim), counts->connected, sim->count, counts->published, counts->acknowledged,
        counts->delivered, counts->retried, (double)spread_at(&sim->acknowledge, 0.5) / 1e3,
        (double)spread_at(&sim->acknowledge, 0.99) / 1e3);
    (void)fflush(out);
}

static void spread_json(const struct spread *spread, const char *name, FILE *out)
{
    (void)fprintf(out,
                  "\"%s_us\":{\"count\":%" PRIu64 ",\"p50\":%" PRIu64 ",\"p99\":%" PRIu64
                  ",\"max\":%" PRIu64 "}",
                  name, spread->count, spread_at(spread, 0.5), spread_at(spread, 0.99),
                  spread->most);
}

static void report_json(const struct sim *sim, FILE *out)
{
#define VALUE(field, name) {name, sim->counts.field},
    const struct {
        const char *name;
        uint64_t value;
    } values[] = {SIM_COUNTS(VALUE)};
#undef VALUE

    (void)fprintf(out, "{\"seconds\":%.3f,\"nodes\":%zu,\"seed\":%" PRIu64 ",\"checked\":%s,",
                  seconds(sim), sim->count, sim->seed, sim->unchecked ? "false" : "true");
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        (void)fprintf(out, "\"%s\":%" PRIu64 ",", values[i].name, values[i].value);
    }
    spread_json(&sim->connect, "connect", out);
    (void)fputc(',', out);
    spread_json(&sim->acknowledge, "acknowledge", out);
    (void)fputc(',', out);
    spread_json(&sim->transit, "transit", out);
    (void)fputs("}\n", out);
}

static void spread_row(const struct spread *spread, const char *name, FILE *out)
{
    if (spread->count != 0) {
        (void)fprintf(out, "  %-24s %10.3f %10.3f %10.3f %10" PRIu64 "\n", name,
                      (double)spread_at(spread, 0.5) / 1e3, (double)spread_at(spread, 0.99) / 1e3,
                      (double)spread->most / 1e3, spread->count);
    }
}

static void report_text(const struct sim *sim, FILE *out)
{
    const struct sim_counts *c = &sim->counts;

    (void)fprintf(out, "%zu nodes, %.1f s, seed %" PRIu64 "\n", sim->count, seconds(sim),
                  sim->seed);
    (void)fprintf(out,
                  "connections  %" PRIu64 " of %zu nodes; %" PRIu64 " CONNECTs refused, %" PRIu64
                  " sessions forgotten, %" PRIu64 " times no answer, %" PRIu64 " congestion\n",
                  c->connected, sim->count, c->refused_connects, c->rejoins, c->silences,
                  c->congested);
    (void)fprintf(out,
                  "published    %" PRIu64 ": acknowledged %" PRIu64 ", refused %" PRIu64
                  ", unanswered %" PRIu64 "\n",
                  c->published, c->acknowledged, c->refused, c->unanswered);
    (void)fprintf(out,
                  "delivered    %" PRIu64 ", again %" PRIu64 "; of %" PRIu64
                  " acknowledged for these nodes %" PRIu64 " are missing%s\n",
                  c->delivered, c->again, c->owed, c->missing,
                  sim->unchecked ? " (too many to tell)" : "");
    (void)fprintf(out, "subscribed   %" PRIu64 ", refused %" PRIu64 "; woke up %" PRIu64 " times\n",
                  c->subscribed, c->refused_subs, c->wakes);
    (void)fprintf(
        out, "packets      %" PRIu64 " sent, of these %" PRIu64 " again; %" PRIu64 " received\n",
        c->packets_out, c->retried, c->packets_in);
    (void)fprintf(out,
                  "on the way   lost here %" PRIu64 " out, %" PRIu64 " in; doubled %" PRIu64
                  " out, %" PRIu64 " in; not sent %zu\n",
                  c->lost_out, c->lost_in, c->doubled_out, c->doubled_in, sim->net.failed);
    (void)fprintf(out, "milliseconds                      p50        p99        max      count\n");
    spread_row(&sim->connect, "CONNECT to CONNACK", out);
    spread_row(&sim->acknowledge, "PUBLISH to its answer", out);
    spread_row(&sim->transit, "from node to node", out);
}

void sim_report(const struct sim *sim, bool json, FILE *out)
{
    if (json) {
        report_json(sim, out);
    } else {
        report_text(sim, out);
    }
    (void)fflush(out);
}
