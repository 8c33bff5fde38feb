#include "config/nearest.h"

#include "base/text.h"

#define LETTERS 32u /* longer words are not compared */

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Edit distance with neighbours that changed places, in three rows of the matrix. */
static size_t distance(struct span a, struct span b)
{
    size_t rows[3][LETTERS + 1] = {{0}};
    size_t *before = rows[0];
    size_t *above = rows[1];
    size_t *row = rows[2];

    for (size_t j = 0; j <= b.len; j++) {
        row[j] = j;
    }
    for (size_t i = 1; i <= a.len; i++) {
        size_t *free_row = before;

        before = above;
        above = row;
        row = free_row;
        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            size_t change = above[j - 1] + (a.at[i - 1] != b.at[j - 1]);
            bool turned =
                i > 1 && j > 1 && a.at[i - 1] == b.at[j - 2] && a.at[i - 2] == b.at[j - 1];

            row[j] = least(change, least(above[j], row[j - 1]) + 1);
            row[j] = turned ? least(row[j], before[j - 2] + 1) : row[j];
        }
    }
    return row[b.len];
}

void conf_nearest_offer(struct conf_nearest *nearest, struct span word)
{
    size_t enough = least(3, (nearest->text.len + 2) / 3);
    size_t edits = 0;

    if (word.len == 0 || word.len > LETTERS || nearest->text.len > LETTERS) {
        return;
    }
    edits = distance(nearest->text, word);
    if (edits <= enough && (nearest->word.len == 0 || edits < nearest->distance)) {
        nearest->word = word;
        nearest->distance = edits;
    }
}

void conf_nearest_write(const struct conf_nearest *nearest, struct writer *w)
{
    if (nearest->word.len != 0) {
        write_text(w, " (did you mean '");
        write_span(w, nearest->word);
        write_text(w, "'?)");
    }
}
