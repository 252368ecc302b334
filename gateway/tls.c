// SPDX-License-Identifier: Apache-2.0
// tls: OpenSSL behind six verbs. The BIO below never blocks, never fails and never calls back into the
// gateway: closing anything from inside an OpenSSL callback is how proxies crash.
#include "gateway/tls.h"
#include <openssl/err.h>

static int bio_read(BIO *bio, char *into, int max)
{
    struct tls_io *io = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (io->in.len == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    size_t n = io->in.len < (size_t)max ? io->in.len : (size_t)max;
    memcpy(into, io->in.at, n);
    io->in.at += n;
    io->in.len -= n;
    return (int)n;
}

static int bio_write(BIO *bio, const char *from, int n)
{
    struct staging *out = ((struct tls_io *)BIO_get_data(bio))->out;
    if ((size_t)n > out->cap - out->len)
        return -1; // more than any honest peer can make us say at once
    memcpy(out->at + out->len, from, (size_t)n);
    out->len += (size_t)n;
    return n;
}

static long bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH;
}

bool tls_io_init(struct tls_io *io, struct staging *out)
{
    *io = (struct tls_io){.out = out, .method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "portcullis")};
    return io->method && BIO_meth_set_read(io->method, bio_read) &&
           BIO_meth_set_write(io->method, bio_write) && BIO_meth_set_ctrl(io->method, bio_ctrl);
}

void tls_io_free(struct tls_io *io)
{
    BIO_meth_free(io->method);
    io->method = NULL;
}

SSL *tls_new(SSL_CTX *context, struct tls_io *io)
{
    SSL *ssl = SSL_new(context);
    BIO *bio = ssl ? BIO_new(io->method) : NULL;
    if (!bio) {
        SSL_free(ssl);
        return NULL;
    }
    BIO_set_data(bio, io);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl, bio, bio);
    SSL_set_accept_state(ssl);
    return ssl;
}

void tls_free(SSL **ssl)
{
    SSL_free(*ssl);
    *ssl = NULL;
}

// Errors that somebody left behind, which SSL_get_error would take for ours. To clear them costs sixteen
// slots.
static void forget_errors(void)
{
    if (ERR_peek_error() != 0)
        ERR_clear_error();
}

static enum tls_step step_of(SSL *ssl, int result)
{
    switch (SSL_get_error(ssl, result)) {
    case SSL_ERROR_WANT_READ:
        return TLS_MORE;
    case SSL_ERROR_ZERO_RETURN:
        return TLS_CLOSED;
    default:
        ERR_clear_error(); // the queue belongs to the thread, not to this connection
        return TLS_BROKEN;
    }
}

enum tls_step tls_handshake(SSL *ssl)
{
    ERR_clear_error();
    int result = SSL_do_handshake(ssl);
    return result == 1 ? TLS_DONE : step_of(ssl, result);
}

enum tls_step tls_open(SSL *ssl, struct tls_io *io, struct bytes_out *plain)
{
    forget_errors();
    do {
        size_t n = 0;
        int    result = SSL_read_ex(ssl, plain->at + plain->len, plain->cap - plain->len, &n);
        if (result != 1)
            return step_of(ssl, result);
        plain->len += n;
    } while (io->in.len > 0 || SSL_pending(ssl) > 0);
    return TLS_MORE;
}

bool tls_seal(SSL *ssl, struct bytes plain)
{
    size_t written = 0;
    forget_errors();
    return SSL_write_ex(ssl, plain.at, plain.len, &written) == 1 && written == plain.len;
}

void tls_goodbye(SSL *ssl)
{
    ERR_clear_error();
    if (!SSL_in_init(ssl))
        (void)SSL_shutdown(ssl); // 0: the peer's own is not awaited
    ERR_clear_error();
}
