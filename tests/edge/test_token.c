#include "tests/support.h"

#include "base/text.h"
#include "gateway/edge/token.h"

static const struct gw_token_moment at_12345 = {
    .wall_ms = UINT64_C(8745000), .chance = UINT64_C(0x123456789), .is_tls = true};

static struct conf_upstream upstream(const char *preset, const char *client_id,
                                     const char *username, const char *password)
{
    struct conf_upstream conf = {.preset = preset, .client_id = client_id, .username = username};

    conf.password.text = password;
    return conf;
}

static void expect_text(struct span got, const char *wanted)
{
    if (!span_equal(got, span_of_text(wanted))) {
        fail_msg("%.*s instead of %s", (int)got.len, (const char *)got.at, wanted);
    }
}

/* Each digest was made by another HMAC, that of tests/system/cloud.py, which a story holds to the
 * clouds' own examples. */
static void azure_gets_a_signature_of_its_device_for_an_hour(void **state)
{
    struct conf_upstream conf = upstream(
        "azure-iothub", "gh 7", "h.azure-devices.net/gh 7/?api-version=2021-04-12", "cGFzc3dvcmQ=");
    struct gw_token token;
    struct gw_fault fault = {""};

    (void)state;
    assert_true(gw_token_is_made(&conf));
    assert_true(gw_token_make(&token, &conf, &at_12345, &fault));
    expect_text(token.login.client_id, "gh 7");
    expect_text(token.login.username, "h.azure-devices.net/gh 7/?api-version=2021-04-12");
    expect_text(token.login.password, "SharedAccessSignature sr=h.azure-devices.net%2Fdevices%2F"
                                      "gh%207&sig="
                                      "Tsp1w9bK9EOH2aE2R%2Fd8IOZwbAgro3KtJq0BENas3fY%3D&se=12345");
    assert_int_equal(token.login.good_ms, 54 * 60 * 1000);
}

static void tencent_gets_a_user_name_that_ends_and_its_signature(void **state)
{
    struct conf_upstream conf = upstream("tencent", "A1B2gh-7", "A1B2gh-7", "cGFzc3dvcmQ=");
    struct gw_token token;
    struct gw_fault fault = {""};

    (void)state;
    assert_true(gw_token_make(&token, &conf, &at_12345, &fault));
    expect_text(token.login.client_id, "A1B2gh-7");
    expect_text(token.login.username, "A1B2gh-7;12010126;J2ZKU;95145");
    expect_text(token.login.password,
                "0ccee1ddb270f14950d8e3f30e57994126c69322386e2978cd793ccce4df760e"
                ";hmacsha256");
    conf.password.text = NULL; /* by certificate */
    assert_true(gw_token_make(&token, &conf, &at_12345, &fault));
    expect_text(token.login.username, "A1B2gh-7;12010126;J2ZKU;95145");
    assert_null(token.login.password.at);
}

/* The fields of Alibaba's own example (clientId 12345, deviceName device, productKey pk, timestamp
 * 789, key secret), signed with SHA-256 where the example has SHA-1. */
static void aliyun_gets_a_client_id_that_says_how_it_is_signed(void **state)
{
    const struct gw_token_moment at_789 = {.wall_ms = 789, .is_tls = false};
    struct conf_upstream conf = upstream("aliyun", "12345", "device&pk", "secret");
    struct gw_token token;
    struct gw_fault fault = {""};

    (void)state;
    assert_true(gw_token_make(&token, &conf, &at_789, &fault));
    expect_text(token.login.client_id, "12345|securemode=3,signmethod=hmacsha256,timestamp=789|");
    expect_text(token.login.username, "device&pk");
    expect_text(token.login.password,
                "6074a46a91b1ebb2cc4ea42790ad0e80202c9843859fc292e57c4eb19fad9e57");
    assert_int_equal(token.login.good_ms, 0);
    assert_true(gw_token_make(&token, &conf, &at_12345, &fault));
    expect_text(token.login.client_id,
                "12345|securemode=2,signmethod=hmacsha256,timestamp=8745000|");
}

static void what_the_file_has_in_the_form_of_the_cloud_is_left_alone(void **state)
{
    const struct conf_upstream good[] = {
        upstream("azure-iothub", "a", "h/a/?api-version=2021-04-12", NULL),
        upstream("azure-iothub", "a", "h/a/", "SharedAccessSignature sr=a&sig=b&se=1"),
        upstream("tencent", "a", "a;12010126;AAAAA;99999", "00;hmacsha256"),
        upstream("aliyun", "a|securemode=3|", "d&p", "00"),
        upstream("aliyun", "a", "d&p", NULL),
        upstream("aws", "a", "a", "a"),
        upstream(NULL, "a", "a", "a"),
    };

    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        assert_false(gw_token_is_made(&good[i]));
    }
}

static void expect_fault(const struct conf_upstream *conf, const char *wanted)
{
    struct gw_token token;
    struct gw_fault fault = {""};

    assert_true(gw_token_is_made(conf));
    assert_false(gw_token_make(&token, conf, &at_12345, &fault));
    assert_string_equal(fault.text, wanted);
}

static void settings_that_make_no_login_are_a_fault(void **state)
{
    static char id[3000];
    struct conf_upstream wrong = upstream("azure-iothub", "a", "h/a/", "not base64!");

    (void)state;
    expect_fault(&wrong, "its password is no key in base64");
    wrong.password.text = "";
    expect_fault(&wrong, "its password is no key in base64");
    wrong = upstream("tencent", "a", "a", "%");
    expect_fault(&wrong, "its password is no key in base64");
    wrong = upstream("aliyun", "a", "device", "secret");
    expect_fault(&wrong, "its username is not DEVICENAME&PRODUCTKEY");
    memset(id, 'x', sizeof id - 1);
    wrong = upstream("aliyun", id, "d&p", "secret");
    expect_fault(&wrong, "client id and user name are too long");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(azure_gets_a_signature_of_its_device_for_an_hour),
        cmocka_unit_test(tencent_gets_a_user_name_that_ends_and_its_signature),
        cmocka_unit_test(aliyun_gets_a_client_id_that_says_how_it_is_signed),
        cmocka_unit_test(what_the_file_has_in_the_form_of_the_cloud_is_left_alone),
        cmocka_unit_test(settings_that_make_no_login_are_a_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
