#pragma once

#include <stddef.h>

/// Files of `mappings/` and `samples/`, embedded in the binary; each ends with a zero byte.
const char *opine_reviews_template(void);
const char *opine_reviews_connector(void);

/// `samples/reviews.jsonl`: JSON lines, UTF-8; the size is without the zero byte.
const char *opine_sample_reviews(void);
size_t opine_sample_reviews_size(void);
