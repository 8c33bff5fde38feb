#include "tests/support.h"

#include "gateway/edge/proxy.h"

#define PORT 8883

/* What a proxy says, answer by answer, and what becomes of it. */
struct talk {
    struct conf_proxy conf;
    const char *host;
    struct {
        struct span heard; /* by us, before ... */
        struct span said;  /* ... this */
    } turns[3];
    const char *cause; /* NULL: it is up */
};

/* clang-format off */
#define HTTP        {.kind = CONF_PROXY_HTTP}
#define HTTP_USER   {.kind = CONF_PROXY_HTTP, .user = "Aladdin", .password = "open sesame"}
#define SOCKS       {.kind = CONF_PROXY_SOCKS5}
#define SOCKS_USER  {.kind = CONF_PROXY_SOCKS5, .user = "me", .password = "pw"}
/* clang-format on */

#define HTTP_ASKS "CONNECT broker.example:8883 HTTP/1.1\r\nHost: broker.example:8883\r\n"
/* As RFC 7617, 2 has it. */
#define HTTP_LOGIN "Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n"
#define SOCKS_ASKS       \
    "\x05\x01\0\x03\x0e" \
    "broker.example"     \
    "\x22\xb3"
#define IS_UP "\x05\0\0\x01\x7f\0\0\x01\x04\x38"

static void play(const struct talk *talk, size_t piece)
{
    struct gw_proxy proxy;

    gw_proxy_init(&proxy, &talk->conf, talk->host, PORT);
    for (size_t i = 0; i < COUNT(talk->turns) && talk->turns[i].said.len != 0; i++) {
        struct span heard = talk->turns[i].heard;

        assert_int_equal(proxy.state, GW_STAGE_OPENING);
        assert_span_equal(gw_proxy_output(&proxy), talk->turns[i].said);
        assert_int_equal(gw_proxy_output(&proxy).len, 0);
        while (heard.len != 0 && proxy.state == GW_STAGE_OPENING) {
            size_t len = heard.len < piece ? heard.len : piece;
            struct span part = at_edge(heard, len);

            gw_proxy_input(&proxy, &part);
            assert_true(part.len == 0 || proxy.state == GW_STAGE_OVER);
            heard = span_from(heard, len);
        }
    }
    if (talk->cause == NULL) {
        assert_int_equal(proxy.state, GW_STAGE_UP);
        assert_int_equal(gw_proxy_output(&proxy).len, 0);
    } else {
        assert_int_equal(proxy.state, GW_STAGE_OVER);
        assert_string_equal(proxy.cause, talk->cause);
    }
    gw_proxy_fini(&proxy);
    assert_int_equal(proxy.budget.used, 0);
}

static void play_all(const struct talk *talks, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        play(&talks[i], SIZE_MAX);
        play(&talks[i], 1);
        play(&talks[i], 3);
    }
}

#define TURN(heard, said)                       \
    {                                           \
        WIRE_SPAN_OF(heard), WIRE_SPAN_OF(said) \
    }
#define WIRE_SPAN_OF(text)                        \
    {                                             \
        (const uint8_t *)(text), sizeof(text) - 1 \
    }

/* clang-format off */
static const struct talk good[] = {
    {HTTP, "broker.example", {TURN("HTTP/1.1 200 OK\r\n\r\n", HTTP_ASKS "\r\n")}, NULL},
    {HTTP, "broker.example", {TURN("HTTP/1.0 200 Connection established\r\nVia: x\r\n\r\n", HTTP_ASKS "\r\n")}, NULL},
    {HTTP, "broker.example", {TURN("HTTP/1.1 204 \n\n", HTTP_ASKS "\r\n")}, NULL},
    {HTTP_USER, "broker.example", {TURN("HTTP/1.1 200\r\n\r\n", HTTP_ASKS HTTP_LOGIN "\r\n")}, NULL},
    {HTTP, "fd00::1", {TURN("HTTP/1.1 200 OK\r\n\r\n", "CONNECT [fd00::1]:8883 HTTP/1.1\r\nHost: [fd00::1]:8883\r\n\r\n")}, NULL},
    {SOCKS, "broker.example", {TURN("\x05\0", "\x05\x01\0"), TURN(IS_UP, SOCKS_ASKS)}, NULL},
    {SOCKS, "127.0.0.1", {TURN("\x05\0", "\x05\x01\0"), TURN(IS_UP, "\x05\x01\0\x01\x7f\0\0\x01\x22\xb3")}, NULL},
    {SOCKS, "fd00::1", {TURN("\x05\0", "\x05\x01\0"), TURN("\x05\0\0\x04" "0123456789abcdef" "\0\0", "\x05\x01\0\x04\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x22\xb3")}, NULL},
    {SOCKS, "broker.example", {TURN("\x05\0", "\x05\x01\0"), TURN("\x05\0\0\x03\x03" "abc" "\0\0", SOCKS_ASKS)}, NULL},
    {SOCKS, "broker.example", {TURN("\x05\0", "\x05\x01\0"), TURN("\x05\0\0\x03\0\0\0", SOCKS_ASKS)}, NULL},
    {SOCKS_USER, "broker.example", {TURN("\x05\x02", "\x05\x02\0\x02"), TURN("\x01\0", "\x01\x02" "me" "\x02" "pw"), TURN(IS_UP, SOCKS_ASKS)}, NULL},
    {SOCKS_USER, "broker.example", {TURN("\x05\0", "\x05\x02\0\x02"), TURN(IS_UP, SOCKS_ASKS)}, NULL},
};

