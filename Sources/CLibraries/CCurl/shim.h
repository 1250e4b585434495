#pragma once
#include <curl/curl.h>

// curl's setters are variadic and a message's result is a union: Swift can import neither.

typedef size_t (*opine_curl_sink)(char *bytes, size_t size, size_t count, void *context);

static inline CURLcode opine_curl_long(CURL *h, CURLoption o, long v) {
  return curl_easy_setopt(h, o, v);
}
static inline CURLcode opine_curl_offset(CURL *h, CURLoption o, curl_off_t v) {
  return curl_easy_setopt(h, o, v);
}
static inline CURLcode opine_curl_pointer(CURL *h, CURLoption o, const void *v) {
  return curl_easy_setopt(h, o, v);
}
static inline CURLcode opine_curl_text(CURL *h, CURLoption o, const char *v) {
  return curl_easy_setopt(h, o, v);
}
// curl copies the bytes.
static inline CURLcode opine_curl_blob(CURL *h, CURLoption o, const void *v, size_t count) {
  struct curl_blob blob = {(void *)v, count, CURL_BLOB_COPY};
  return curl_easy_setopt(h, o, &blob);
}
static inline CURLcode opine_curl_sink_to(CURL *h, CURLoption o, opine_curl_sink v) {
  return curl_easy_setopt(h, o, v);
}
static inline CURLcode opine_curl_info_long(CURL *h, CURLINFO i, long *v) {
  return curl_easy_getinfo(h, i, v);
}
static inline CURLMcode opine_curl_multi_long(CURLM *m, CURLMoption o, long v) {
  return curl_multi_setopt(m, o, v);
}
static inline CURLcode opine_curl_result(const CURLMsg *m) {
  return m->data.result;
}

static const long opine_curl_auth_basic = (long)CURLAUTH_BASIC;
