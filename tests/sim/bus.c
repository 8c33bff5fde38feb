#include "tests/sim/bus.h"

#include <math.h>
#include <stdlib.h>

#include "tests/support.h"

#define FRAME_MOST  (SN_BUS_OUTPUT(VBUS_MTU))
#define SAMPLES     (1u << 22)
#define ANSWER_LATE 5000u

struct message {
    uint64_t said_us;
    uint32_t number;
};

struct node {
    struct heap_item due;
    struct heap_item arrival;
    struct sn_bus_node link;
    uint8_t buffer[SN_FRAME_BUFFER(VBUS_MTU)];
    uint8_t uid[SN_BUS_IDENTITY];
    uint8_t packet[VBUS_MTU];
    struct message queue[VBUS_QUEUE];
    unsigned count;
    uint32_t number; /* of the next message */
    uint32_t came;   /* the next number that is to come */
    int skew;        /* thousandths */
    bool has_given;  /* the first of the queue is with the link */
    unsigned lost;   /* messages that a reset may have lost */
};

/* Octets on their way to the master. */
struct batch {
    struct heap_item due;
    size_t len;
    uint8_t octets[];
};

/* Octets on the line. */
struct sending {
    struct heap_item due;
    struct sending *next; /* on the line */
    int from;             /* -1: the master */
    size_t at;            /* octets that were heard */
    size_t told;          /* of `heard`, to nodes */
    uint64_t start_us;
    size_t len;
    size_t got;         /* octets as they are heard */
    size_t merged_from; /* these two lay over another's */
    size_t merged_to;
    uint8_t octets[FRAME_MOST];
    uint8_t heard[2 * FRAME_MOST];
};

struct answer {
    uint64_t due_us;
    uint8_t address;
};

struct vbus {
    struct vbus_setup setup;
    struct vbus_result result;
    struct rng rng;
    struct heap heap;
    struct heap_item master_due;
    struct heap_item answer_due;
    struct sn_bus_master master;
    struct node nodes[VBUS_NODES];
    struct sending *line;
    struct sending *spare;
    uint64_t now_us;
    uint32_t *samples_us;
    size_t sample_count;
    struct answer answers[4096];
    size_t answer_first;
    size_t answer_count;
    uint8_t run;
    uint8_t table;
};

/* --- chance ---------------------------------------------------------------------------------- */

static double unit(struct vbus *bus)
{
    return (double)(rng_next(&bus->rng) >> 11) / 9007199254740992.0;
}

static bool happens(struct vbus *bus, double chance)
{
    return chance > 0 && unit(bus) < chance;
}

static uint64_t interval_us(struct vbus *bus)
{
    return (uint64_t)(-log(1 - unit(bus)) / bus->setup.per_second * 1e6) + 1;
}

/* --- messages -------------------------------------------------------------------------------- */

static void fill(const struct vbus *bus, uint8_t *out, unsigned node, uint32_t number)
{
    struct writer w = writer_of(out, bus->setup.octets);

    write_u8(&w, (uint8_t)bus->setup.octets);
    write_u8(&w, 0x0C);
    write_u16(&w, (uint16_t)node);
    write_u32(&w, number);
    while (write_left(&w) > 0) {
        write_u8(&w, (uint8_t)((node * 31 + number) >> (written(&w) % 8)));
    }
}

static void sample(struct vbus *bus, uint64_t us)
{
    if (bus->sample_count < SAMPLES) {
        bus->samples_us[bus->sample_count++] = (uint32_t)us;
    }
}

/* --- nodes ----------------------------------------------------------------------------------- */

static uint32_t clock_of(const struct node *node, uint64_t us)
{
    return (uint32_t)((int64_t)us + (int64_t)us * node->skew / 1000);
}

static uint64_t sim_of(const struct vbus *bus, const struct node *node, uint32_t due_us)
{
    int32_t away = (int32_t)(due_us - clock_of(node, bus->now_us));

    return bus->now_us + (uint64_t)(away > 0 ? away : 0);
}

static void arm(struct vbus *bus, struct node *node)
{
    uint32_t due_us = 0;

    if (sn_bus_node_due(&node->link, &due_us)) {
        heap_set(&bus->heap, &node->due, sim_of(bus, node, due_us));
    } else {
        heap_set(&bus->heap, &node->due, HEAP_NEVER);
    }
}

/* The link has taken the first: the next. */
static void feed(struct vbus *bus, unsigned i)
{
    struct node *node = &bus->nodes[i];

    if (node->has_given && !sn_bus_node_is_busy(&node->link)) {
        node->has_given = false;
        node->count--;
        memmove(node->queue, node->queue + 1, node->count * sizeof node->queue[0]);
    }
    if (!node->has_given && node->count > 0) {
        fill(bus, node->packet, i, node->queue[0].number);
        sn_bus_node_send(&node->link, span_of(node->packet, bus->setup.octets));
        node->has_given = true;
    }
}

