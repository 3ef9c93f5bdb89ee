#pragma once

#include "redis/breaker.hpp"
#include "redis/pool.hpp"

#include <atomic>
#include <cstdint>
#include <span>
#include <vector>

namespace ratings::redis {

/// What became of commands, so far, whichever server they were for: servers come and go, counts only grow.
struct Counts {
  std::atomic<std::uint64_t> answered{0};
  std::atomic<std::uint64_t> failed{0};
  std::atomic<std::uint64_t> skipped{0};
};

/// Which answer is a good one.
enum class Accept { text, text_or_nil, integer, list };

struct Errand {
  Connection::Command command;
  bool asking = false;  ///< on a way that ASK has shown: ASKING goes before it
};

/// What a server made of some errands.
struct Outcome {
  enum class End { answered, failed, skipped };
  End end = End::skipped;
  std::vector<Reply> replies;  ///< in the errands' order; empty unless answered
};

/// One Redis server: its connections, and a breaker that leaves it alone when it fails. Counts and logs what
/// it meets. Thread-safe.
class Server {
 public:
  /// alone: a redirection is a fault; in_cluster: it is an answer, and not counted.
  enum class Place { alone, in_cluster };

  Server(Address address, Place place, Clock& clock, Counts& counts)
      : place_{place}, counts_{counts}, pool_{std::move(address)}, breaker_{clock} {}

  /// Asks all of it over one connection, in one go; all or nothing is answered. Never throws a Fault.
  [[nodiscard]] Outcome ask(std::span<const Errand> errands, Accept accept);

  [[nodiscard]] const Address& address() const noexcept { return pool_.address(); }
  [[nodiscard]] bool usable() const noexcept { return breaker_.would_allow(); }
  [[nodiscard]] bool breaker_open() const noexcept { return breaker_.open(); }
  [[nodiscard]] Pool::Connections connections() const { return pool_.connections(); }

 private:
  std::vector<Reply> exchange(std::span<const Errand> errands, Accept accept);
  void check(const Reply& reply, const Errand& errand, Accept accept) const;
  void report_failure(const char* reason, std::size_t commands) noexcept;

  const Place place_;
  Counts& counts_;
  Pool pool_;
  Breaker breaker_;
};

}  // namespace ratings::redis
