#include "gateway/edge/tls_parts.h"

#include <assert.h>
#include <stdlib.h>

#define HANDSHAKE_RECORD 22u
#define ALERT_RECORD     21u
#define RECORD_MAX       16384u /* octets of plain text */
#define AROUND           64u    /* octets that a record adds, at most */

/* Between the library and memory */

int gw_tls_take(void *arg, unsigned char *to, size_t size)
{
    struct gw_tls *tls = arg;
    size_t len = size < tls->in.len ? size : tls->in.len;

    if (len == 0) {
        return MBEDTLS_ERR_SSL_WANT_READ;
    }
    memcpy(to, tls->in.at, len);
    tls->in = span_from(tls->in, len);
    return (int)len;
}

static bool hold(struct gw_tls *tls, struct span octets)
{
    size_t needed = tls->held_to + octets.len;

    if (needed > GW_TLS_FLIGHT) {
        return false;
    }
    if (tls->held == NULL) {
        tls->held = block_new(tls->budget, needed);
        if (tls->held == NULL) {
            return false;
        }
    } else if (needed > tls->held->len) {
        struct block *larger = block_resize(tls->held, needed);

        if (larger == NULL) {
            return false;
        }
        tls->held = larger;
    }
    memcpy(tls->held->octets + tls->held_to, octets.at, octets.len);
    tls->held_to = needed;
    return true;
}

int gw_tls_give(void *arg, const unsigned char *octets, size_t len)
{
    struct gw_tls *tls = arg;

    tls->alerted = tls->alerted || (len != 0 && octets[0] == ALERT_RECORD);
    if (tls->direct != NULL) {
        write_span(tls->direct, span_of(octets, len));
        assert(!tls->direct->bad);
        return (int)len;
    }
    return hold(tls, span_of(octets, len)) ? (int)len : MBEDTLS_ERR_SSL_ALLOC_FAILED;
}

/* The end */

static void over(struct gw_tls *tls, const char *cause)
{
    tls->stage.state = GW_STAGE_OVER;
    tls->stage.cause = cause;
}

static void close_it(struct gw_tls *tls)
{
    (void)mbedtls_ssl_close_notify(&tls->ssl);
    over(tls, NULL);
}

static void fail(struct gw_tls *tls, int error)
{
    if (tls->stage.state == GW_STAGE_OPENING) {
        tls->setup->count.failed++;
        if (tls->resuming != NULL) {
            tls->resuming->at_ms = 0;
        }
        if (!tls->alerted && error != MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE) {
            (void)mbedtls_ssl_send_alert_message(&tls->ssl, MBEDTLS_SSL_ALERT_LEVEL_FATAL,
                                                 MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE);
        }
    }
    over(tls, gw_tls_words(tls, error));
}

/* Octets in */

void gw_tls_shake(struct gw_tls *tls)
{
    int error = mbedtls_ssl_handshake(&tls->ssl);

    if (error == 0) {
        gw_tls_opened(tls);
    } else if (error != MBEDTLS_ERR_SSL_WANT_READ) {
        fail(tls, error);
    }
}

/* A web browser or an MQTT program that came to the wrong port is told from one that speaks TLS. */
static bool is_tls(struct gw_tls *tls)
{
    struct reader first = reader_of(tls->in);
    unsigned type = read_u8(&first);

    tls->heard = tls->heard || first.bad || type == HANDSHAKE_RECORD || type == ALERT_RECORD;
    return tls->heard;
}

static size_t read_plain(struct gw_tls *tls, uint8_t *room, size_t size)
{
    size_t len = 0;

    while (tls->late == 0 && len < size) {
        int got = mbedtls_ssl_read(&tls->ssl, room + len, size - len);

        if (got > 0) {
            len += (size_t)got;
        } else if (got == MBEDTLS_ERR_SSL_WANT_READ) {
            break;
        } else if (got == GW_TLS_NEW_TICKET) {
            gw_tls_keep(tls);
        } else {
            tls->late = got == 0 ? MBEDTLS_ERR_SSL_CONN_EOF : got;
        }
    }
    if (len == 0 && tls->late == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) {
        close_it(tls);
    } else if (len == 0 && tls->late != 0) {
        fail(tls, tls->late);
    }
    return len;
}

static size_t tls_input(struct gw_stage *stage, struct span *octets, uint8_t *room, size_t size)
{
    struct gw_tls *tls = (struct gw_tls *)stage;
    size_t len = 0;

    if (stage->state == GW_STAGE_OVER) {
        return 0;
    }
    tls->in = *octets;
    if (!is_tls(tls)) {
        tls->setup->count.failed++;
        over(tls, "the other side speaks no TLS");
        return 0;
    }
    if (stage->state == GW_STAGE_OPENING) {
        gw_tls_shake(tls);
    }
    if (stage->state == GW_STAGE_UP) {
        len = read_plain(tls, room, size);
    }
    *octets = tls->in;
    tls->in = (struct span){NULL, 0};
    return len;
}

/* Octets out */

static void write_held(struct gw_tls *tls, struct writer *w)
{
    struct span left = span_of(tls->held->octets + tls->held_from, tls->held_to - tls->held_from);

    if (left.len > write_left(w)) {
        left.len = write_left(w);
    }
    write_span(w, left);
    tls->held_from += left.len;
    if (tls->held_from == tls->held_to) {
        block_drop(tls->held);
        tls->held = NULL;
        tls->held_from = tls->held_to = 0;
    }
}

/* Octets of plain text that go into one record and `w`; 0: later, with an empty writer. */
static size_t fitting(const struct writer *w, size_t len)
{
    size_t room = write_left(w) < AROUND ? 0 : write_left(w) - AROUND;

    len = len < RECORD_MAX ? len : RECORD_MAX;
    return len <= room ? len : written(w) == 0 ? room : 0;
}

static void write_plain(struct gw_tls *tls, struct span *plain, struct writer *w)
{
    size_t len = fitting(w, plain->len);

    tls->direct = w;
    while (len != 0) {
        int done = mbedtls_ssl_write(&tls->ssl, plain->at, len);

        if (done == GW_TLS_NEW_TICKET) {
            gw_tls_keep(tls);
            continue;
        }
        if (done <= 0) {
            fail(tls, done);
            break;
        }
        *plain = span_from(*plain, (size_t)done);
        len = fitting(w, plain->len);
    }
    tls->direct = NULL;
}

static void tls_output(struct gw_stage *stage, struct span *plain, struct writer *w)
{
    struct gw_tls *tls = (struct gw_tls *)stage;

    if (tls->held != NULL) {
        write_held(tls, w);
    }
    if (tls->held == NULL && stage->state == GW_STAGE_UP) {
        write_plain(tls, plain, w);
    }
}

static void tls_end(struct gw_stage *stage)
{
    if (stage->state != GW_STAGE_OVER) {
        close_it((struct gw_tls *)stage);
    }
}

static void tls_free(struct gw_stage *stage)
{
    struct gw_tls *tls = (struct gw_tls *)stage;

    mbedtls_ssl_free(&tls->ssl);
    block_drop(tls->held);
    budget_refund(tls->budget, GW_TLS_MEMORY);
    gw_tls_setup_drop(tls->setup);
    free(tls);
}

const struct gw_stage_kind gw_tls_kind = {tls_input, tls_output, tls_end, tls_free};
