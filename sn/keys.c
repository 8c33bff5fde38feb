#include "sn/keys.h"

struct sn_key *sn_keys_at(struct block *keys, size_t i)
{
    if (keys == NULL || i >= keys->len / sizeof(struct sn_key)) {
        return NULL;
    }
    return (struct sn_key *)(void *)keys->octets + i;
}

static struct sn_key *find(struct block *keys, uint16_t id, bool is_short)
{
    struct sn_key *unused = NULL;
    struct sn_key *key = NULL;

    for (size_t i = 0; (key = sn_keys_at(keys, i)) != NULL; i++) {
        if (key->id == id && key->is_short == is_short) {
            return key;
        }
        unused = key->uses == 0 ? key : unused;
    }
    return unused;
}

/* One cell more; NULL: no memory, or there are too many. */
static struct sn_key *grow(struct block **keys, struct budget *budget)
{
    size_t count = *keys == NULL ? 0 : (*keys)->len / sizeof(struct sn_key);
    size_t size = (count + 1) * sizeof(struct sn_key);
    struct block *wider = NULL;

    if (count >= SN_KEYS_MOST) {
        return NULL;
    }
    wider = *keys == NULL ? block_new(budget, size) : block_resize(*keys, size);
    if (wider == NULL) {
        return NULL;
    }
    *keys = wider;
    return sn_keys_at(wider, count);
}

void sn_keys_add(struct block **keys, struct budget *budget, struct sn_key use)
{
    struct sn_key *key = find(*keys, use.id, use.is_short);

    if (key == NULL) {
        key = grow(keys, budget);
        if (key == NULL) {
            return;
        }
        key->uses = 0;
    }
    if (key->uses == 0) {
        *key = use;
    } else {
        key->uses |= use.uses;
    }
}
