/* config/address.h - numeric addresses with port or prefix, and URLs, as text and back.
 *
 * Reading gives NULL or what is wrong. Names are not looked up here: a URL keeps its host as
 * text, everything else is numeric.
 */
#ifndef CONFIG_ADDRESS_H
#define CONFIG_ADDRESS_H

#include "base/bytes.h"
#include "config/value.h"

struct conf_arena;

/* 0.0.0.0:1884 or [::]:1884 */
const char *conf_endpoint_read(struct span text, struct conf_address *out);
void conf_endpoint_write(const struct conf_address *address, struct writer *w);

/* 10.1.2.3, 10.0.0.0/8, fd00::/8 or the word `any`. */
const char *conf_prefix_read(struct span text, struct conf_address *out);
void conf_prefix_write(const struct conf_address *address, struct writer *w);

/* `ip` is 4 or 16 octets. */
bool conf_address_is_loopback(const struct conf_address *address);
bool conf_prefix_holds(const struct conf_address *prefix, struct span ip);

/* True when one of the list holds `ip`; the word `any` holds where `any` is true. */
bool conf_prefixes_hold(const struct conf_addresses *list, struct span ip, bool any);

/* SCHEME://HOST[:PORT][/PATH] */
const char *conf_url_read(struct span text, struct conf_url *out, struct conf_arena *arena);
void conf_url_write(const struct conf_url *url, struct writer *w);

/* http://[USER:PASSWORD@]HOST:PORT or socks5://...; in USER and PASSWORD %XX is an octet. */
const char *conf_proxy_read(struct span text, struct conf_proxy *out, struct conf_arena *arena);
void conf_proxy_write(const struct conf_proxy *proxy, struct writer *w);

#endif
