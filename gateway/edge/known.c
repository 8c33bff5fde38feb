#include "gateway/edge/known.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "gateway/edge/clock.h"

#define KEY_LEN 32u

bool gw_known_init(struct gw_known *known, struct gw_fault *fault)
{
    uint8_t key[KEY_LEN];
    bool done = false;

    *known = (struct gw_known){.entries = calloc(GW_KNOWN, sizeof *known->entries)};
    mbedtls_md_init(&known->hmac);
    list_init(&known->order);
    done = known->entries != NULL && map_init(&known->map, GW_KNOWN, gw_clock_seed()) &&
           getrandom(key, sizeof key, 0) == sizeof key &&
           mbedtls_md_setup(&known->hmac, mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), 1) == 0 &&
           mbedtls_md_hmac_starts(&known->hmac, key, sizeof key) == 0;
    explicit_bzero(key, sizeof key);
    return done || gw_fail(fault, "logins: no memory, or no random octets");
}

void gw_known_fini(struct gw_known *known)
{
    mbedtls_md_free(&known->hmac);
    map_fini(&known->map);
    free(known->entries);
    known->entries = NULL;
}

/* Each text with its length before it, so that no two triples run together to the same octets. */
void gw_known_tag(struct gw_known *known, const struct span texts[3], uint8_t tag[GW_KNOWN_TAG])
{
    (void)mbedtls_md_hmac_reset(&known->hmac);
    for (size_t i = 0; i < 3; i++) {
        uint64_t len = texts[i].len;

        (void)mbedtls_md_hmac_update(&known->hmac, (const uint8_t *)&len, sizeof len);
        (void)mbedtls_md_hmac_update(&known->hmac, texts[i].at, texts[i].len);
    }
    (void)mbedtls_md_hmac_finish(&known->hmac, tag);
}

static struct gw_known_entry *find(const struct gw_known *known, const uint8_t tag[GW_KNOWN_TAG])
{
    return MAP_ITEM(map_find(&known->map, span_of(tag, GW_KNOWN_TAG)), struct gw_known_entry, item);
}

bool gw_known_has(const struct gw_known *known, const uint8_t tag[GW_KNOWN_TAG], uint64_t now_ms)
{
    const struct gw_known_entry *entry = find(known, tag);

    return entry != NULL && now_ms < entry->until_ms;
}

/* A cell that is in neither list nor map. */
static struct gw_known_entry *take_cell(struct gw_known *known, struct gw_known_entry *again)
{
    struct gw_known_entry *entry = again;

    if (entry == NULL && known->used < GW_KNOWN) {
        return &known->entries[known->used++];
    }
    if (entry == NULL) {
        entry = LIST_ITEM(known->order.next, struct gw_known_entry, link);
    }
    list_remove(&entry->link);
    map_remove(&known->map, &entry->item);
    return entry;
}

void gw_known_add(struct gw_known *known, const uint8_t tag[GW_KNOWN_TAG], uint64_t now_ms)
{
    struct gw_known_entry *entry = take_cell(known, find(known, tag));

    memcpy(entry->tag, tag, GW_KNOWN_TAG);
    entry->until_ms = now_ms + GW_KNOWN_MS;
    list_push(&known->order, &entry->link);
    map_add(&known->map, &entry->item, span_of(entry->tag, GW_KNOWN_TAG));
}
