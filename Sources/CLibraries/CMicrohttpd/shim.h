#pragma once
#include <errno.h>
#include <microhttpd.h>
#include <string.h>
#include <sys/socket.h>

// libmicrohttpd is started by a variadic call with options that Swift cannot name.

// Paths and arguments are decoded by our own code, after splitting.
static size_t opine_mhd_keep(void *context, struct MHD_Connection *connection, char *text) {
  (void)context;
  (void)connection;
  return strlen(text);
}

struct opine_mhd_start {
  const struct sockaddr *address;
  int is_ipv6;
  MHD_AccessHandlerCallback handler;
  void *(*opened)(void *context, const char *uri, struct MHD_Connection *connection);
  MHD_RequestCompletedCallback completed;
  void *context;
  size_t header_bytes;
  unsigned int idle_seconds;
  unsigned int connections;
  // PEM texts, both or neither; read during the call only.
  const char *certificate;
  const char *key;
};

// NULL with errno when the address is taken or not ours, and without it when the certificate or its key
// can't be used.
static inline struct MHD_Daemon *opine_mhd_start(const struct opine_mhd_start *s) {
  unsigned int flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME;
  if (s->is_ipv6) flags |= MHD_USE_IPv6;
  struct MHD_OptionItem tls[] = {
      {MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)s->certificate},
      {MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)s->key},
      {MHD_OPTION_END, 0, NULL},
  };
  if (s->certificate) flags |= MHD_USE_TLS;
  errno = 0;
  return MHD_start_daemon(
      flags, 0, NULL, NULL, s->handler, s->context,
      MHD_OPTION_SOCK_ADDR, s->address,
      MHD_OPTION_URI_LOG_CALLBACK, s->opened, s->context,
      MHD_OPTION_NOTIFY_COMPLETED, s->completed, s->context,
      MHD_OPTION_UNESCAPE_CALLBACK, opine_mhd_keep, NULL,
      MHD_OPTION_CONNECTION_MEMORY_LIMIT, s->header_bytes,
      MHD_OPTION_CONNECTION_TIMEOUT, s->idle_seconds,
      MHD_OPTION_CONNECTION_LIMIT, s->connections,
      MHD_OPTION_STRICT_FOR_CLIENT, 1,
      MHD_OPTION_ARRAY, s->certificate ? tls : tls + 2,
      MHD_OPTION_END);
}

static inline int opine_mhd_port(struct MHD_Daemon *daemon) {
  const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT);
  return info ? info->port : 0;
}

// The response owns a copy of the bytes.
static inline struct MHD_Response *opine_mhd_response(const void *bytes, size_t count) {
  return MHD_create_response_from_buffer(count, (void *)bytes, MHD_RESPMEM_MUST_COPY);
}
