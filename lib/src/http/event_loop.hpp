#pragma once

#include "http/client_list.hpp"
#include "http/inbox.hpp"
#include "http/job_queue.hpp"
#include "http/listener.hpp"
#include "http/responder.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <sys/epoll.h>
#include <vector>

namespace ratings::http {

class EventLoop;

/// What the loops of one server share; must outlive them. `loops` is complete before the first one runs.
struct Loops {
  const Listener* listener = nullptr;  ///< null: sockets come through inboxes only
  JobQueue& data;
  JobQueue& metrics;
  JobQueue& ready;
  Patience patience;
  std::size_t most_clients = 0;  ///< over all loops
  std::vector<EventLoop*> loops;
  std::function<void()> changed;  ///< called by a loop that has stopped listening, or has ended
};

/// One thread's share of the clients: receive ▸ gate ▸ answer ▸ send, for whoever is ready, never waiting for
/// one of them. What may wait goes to a worker and comes back through the inbox. The requests of one batch
/// have all arrived before the clock is read for them, so a strict store is asked once for all (DESIGN 6.2).
class EventLoop {
 public:
  EventLoop(Loops& shared, const Answering& with);

  /// Until cut(), or until drain() and the last client has gone.
  void run();
  /// From any thread: no new clients; those that are here get an answer to the request that has arrived,
  /// their last.
  void drain() noexcept;
  /// From any thread: run() returns.
  void cut() noexcept;

  /// From any thread: a connected socket that does not block.
  void adopt(Descriptor socket, Inbox::Room room = Inbox::Room::there);
  [[nodiscard]] Inbox& inbox() noexcept { return inbox_; }
  /// Clients of this loop, those on their way to it included. This and the following from any thread.
  [[nodiscard]] std::size_t clients() const noexcept { return clients_; }
  [[nodiscard]] std::size_t idle() const noexcept { return idle_; }
  /// Since when its longest idle client is idle; Instant::max(): none is.
  [[nodiscard]] Instant idle_since() const noexcept { return Instant{idle_since_}; }
  [[nodiscard]] bool deaf() const noexcept { return !listening_; }
  [[nodiscard]] bool ended() const noexcept { return ended_; }
  [[nodiscard]] std::uint64_t evicted() const noexcept { return evicted_; }
  [[nodiscard]] std::uint64_t turned_away() const noexcept { return turned_away_; }

 private:
  enum class Phase { serving, draining, cut };

  static constexpr std::size_t kBatch = 64;  ///< events at once: as many clients share one look at the clock
  static constexpr std::size_t kReceive = std::size_t{16} * 1024;

  struct Received {
    Client* client;
    std::string_view bytes;
  };

  [[nodiscard]] bool finished() const;
  void turn(std::span<const epoll_event> events);
  void watch(int fd, std::uint32_t events, void* tag);
  void rewatch(Client& client, std::uint32_t events);
  [[nodiscard]] int patience_ms() const;

  void accept_clients();
  void pause_accepting();
  void stop_listening();
  void forget_listener() noexcept;
  void place(Descriptor socket);
  void turn_away(Descriptor socket);
  [[nodiscard]] EventLoop& with_longest_idle();
  void add(Descriptor socket);
  [[nodiscard]] bool evict();
  void publish() noexcept;

  void on_event(Client& client, std::uint32_t events, std::span<char> buffer);
  void receive(Client& client, std::span<char> buffer);
  void drop_input(Client& client, std::span<char> buffer);
  void converse(Client& client, std::string_view bytes, Instant arrived);
  /// What became of the next bytes of a client.
  enum class Step {
    taken,    ///< a request was answered; there may be more
    waiting,  ///< for the rest of a request, for a worker, or for nothing more
    full,     ///< the client must take its answers before the next request is looked at
  };
  [[nodiscard]] Step take_request(Client& client, std::string_view& bytes, Instant arrived);
  [[nodiscard]] JobQueue& queue(Lane lane) const noexcept;
  [[nodiscard]] bool dispatch(Client& client, Lane lane, std::string_view head, Instant arrived);
  void reply(Client& client, Reply reply);
  [[nodiscard]] bool flush(Client& client);
  void settle(Client& client);
  void resume(Client& client);
  void catch_up(Client& client);
  void close(Client& client);
  void take_inbox();
  void end_overdue();
  [[nodiscard]] static bool silent(const Client& client);
  [[nodiscard]] bool gives_up(Client& client) const;
  [[nodiscard]] static bool takes(Client& client);
  static void forget_unsent(const Client& client);

  Loops& shared_;
  const Answering with_;
  Responder responder_;
  Inbox inbox_;
  Descriptor epoll_;
  ClientList list_;
  std::uint64_t next_id_ = 1;
  Instant now_{};  ///< of this batch: read after its last recv
  Instant listen_again_{};
  bool mail_ = false;    ///< the inbox has something; it says so only once
  bool paused_ = false;  ///< not listening for a moment
  Instant warned_at_{};
  std::vector<Received> received_;
  std::vector<char> buffers_;

  std::atomic<Phase> phase_{Phase::serving};
  std::atomic<bool> listening_{false};
  std::atomic<bool> ended_{false};
  std::atomic<std::size_t> clients_{0};
  std::atomic<std::size_t> idle_{0};
  std::atomic<Instant::rep> idle_since_{Instant::max().count()};
  std::atomic<std::uint64_t> evicted_{0};
  std::atomic<std::uint64_t> turned_away_{0};
};

}  // namespace ratings::http