static const struct talk refused_by_http[] = {
    {HTTP, "broker.example", {TURN("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", HTTP_ASKS "\r\n")},
     "the proxy says 407: Proxy Authentication Required: `proxy` has no USER:PASSWORD@"},
    {HTTP_USER, "broker.example", {TURN("HTTP/1.1 407 No\r\n\r\n", HTTP_ASKS HTTP_LOGIN "\r\n")},
     "the proxy says 407: No: is the login in `proxy` right?"},
    {HTTP, "broker.example", {TURN("HTTP/1.1 502 Bad\x1bGateway\r\n\r\n", HTTP_ASKS "\r\n")},
     "the proxy does not speak HTTP"},
    {HTTP, "broker.example", {TURN("HTTP/1.1 403\r\n\r\n", HTTP_ASKS "\r\n")}, "the proxy says 403"},
    {HTTP, "broker.example", {TURN("HTTP/1.1 100 Continue\r\n\r\n", HTTP_ASKS "\r\n")}, "the proxy says 100: Continue"},
    {HTTP, "broker.example", {TURN("HTTP/2 200 OK\r\n\r\n", HTTP_ASKS "\r\n")}, "the proxy does not speak HTTP"},
    {HTTP, "broker.example", {TURN("HTTP/1.1 2000 OK\r\n\r\n", HTTP_ASKS "\r\n")}, "the proxy does not speak HTTP"},
    {HTTP, "broker.example", {TURN("\x05\xff", HTTP_ASKS "\r\n")}, "the proxy does not speak HTTP"},
};

static const struct talk refused_by_socks[] = {
    {SOCKS, "broker.example", {TURN("\x05\xff", "\x05\x01\0")}, "the proxy wants a login: `proxy` has no USER:PASSWORD@"},
    {SOCKS_USER, "broker.example", {TURN("\x05\xff", "\x05\x02\0\x02")}, "the proxy takes no login by user name and password"},
    {SOCKS, "broker.example", {TURN("\x05\x02", "\x05\x01\0")}, "the proxy chooses a way to log in that it was not offered"},
    {SOCKS, "broker.example", {TURN("\x05\x01", "\x05\x01\0")}, "the proxy chooses a way to log in that it was not offered"},
    {SOCKS, "broker.example", {TURN("HTTP/1.1 400", "\x05\x01\0")}, "the proxy does not speak SOCKS 5"},
    {SOCKS, "broker.example", {TURN("\x04\0", "\x05\x01\0")}, "the proxy does not speak SOCKS 5"},
    {SOCKS_USER, "broker.example", {TURN("\x05\x02", "\x05\x02\0\x02"), TURN("\x01\x01", "\x01\x02" "me" "\x02" "pw")},
     "the proxy refuses the login: is it right in `proxy`?"},
    {SOCKS_USER, "broker.example", {TURN("\x05\x02", "\x05\x02\0\x02"), TURN("\x05\0", "\x01\x02" "me" "\x02" "pw")},
     "the proxy does not speak SOCKS 5"},
    {SOCKS, "broker.example", {TURN("\x05\0", "\x05\x01\0"), TURN("\x04\0", SOCKS_ASKS)}, "the proxy does not speak SOCKS 5"},
    {SOCKS, "broker.example", {TURN("\x05\0", "\x05\x01\0"), TURN("\x05\0\0\x02", SOCKS_ASKS)}, "the proxy does not speak SOCKS 5"},
    {SOCKS, "broker.example", {TURN("\x05\0", "\x05\x01\0"), TURN("\x05\x01", SOCKS_ASKS)}, "the proxy says 1: general SOCKS server failure"},
    {SOCKS, "broker.example", {TURN("\x05\0", "\x05\x01\0"), TURN("\x05\x02", SOCKS_ASKS)}, "the proxy says 2: connection not allowed by ruleset"},
    {SOCKS, "broker.example", {TURN("\x05\0", "\x05\x01\0"), TURN("\x05\x03", SOCKS_ASKS)}, "the proxy says 3: Network unreachable"},
    {SOCKS, "broker.example", {TURN("\x05\0", "\x05\x01\0"), TURN("\x05\x04", SOCKS_ASKS)}, "the proxy says 4: Host unreachable"},
    {SOCKS, "broker.example", {TURN("\x05\0", "\x05\x01\0"), TURN("\x05\x05", SOCKS_ASKS)}, "the proxy says 5: Connection refused"},
    {SOCKS, "broker.example", {TURN("\x05\0", "\x05\x01\0"), TURN("\x05\x06", SOCKS_ASKS)}, "the proxy says 6: TTL expired"},
    {SOCKS, "broker.example", {TURN("\x05\0", "\x05\x01\0"), TURN("\x05\x07", SOCKS_ASKS)}, "the proxy says 7: Command not supported"},
    {SOCKS, "broker.example", {TURN("\x05\0", "\x05\x01\0"), TURN("\x05\x08", SOCKS_ASKS)}, "the proxy says 8: Address type not supported"},
    {SOCKS, "broker.example", {TURN("\x05\0", "\x05\x01\0"), TURN("\x05\x63", SOCKS_ASKS)}, "the proxy says 99"},
};
/* clang-format on */

