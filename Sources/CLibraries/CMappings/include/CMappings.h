#pragma once

/// The files of `mappings/`, embedded in the binary; each ends with a zero byte.
const char *opine_reviews_template(void);
const char *opine_reviews_connector(void);
