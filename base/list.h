/* base/list.h - an intrusive doubly linked ring.
 *
 * The link lies inside the element, so a list never allocates and an element
 * leaves its list in one step. A `struct list` is a list's head or an element's
 * link; a link that is in no list points at itself. Ownership stays with the caller.
 */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
    struct list *next;
    struct list *prev;
};

/* A list whose head is one word, for those of which there are very many: a ring of elements alone,
 * which an element leaves by its chain. A zeroed one is empty. */
struct chain {
    struct list *first; /* NULL: it is empty */
};

/* The element of `type` whose member `member` is `link`. */
#define LIST_ITEM(link, type, member) ((type *)(void *)((char *)(link)-offsetof(type, member)))

/* NOLINTBEGIN(bugprone-macro-parentheses): a name to declare takes none */
#define LIST_EACH(link, head) \
    for (struct list *link = (head)->next; link != (head); link = link->next)

/* As LIST_EACH; `link` may leave the list or be freed meanwhile. */
#define LIST_EACH_SAFE(link, after, head)                                       \
    for (struct list *link = (head)->next, *after = link->next; link != (head); \
         link = after, after = link->next)

#define CHAIN_EACH(link, chain) \
    for (struct list *link = (chain)->first; link != NULL; link = chain_after(chain, link))

/* As CHAIN_EACH; `link` may leave the chain or be freed meanwhile. */
#define CHAIN_EACH_SAFE(link, after, chain)                                                   \
    for (struct list *link = (chain)->first, *after = chain_after(chain, link); link != NULL; \
         link = after, after = chain_after(chain, link))
/* NOLINTEND(bugprone-macro-parentheses) */

static inline void list_init(struct list *list)
{
    list->next = list;
    list->prev = list;
}

static inline bool list_is_empty(const struct list *list)
{
    return list->next == list;
}

/* Puts `link` at the end. It must be in no list. */
static inline void list_push(struct list *list, struct list *link)
{
    link->next = list;
    link->prev = list->prev;
    list->prev->next = link;
    list->prev = link;
}

/* Puts `link` at the front. It must be in no list. */
static inline void list_push_front(struct list *list, struct list *link)
{
    list_push(list->next, link);
}

/* Takes `link` out of whatever list it is in; harmless when it is in none. */
static inline void list_remove(struct list *link)
{
    link->prev->next = link->next;
    link->next->prev = link->prev;
    list_init(link);
}

/* Takes the first link out; NULL when the list is empty. */
static inline struct list *list_pop(struct list *list)
{
    struct list *first = list->next;

    if (first == list) {
        return NULL;
    }
    list_remove(first);
    return first;
}

static inline bool chain_is_empty(const struct chain *chain)
{
    return chain->first == NULL;
}

/* The one behind `link`; NULL: it is the last, or NULL. */
static inline struct list *chain_after(const struct chain *chain, const struct list *link)
{
    return link == NULL || link->next == chain->first ? NULL : link->next;
}

/* NULL: it is empty. */
static inline struct list *chain_last(const struct chain *chain)
{
    return chain->first == NULL ? NULL : chain->first->prev;
}

/* Puts `link` at the end. It must be in no list or chain. */
static inline void chain_push(struct chain *chain, struct list *link)
{
    if (chain->first == NULL) {
        list_init(link);
        chain->first = link;
    } else {
        list_push(chain->first, link);
    }
}

/* Takes `link`, which is in this chain, out. */
static inline void chain_remove(struct chain *chain, struct list *link)
{
    if (chain->first == link) {
        chain->first = link->next == link ? NULL : link->next;
    }
    link->prev->next = link->next;
    link->next->prev = link->prev;
}

#endif
