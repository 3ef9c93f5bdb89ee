#pragma once

namespace ratings::postgres {

/// What a changing command says once its COMMIT was answered, in a transaction of its own: COMMIT must not
/// wait for the lock that notifications take, nor fail because their queue is full. Lost without a trace:
/// nobody relies on it.
inline constexpr const char* kSendHint = "NOTIFY ratingsctl_position";
inline constexpr const char* kHearHints = "LISTEN ratingsctl_position";

}  // namespace ratings::postgres