static void start_node(struct vbus *bus, unsigned i)
{
    struct node *node = &bus->nodes[i];

    sn_bus_node_init(&node->link, node->uid, node->buffer, sizeof node->buffer);
    node->link.timing = sn_bus_timing_at(bus->setup.baud, 10);
    node->has_given = false;
}

bool vbus_say(struct vbus *bus, unsigned i)
{
    struct node *node = &bus->nodes[i];

    bus->result.said++;
    if (node->count == VBUS_QUEUE) {
        bus->result.refused++;
        return false;
    }
    node->queue[node->count++] = (struct message){bus->now_us, node->number++};
    feed(bus, i);
    return true;
}

/* --- the line -------------------------------------------------------------------------------- */

static uint64_t octets_us(const struct vbus *bus, size_t octets)
{
    return octets * UINT64_C(10000000) / bus->setup.baud;
}

static void begin(struct vbus *bus, int from, const uint8_t *octets, size_t len)
{
    struct sending *s = bus->spare != NULL ? bus->spare : calloc(1, sizeof *s);
    uint64_t end_us = bus->now_us + octets_us(bus, len);

    assert_non_null(s);
    if (s == bus->spare) {
        bus->spare = s->next;
    }
    heap_item_init(&s->due);
    s->from = from;
    s->at = s->got = s->told = 0;
    s->start_us = bus->now_us;
    s->len = len;
    s->merged_from = s->merged_to = 0;
    memcpy(s->octets, octets, len);
    for (struct sending *other = bus->line; other != NULL; other = other->next) {
        uint64_t other_end = other->start_us + octets_us(bus, other->len);
        uint64_t c = octets_us(bus, 1) + 1;

        if (other_end <= bus->now_us) {
            continue;
        }
        other->merged_from = (size_t)((bus->now_us - other->start_us) / c);
        other->merged_to =
            (size_t)(((end_us < other_end ? end_us : other_end) - other->start_us) / c) + 1;
        s->merged_to = (size_t)((other_end - bus->now_us) / c) + 1;
    }
    s->next = bus->line;
    bus->line = s;
    bus->result.octets += len;
    bus->result.frames++;
    bus->result.busy_us += octets_us(bus, len);
    heap_set(&bus->heap, &s->due, bus->now_us + octets_us(bus, 1) + 1);
}

/* One octet as all hear it: start, eight bits, stop. */
static void damage(struct vbus *bus, struct sending *s, uint8_t octet)
{
    for (unsigned bit = 0; bus->setup.ber > 0 && bit < 10; bit++) {
        if (!happens(bus, bus->setup.ber)) {
            continue;
        }
        if (bit >= 8) {
            return; /* no frame: nothing is heard */
        }
        octet ^= (uint8_t)(1u << bit);
    }
    if (!happens(bus, bus->setup.dropped)) {
        s->heard[s->got++] = octet;
    }
    if (happens(bus, bus->setup.inserted)) {
        s->heard[s->got++] = (uint8_t)rng_next(&bus->rng);
    }
}

/* The octets up to `to`, as they are heard. */
static void hear(struct vbus *bus, struct sending *s, size_t to)
{
    for (size_t i = s->at; i < to; i++) {
        if (i >= s->merged_from && i < s->merged_to) {
            if (happens(bus, 0.5)) {
                s->heard[s->got++] = (uint8_t)rng_next(&bus->rng);
            }
        } else {
            damage(bus, s, s->octets[i]);
        }
    }
    s->at = to;
    if (to == s->len && happens(bus, bus->setup.stray)) {
        s->heard[s->got++] = 0;
    }
}

/* What was heard reaches the master when its host has it. */
static void host_takes(struct vbus *bus, const struct sending *s, struct span octets)
{
    struct batch *batch = NULL;

    if (octets.len == 0 || (s->from < 0 && !bus->setup.echo)) {
        return;
    }
    batch = malloc(sizeof *batch + octets.len);
    assert_non_null(batch);
    heap_item_init(&batch->due);
    batch->len = octets.len;
    memcpy(batch->octets, octets.at, octets.len);
    heap_set(&bus->heap, &batch->due, bus->now_us + bus->setup.host_us);
}

