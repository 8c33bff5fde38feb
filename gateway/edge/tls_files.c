#include "gateway/edge/tls_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <mbedtls/platform_util.h>

#define FILE_OCTETS  (4u << 20)
#define SYSTEM_STORE "/etc/ssl/certs/ca-certificates.crt"
#define DAY_S        86400

/* One file, with the setting that names it. */
struct file {
    const struct gw_tls_place *place;
    const char *key;
    const char *path;
    bool is_secret;
    uint8_t *octets; /* a NUL follows them */
    size_t len;
};

static bool refuse(const struct file *file, const char *cause)
{
    return gw_tls_refuse(file->place, file->key, file->path, cause);
}

static bool read_open(struct file *file, int fd)
{
    ssize_t got = 1;
    struct stat info;

    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || info.st_size > FILE_OCTETS) {
        return refuse(file, "is no file of at most 4 MiB");
    }
    if (file->is_secret && (info.st_mode & S_IRWXO) != 0) {
        return refuse(file, "others can read this private key: chmod o= FILE");
    }
    file->octets = calloc(1, (size_t)info.st_size + 1);
    if (file->octets == NULL) {
        return refuse(file, "no memory");
    }
    while (got > 0 && file->len < (size_t)info.st_size) {
        got = read(fd, file->octets + file->len, (size_t)info.st_size - file->len);
        file->len += got > 0 ? (size_t)got : 0;
    }
    return got >= 0 || refuse(file, strerror(errno));
}

static bool read_file(struct file *file)
{
    int fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO would wait */
    bool ok = false;

    if (fd < 0) {
        return refuse(file, strerror(errno));
    }
    ok = read_open(file, fd);
    (void)close(fd);
    return ok;
}

static void forget(struct file *file)
{
    if (file->octets != NULL) {
        mbedtls_platform_zeroize(file->octets, file->len);
    }
    free(file->octets);
}

/* The library wants the NUL of a PEM file to count, but nothing after the octets of a DER one. */
static struct span text_of(const struct file *file)
{
    bool is_pem = file->octets != NULL && strstr((const char *)file->octets, "-----BEGIN ") != NULL;

    return span_of(file->octets, file->len + is_pem);
}

static bool read_certificates(struct file *file, mbedtls_x509_crt *certificates, bool all)
{
    struct span text;
    int failed = 0;
    bool ok = false;

    if (read_file(file)) {
        text = text_of(file);
        failed = mbedtls_x509_crt_parse(certificates, text.at, text.len);
        ok = certificates->raw.p != NULL && failed >= 0 && (failed == 0 || !all);
        ok = ok || refuse(file, "holds no certificate, or one that cannot be read");
    }
    forget(file);
    return ok;
}

static bool read_key(struct file *file, struct gw_tls_setup *setup)
{
    int error = 0;
    bool ok = false;

    if (read_file(file)) {
        error = gw_tls_parse_key(&setup->key, text_of(file), &setup->drbg);
        ok = error == 0 || refuse(file, error == MBEDTLS_ERR_PK_PASSWORD_REQUIRED
                                            ? "is encrypted; there is no place for its pass phrase"
                                            : "holds no private key that can be read");
        ok = ok && (gw_tls_check_pair(&setup->chain.pk, &setup->key, &setup->drbg) == 0 ||
                    refuse(file, "the key does not belong to the certificate"));
    }
    forget(file);
    return ok;
}

bool gw_tls_read_chain(struct gw_tls_setup *setup, const struct gw_tls_place *place,
                       const char *cert, const char *key)
{
    struct file chain = {.place = place, .key = "cert", .path = cert};
    struct file own = {.place = place, .key = "key", .path = key, .is_secret = true};

    if (cert == NULL && key == NULL) {
        return true;
    }
    if (cert == NULL || key == NULL) {
        return cert == NULL ? gw_tls_refuse(place, "key", key, "cert is missing")
                            : gw_tls_refuse(place, "cert", cert, "key is missing");
    }
    if (!read_certificates(&chain, &setup->chain, true) || !read_key(&own, setup)) {
        return false;
    }
    setup->has_chain = true;
    return mbedtls_ssl_conf_own_cert(&setup->conf, &setup->chain, &setup->key) == 0 ||
           refuse(&chain, "no memory");
}

