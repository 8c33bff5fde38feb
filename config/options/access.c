#include "config/options/rows.h"

/*   key, kind, many, field, least, most, initial, words, placeholders, reload, effect, depends,
 *   help */

#undef AT
#define AT(field) offsetof(struct conf_topics, field)

/* clang-format off */
const struct conf_option conf_rows_topics[] = {
    {"*", ENTRY, MANY, AT(entries), 0, 0, NULL, NULL, G | L | N | C, LIVE, YES, NULL,
     "KEY = TEMPLATE; KEY: 1..65534 or 0x0001..0xFFFE is a predefined topic id, two octets a short topic name"},
    END,
};
/* clang-format on */

#undef AT
#define AT(field) offsetof(struct conf_user, field)

/* clang-format off */
const struct conf_option conf_rows_user[] = {
    {"password", SECRET, ONE, AT(password), 1, 65535, NULL, NULL, NONE, LIVE, YES, NULL,
     "hashed ($argon2id$, $7$) or file:PATH"},
    {"acl", NAME, ONE, AT(acl), 0, 0, NULL, "acl", NONE, LIVE, YES, NULL,
     "what the user may publish and read"},
    END,
};
/* clang-format on */

#undef AT
#define AT(field) offsetof(struct conf_acl, field)

/* clang-format off */
const struct conf_option conf_rows_acl[] = {
    {"publish", FILTER, MANY, AT(publish), 0, 0, NULL, NULL, G | L | N | C | U, LIVE, YES, NULL,
     "topics that may be written"},
    {"subscribe", FILTER, MANY, AT(subscribe), 0, 0, NULL, NULL, G | L | N | C | U, LIVE, YES, NULL,
     "topics that may be read"},
    END,
};
/* clang-format on */
