#include "service/single_flight.hpp"

#include "ratings/error.hpp"

#include <condition_variable>
#include <optional>
#include <string>

namespace ratings {

struct SingleFlight::Flight {
  explicit Flight(Instant at) : began{at} {}

  const Instant began;  ///< read from the clock before the read was sent
  std::mutex mutex;
  std::condition_variable landed;
  std::optional<Answer> answer;
  /// A copy for each waiter: exceptions that threads share cannot be checked by the thread sanitizer.
  std::optional<Kind> failure;
  std::string message;

  void wait() {
    std::unique_lock lock{mutex};
    landed.wait(lock, [this] { return answer || failure; });
  }

  void land(const Answer& result) {
    const std::scoped_lock lock{mutex};
    answer = result;
    landed.notify_all();
  }

  void crash(Kind kind, const char* what) {
    const std::scoped_lock lock{mutex};
    message = what;
    failure = kind;
    landed.notify_all();
  }
};

Answer SingleFlight::run(UserId user, Instant arrived, const Read& read, const Accept& accept) {
  auto& shard = shards_[std::hash<UserId>{}(user) % kShards];
  for (;;) {
    std::shared_ptr<Flight> flight;
    {
      std::unique_lock lock{shard.mutex};
      auto& slot = shard.flights[user];
      if (!slot) {
        slot = flight = std::make_shared<Flight>(clock_.now());
        lock.unlock();
        return lead(shard, user, *flight, read);
      }
      flight = slot;
    }
    flight->wait();
    const bool ours = flight->began >= arrived;
    if (flight->answer && (ours || accept(*flight->answer->history))) {
      shared_.fetch_add(1, std::memory_order_relaxed);
      return *flight->answer;
    }
    if (flight->failure && ours) throw Error{*flight->failure, flight->message};
  }
}

Answer SingleFlight::lead(Shard& shard, UserId user, Flight& flight, const Read& read) {
  // Out of the table before anybody is told: whoever wakes and reads again must not meet this flight once
  // more.
  const auto leave = [&] {
    const std::scoped_lock lock{shard.mutex};
    shard.flights.erase(user);
  };
  try {
    auto answer = read();
    leave();
    flight.land(answer);
    return answer;
  } catch (const Error& error) {
    leave();
    flight.crash(error.kind(), error.what());
    throw;
  } catch (const std::exception& error) {
    leave();
    flight.crash(Kind::internal, error.what());
    throw;
  }
}

}  // namespace ratings