static void a_way_is_opened_however_the_answer_is_cut(void **state)
{
    (void)state;
    play_all(good, COUNT(good));
}

static void what_an_http_proxy_refuses_is_told_in_its_words(void **state)
{
    (void)state;
    play_all(refused_by_http, COUNT(refused_by_http));
}

static void what_a_socks_proxy_refuses_is_told_in_words(void **state)
{
    (void)state;
    play_all(refused_by_socks, COUNT(refused_by_socks));
}

/* All but the last octet of an answer opens nothing, and what follows it is not taken. */
static void an_answer_ends_where_it_ends(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        struct gw_proxy proxy;
        struct span last = {NULL, 0};
        size_t turn = 0;

        gw_proxy_init(&proxy, &good[i].conf, good[i].host, PORT);
        for (; turn < 3 && good[i].turns[turn].said.len != 0; turn++) {
            struct span before = last;

            last = good[i].turns[turn].heard;
            gw_proxy_input(&proxy, &before);
            (void)gw_proxy_output(&proxy);
        }
        for (size_t len = 0; len < last.len; len++) {
            struct span one = at_edge(span_from(last, len), 1);

            assert_int_equal(proxy.state, GW_STAGE_OPENING);
            gw_proxy_input(&proxy, &one);
        }
        last = span_of_text("more");
        assert_int_equal(proxy.state, GW_STAGE_UP);
        gw_proxy_input(&proxy, &last);
        assert_int_equal(last.len, 4);
        gw_proxy_fini(&proxy);
    }
}

static void a_head_without_end_is_left_at_8_kib(void **state)
{
    struct gw_proxy proxy;
    const struct conf_proxy conf = HTTP;
    struct span line =
        WIRE_SPAN("X: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n");

    (void)state;
    gw_proxy_init(&proxy, &conf, "broker.example", PORT);
    for (int i = 0; i < 200 && proxy.state == GW_STAGE_OPENING; i++) {
        struct span octets = line;

        gw_proxy_input(&proxy, &octets);
    }
    assert_int_equal(proxy.state, GW_STAGE_OVER);
    assert_string_equal(proxy.cause, "the proxy's answer has more than 8 KiB");
    gw_proxy_fini(&proxy);
}

/* The longest that a configuration can hold fits, and no login stays behind. */
static void the_longest_names_and_logins_fit_and_are_wiped(void **state)
{
    static char longest[256];
    static const uint8_t zeros[GW_PROXY_SAYS];
    struct conf_proxy conf = {.user = longest, .password = longest};
    struct gw_proxy proxy;

    (void)state;
    memset(longest, 'x', 255);
    for (unsigned kind = CONF_PROXY_HTTP; kind <= CONF_PROXY_SOCKS5; kind++) {
        conf.kind = (enum conf_proxy_kind)kind;
        gw_proxy_init(&proxy, &conf, longest, 65535);
        assert_int_equal(proxy.state, GW_STAGE_OPENING);
        gw_proxy_fini(&proxy);
        assert_memory_equal(proxy.says, zeros, sizeof zeros);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_way_is_opened_however_the_answer_is_cut),
        cmocka_unit_test(what_an_http_proxy_refuses_is_told_in_its_words),
        cmocka_unit_test(what_a_socks_proxy_refuses_is_told_in_words),
        cmocka_unit_test(an_answer_ends_where_it_ends),
        cmocka_unit_test(a_head_without_end_is_left_at_8_kib),
        cmocka_unit_test(the_longest_names_and_logins_fit_and_are_wiped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
