/* config/nodename.h - what a node is called. (CONFIG [group])
 *
 * Its section's name; else what the template of its first group that has one gives; else its client
 * id; else LISTENER-ADDRESS. A name can always be a topic level: octets of a value that no section
 * name may hold are written %XX. Such a name is one for people and commands: %n has no value then.
 *
 * Pure: nothing is kept between calls.
 */
#ifndef CONFIG_NODENAME_H
#define CONFIG_NODENAME_H

#include "config/topicmap.h"

#define CONF_NAME_MOST 1024u /* octets of any name that conf_node_name writes */

/* Writes the name at `place`, whose own `name` is not looked at. False: there is none, a sender
 * without section, client id and bus address or node id; or it did not fit. */
bool conf_node_name(const struct conf *conf, const struct conf_place *place, struct writer *w);

/* Writes `text` with the octets that cannot stand in a name as %XX. */
void conf_name_escape(struct span text, struct writer *w);

/* The reverse; false: it holds a % that begins no such octet, or did not fit. */
bool conf_name_unescape(struct span name, struct writer *w);

/* True when `name` has %XX in it. */
bool conf_name_is_escaped(struct span name);

/* May `octet` stand in a name as it is? */
bool conf_name_holds(uint8_t octet);

#endif
