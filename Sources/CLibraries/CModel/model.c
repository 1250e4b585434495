#include "CModel.h"

static const uint8_t model[] = {
#embed "linear.model"
};

const uint8_t *opine_linear_model_bytes(void) { return model; }

size_t opine_linear_model_size(void) { return sizeof(model); }
