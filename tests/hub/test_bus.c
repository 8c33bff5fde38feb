/* tests/hub/test_bus.c - a bus of the hub and devices on it: who has which address, and what the
 * store is told of it. */
#include "tests/hub/fixture.h"

#include <stdio.h>
#include <stdlib.h>

#include "gateway/hub/bus.h"
#include "gateway/hub/given.h"
#include "gateway/hub/registry.h"

#define MTU       64u
#define DEVICES   2u
#define SECOND_US UINT64_C(1000000)

static const char bus_conf[] =
    "[listener bus]\ntype = rs485\ndevice = /dev/ttyUSB0\nmax_message = 64\n";

static const uint8_t uids[DEVICES][SN_BUS_IDENTITY] = {{1, 1}, {2, 2}};

struct rig {
    struct site *site;
    uint64_t now_us;
    struct sn_bus_node device[DEVICES];
    uint8_t buffer[DEVICES][SN_FRAME_BUFFER(MTU)];
    uint8_t heard[DEVICES][MTU];
    size_t heard_len[DEVICES];
    int leases; /* rows of the store */
};

static struct rig *begin(const char *more)
{
    struct rig *rig = calloc(1, sizeof *rig);
    char text[256];

    assert_non_null(rig);
    (void)snprintf(text, sizeof text, "%s%s", bus_conf, more);
    rig->site = site_new(text, true);
    rig->now_us = rig->site->now_ms * 1000;
    for (unsigned i = 0; i < DEVICES; i++) {
        sn_bus_node_init(&rig->device[i], uids[i], rig->buffer[i], sizeof rig->buffer[i]);
        rig->device[i].timing = sn_bus_timing_at(115200, 10);
    }
    return rig;
}

static void end(struct rig *rig)
{
    site_free(rig->site);
    free(rig);
}

static void pass(struct rig *rig, size_t octets)
{
    rig->now_us += 10 + octets * 87;
    rig->site->now_ms = rig->now_us / 1000;
}

static void hear(struct rig *rig, unsigned i, struct span octets)
{
    struct span packet;

    while (sn_bus_node_input(&rig->device[i], &octets, (uint32_t)rig->now_us, &packet)) {
        memcpy(rig->heard[i], packet.at, packet.len);
        rig->heard_len[i] = packet.len;
    }
}

/* The store takes what there is: how many leases it has is counted. */
static void keep(struct rig *rig)
{
    struct batch batch;

    while (hub_records(rig->site->hub, &batch, rig->site->now_ms)) {
        LIST_EACH (link, &batch.records) {
            const struct record *record = LIST_ITEM(link, struct record, in_batch);

            if (record->key[0] == TABLE_LEASE && record->op == RECORD_DEL) {
                rig->leases--;
            } else if (record->key[0] == TABLE_LEASE && record->fields[0] != 0) {
                rig->leases++;
            }
        }
        hub_kept(rig->site->hub, &batch, rig->site->now_ms);
        hub_pump(rig->site->hub, rig->site->now_ms);
    }
}

static void device_says(struct rig *rig, unsigned i)
{
    uint8_t out[SN_FRAME_ENCODED(MTU)];
    size_t len = sn_bus_node_output(&rig->device[i], (uint32_t)rig->now_us, out, sizeof out);

    if (len > 0) {
        pass(rig, len);
        hub_bus_input(rig->site->hub, 0, span_of(out, len), rig->now_us);
    }
}

static void run(struct rig *rig, uint64_t us)
{
    for (uint64_t until_us = rig->now_us + us; rig->now_us < until_us;) {
        uint8_t out[SN_BUS_OUTPUT(MTU)];
        size_t len = 0;

        pass(rig, 0);
        hub_pump(rig->site->hub, rig->site->now_ms);
        keep(rig);
        len = hub_bus_output(rig->site->hub, 0, out, sizeof out, rig->now_us);
        pass(rig, len);
        for (unsigned i = 0; i < DEVICES; i++) {
            hear(rig, i, span_of(out, len));
            device_says(rig, i);
        }
    }
}

static unsigned waiting(struct rig *rig)
{
    struct span listener;
    struct span uid;
    size_t place = 0;
    unsigned count = 0;

    while (hub_waiting_next(rig->site->hub, &place, rig->site->now_ms, &listener, &uid)) {
        count++;
    }
    return count;
}

static void each_device_gets_an_address_that_is_kept(void **state)
{
    struct rig *rig = begin("enrol = open\n");

    (void)state;
    run(rig, 2 * SECOND_US);
    assert_int_equal(rig->device[0].address + rig->device[1].address, 1 + 2);
    assert_int_equal(rig->leases, 2);
    assert_int_equal(waiting(rig), 0);
    end(rig);
}

static void who_is_not_let_in_waits_until_the_bus_is_open(void **state)
{
    struct rig *rig = begin("enrol = ask\n[node bed]\nuid = 0202000000000000\n");

    (void)state;
    run(rig, 2 * SECOND_US);
    assert_int_equal(rig->device[0].address, 0);
    assert_int_not_equal(rig->device[1].address, 0);
    assert_int_equal(waiting(rig), 1);
    assert_true(hub_enrol(rig->site->hub, 60000, rig->site->now_ms));
    run(rig, 7 * SECOND_US);
    assert_int_not_equal(rig->device[0].address, 0);
    assert_int_equal(waiting(rig), 0);
    assert_int_equal(rig->leases, 2);
    end(rig);
}

