/* tests/sim/bus_tables.c - figures of the bus on the virtual line, beside those of its design. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/sim/bus.h"
#include "tests/support.h"

#define SECOND UINT64_C(1000000)
#define OCTETS 27u

static double ms(uint64_t us)
{
    return (double)us / 1000;
}

static struct vbus_setup setup_of(uint32_t baud, unsigned nodes, double share, uint64_t host_us)
{
    return (struct vbus_setup){.baud = baud,
                               .nodes = nodes,
                               .host_us = host_us,
                               .assigned = true,
                               .per_second = share * baud / (10 * OCTETS) / nodes,
                               .octets = OCTETS,
                               .seed = 42};
}

/* Delivered %, p50, p99. */
static void load(const struct vbus_setup *setup, const char *design)
{
    struct vbus *bus = vbus_new(setup);
    uint64_t length_us = (setup->baud < 20000 ? 600 : setup->baud < 60000 ? 200 : 90) * SECOND;
    struct vbus_result r;

    vbus_run(bus, length_us);
    r = vbus_result(bus);
    vbus_hush(bus);
    vbus_run(bus, 30 * SECOND);
    r.came = vbus_result(bus).came;
    printf("%6.2f / %6.1f / %7.1f   | %-20s", 100.0 * (double)r.came / (double)r.said, ms(r.p50_us),
           ms(r.p99_us), design);
    if (vbus_result(bus).wrong + vbus_result(bus).again + vbus_result(bus).skipped != 0) {
        printf("  WRONG %llu AGAIN %llu SKIPPED %llu", (unsigned long long)vbus_result(bus).wrong,
               (unsigned long long)vbus_result(bus).again,
               (unsigned long long)vbus_result(bus).skipped);
    }
    printf("\n");
    vbus_free(bus);
}

static void loads(void)
{
    static const struct {
        uint32_t baud;
        unsigned nodes;
        unsigned percent;
        const char *design;
    } rows[] = {{9600, 32, 20, "100 / 157 / 347"},    {9600, 32, 50, "99.96 / 403 / 1311"},
                {115200, 32, 5, "100 / 14.7 / 26"},   {115200, 32, 20, "99.99 / 19.8 / 45"},
                {115200, 32, 35, "99.99 / 29 / 78"},  {115200, 32, 50, "99.94 / 62 / 265"},
                {115200, 247, 20, "100 / 78 / 188"},  {115200, 247, 50, "99.88 / 276 / 1167"},
                {250000, 247, 35, "99.86 / 96 / 312"}};

    printf("\nLoad: delivered %% / p50 ms / p99 ms             | design\n");
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct vbus_setup setup =
            setup_of(rows[i].baud, rows[i].nodes, rows[i].percent / 100.0, 1500);

        printf("%7u, %3u nodes, %2u %%: ", rows[i].baud, rows[i].nodes, rows[i].percent);
        load(&setup, rows[i].design);
    }
}

static void noise(void)
{
    static const struct {
        double ber;
        const char *design;
    } rows[] = {{1e-5, "100 / 20 / 45"}, {1e-4, "100 / 21 / 53"}, {1e-3, "99.98 / 40 / 194"}};

    printf("\nNoise, 115200, 32 nodes, 20 %%\n");
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct vbus_setup setup = setup_of(115200, 32, 0.2, 1500);

        setup.ber = rows[i].ber;
        printf("bit errors %5g:           ", rows[i].ber);
        load(&setup, rows[i].design);
    }
}

