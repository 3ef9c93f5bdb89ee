#pragma once

#include "simulator/client.hpp"
#include "simulator/dice.hpp"
#include "simulator/fibers.hpp"
#include "simulator/server.hpp"
#include "simulator/shared_redis.hpp"
#include "simulator/truth.hpp"
#include "support/fake_position_reader.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

namespace ratings::simulator {

/// What one run, or many, came to.
struct Figures {
  std::uint64_t steps = 0;  ///< switches from one activity to another
  std::uint64_t answers = 0;
  std::uint64_t hits = 0;
  std::uint64_t errors = 0;  ///< 503 while the store could not be reached
  std::uint64_t commands = 0;
  std::uint64_t edits = 0;
  std::uint64_t faults = 0;
  Instant time{};

  Figures& operator+=(const Figures& other);
};

/// Some hundred milliseconds in the life of three servers, a store, a Redis, operators and clients, in which
/// everything goes wrong; all of it drawn from one seed.
class World {
 public:
  enum class Trace { off, on };

  World(std::uint64_t seed, Trace trace);

  /// What was wrong with an answer; nothing if all were right.
  std::optional<std::string> run();
  [[nodiscard]] const Figures& figures() const noexcept { return figures_; }
  /// One line for each event, oldest first.
  [[nodiscard]] const std::vector<std::string>& events() const noexcept { return events_; }

 private:
  using Wait = std::chrono::milliseconds;
  struct Backup {
    test::FakeStore::Content content;
    std::chrono::milliseconds delta;
    Wait wait;
  };
  struct Seen {
    std::string etag;
    std::int64_t version = 0;
  };
  using Etags = std::array<Seen, 8>;
  /// What a transaction changed, for the report of its success.
  using Changed = std::vector<std::pair<UserId, std::size_t>>;

  // The activities; each is a fiber.
  void boot();
  void validate(const std::shared_ptr<Server>& server);
  void ask_and_judge();
  void operate();
  void edit();
  void change_delta();
  void replay();
  void meddle();

  [[nodiscard]] std::shared_ptr<Server> start_server();
  [[nodiscard]] std::shared_ptr<Server>& any_server();
  [[nodiscard]] UserId any_user() { return UserId{dice_.below(kUsers)}; }
  [[nodiscard]] bool over() const { return violation_ || clock_.now() >= end_; }
  void rest(Instant at_most) { clock_.sleep_until(clock_.now() + dice_.up_to(at_most)); }
  void travel();
  void to_store(Server& server);
  void to_standby();

  // Changes of the store.
  void write(UserId user, std::int64_t version, Changed& changed);
  void run_command();
  void restore();
  void set_delta(std::chrono::milliseconds delta);
  void send_hints();

  // Requests.
  void ask_one(Client& client, const std::shared_ptr<Server>& server, Etags& etags);
  void ask_batch(Client& client, const std::shared_ptr<Server>& server);
  [[nodiscard]] bool answered(const Server& server, const HttpAnswer& answer);
  void judge(UserId user, const std::string& body, const HttpAnswer& answer, const Server& server);
  void judge(UserId user, std::int64_t version, const HttpAnswer& answer, const Server& server);
  void violated(const std::string& what);

  template <class... Parts>
  void note(const Parts&... parts) {
    if (trace_ == Trace::off) return;
    std::ostringstream line;
    line << clock_.now().count() / 1000 << " us  ";
    (line << ... << parts);
    events_.push_back(line.str());
  }

  static constexpr std::int64_t kUsers = 6;
  static constexpr std::int64_t kStranger = 5;  ///< never has rows, so is never kept in Redis

  const Trace trace_;
  Dice dice_;
  Fibers clock_;
  const Instant end_;
  test::FakeStore store_;
  test::FakeStore standby_;
  bool has_standby_ = false;
  Wait wait_{0};  ///< what writers wait out; never less than any validator's Δ
  bool delta_changes_ = false;
  bool changing_delta_ = false;
  std::size_t memory_bytes_ = std::size_t{64} * 1024;
  SharedRedis redis_;
  std::vector<SharedRedis::Content> dumps_;
  std::optional<Backup> backup_;
  Truth truth_{kUsers};
  std::int64_t version_ = 0;
  int groups_ = 0;
  std::vector<std::shared_ptr<Server>> servers_;
  Figures figures_;
  std::optional<std::string> violation_;
  std::vector<std::string> events_;
};

}  // namespace ratings::simulator