static void a_device_that_is_forgotten_has_to_ask_anew(void **state)
{
    static const struct span connect = {WIRE("\x08\x04\x04\x01\0\x3cn1")};
    struct rig *rig = begin("enrol = ask\n");

    (void)state;
    assert_true(hub_enrol(rig->site->hub, 2000, rig->site->now_ms));
    run(rig, 3 * SECOND_US);
    assert_int_equal(rig->leases, 2);
    sn_bus_node_send(&rig->device[0], connect);
    run(rig, SECOND_US);
    assert_span_equal(span_of(rig->heard[0], rig->heard_len[0]), WIRE_SPAN("\x03\x05\0"));
    assert_true(hub_node_forget_named(rig->site->hub, span_of_text("n1"), rig->site->now_ms));
    run(rig, SECOND_US);
    assert_int_equal(rig->device[0].address, 0);
    assert_int_not_equal(rig->device[1].address, 0);
    assert_int_equal(rig->leases, 1);
    assert_int_equal(waiting(rig), 1);
    end(rig);
}

static void until_all_wait(struct rig *rig)
{
    for (unsigned i = 0; i < 100 && waiting(rig) < DEVICES; i++) {
        run(rig, SECOND_US / 5);
    }
    assert_int_equal(waiting(rig), DEVICES);
}

static enum hub_gave accepts(struct rig *rig, unsigned i, const char *name)
{
    return hub_device_accept(rig->site->hub, span_of(uids[i], SN_BUS_UID), span_of_text(name),
                             rig->site->now_ms)
        .outcome;
}

static void connect(struct rig *rig, unsigned i, struct span packet)
{
    rig->heard_len[i] = 0;
    sn_bus_node_send(&rig->device[i], packet);
    run(rig, SECOND_US);
    assert_span_equal(span_of(rig->heard[i], rig->heard_len[i]), WIRE_SPAN("\x03\x05\0"));
}

static struct span client_of(struct rig *rig, const char *name)
{
    struct hub_node_view view;

    return hub_node_find(rig->site->hub, span_of_text(name), &view) ? view.client_id
                                                                    : (struct span){NULL, 0};
}

static void a_device_is_accepted_and_has_its_name(void **state)
{
    static const struct span hello = {WIRE("\x08\x04\x04\x01\0\x3cn1")};
    struct rig *rig = begin("enrol = ask\n[node roof]\nuid = 0909000000000000\n[node bed-4]\n");

    (void)state;
    assert_int_equal(accepts(rig, 0, "bed-3"), HUB_GAVE_NO_DEVICE);
    until_all_wait(rig);
    assert_int_equal(accepts(rig, 0, "bed/3"), HUB_GAVE_BAD_NAME);
    assert_int_equal(accepts(rig, 0, "roof"), HUB_GAVE_IN_FILE);
    assert_int_equal(accepts(rig, 0, "bed-3"), HUB_GAVE);
    assert_int_equal(accepts(rig, 1, "bed-3"), HUB_GAVE_NAME_TAKEN);
    assert_int_equal(waiting(rig), 1);
    run(rig, 7 * SECOND_US);
    assert_int_not_equal(rig->device[0].address, 0);
    assert_int_equal(rig->device[1].address, 0);
    connect(rig, 0, hello);
    assert_span_equal(client_of(rig, "bed-3"), WIRE_SPAN("n1"));
    assert_int_equal(accepts(rig, 0, "bed-3"), HUB_GAVE_AGAIN);
    assert_int_equal(accepts(rig, 0, "bed-5"), HUB_GAVE); /* another name, at once */
    assert_span_equal(client_of(rig, "bed-5"), WIRE_SPAN("n1"));
    assert_int_equal(client_of(rig, "bed-3").len, 0);
    assert_int_equal(accepts(rig, 0, ""), HUB_GAVE_HAS);
    assert_int_equal(accepts(rig, 0, "bed-4"), HUB_GAVE); /* a place of the file */
    assert_span_equal(client_of(rig, "bed-4"), WIRE_SPAN("n1"));
    assert_int_equal(accepts(rig, 1, ""), HUB_GAVE);
    run(rig, SECOND_US);
    assert_int_equal(rig->leases, 2);
    end(rig);
}

static void a_bus_without_a_free_address_says_so(void **state)
{
    struct rig *rig = begin("enrol = ask\naddresses = 7..7\n");

    (void)state;
    until_all_wait(rig);
    assert_int_equal(accepts(rig, 0, "bed-3"), HUB_GAVE);
    assert_int_equal(accepts(rig, 1, "bed-4"), HUB_GAVE_NO_ADDRESS);
    end(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_device_gets_an_address_that_is_kept),
        cmocka_unit_test(who_is_not_let_in_waits_until_the_bus_is_open),
        cmocka_unit_test(a_device_is_accepted_and_has_its_name),
        cmocka_unit_test(a_bus_without_a_free_address_says_so),
        cmocka_unit_test(a_device_that_is_forgotten_has_to_ask_anew),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
