#pragma once
#include <stddef.h>
#include <stdint.h>

/// The built-in weights of the linear model, embedded in the binary: a file as MODEL_CARD.md has it.
const uint8_t *_Nonnull opine_linear_model_bytes(void);
size_t opine_linear_model_size(void);
