/* config/nearest.h - the word that was probably meant. */
#ifndef CONFIG_NEAREST_H
#define CONFIG_NEAREST_H

#include "base/bytes.h"

/* Keeps the nearest of the words that were offered. Start from {.text = ...}. */
struct conf_nearest {
    struct span text; /* what was written */
    struct span word; /* nearest so far; empty: none is near enough to be meant */
    size_t distance;
};

/* Offers a word. One edit is a letter put in, left out, changed, or changed for its neighbour;
 * near enough is a third of the written letters, at most three. */
void conf_nearest_offer(struct conf_nearest *nearest, struct span word);

/* Writes ` (did you mean 'x'?)`, or nothing. */
void conf_nearest_write(const struct conf_nearest *nearest, struct writer *w);

#endif