static void bursts(void)
{
    static const struct {
        uint32_t baud;
        unsigned nodes;
        const char *design;
    } rows[] = {
        {9600, 32, "1.40 s 100 %"}, {115200, 32, "0.13 s 100 %"}, {115200, 247, "0.99 s 100 %"}};

    printf("\nAll at once: the last after, delivered\n");
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct vbus_setup setup = setup_of(rows[i].baud, rows[i].nodes, 0, 1500);
        struct vbus *bus = NULL;
        uint64_t from_us = 0;
        uint64_t before = 0;

        setup.per_second = 0;
        bus = vbus_new(&setup);
        for (unsigned k = 0; k < 20; k++) {
            (void)vbus_say(bus, k);
            vbus_run(bus, SECOND);
        }
        from_us = vbus_now(bus);
        before = vbus_result(bus).came;
        for (unsigned k = 0; k < rows[i].nodes; k++) {
            (void)vbus_say(bus, k);
        }
        vbus_run(bus, 60 * SECOND);
        printf("%7u, %3u nodes:         %6.2f s, %.2f %%           | %s\n", rows[i].baud,
               rows[i].nodes, ms(vbus_result(bus).last_us - from_us) / 1000,
               100.0 * (double)(vbus_result(bus).came - before) / rows[i].nodes, rows[i].design);
        vbus_free(bus);
    }
}

static void hosts(void)
{
    static const struct {
        unsigned nodes;
        uint64_t host_us;
        const char *design;
    } rows[] = {
        {8, 300, "- / 8.2 / 17"},  {8, 1500, "- / 10.5 / 22"}, {8, 17000, "99.9 / 51 / 125"},
        {32, 300, "- / 14 / 27"},  {32, 1500, "- / 16 / 32"},  {32, 17000, "99.96 / 53 / 103"},
        {128, 300, "- / 30 / 60"}, {128, 1500, "- / 35 / 72"}, {128, 17000, "99.8 / 127 / 303"}};

    printf("\nHost latency, 115200, 10 %%\n");
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct vbus_setup setup = setup_of(115200, rows[i].nodes, 0.1, rows[i].host_us);

        printf("%3u nodes, %4.1f ms:        ", rows[i].nodes, ms(rows[i].host_us));
        load(&setup, rows[i].design);
    }
}

static void answered(void)
{
    static const struct {
        uint32_t baud;
        unsigned nodes;
        unsigned percent;
        const char *design;
    } rows[] = {{9600, 32, 20, "99.93 / 212 / 539"},
                {115200, 32, 20, "99.98 / 27 / 77"},
                {115200, 32, 30, "99.94 / 48 / 181"},
                {115200, 247, 30, "99.82 / 229 / 796"}};

    printf("\nQoS 1: a PUBACK down for each, bit errors 1e-5\n");
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct vbus_setup setup =
            setup_of(rows[i].baud, rows[i].nodes, rows[i].percent / 100.0, 1500);

        setup.answered = true;
        setup.ber = 1e-5;
        printf("%7u, %3u nodes, %2u %%: ", rows[i].baud, rows[i].nodes, rows[i].percent);
        load(&setup, rows[i].design);
    }
}

static void capacity(void)
{
    static const struct {
        uint32_t baud;
        uint64_t host_us;
        unsigned design;
    } rows[] = {{9600, 1500, 22},    {38400, 1500, 88},    {115200, 300, 259},
                {115200, 1500, 249}, {115200, 17000, 167}, {250000, 1500, 474},
                {500000, 1500, 766}, {1000000, 300, 1326}, {1000000, 1500, 1105}};

    printf("\nSaturated, 32 nodes: messages a second, share of the line | design\n");
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct vbus_setup setup = setup_of(rows[i].baud, 32, 2, rows[i].host_us);
        struct vbus *bus = vbus_new(&setup);
        uint64_t before = 0;

        vbus_run(bus, 10 * SECOND);
        before = vbus_result(bus).came;
        vbus_run(bus, 30 * SECOND);
        before = vbus_result(bus).came - before;
        printf("%7u, host %4.1f ms:      %6.1f, %4.1f %%             | %u\n", rows[i].baud,
               ms(rows[i].host_us), (double)before / 30,
               (double)before / 30 * OCTETS * 1000 / rows[i].baud, rows[i].design);
        vbus_free(bus);
    }
}

