#include "config/options/rows.h"

/*   key, kind, many, field, least, most, initial, words, placeholders, reload, effect, depends,
 *   help */

#undef AT
#define AT(field) offsetof(struct conf_broker, field)

/* clang-format off */
const struct conf_option conf_rows_broker[] = {
    {"bind", ENDPOINT, ONE, AT(bind), 0, 0, NULL, NULL, NONE, RESTART, YES, NULL,
     "address and port; 0.0.0.0 is every IPv4 address"},
    {"transport", WORD, ONE, AT(transport), 0, 0, "tcp", "tcp|tls|ws|wss", NONE, RESTART, YES, NULL,
     "what carries MQTT"},
    {"path", TEXT, ONE, AT(path), 1, 1024, "/mqtt", NULL, G, NEW, YES, NULL,
     "ws, wss: path of the URL"},
    {"cert", TEXT, ONE, AT(cert), 1, 4096, NULL, NULL, G, NEW, YES, NULL,
     "certificate file"},
    {"key", TEXT, ONE, AT(key), 1, 4096, NULL, NULL, G, NEW, YES, NULL,
     "its private key"},
    {"client_ca", TEXT, ONE, AT(client_ca), 1, 4096, NULL, NULL, G, NEW, YES, NULL,
     "authorities that sign the clients"},
    {"client_cert", WORD, ONE, AT(client_cert), 0, 0, NULL, "|required|optional", NONE, NEW, YES, "required with client_ca",
     "whether a client must show a certificate"},
    {"psk", SECRET, MANY, AT(psk), 1, 4096, NULL, NULL, NONE, NEW, YES, NULL,
     "identity:hexkey, or file:PATH with such lines"},
    {"tls_min", WORD, ONE, AT(tls_min), 0, 0, "1.2", "1.2|1.3", NONE, NEW, YES, NULL,
     "oldest TLS taken"},
    {"anonymous", FLAG, ONE, AT(anonymous), 0, 0, NULL, NULL, NONE, RESTART, YES, "yes on loopback, no elsewhere",
     "clients without a user name are let in"},
    {"connect_timeout", MS, ONE, AT(connect_timeout_ms), 100, 10 * MINUTE, "10s", NULL, NONE, NEW, YES, NULL,
     "time from the connection to CONNECT"},
    {"acl", NAME, ONE, AT(acl), 0, 0, NULL, "acl", NONE, RESTART, YES, NULL,
     "what its clients may publish and read"},
    END,
};
/* clang-format on */
