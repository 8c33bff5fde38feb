/* gateway/hub/access.h - who may: users, their passwords' questions, and the acl of each client.
 *
 * An MQTT client is who its TLS identity says, else who its user name says once the edge has found
 * the password right, else nobody, where the port lets nobodies in. The acl of its [user], else of
 * its [broker] port, decides alone; a node's is that of its [node], [group] or [listener]. Where
 * none of these has an acl, all is allowed.
 *
 *     broker asks --> judged at once, or HUB_LOGIN --> the edge tries the hash --> hub_login
 *
 * Limits: HUB_LOGINS questions wait for the edge, more wait in the broker; an acl has HUB_ACL_LINES
 * lines and HUB_ACL_OCTETS octets once its placeholders are replaced, what is beyond grants
 * nothing.
 */
#ifndef GATEWAY_HUB_ACCESS_H
#define GATEWAY_HUB_ACCESS_H

#include "gateway/hub/parts.h"

#define HUB_ACL_LINES  1024u /* of each kind */
#define HUB_ACL_OCTETS 65536u

/* False: no memory. */
bool hub_access_init(struct hub *hub);
void hub_access_fini(struct hub *hub);

/* Judges each CONNECT that the broker asks about, while there is room for questions. */
void hub_access_pump(struct hub *hub, uint64_t now_ms);

/* True when some are left for the next turn. */
bool hub_access_waits(const struct hub *hub);

/* The oldest question for the edge, as HUB_LOGIN; false: none. */
bool hub_access_event(struct hub *hub, struct hub_news *news);

/* The acl of a node, or of a sender without a session, at `place`: one reference, or NULL, all is
 * allowed. False: no memory. */
bool hub_access_node(struct hub *hub, const struct conf_place *place, struct block **acl);

/* The configuration is another one now: MQTT clients get their rights by it at once. */
void hub_access_apply(struct hub *hub, const struct conf *before, uint64_t now_ms);

#endif