static void newcomers(void)
{
    static const struct {
        uint32_t baud;
        unsigned nodes;
        const char *design;
    } rows[] = {{9600, 8, "0.65 s"},    {9600, 32, "2.9 s"},     {115200, 8, "0.06 s"},
                {115200, 32, "0.26 s"}, {115200, 128, "1.05 s"}, {115200, 247, "3.0 s"}};

    printf("\nNewcomers: all have an address after (mean of 20)   | design\n");
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint64_t sum_us = 0;

        for (uint64_t seed = 1; seed <= 20; seed++) {
            struct vbus_setup setup = setup_of(rows[i].baud, rows[i].nodes, 0, 1500);
            struct vbus *bus = NULL;

            setup.per_second = 0;
            setup.assigned = false;
            setup.seed = seed;
            bus = vbus_new(&setup);
            while (vbus_assigned(bus) < rows[i].nodes && vbus_now(bus) < 120 * SECOND) {
                vbus_run(bus, 1000);
            }
            sum_us += vbus_now(bus);
            vbus_free(bus);
        }
        printf("%7u, %3u nodes:         %6.2f s                     | %s\n", rows[i].baud,
               rows[i].nodes, ms(sum_us / 20) / 1000, rows[i].design);
    }
}

/* Octets on the line for each message, of which `per_cycle` come in one. */
static void octets(void)
{
    struct vbus_setup setup = setup_of(115200, 8, 0, 1500);
    struct vbus *bus = NULL;
    uint64_t idle = 0;
    uint64_t busy = 0;

    setup.per_second = 0;
    bus = vbus_new(&setup);
    for (unsigned k = 0; k < 20; k++) {
        (void)vbus_say(bus, k % 8);
        vbus_run(bus, SECOND / 10);
    }
    (void)idle;
    busy = vbus_result(bus).octets;
    for (unsigned k = 0; k < 8; k++) {
        for (unsigned n = 0; n < 8; n++) {
            (void)vbus_say(bus, n);
        }
    }
    while (vbus_left(bus) > 0) {
        vbus_run(bus, 100);
    }
    busy = vbus_result(bus).octets - busy;
    printf("\nOctets of a message, 8 in a cycle: %.1f | 41.5\n", (double)busy / 64);
    vbus_free(bus);
}

/* On a bad line until so many frames were said: nothing wrong, nothing twice, nothing out of order.
 */
static int many(uint64_t frames)
{
    uint64_t said = 0;
    uint64_t came = 0;
    uint64_t bad = 0;

    for (uint64_t seed = 1; said < frames; seed++) {
        struct vbus_setup setup = setup_of(115200, seed % 2 != 0 ? 8 : 32, 0.4, 1500);
        struct vbus *bus = NULL;
        struct vbus_result r;

        setup.seed = seed;
        setup.ber = seed % 3 == 0 ? 1e-3 : 1e-4;
        setup.dropped = setup.inserted = 1e-4;
        setup.stray = 0.1;
        setup.echo = seed % 5 == 0;
        setup.skewed = true;
        setup.answered = true;
        bus = vbus_new(&setup);
        vbus_run(bus, 600 * SECOND);
        vbus_hush(bus);
        vbus_run(bus, 60 * SECOND);
        r = vbus_result(bus);
        said += r.frames;
        came += r.came;
        bad += r.wrong + r.again + r.skipped + (r.said - r.refused - r.came);
        vbus_free(bus);
    }
    printf("%llu frames, %llu messages came, %llu wrong, missing, again or out of order\n",
           (unsigned long long)said, (unsigned long long)came, (unsigned long long)bad);
    return bad == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        return many(strtoull(argv[1], NULL, 10));
    }
    octets();
    capacity();
    loads();
    noise();
    bursts();
    hosts();
    answered();
    newcomers();
    return 0;
}