static void node_hears(struct vbus *bus, unsigned i, struct span octets)
{
    struct node *node = &bus->nodes[i];
    uint32_t now_us = clock_of(node, bus->now_us);
    struct span packet;

    while (sn_bus_node_input(&node->link, &octets, now_us, &packet)) {
        bus->result.taken++;
        if (packet.len != 7 || packet.at[1] != 0x0D) {
            bus->result.wrong++;
        }
    }
    feed(bus, i);
    arm(bus, node);
}

/* What was said since the last time, and how long it will go on: turns wait until then. */
static void all_hear(struct vbus *bus, struct sending *s)
{
    struct span octets = span_of(s->heard + s->told, s->got - s->told);
    uint64_t end_us = s->start_us + octets_us(bus, s->len) + 1;

    s->told = s->got;
    for (unsigned i = 0; i < bus->setup.nodes; i++) {
        struct node *node = &bus->nodes[i];

        if ((int)i == s->from) {
            continue;
        }
        node_hears(bus, i, octets);
        if (s->at < s->len && node->link.plan == SN_BUS_TURN) {
            node->link.due_us =
                clock_of(node, end_us) + (uint32_t)node->link.timing.turnaround * SN_BUS_TICK_US;
            arm(bus, node);
        }
    }
}

/* --- the master ------------------------------------------------------------------------------ */

static void answer_later(struct vbus *bus, uint8_t address)
{
    size_t at = (bus->answer_first + bus->answer_count) % COUNT(bus->answers);

    assert_true(bus->answer_count < COUNT(bus->answers));
    bus->answers[at] = (struct answer){bus->now_us + ANSWER_LATE, address};
    bus->answer_count++;
    heap_set(&bus->heap, &bus->answer_due, bus->answers[bus->answer_first].due_us);
}

static void came(struct vbus *bus, uint8_t address, struct span packet)
{
    struct reader r = reader_of(packet);
    uint8_t wanted[VBUS_MTU];
    unsigned i = 0;
    uint32_t number = 0;
    struct node *node = NULL;

    (void)read_u16(&r);
    i = read_u16(&r);
    number = read_u32(&r);
    fill(bus, wanted, i, number);
    if (r.bad || i >= bus->setup.nodes ||
        memcmp(bus->master.places[address].uid, bus->nodes[i].uid, SN_BUS_UID) != 0 ||
        !span_equal(packet, span_of(wanted, bus->setup.octets))) {
        bus->result.wrong++;
        return;
    }
    node = &bus->nodes[i];
    while (number > node->came && node->lost > 0) {
        node->came++;
        node->lost--;
    }
    if (number < node->came) {
        bus->result.again++;
        return;
    }
    if (number > node->came) {
        bus->result.skipped++;
        node->came = number;
    }
    node->came++;
    bus->result.came++;
    bus->result.last_us = bus->now_us;
    sample(bus, bus->now_us - bus->setup.host_us - node->queue[0].said_us);
    if (bus->setup.answered) {
        answer_later(bus, address);
    }
}

static void asks(struct vbus *bus, const struct sn_bus_news *news)
{
    uint8_t address = sn_bus_address_of(&bus->master, news->uid.at);

    address = address != 0 ? address : sn_bus_free_address(&bus->master, news->wanted);
    if (address != 0) {
        assert_true(sn_bus_give(&bus->master, news->uid.at, address));
    }
    sn_bus_assign(&bus->master, news->uid.at, address, 1);
}

static void master_hears(struct vbus *bus, struct span octets)
{
    struct sn_bus_news news;

    while (sn_bus_input(&bus->master, &octets, bus->now_us, &news)) {
        switch (news.kind) {
        case SN_BUS_CAME: came(bus, news.address, news.packet); break;
        case SN_BUS_ASKS: asks(bus, &news); break;
        default: break;
        }
    }
    heap_set(&bus->heap, &bus->master_due, sn_bus_deadline(&bus->master));
}

static void master_speaks(struct vbus *bus)
{
    uint8_t out[FRAME_MOST];
    size_t len = 0;

    master_hears(bus, (struct span){NULL, 0});
    len = sn_bus_output(&bus->master, out, sizeof out, bus->now_us);
    if (len > 0) {
        begin(bus, -1, out, len);
    }
    master_hears(bus, (struct span){NULL, 0});
}

static void answers_go(struct vbus *bus)
{
    static const uint8_t puback[] = {7, 0x0D, 0, 1, 0, 1, 0};

    while (bus->answer_count > 0 && bus->answers[bus->answer_first].due_us <= bus->now_us) {
        (void)sn_bus_send(&bus->master, bus->answers[bus->answer_first].address,
                          span_of(puback, sizeof puback), true, 0);
        bus->answer_first = (bus->answer_first + 1) % COUNT(bus->answers);
        bus->answer_count--;
    }
    heap_set(&bus->heap, &bus->answer_due,
             bus->answer_count > 0 ? bus->answers[bus->answer_first].due_us : HEAP_NEVER);
}

