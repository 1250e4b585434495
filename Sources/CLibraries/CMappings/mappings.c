#include "CMappings.h"

static const char reviews_template[] = {
#embed "../../../mappings/elasticsearch/reviews-template.json" suffix(, )
    0};

static const char reviews_connector[] = {
#embed "../../../mappings/connect/reviews-elasticsearch.json" suffix(, )
    0};

static const char sample_reviews[] = {
#embed "../../../samples/reviews.jsonl" suffix(, )
    0};

const char *opine_reviews_template(void) { return reviews_template; }
const char *opine_reviews_connector(void) { return reviews_connector; }
const char *opine_sample_reviews(void) { return sample_reviews; }
size_t opine_sample_reviews_size(void) { return sizeof sample_reviews - 1; }