/* --- authorities ----------------------------------------------------------------------------- */

static struct gw_tls_stamp stamp_of(const char *path)
{
    struct stat info = {0};

    (void)stat(path, &info); /* who reads it says what is wrong with it */
    return (struct gw_tls_stamp){.device = info.st_dev,
                                 .number = info.st_ino,
                                 .changed_ns = (int64_t)info.st_ctim.tv_sec * 1000000000 +
                                               info.st_ctim.tv_nsec,
                                 .octets = info.st_size};
}

static struct gw_tls_roots *on_shelf(const struct gw_tls_shelf *shelf,
                                     const struct gw_tls_stamp *is)
{
    struct gw_tls_roots *roots = shelf == NULL ? NULL : shelf->first;

    while (roots != NULL && memcmp(&roots->stamp, is, sizeof *is) != 0) {
        roots = roots->next;
    }
    return roots;
}

static struct gw_tls_roots *read_roots(struct file *file, bool all)
{
    struct gw_tls_roots *roots = calloc(1, sizeof *roots);

    if (roots == NULL) {
        (void)refuse(file, "no memory");
        return NULL;
    }
    mbedtls_x509_crt_init(&roots->list);
    if (!read_certificates(file, &roots->list, all)) {
        gw_tls_roots_drop(roots);
        return NULL;
    }
    return roots;
}

void gw_tls_roots_drop(struct gw_tls_roots *roots)
{
    if (roots == NULL || (roots->refs != 0 && --roots->refs != 0)) {
        return;
    }
    if (roots->shelf != NULL) {
        struct gw_tls_roots **at = &roots->shelf->first;

        while (*at != NULL && *at != roots) {
            at = &(*at)->next;
        }
        *at = roots->next;
    }
    mbedtls_x509_crt_free(&roots->list);
    free(roots);
}

bool gw_tls_read_authorities(struct gw_tls_setup *setup, const struct gw_tls_place *place,
                             const struct gw_tls_named *named, struct gw_tls_shelf *shelf)
{
    struct file file = {.place = place,
                        .key = named->key,
                        .path = named->path == NULL ? SYSTEM_STORE : named->path};
    struct gw_tls_stamp stamp = stamp_of(file.path);
    struct gw_tls_roots *roots = on_shelf(shelf, &stamp);

    if (roots == NULL) {
        roots = read_roots(&file, named->path != NULL);
        if (roots == NULL) {
            return false;
        }
        roots->stamp = stamp;
        roots->shelf = shelf;
        if (shelf != NULL) {
            roots->next = shelf->first;
            shelf->first = roots;
        }
    }
    roots->refs++;
    setup->roots = roots;
    mbedtls_ssl_conf_ca_chain(&setup->conf, &roots->list, NULL);
    (void)snprintf(setup->untrusted, sizeof setup->untrusted,
                   "certificate is not trusted by any authority of %s", file.path);
    return true;
}

int64_t gw_tls_seconds_of(const mbedtls_x509_time *at)
{
    struct tm tm = {.tm_year = at->year - 1900,
                    .tm_mon = at->mon - 1,
                    .tm_mday = at->day,
                    .tm_hour = at->hour,
                    .tm_min = at->min,
                    .tm_sec = at->sec};

    return timegm(&tm);
}

int gw_tls_days_left(const struct gw_tls_setup *setup)
{
    int64_t least_s = INT64_MAX;
    int64_t left_s = 0;

    if (!setup->has_chain) {
        return INT_MAX;
    }
    for (const mbedtls_x509_crt *crt = &setup->chain; crt != NULL; crt = crt->next) {
        int64_t end_s = gw_tls_seconds_of(&crt->valid_to);

        least_s = end_s < least_s ? end_s : least_s;
    }
    left_s = least_s - time(NULL);
    return (int)((left_s - (left_s < 0 ? DAY_S - 1 : 0)) / DAY_S);
}
