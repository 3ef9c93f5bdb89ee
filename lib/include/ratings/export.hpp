#pragma once

/// Marks what libratings.so offers; everything else is hidden.
#define RATINGS_EXPORT __attribute__((visibility("default")))
