#pragma once
#include <stddef.h>
#include <stdint.h>

/// The built-in weights of the linear model, embedded in the binary.
extern const uint8_t opine_linear_model[];
extern const size_t opine_linear_model_size;