/* --- events ---------------------------------------------------------------------------------- */

static void take_off(struct vbus *bus, struct sending *s)
{
    struct sending **at = &bus->line;

    while (*at != s) {
        at = &(*at)->next;
    }
    *at = s->next;
}

/* The master hears it in pieces, nodes the first octet and the rest. */
static void go_on(struct vbus *bus, struct sending *s)
{
    size_t before = s->got;
    bool is_first = s->at == 0;
    size_t piece = bus->setup.baud / 10000 > 1 ? bus->setup.baud / 10000 : 1; /* 1 ms */
    size_t next = is_first ? 1 : s->at + piece;

    hear(bus, s, next < s->len ? next : s->len);
    host_takes(bus, s, span_of(s->heard + before, s->got - before));
    if (is_first || s->at == s->len) {
        all_hear(bus, s);
    }
    if (s->at < s->len) {
        next = s->at + piece < s->len ? s->at + piece : s->len;
        heap_set(&bus->heap, &s->due, s->start_us + octets_us(bus, next) + 1);
        return;
    }
    take_off(bus, s);
    s->next = bus->spare;
    bus->spare = s;
}

static void node_speaks(struct vbus *bus, unsigned i)
{
    struct node *node = &bus->nodes[i];
    uint8_t out[SN_FRAME_ENCODED(VBUS_MTU)];
    size_t len = sn_bus_node_output(&node->link, clock_of(node, bus->now_us), out, sizeof out);

    if (len > 0) {
        begin(bus, (int)i, out, len);
    }
    arm(bus, node);
}

static bool is_sending(const struct vbus *bus, const struct heap_item *item)
{
    const struct sending *s = bus->line;

    while (s != NULL && &s->due != item) {
        s = s->next;
    }
    return s != NULL;
}

static void host_has(struct vbus *bus, struct batch *batch)
{
    master_hears(bus, span_of(batch->octets, batch->len));
    free(batch);
}

static bool is_of(const struct vbus *bus, const struct heap_item *item, unsigned *i)
{
    const char *at = (const char *)item;
    const char *first = (const char *)bus->nodes;

    *i = 0;
    if (at < first || at >= first + sizeof bus->nodes) {
        return false;
    }
    *i = (unsigned)((size_t)(at - first) / sizeof bus->nodes[0]);
    return true;
}

static void happen(struct vbus *bus, struct heap_item *item)
{
    unsigned i = 0;

    if (item == &bus->master_due) {
        master_speaks(bus);
    } else if (item == &bus->answer_due) {
        answers_go(bus);
    } else if (is_sending(bus, item)) {
        go_on(bus, HEAP_ITEM(item, struct sending, due));
    } else if (!is_of(bus, item, &i)) {
        host_has(bus, HEAP_ITEM(item, struct batch, due));
    } else if (item == &bus->nodes[i].arrival) {
        (void)vbus_say(bus, i);
        heap_set(&bus->heap, item, bus->now_us + interval_us(bus));
    } else {
        node_speaks(bus, i);
    }
}

void vbus_run(struct vbus *bus, uint64_t us)
{
    uint64_t end_us = bus->now_us + us;
    struct heap_item *item = NULL;

    while (heap_due(&bus->heap) <= end_us) {
        uint64_t due_us = heap_due(&bus->heap);

        bus->now_us = due_us > bus->now_us ? due_us : bus->now_us;
        item = heap_pop(&bus->heap, due_us);
        happen(bus, item);
    }
    bus->now_us = end_us;
}

/* --- made and told --------------------------------------------------------------------------- */

static void start_master(struct vbus *bus)
{
    struct sn_bus_config config = {.baud = bus->setup.baud,
                                   .bits = 10,
                                   .first = SN_ADDR_FIRST,
                                   .last = SN_ADDR_LAST,
                                   .run = bus->run,
                                   .table = bus->table,
                                   .mtu = VBUS_MTU,
                                   .queue = 4 * VBUS_NODES,
                                   .effort_us = 2000000,
                                   .timing = sn_bus_timing_at(bus->setup.baud, 10)};

    assert_true(sn_bus_init(&bus->master, &config, bus->now_us));
    heap_set(&bus->heap, &bus->master_due, bus->now_us);
}

struct vbus *vbus_new(const struct vbus_setup *setup)
{
    struct vbus *bus = calloc(1, sizeof *bus);

