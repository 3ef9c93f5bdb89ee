#pragma once

#include "exit_code.hpp"
#include "json_output.hpp"
#include "redis_copies.hpp"
#include "visibility.hpp"

#include "ratings/cleanup.hpp"
#include "ratings/clock.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <string>

namespace ratings::cmd {

/// twice: at once, and when no request under way can put it back any more
enum class Erase { once, twice };

/// When a change was safe on disk and when no server could answer from before it; counted from the start.
struct Times {
  std::chrono::milliseconds committed{};
  std::chrono::milliseconds visible{};
};

/// When a command had committed, or found that there was nothing to do.
struct Settled {
  Instant at;
  std::chrono::milliseconds wait;
  bool changed;
};
/// Also where there was nothing to do: what is reported as done may be another command's, of a moment ago.
[[nodiscard]] Times wait_for_servers(const Settled& settled, Instant started, Clock& clock);

/// After COMMIT: removes from Redis the copies of those whose ratings changed, with Erase::twice of all whom
/// the command named, and waits until the change is visible everywhere.
[[nodiscard]] Times make_visible(const CleanUpResult& result, RedisCopies& copies, Erase erase,
                                 Instant started, Clock& clock);

/// Rounded up, so that no change takes 0 ms.
[[nodiscard]] std::chrono::milliseconds elapsed(Instant from, Instant to);

/// The keys purge-user and undo have in common. `undo`: the line that takes it back, or null.
[[nodiscard]] Json clean_up_json(const CleanUpResult& result, const RedisCopies& copies, const Times& times,
                                 const std::optional<std::string>& undo);

/// A table of what became of each user; empty without users.
[[nodiscard]] std::string user_lines(const CleanUpResult& result);

/// "committed after 3 ms, visible everywhere after 1055 ms", and what became of Redis.
[[nodiscard]] std::string times_text(const Times& times);
void complain_about_redis(const RedisCopies& copies);
/// `left`: what was erased for good is still in a SQLite store's files.
void complain_about_traces(bool left);

/// For Interruption::committed(): " as batch B ('ratingsctl undo B' takes it back)". Empty without a batch.
[[nodiscard]] std::string as_batch(const std::optional<std::string>& batch,
                                   const std::optional<std::string>& undo);

/// Prints a changing command's result. When it cannot be written, the error also says that the change stands.
void print_change(const std::string& text, const std::optional<std::string>& batch);

}  // namespace ratings::cmd
