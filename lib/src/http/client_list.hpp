#pragma once

#include "http/descriptor.hpp"
#include "http/gate.hpp"
#include "http/reply.hpp"

#include "ratings/clock.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <limits>
#include <list>
#include <optional>
#include <string>

namespace ratings::http {

/// What a connection waits for.
enum class Waiting {
  idle,     ///< the first byte of a request
  head,     ///< the rest of a request's header
  worker,   ///< a reply that somebody makes
  writing,  ///< the client to take its answer
  closing,  ///< the client to close its side, after we closed ours
};

/// How long a connection may wait; none for a worker, whose own deadlines are shorter than anybody's
/// patience.
struct Patience {
  std::chrono::milliseconds idle{60'000};
  std::chrono::milliseconds head{5'000};  ///< from its first byte to its last, however they trickle in
  /// Without a byte taken, and up to a tenth more: nobody tells when a byte was taken, so that is asked.
  std::chrono::milliseconds writing{10'000};
  /// As long as it takes a client on the other side of the world to see our end and close its own.
  std::chrono::milliseconds closing{500};
};

/// One client's connection, as its event loop keeps it.
struct Client {
  Client(std::uint64_t number, Descriptor connected) : id{number}, socket{std::move(connected)} {}

  const std::uint64_t id;
  Descriptor socket;
  std::string input;  ///< received and not used up; no memory while idle
  Outgoing out;
  After after = After::keep;                     ///< what becomes of it once `out` is sent
  std::uint32_t interest = 0;                    ///< what its epoll entry asks for
  std::size_t dropped = 0;                       ///< bytes received after our end was closed
  std::uint64_t to_skip = 0;                     ///< bytes of a body that nobody wants, still to come
  bool answered = false;                         ///< a request, since it began to wait for this one
  int unsent = std::numeric_limits<int>::max();  ///< by the kernel, when that was asked last
  Waiting waiting = Waiting::idle;
  Instant since{};  ///< when it began to wait; one that is to take its answers: when it was looked at last
  Instant took{};   ///< when it was known to have taken something
  std::list<Client>::iterator self;
};

/// A loop's clients by what they wait for, those that wait for longest first. Clients that wait for the same
/// have the same patience, so the first of a list is the first whose deadline comes: no heap, no timer wheel.
/// Moving one costs a few pointers. Not thread-safe.
class ClientList {
 public:
  explicit ClientList(const Patience& patience) : patience_{patience} {}

  Client& add(std::uint64_t id, Descriptor socket, Instant now);
  void wait_for(Client& client, Waiting waiting, Instant now);
  /// Closes the socket, which is open, now; the object stays until bury(), because events of the same batch
  /// may point to it.
  void close(Client& client);
  void bury() noexcept { dead_.clear(); }

  /// Null: no such client any more.
  [[nodiscard]] Client* find_waiting_for_worker(std::uint64_t id);
  /// The one that has been idle for longest; null: none is idle.
  [[nodiscard]] Client* longest_idle();
  /// One whose patience is over at `now`, or, of those that are to take their answers, one that is to be
  /// asked whether it has taken anything; null: none.
  [[nodiscard]] Client* overdue(Instant now);
  /// It has taken nothing for as long as patience lasts.
  [[nodiscard]] bool stuck(const Client& client, Instant now) const noexcept {
    return client.took + patience_.writing <= now;
  }
  /// When the next patience is over.
  [[nodiscard]] std::optional<Instant> next_deadline() const;
  /// Another patience for the idle ones, as when a server is about to stop.
  void set_idle_patience(std::chrono::milliseconds patience) noexcept { patience_.idle = patience; }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::size_t count(Waiting waiting) const noexcept { return list(waiting).size(); }
  /// Any of them; null: none left.
  [[nodiscard]] Client* any();

 private:
  using List = std::list<Client>;
  static constexpr std::size_t kKinds = 5;

  [[nodiscard]] List& list(Waiting waiting) noexcept { return lists_[static_cast<std::size_t>(waiting)]; }
  [[nodiscard]] const List& list(Waiting waiting) const noexcept {
    return lists_[static_cast<std::size_t>(waiting)];
  }
  [[nodiscard]] std::optional<Instant> patience(Waiting waiting) const noexcept;

  Patience patience_;
  std::array<List, kKinds> lists_;
  List dead_;
  std::size_t size_ = 0;
};

}  // namespace ratings::http
