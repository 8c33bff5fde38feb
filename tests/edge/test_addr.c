#include "tests/support.h"

#include <arpa/inet.h>

#include "gateway/edge/addr.h"

static union gw_addr v4(const char *ip, uint16_t port)
{
    union gw_addr addr = {.v6 = {0}};

    addr.v4.sin_family = AF_INET;
    addr.v4.sin_port = htons(port);
    assert_int_equal(inet_pton(AF_INET, ip, &addr.v4.sin_addr), 1);
    return addr;
}

static union gw_addr v6(const char *ip, uint16_t port, uint32_t scope)
{
    union gw_addr addr = {.v6 = {0}};

    addr.v6.sin6_family = AF_INET6;
    addr.v6.sin6_port = htons(port);
    addr.v6.sin6_scope_id = scope;
    assert_int_equal(inet_pton(AF_INET6, ip, &addr.v6.sin6_addr), 1);
    return addr;
}

static void a_peer_is_address_port_socket_and_scope(void **state)
{
    static const struct {
        const char *ip;
        uint32_t scope;
        struct span octets;
    } cases[] = {
        {"10.1.2.3", 0, {WIRE("\x0A\x01\x02\x03\x07\x5C\x02")}},
        {"2001:db8::1", 0, {WIRE("\x20\x01\x0D\xB8\0\0\0\0\0\0\0\0\0\0\0\x01\x07\x5C\x02")}},
        {"fe80::9",
         0x10203,
         {WIRE("\xFE\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\x09\x07\x5C\x02\0\x01\x02\x03")}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        bool is_v6 = strchr(cases[i].ip, ':') != NULL;
        union gw_addr from = is_v6 ? v6(cases[i].ip, 1884, cases[i].scope) : v4(cases[i].ip, 1884);
        struct sn_peer peer = {.listener = 3};
        union gw_addr to;

        gw_addr_pack(&peer, &from, 2);
        assert_span_equal(span_of(peer.addr, peer.addr_len), cases[i].octets);
        assert_int_equal(peer.listener, 3);
        assert_false(peer.near);
        assert_int_equal(gw_addr_unpack(&peer, &to), 2);
        assert_int_equal(gw_addr_len(&to), gw_addr_len(&from));
        assert_memory_equal(&to, &from, gw_addr_len(&from));
    }
}

static void loopback_alone_is_near(void **state)
{
    static const struct {
        const char *ip;
        bool near;
    } cases[] = {{"127.0.0.1", true},  {"127.255.3.4", true}, {"128.0.0.1", false},
                 {"126.0.0.1", false}, {"::1", true},         {"::2", false},
                 {"::", false},        {"10.0.0.1", false}};

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        bool is_v6 = strchr(cases[i].ip, ':') != NULL;
        union gw_addr from = is_v6 ? v6(cases[i].ip, 1, 0) : v4(cases[i].ip, 1);
        struct sn_peer peer = {0};

        gw_addr_pack(&peer, &from, 0);
        assert_int_equal(peer.near, cases[i].near);
    }
}

static void private_and_link_local_networks_end_where_they_end(void **state)
{
    static const char *const local[] = {
        "10.0.0.0",        "10.255.255.255", "172.16.0.0",      "172.31.255.255", "192.168.0.0",
        "192.168.255.255", "100.64.0.0",     "100.127.255.255", "169.254.0.1",    "127.0.0.1",
        "fe80::1",         "febf::1",        "fc00::1",         "fdff::1",        "::1",
    };
    static const char *const wide[] = {
        "9.255.255.255",
        "11.0.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.167.255.255",
        "192.169.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "169.253.0.1",
        "169.255.0.1",
        "8.8.8.8",
        "fec0::1",
        "fe7f::1",
        "fe00::1",
        "fbff::1",
        "2001:db8::1",
        "::2",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(local); i++) {
        union gw_addr from = strchr(local[i], ':') != NULL ? v6(local[i], 1, 0) : v4(local[i], 1);
        if (!gw_addr_is_local(&from)) {
            fail_msg("%s is local", local[i]);
        }
    }
    for (size_t i = 0; i < COUNT(wide); i++) {
        union gw_addr from = strchr(wide[i], ':') != NULL ? v6(wide[i], 1, 0) : v4(wide[i], 1);
        if (gw_addr_is_local(&from)) {
            fail_msg("%s is not local", wide[i]);
        }
    }
}

static void an_address_of_the_configuration_prints_as_it_was_written(void **state)
{
    static const struct conf_address confs[] = {
        {.ip = {10, 0, 0, 1}, .ip_len = 4, .port = 1884},
        {.ip = {0}, .ip_len = 16, .port = 1883},
        {.ip = {0xFE, 0x80, [15] = 1}, .ip_len = 16, .port = 65535},
    };
    static const char *const texts[] = {"10.0.0.1:1884", "[::]:1883", "[fe80::1]:65535"};

    (void)state;
    for (size_t i = 0; i < COUNT(confs); i++) {
        union gw_addr addr;
        char text[GW_ADDR_TEXT];

        gw_addr_of_conf(&addr, &confs[i]);
        gw_addr_print(&addr, text);
        assert_string_equal(text, texts[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_peer_is_address_port_socket_and_scope),
        cmocka_unit_test(loopback_alone_is_near),
        cmocka_unit_test(private_and_link_local_networks_end_where_they_end),
        cmocka_unit_test(an_address_of_the_configuration_prints_as_it_was_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
