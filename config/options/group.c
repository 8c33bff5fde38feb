#include "config/options/rows.h"

/*   key, kind, many, field, least, most, initial, words, placeholders, reload, effect, depends,
 *   help */

#undef AT
#define AT(field) offsetof(struct conf_group, field)

/* clang-format off */
const struct conf_option conf_rows_group[] = {
    {"match", TEXT, MANY, AT(match), 1, 256, NULL, NULL, NONE, LIVE, YES, NULL,
     "client ids that belong to it, * and ? allowed"},
    {"listener", NAME, ONE, AT(listener), 0, 0, NULL, "listener", NONE, LIVE, YES, NULL,
     "nodes of this listener belong to it"},
    {"addresses", RANGE, ONE, AT(addresses), 1, 247, NULL, NULL, NONE, LIVE, YES, NULL,
     "bus addresses that belong to it"},
    {"name", TEXT, ONE, AT(name), 1, 256, NULL, NULL, L | C | CONF_BIT(CONF_ADDRESS), LIVE, YES, NULL,
     "name of its nodes: %a bus address, %c client id, %l listener"},
#include "config/options/settings.h"
    END,
};
/* clang-format on */
