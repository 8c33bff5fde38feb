#include "config/options/rows.h"

/*   key, kind, many, field, least, most, initial, words, placeholders, reload, effect, depends,
 *   help */

#undef AT
#define AT(field) offsetof(struct conf_node, field)

/* clang-format off */
const struct conf_option conf_rows_node[] = {
    {"client_id", TEXT, ONE, AT(client_id), 1, 65535, NULL, NULL, NONE, LIVE, YES, NULL,
     "identity: the client id of its CONNECT"},
    {"uid", HEX, ONE, AT(uid), 1, 32, NULL, NULL, NONE, LIVE, YES, NULL,
     "identity: number burnt into the node"},
    {"listener", NAME, ONE, AT(listener), 0, 0, NULL, "listener", NONE, LIVE, YES, NULL,
     "identity, with address or wireless_id: where it is"},
    {"address", NUMBER, ONE, AT(address), 1, 247, NULL, NULL, NONE, LIVE, YES, NULL,
     "identity: address on the bus"},
    {"wireless_id", HEX, ONE, AT(wireless_id), 1, 250, NULL, NULL, NONE, LIVE, YES, NULL,
     "identity: node id behind a forwarder"},
    {"psk_identity", TEXT, ONE, AT(psk_identity), 1, 128, NULL, NULL, NONE, LIVE, NOT_YET, NULL,
     "identity: of its pre-shared key"},
    {"cert", TEXT, ONE, AT(cert), 1, 64, NULL, NULL, NONE, LIVE, NOT_YET, NULL,
     "identity: common name of its certificate"},
    {"from", IP, ONE, AT(from), 0, 0, NULL, NULL, NONE, LIVE, YES, NULL,
     "identity: IP address, for QoS -1"},
    {"group", NAME, COMMA, AT(group), 0, 0, NULL, "group", NONE, LIVE, YES, NULL,
     "groups whose settings it has where it has none"},
#include "config/options/settings.h"
    END,
};
/* clang-format on */