    assert_non_null(bus);
    bus->setup = *setup;
    bus->samples_us = malloc(SAMPLES * sizeof *bus->samples_us);
    rng_init(&bus->rng, setup->seed);
    heap_item_init(&bus->master_due);
    heap_item_init(&bus->answer_due);
    heap_set(&bus->heap, &bus->answer_due, HEAP_NEVER);
    bus->table = 1;
    start_master(bus);
    for (unsigned i = 0; i < setup->nodes; i++) {
        struct node *node = &bus->nodes[i];

        heap_item_init(&node->due);
        heap_item_init(&node->arrival);
        for (unsigned k = 0; k < SN_BUS_UID; k++) {
            node->uid[k] = (uint8_t)rng_next(&bus->rng);
        }
        node->skew = setup->skewed ? (int)rng_below(&bus->rng, 21) - 10 : 0;
        start_node(bus, i);
        if (setup->assigned) {
            assert_true(sn_bus_give(&bus->master, node->uid, (uint8_t)(i + 1)));
            node->link.address = (uint8_t)(i + 1);
            node->link.master = 1;
            node->link.starts = true;
        }
        arm(bus, node);
        if (setup->per_second > 0) {
            heap_set(&bus->heap, &node->arrival, bus->now_us + interval_us(bus));
        }
    }
    return bus;
}

static void drop_all(struct sending *s)
{
    while (s != NULL) {
        struct sending *next = s->next;

        free(s);
        s = next;
    }
}

void vbus_free(struct vbus *bus)
{
    struct heap_item *item = NULL;
    unsigned i = 0;

    while ((item = heap_pop(&bus->heap, HEAP_NEVER - 1)) != NULL) {
        if (is_sending(bus, item)) {
            continue;
        }
        if (item != &bus->master_due && item != &bus->answer_due && !is_of(bus, item, &i)) {
            free(HEAP_ITEM(item, struct batch, due));
        }
    }
    drop_all(bus->line);
    drop_all(bus->spare);
    sn_bus_fini(&bus->master);
    free(bus->samples_us);
    free(bus);
}

void vbus_hush(struct vbus *bus)
{
    for (unsigned i = 0; i < bus->setup.nodes; i++) {
        heap_set(&bus->heap, &bus->nodes[i].arrival, HEAP_NEVER);
    }
}

uint64_t vbus_now(const struct vbus *bus)
{
    return bus->now_us;
}

uint64_t vbus_left(const struct vbus *bus)
{
    uint64_t left = 0;

    for (unsigned i = 0; i < bus->setup.nodes; i++) {
        left += bus->nodes[i].count;
    }
    return left;
}

unsigned vbus_assigned(const struct vbus *bus)
{
    unsigned count = 0;

    for (unsigned i = 0; i < bus->setup.nodes; i++) {
        count += bus->nodes[i].link.address != 0 &&
                 sn_bus_address_of(&bus->master, bus->nodes[i].uid) == bus->nodes[i].link.address;
    }
    return count;
}

void vbus_reset_node(struct vbus *bus, unsigned i)
{
    struct node *node = &bus->nodes[i];

    node->lost += node->count; /* its program began anew too */
    node->count = 0;
    start_node(bus, i);
    arm(bus, node);
}

void vbus_usurp(struct vbus *bus, unsigned i, uint8_t address)
{
    bus->nodes[i].link.address = address;
}

void vbus_lose_addresses(struct vbus *bus, bool is_seen)
{
    bus->table = (uint8_t)(bus->table + is_seen);
    sn_bus_fini(&bus->master);
    start_master(bus);
}

void vbus_reset_master(struct vbus *bus)
{
    struct sn_bus_master before = bus->master;

    bus->run = (bus->run + 1) & 15;
    start_master(bus);
    for (unsigned i = SN_ADDR_FIRST; i <= SN_ADDR_LAST; i++) {
        if (before.places[i].given) {
            assert_true(sn_bus_give(&bus->master, before.places[i].uid, (uint8_t)i));
        }
    }
    sn_bus_fini(&before);
}

struct sn_bus_master *vbus_master(struct vbus *bus)
{
    return &bus->master;
}

static int by_size(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a;
    uint32_t right = *(const uint32_t *)b;

    return left < right ? -1 : left > right;
}

struct vbus_result vbus_result(struct vbus *bus)
{
    struct vbus_result *result = &bus->result;
    size_t count = bus->sample_count;

    if (count > 0) {
        qsort(bus->samples_us, count, sizeof *bus->samples_us, by_size);
        result->p50_us = bus->samples_us[count / 2];
        result->p99_us = bus->samples_us[count * 99 / 100];
        result->most_us = bus->samples_us[count - 1];
    }
    return *result;
}
