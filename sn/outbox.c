#include "sn/outbox.h"

#include <assert.h>

#include "base/pool.h"

bool sn_outbox_init(struct sn_outbox *box, size_t room)
{
    *box = (struct sn_outbox){.octets = reserve(2 * room), .room = room};
    return box->octets != NULL;
}

void sn_outbox_fini(struct sn_outbox *box)
{
    release(box->octets);
    box->octets = NULL;
}

size_t sn_outbox_room(const struct sn_outbox *box)
{
    size_t used = box->tail - box->head + sizeof(struct sn_letter);

    return used >= box->room ? 0 : box->room - used;
}

uint8_t *sn_outbox_place(struct sn_outbox *box, size_t len)
{
    if (len > sn_outbox_room(box)) {
        return NULL;
    }
    if (box->tail + sizeof(struct sn_letter) + len > 2 * box->room) {
        memmove(box->octets, box->octets + box->head, box->tail - box->head);
        box->tail -= box->head;
        box->head = 0;
    }
    return box->octets + box->tail + sizeof(struct sn_letter);
}

void sn_outbox_push(struct sn_outbox *box, const struct sn_letter *letter)
{
    struct sn_letter copy = *letter;

    copy.peer.wireless = (struct span){NULL, 0}; /* borrowed; the octets say it */
    memcpy(box->octets + box->tail, &copy, sizeof copy);
    box->tail += sizeof copy + letter->len;
    assert(box->tail <= 2 * box->room);
}

bool sn_outbox_next(const struct sn_outbox *box, size_t *at, struct sn_letter *letter,
                    struct span *wire)
{
    const uint8_t *place = box->octets + box->head + *at;

    if (box->head + *at == box->tail) {
        return false;
    }
    memcpy(letter, place, sizeof *letter);
    *wire = span_of(place + sizeof *letter, letter->len);
    *at += sizeof *letter + letter->len;
    return true;
}

void sn_outbox_drop(struct sn_outbox *box, size_t octets)
{
    box->head += octets;
    if (box->head == box->tail) {
        box->head = 0;
        box->tail = 0;
    }
}

void sn_outbox_disown(struct sn_outbox *box, const void *node)
{
    struct sn_letter letter;
    struct span wire;
    size_t at = 0;
    size_t start = 0;

    while (sn_outbox_next(box, &at, &letter, &wire)) {
        if (letter.node == node) {
            letter.node = NULL;
            memcpy(box->octets + box->head + start, &letter, sizeof letter);
        }
        start = at;
    }
}
