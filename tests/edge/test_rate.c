#include "tests/support.h"

#include <arpa/inet.h>

#include "gateway/edge/rate.h"

static const struct conf_rate five_a_second = {5, 1000};

static union gw_addr v4(const char *text)
{
    union gw_addr addr = {.v4 = {.sin_family = AF_INET}};

    assert_int_equal(inet_pton(AF_INET, text, &addr.v4.sin_addr), 1);
    return addr;
}

static union gw_addr v6(const char *text)
{
    union gw_addr addr = {.v6 = {.sin6_family = AF_INET6}};

    assert_int_equal(inet_pton(AF_INET6, text, &addr.v6.sin6_addr), 1);
    return addr;
}

/* How many of 100 that come at once are let in. */
static size_t burst(struct gw_rate *rate, const union gw_addr *from, uint64_t now_ms)
{
    size_t in = 0;

    for (int i = 0; i < 100; i++) {
        in += gw_rate_take(rate, from, now_ms) ? 1 : 0;
    }
    return in;
}

static void an_address_has_so_many_and_gets_them_back_over_time(void **state)
{
    union gw_addr from = v4("192.0.2.1");
    struct gw_rate rate;

    (void)state;
    assert_true(gw_rate_init(&rate, &five_a_second, 1));
    assert_int_equal(burst(&rate, &from, 5000), 5);
    assert_int_equal(burst(&rate, &from, 5199), 0);
    assert_int_equal(burst(&rate, &from, 5200), 1);
    assert_int_equal(burst(&rate, &from, 5800), 3);
    assert_int_equal(burst(&rate, &from, 60000), 5);
    gw_rate_fini(&rate);
}

static void another_address_has_its_own(void **state)
{
    union gw_addr from = v4("192.0.2.1");
    union gw_addr other = v4("192.0.2.2");
    struct gw_rate rate;

    (void)state;
    assert_true(gw_rate_init(&rate, &five_a_second, 1));
    assert_int_equal(burst(&rate, &from, 0), 5);
    assert_int_equal(burst(&rate, &other, 0), 5);
    gw_rate_fini(&rate);
}

static void a_network_of_64_bits_is_one_address(void **state)
{
    union gw_addr from = v6("2001:db8:0:1::1");
    union gw_addr mate = v6("2001:db8:0:1:ffff::2");
    union gw_addr other = v6("2001:db8:0:2::1");
    struct gw_rate rate;

    (void)state;
    assert_true(gw_rate_init(&rate, &five_a_second, 1));
    assert_int_equal(burst(&rate, &from, 0), 5);
    assert_int_equal(burst(&rate, &mate, 0), 0);
    assert_int_equal(burst(&rate, &other, 0), 5);
    gw_rate_fini(&rate);
}

/* Nobody with tokens left pushes out one that has none while there is another choice. */
static void a_full_table_forgets_those_who_came_least(void **state)
{
    union gw_addr from = v4("192.0.2.1");
    struct gw_rate rate;

    (void)state;
    assert_true(gw_rate_init(&rate, &five_a_second, 1));
    assert_int_equal(burst(&rate, &from, 0), 5);
    for (uint32_t i = 0; i < 2 * GW_RATE_CELLS; i++) {
        union gw_addr once = v4("10.0.0.0");

        once.v4.sin_addr.s_addr = htonl(0x0A000000u + i);
        assert_true(gw_rate_take(&rate, &once, 0));
    }
    assert_int_equal(burst(&rate, &from, 0), 0);
    gw_rate_fini(&rate);
}

static void without_a_limit_all_may_come(void **state)
{
    static const struct conf_rate none = {CONF_NONE, 1000};
    union gw_addr from = v4("192.0.2.1");
    struct gw_rate rate;

    (void)state;
    assert_true(gw_rate_init(&rate, &none, 1));
    assert_int_equal(burst(&rate, &from, 0), 100);
    gw_rate_fini(&rate);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_has_so_many_and_gets_them_back_over_time),
        cmocka_unit_test(another_address_has_its_own),
        cmocka_unit_test(a_network_of_64_bits_is_one_address),
        cmocka_unit_test(a_full_table_forgets_those_who_came_least),
        cmocka_unit_test(without_a_limit_all_may_come),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
