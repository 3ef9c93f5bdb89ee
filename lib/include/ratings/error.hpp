#pragma once

#include "ratings/export.hpp"

#include <stdexcept>
#include <string>

namespace ratings {

/// What a caller can do about an error. `cmd` maps each kind to one exit code, the HTTP side to one status.
enum class Kind {
  input,        ///< the data is broken (exit 1)
  usage,        ///< wrong argument or configuration (exit 2)
  unreachable,  ///< a server cannot be reached, or the outcome of its COMMIT is unknown (exit 4, HTTP 503)
  busy,         ///< no answer in time: pool, deadline, statement timeout (exit 4, HTTP 503)
  guard,        ///< refused to protect data (exit 5)
  interrupted,  ///< the user pressed Ctrl-C (exit 130)
  store,        ///< the store answered with an error we did not expect (exit 1, HTTP 500)
  internal,     ///< a bug of ours (exit 1, HTTP 500)
};

/// Whether a message says by itself what became of the store, so that a caller who knows must not add it.
enum class Outcome {
  untold,
  told,     ///< "nothing was changed", "the load itself is done"
  unknown,  ///< that nobody knows whether COMMIT took effect
};

/// The one exception of this library. The message is one line: what was attempted, on what, what happened
/// and, where there is something, what to do. Lower-case start, no full stop, never a secret.
class RATINGS_EXPORT Error : public std::runtime_error {
 public:
  Error(Kind kind, const std::string& message, Outcome outcome = Outcome::untold)
      : std::runtime_error{message}, kind_{kind}, outcome_{outcome} {}
  [[nodiscard]] Kind kind() const noexcept { return kind_; }
  [[nodiscard]] Outcome outcome() const noexcept { return outcome_; }

 private:
  Kind kind_;
  Outcome outcome_;
};

}  // namespace ratings
