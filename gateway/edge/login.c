#include "gateway/edge/login.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/edge/addr.h"
#include "gateway/edge/clock.h"

#define STEP_MS (UINT64_C(1000) / GW_LOGIN_RATE)

struct login_job {
    struct gw_job job; /* first */
    uint64_t ticket;
    bool has_user; /* else it is BAD, whatever comes out */
    enum gw_passwd_verdict verdict;
    struct conf_hash hash;
    uint8_t tag[GW_KNOWN_TAG];
    size_t len;
    uint8_t password[];
};

/* --- how often ------------------------------------------------------------------------------- */

/* What counts as one address of "a.b.c.d:port" or "[v6%scope]:port": the port is the client's
 * choice, and so are the last 64 bits of IPv6. Other text is taken as it is. */
static struct span one_address(struct span text, uint8_t room[16])
{
    char ip[GW_ADDR_TEXT] = "";
    bool is_v6 = text.len != 0 && text.at[0] == '[';
    size_t len = 0;

    while (len + 1 < sizeof ip && len + is_v6 < text.len &&
           strchr(is_v6 ? "%]" : ":", text.at[len + is_v6]) == NULL) {
        ip[len] = (char)text.at[len + is_v6];
        len++;
    }
    if (inet_pton(is_v6 ? AF_INET6 : AF_INET, ip, room) != 1) {
        return text;
    }
    if (is_v6 && memcmp(room, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12) == 0) {
        return span_of(room, 16);
    }
    return span_of(room, is_v6 ? 8 : 4);
}

static bool admit(struct gw_login *login, struct span address, uint64_t now_ms)
{
    uint8_t room[16];
    uint64_t hash = map_hash(login->seed, one_address(address, room));
    struct gw_login_cell *cell = &login->cells[hash % GW_LOGIN_CELLS];

    if (cell->hash != hash || cell->free_ms < now_ms) {
        *cell = (struct gw_login_cell){hash, now_ms};
    }
    if (cell->free_ms - now_ms > (GW_LOGIN_BURST - 1) * STEP_MS) {
        return false;
    }
    cell->free_ms += STEP_MS;
    return true;
}

/* --- jobs ------------------------------------------------------------------------------------ */

static struct login_job *job_of(struct gw_job *job)
{
    return (struct login_job *)(void *)job;
}

static void run_job(struct gw_job *base)
{
    struct login_job *job = job_of(base);

    job->verdict = gw_passwd_check(&job->hash, span_of(job->password, job->len));
    explicit_bzero(job->password, job->len);
}

static void drop(struct login_job *job)
{
    explicit_bzero(job, sizeof *job + job->len);
    free(job);
}

static struct login_job *new_job(const struct hub_login *asked)
{
    /* A password that none of ours can be costs no more memory than others. */
    size_t len = asked->password.len <= GW_PASSWD_MAX ? asked->password.len : 0;
    struct login_job *job = calloc(1, sizeof *job + len);

    if (job != NULL) {
        job->job.run = run_job;
        job->ticket = asked->ticket;
        job->len = len;
        memcpy(job->password, asked->password.at, len);
    }
    return job;
}

/* --- answers --------------------------------------------------------------------------------- */

static void answer(struct gw_login *login, uint64_t ticket, enum hub_verdict verdict)
{
    hub_login(login->loop->hub, ticket, verdict, gw_loop_now(login->loop));
    login->loop->again = true;
}

static void refuse(struct gw_login *login, uint64_t ticket)
{
    login->count.busy++;
    answer(login, ticket, HUB_LOGIN_BUSY);
}

static void finish(struct gw_login *login, const struct login_job *job)
{
    if (job->verdict == GW_PASSWD_NO_MEMORY) {
        refuse(login, job->ticket);
    } else if (job->verdict == GW_PASSWD_GOOD && job->has_user) {
        login->count.good++;
        gw_known_add(&login->known, job->tag, gw_loop_now(login->loop));
        answer(login, job->ticket, HUB_LOGIN_GOOD);
    } else {
        login->count.bad++;
        answer(login, job->ticket, HUB_LOGIN_BAD);
    }
}

static void on_done(evutil_socket_t fd, short what, void *arg)
{
    struct gw_login *login = arg;
    struct gw_job *job = NULL;
    (void)fd;
    (void)what;

    while ((job = gw_worker_take(&login->worker)) != NULL) {
        finish(login, job_of(job));
        drop(job_of(job));
    }
}

/* --- questions ------------------------------------------------------------------------------- */

static void compute(struct gw_login *login, struct login_job *job, const struct hub_login *asked)
{
    if (!admit(login, asked->address, gw_loop_now(login->loop)) ||
        !gw_worker_give(&login->worker, &job->job)) {
        refuse(login, job->ticket);
        drop(job);
    }
}

/* Fills hash and tag; false: there is no user who could have this password. */
static bool find_user(struct gw_login *login, struct login_job *job, const struct hub_login *asked)
{
    if (asked->hash == NULL || job->len != asked->password.len ||
        conf_hash_read(span_of_text(asked->hash), &job->hash) != NULL) {
        job->hash = login->like;
        return false;
    }
    login->like = job->hash;
    gw_known_tag(&login->known,
                 (struct span[]){asked->user, span_of_text(asked->hash), asked->password},
                 job->tag);
    return true;
}

void gw_login_ask(struct gw_login *login, const struct hub_news *news)
{
    const struct hub_login *asked = &news->login;
    struct login_job *job = new_job(asked);

    if (job == NULL) {
        refuse(login, asked->ticket);
        return;
    }
    job->has_user = find_user(login, job, asked);
    if (job->has_user && gw_known_has(&login->known, job->tag, gw_loop_now(login->loop))) {
        login->count.cached++;
        answer(login, job->ticket, HUB_LOGIN_GOOD);
        drop(job);
        return;
    }
    compute(login, job, asked);
}

/* --- start and end --------------------------------------------------------------------------- */

bool gw_login_init(struct gw_login *login, struct gw_loop *loop, struct gw_fault *fault)
{
    *login = (struct gw_login){
        .loop = loop, .like = gw_passwd_like, .seed = {gw_clock_seed(), gw_clock_seed()}};
    if (!gw_worker_start(&login->worker, fault) || !gw_known_init(&login->known, fault)) {
        return false;
    }
    login->done =
        event_new(loop->base, gw_worker_fd(&login->worker), EV_READ | EV_PERSIST, on_done, login);
    return (login->done != NULL && event_add(login->done, NULL) == 0) ||
           gw_fail(fault, "logins: no memory");
}

void gw_login_fini(struct gw_login *login)
{
    struct gw_job *job = NULL;

    if (login->done != NULL) {
        event_free(login->done);
    }
    gw_worker_stop(&login->worker);
    while ((job = gw_worker_take(&login->worker)) != NULL) {
        drop(job_of(job));
    }
    gw_known_fini(&login->known);
}
