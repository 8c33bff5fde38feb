/* gateway/edge/ask_bus.c - what is asked about devices of a bus. */
#include <ctype.h>
#include <string.h>

#include "gateway/edge/ask.h"
#include "gateway/hub/bus.h"

#define ENROL_MOST_MS 86400000u

/* -1: no hexadecimal digit. */
static int digit_of(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c == '\0' ? NULL : strchr(digits, tolower((unsigned char)c));

    return at == NULL ? -1 : (int)(at - digits);
}

static bool read_uid(const char *text, uint8_t uid[SN_BUS_UID])
{
    for (size_t i = 0; i < SN_BUS_UID; i++) {
        int high = digit_of(text[2 * i]);
        int low = high < 0 ? -1 : digit_of(text[2 * i + 1]);

        if (low < 0) {
            return false;
        }
        uid[i] = (uint8_t)(high * 16 + low);
    }
    return text[(size_t)2 * SN_BUS_UID] == '\0';
}

enum gw_answered gw_ask_accept_device(struct gw_asker *asker)
{
    struct gw_loop *loop = asker->control->loop;
    const char *name = gw_asker_text(asker, "name");
    uint8_t uid[SN_BUS_UID];
    struct hub_gift gift;

    if (!read_uid(gw_asker_text(asker, "uid"), uid)) {
        gw_asker_fail(asker, "a uid has 16 hexadecimal digits");
        return GW_ANSWER_FAILED;
    }
    gift = hub_device_accept(loop->hub, span_of(uid, sizeof uid),
                             span_of_text(name == NULL ? "" : name), gw_loop_now(loop));
    return gw_ask_gift(asker, &gift);
}

enum gw_answered gw_ask_enrol(struct gw_asker *asker)
{
    struct gw_loop *loop = asker->control->loop;
    const cJSON *ms = cJSON_GetObjectItemCaseSensitive(asker->asked, "ms");
    cJSON *line = NULL;

    if (!cJSON_IsNumber(ms) || ms->valuedouble < 1 || ms->valuedouble > ENROL_MOST_MS) {
        gw_asker_fail(asker, "the request needs \"ms\", at most a day");
        return GW_ANSWER_FAILED;
    }
    if (!hub_enrol(loop->hub, (uint64_t)ms->valuedouble, gw_loop_now(loop))) {
        gw_asker_fail(asker, "there is no [listener] of type rs485 that takes newcomers");
        return GW_ANSWER_FAILED;
    }
    line = cJSON_CreateObject();
    gw_json_number(line, "ms", (uint64_t)ms->valuedouble);
    (void)gw_asker_say(asker, line);
    return GW_ANSWER_OVER;
}

enum gw_answered gw_ask_waiting(struct gw_asker *asker)
{
    struct gw_loop *loop = asker->control->loop;
    struct span listener;
    struct span uid;
    cJSON *line = NULL;

    if (!hub_waiting_next(loop->hub, &asker->at.step, gw_loop_now(loop), &listener, &uid)) {
        return GW_ANSWER_OVER;
    }
    line = cJSON_CreateObject();
    gw_json_span(line, "listener", listener);
    gw_json_hex(line, "uid", uid);
    (void)gw_asker_say(asker, line);
    return GW_ANSWER_MORE;
}
