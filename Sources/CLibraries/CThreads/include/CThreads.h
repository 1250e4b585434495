#pragma once

/// Nothing to call: this target only defines C11's thread functions for the thread sanitizer.
