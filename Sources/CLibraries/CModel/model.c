#include "CModel.h"

const uint8_t opine_linear_model[] = {0};
const size_t opine_linear_model_size = 0;
