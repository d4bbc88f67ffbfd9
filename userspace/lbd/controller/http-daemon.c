// SPDX-License-Identifier: GPL-2.0-only
/*
 * libmicrohttpd's daemon of a listener, with GnuTLS when it is not local: options, certificate, and
 * its turns in the loop. http.c calls it. libmicrohttpd has an epoll descriptor of its own; the loop
 * watches that and lets it run when it is readable ("external event loop" in its manual).
 */
#include "controller/http-internal.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>

/*
 * TLS 1.3, and 1.2 with forward secrecy and authenticated encryption alone (RFC 9325, 4.2).
 */
static const char priorities[] =
	"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA:"
	"-CIPHER-ALL:+AES-256-GCM:+CHACHA20-POLY1305:+AES-128-GCM:-MAC-ALL:+AEAD:"
	"-SIGN-RSA-SHA1:-SIGN-ECDSA-SHA1:%SERVER_PRECEDENCE";

/* What libmicrohttpd itself takes as a request is stricter than its default. */
#define STRICT 1

static int key_mode_check(const char *path, struct fault *fault)
{
	struct stat status;

	if (stat(path, &status))
		return fault_set(fault, -errno, NULL, "%s: %s", path, strerror(errno));
	if (status.st_mode & (S_IRWXO | S_IWGRP))
		return fault_set(fault, -EPERM, NULL,
				 "%s: has mode %04o; nobody but its owner and group may read it "
				 "(chmod 640)",
				 path, (unsigned int)(status.st_mode & 07777));
	return 0;
}

/* libmicrohttpd would only say that it does not start. */
static int certificate_check(const struct certificate *certificate, const char *path,
			     struct fault *fault)
{
	gnutls_certificate_credentials_t credentials;
	int ret;

	if (gnutls_certificate_allocate_credentials(&credentials))
		return fault_memory(fault);
	ret = gnutls_certificate_set_x509_key_mem(credentials, &certificate->chain,
						  &certificate->key, GNUTLS_X509_FMT_PEM);
	gnutls_certificate_free_credentials(credentials);
	if (ret < 0)
		return fault_set(fault, -EINVAL, NULL, "%s and its key: %s", path,
				 gnutls_strerror(ret));
	return 0;
}

void certificate_wipe(struct certificate *certificate)
{
	if (certificate->key.data)
		sodium_memzero(certificate->key.data, certificate->key.size);
	gnutls_free(certificate->key.data);
	gnutls_free(certificate->chain.data);
	*certificate = (struct certificate){0};
}

int certificate_load(const struct http_options *options, struct certificate *certificate,
		     struct fault *fault)
{
	int ret;

	*certificate = (struct certificate){0};
	if (!options->certificate_file || !options->key_file)
		return fault_set(fault, -EINVAL, NULL, "TLS needs a certificate and its key");
	if ((ret = key_mode_check(options->key_file, fault)))
		return ret;
	if ((ret = gnutls_load_file(options->certificate_file, &certificate->chain)))
		return fault_set(fault, -EIO, NULL, "%s: %s", options->certificate_file,
				 gnutls_strerror(ret));
	ret = gnutls_load_file(options->key_file, &certificate->key);
	if (ret)
		ret = fault_set(fault, -EIO, NULL, "%s: %s", options->key_file,
				gnutls_strerror(ret));
	else
		ret = certificate_check(certificate, options->certificate_file, fault);
	if (ret)
		certificate_wipe(certificate);
	return ret;
}

/* The text is taken as it came; http-check.c decodes it, strictly. */
static size_t unescape_not(void *cls, struct MHD_Connection *mhd, char *text)
{
	(void)cls;
	(void)mhd;
	return strlen(text);
}

int daemon_start(struct listener *listener, const struct certificate *certificate,
		 struct fault *fault)
{
	const struct MHD_OptionItem tls[] = {
		{MHD_OPTION_HTTPS_MEM_CERT, 0, certificate->chain.data},
		{MHD_OPTION_HTTPS_MEM_KEY, 0, certificate->key.data},
		{MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)priorities},
		{MHD_OPTION_END, 0, NULL},
	};
	const struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};
	unsigned int flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME;

	if (!listener->local)
		flags |= MHD_USE_TLS;
	/* Time-outs are ours (connections_sweep()): libmicrohttpd's are reset by each byte. */
	/* clang-format off */
	listener->daemon = MHD_start_daemon(
		flags, 0, connection_accept, listener, exchange_handle, listener,
		MHD_OPTION_LISTEN_SOCKET, listener->fd,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned int)listener->http->options.connections_max,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)POOL_SIZE,
		MHD_OPTION_CONNECTION_TIMEOUT, 0U,
		MHD_OPTION_STRICT_FOR_CLIENT, STRICT,
		MHD_OPTION_UNESCAPE_CALLBACK, unescape_not, NULL,
		MHD_OPTION_URI_LOG_CALLBACK, exchange_new, listener,
		MHD_OPTION_NOTIFY_CONNECTION, connection_notify, listener,
		MHD_OPTION_NOTIFY_COMPLETED, exchange_completed, listener,
		MHD_OPTION_ARRAY, listener->local ? none : tls,
		MHD_OPTION_END);
	/* clang-format on */
	if (!listener->daemon)
		return fault_set(fault, -EIO, NULL, "the HTTP server does not start");
	return 0;
}
