#include "service/single_flight.hpp"

#include "ratings/error.hpp"

#include <condition_variable>
#include <numeric>
#include <optional>
#include <string>

namespace ratings {

struct SingleFlight::Flight {
  Flight(Instant at, Instant until) : began{at}, gives_up{until} {}

  const Instant began;     ///< read from the clock before the read was sent
  const Instant gives_up;  ///< when whoever leads it has no time left
  std::mutex mutex;
  std::condition_variable landed;
  std::optional<Answer> answer;
  /// A copy for each waiter: exceptions that threads share cannot be checked by the thread sanitizer.
  std::optional<Kind> failure;
  std::string message;

  /// Failed because its leader's time was up, which is before `deadline`. Once landed.
  [[nodiscard]] bool out_of_time(Instant deadline) const {
    return failure == Kind::busy && gives_up < deadline;
  }

  /// False when it has not ended by then. The injected clock says how long that is; the waiting itself is
  /// real.
  [[nodiscard]] bool wait(Instant patience) {
    std::unique_lock lock{mutex};
    return landed.wait_for(lock, patience, [this] { return answer || failure; });
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

std::vector<Answer> SingleFlight::run(std::span<const UserId> users, Instant arrived, const Read& read,
                                      const Accept& accept) {
  std::vector<Answer> answers(users.size());
  std::vector<std::size_t> places(users.size());
  std::iota(places.begin(), places.end(), std::size_t{0});
  while (!places.empty()) {
    std::vector<Passenger> led;
    std::vector<Passenger> followed;
    try {
      board(users, places, arrived, led, followed);
      if (!led.empty()) lead(users, led, read, answers);
    } catch (const Error& error) {
      crash(users, led, error.kind(), error.what());
      throw;
    } catch (const std::exception& error) {
      crash(users, led, Kind::internal, error.what());
      throw;
    }
    places.clear();
    const auto deadline = arrived + kRequestDeadline;
    for (const auto& [place, flight] : followed) {
      if (!flight->wait(deadline - clock_.now()))
        throw Error{Kind::busy, "waiting for the same read by another request: it did not end in time"};
      const bool ours = flight->began >= arrived;
      if (flight->answer && (ours || accept(*flight->answer->history))) {
        shared_.fetch_add(1, std::memory_order_relaxed);
        answers[place] = *flight->answer;
      } else if (flight->failure && ours && !flight->out_of_time(deadline)) {
        throw Error{*flight->failure, flight->message};
      } else {
        places.push_back(place);
      }
    }
  }
  return answers;
}

void SingleFlight::board(std::span<const UserId> users, std::span<const std::size_t> places, Instant arrived,
                         std::vector<Passenger>& led, std::vector<Passenger>& followed) {
  for (const auto place : places) {
    auto& shard = shard_of(users[place]);
    const std::scoped_lock lock{shard.mutex};
    auto& slot = shard.flights[users[place]];
    if (slot) {
      followed.push_back({place, slot});
    } else {
      slot = std::make_shared<Flight>(clock_.now(), arrived + kRequestDeadline);
      led.push_back({place, slot});
    }
  }
}

void SingleFlight::lead(std::span<const UserId> users, std::span<const Passenger> led, const Read& read,
                        std::vector<Answer>& answers) {
  std::vector<UserId> wanted;
  wanted.reserve(led.size());
  for (const auto& passenger : led) wanted.push_back(users[passenger.place]);
  auto found = read(wanted);
  leave(users, led);
  for (std::size_t i = 0; i < led.size(); ++i) {
    led[i].flight->land(found[i]);
    answers[led[i].place] = std::move(found[i]);
  }
}

void SingleFlight::leave(std::span<const UserId> users, std::span<const Passenger> led) {
  for (const auto& [place, flight] : led) {
    auto& shard = shard_of(users[place]);
    const std::scoped_lock lock{shard.mutex};
    shard.flights.erase(users[place]);
  }
}

void SingleFlight::crash(std::span<const UserId> users, std::span<const Passenger> led, Kind kind,
                         const char* what) {
  leave(users, led);
  for (const auto& [place, flight] : led) flight->crash(kind, what);
}

}  // namespace ratings
