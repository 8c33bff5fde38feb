#include "tests/support.h"

#include <arpa/inet.h>

#include "gateway/edge/nets.h"

static union gw_addr v4(const char *ip)
{
    union gw_addr addr = {.v4 = {.sin_family = AF_INET}};

    assert_int_equal(inet_pton(AF_INET, ip, &addr.v4.sin_addr), 1);
    return addr;
}

static void the_networks_of_our_interfaces_hold_their_addresses(void **state)
{
    struct event_base *base = event_base_new();
    union gw_addr here = v4("127.1.2.3");
    union gw_addr nowhere = v4("203.0.113.7");
    struct gw_fault fault = {""};
    struct gw_nets nets;

    (void)state;
    assert_true(gw_nets_init(&nets, base, &fault));
    assert_true(gw_nets_hold(&nets, &here));
    assert_false(gw_nets_hold(&nets, &nowhere));
    gw_nets_fini(&nets);
    event_base_free(base);
}

static void a_network_that_is_down_or_of_all_holds_nobody(void **state)
{
    struct gw_net net = {.is_up = true, .address = v4("10.1.2.3"), .mask = v4("255.255.0.0")};
    struct gw_nets nets = {.at = &net, .count = 1};
    union gw_addr near = v4("10.1.9.9");

    (void)state;
    assert_true(gw_nets_hold(&nets, &near));
    net.is_up = false;
    assert_false(gw_nets_hold(&nets, &near));
    net.is_up = true;
    net.mask = v4("0.0.0.0");
    assert_false(gw_nets_hold(&nets, &near));
}

static void loopback_is_known_as_what_it_is(void **state)
{
    struct event_base *base = event_base_new();
    struct gw_fault fault = {""};
    struct gw_nets nets;
    size_t found = 0;

    (void)state;
    assert_true(gw_nets_init(&nets, base, &fault));
    for (size_t i = 0; i < nets.count; i++) {
        if (strcmp(nets.at[i].name, "lo") == 0) {
            assert_true(nets.at[i].is_up);
            assert_true(nets.at[i].is_loopback);
            assert_int_equal(nets.at[i].interface, if_nametoindex("lo"));
            found++;
        }
    }
    assert_true(found > 0);
    gw_nets_fini(&nets);
    event_base_free(base);
}

static void without_word_from_the_kernel_they_are_looked_at_every_ten_seconds(void **state)
{
    struct event_base *base = event_base_new();
    struct gw_fault fault = {""};
    struct gw_nets nets;
    uint64_t version = 0;

    (void)state;
    assert_true(gw_nets_init(&nets, base, &fault));
    version = gw_nets_look(&nets, 100000);
    if (nets.changed != NULL) {
        assert_int_equal(gw_nets_look(&nets, 900000), version);
        event_free(nets.changed);
        nets.changed = NULL;
    }
    version = gw_nets_look(&nets, 1000000);
    assert_int_equal(gw_nets_look(&nets, 1000000 + GW_NETS_MS - 1), version);
    assert_int_not_equal(gw_nets_look(&nets, 1000000 + GW_NETS_MS), version);
    gw_nets_fini(&nets);
    event_base_free(base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_networks_of_our_interfaces_hold_their_addresses),
        cmocka_unit_test(a_network_that_is_down_or_of_all_holds_nobody),
        cmocka_unit_test(loopback_is_known_as_what_it_is),
        cmocka_unit_test(without_word_from_the_kernel_they_are_looked_at_every_ten_seconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
