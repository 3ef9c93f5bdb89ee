#pragma once

#include "redis/server.hpp"

#include "ratings/cache.hpp"
#include "ratings/figures.hpp"

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace ratings::redis {

/// A command for one key; in a cluster the key decides who is asked. Borrows both.
struct Question {
  std::string_view key;
  Connection::Command command;
};

/// Who is asked: one server, or the nodes of a cluster. Thread-safe.
class Servers {
 public:
  virtual ~Servers() = default;
  /// An answer for each question, in order; nullopt: not sent, or failed, which is counted. Throws no Fault.
  [[nodiscard]] virtual std::vector<std::optional<Reply>> ask(std::span<const Question> questions,
                                                              Accept accept) = 0;
  /// False while nothing would be sent, whatever the key.
  [[nodiscard]] virtual bool usable() const noexcept = 0;
  /// Fills in breakers and connections.
  virtual void describe(RedisFigures& figures) const = 0;
};

/// `counts` must outlive them. Throws Error{usage} for a URL that cannot be understood; connects to nothing.
[[nodiscard]] std::unique_ptr<Servers> make_servers(const RedisOptions& options, Clock& clock,
                                                    Counts& counts);

}  // namespace ratings::redis
