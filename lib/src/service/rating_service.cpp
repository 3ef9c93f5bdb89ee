#include "core/counters.hpp"
#include "service/single_flight.hpp"

#include "ratings/history_view.hpp"
#include "ratings/service.hpp"

#include <optional>
#include <tuple>
#include <unordered_map>

namespace ratings {
namespace {

constexpr std::string_view kEmptyBody = "[]";

}  // namespace

struct RatingService::State {
  State(HistoryReader& reader, Coherence& checker, Cache* near, Cache* shared, Clock& time, Sampler* watcher)
      : store{reader},
        coherence{checker},
        memory{near},
        redis{shared},
        clock{time},
        sampler{watcher},
        flights{time} {}

  HistoryReader& store;
  Coherence& coherence;
  Cache* const memory;
  Cache* const redis;
  Clock& clock;
  Sampler* const sampler;
  SingleFlight flights;
  ShardedCounters<std::tuple_size_v<decltype(ServiceFigures::answers)>> answers;  ///< by Source

  [[nodiscard]] std::optional<Answer> in_memory(UserId user, Instant arrived);
  [[nodiscard]] std::optional<Answer> cached(UserId user, Instant arrived);
  [[nodiscard]] std::vector<Answer> missing(std::span<const UserId> users, Instant arrived);
  [[nodiscard]] std::vector<Answer> read(std::span<const UserId> users, Instant arrived);
  [[nodiscard]] Answer kept(const History& history, Instant arrived);
  void count(const Answer& answer) noexcept;
  [[nodiscard]] Source keep(const CachedHistoryPtr& value, Instant arrived);
};

std::optional<Answer> RatingService::State::in_memory(UserId user, Instant arrived) {
  if (memory == nullptr) return std::nullopt;
  auto value = memory->get(user);
  if (!value || !coherence.usable(user, value->tag(), arrived)) return std::nullopt;
  return Answer{std::move(value), Source::memory};
}

void RatingService::State::count(const Answer& answer) noexcept {
  answers.add(static_cast<std::size_t>(answer.source));
  const bool hit = answer.source == Source::memory || answer.source == Source::redis;
  if (hit && sampler != nullptr) sampler->hit(answer.history);
}

std::optional<Answer> RatingService::State::cached(UserId user, Instant arrived) {
  if (auto hit = in_memory(user, arrived)) return hit;
  // Not even asked when its answer could not be used: that would cost a network round trip.
  if (redis == nullptr || !redis->usable() || !coherence.trusted(arrived)) return std::nullopt;
  auto value = redis->get(user);
  if (!value || !coherence.usable(user, value->tag(), arrived)) return std::nullopt;
  if (memory != nullptr) memory->put(value);
  return Answer{std::move(value), Source::redis};
}

/// Of users who are in no cache: read once for all who ask at the same time.
std::vector<Answer> RatingService::State::missing(std::span<const UserId> users, Instant arrived) {
  return flights.run(
      users, arrived, [&](std::span<const UserId> wanted) { return read(wanted, arrived); },
      [&](const CachedHistory& value) { return coherence.usable(value.user(), value.tag(), arrived); });
}

std::vector<Answer> RatingService::State::read(std::span<const UserId> users, Instant arrived) {
  std::vector<Answer> found(users.size());
  std::vector<UserId> wanted;
  std::vector<std::size_t> places;  // of each of them in `found`
  for (std::size_t i = 0; i < users.size(); ++i) {
    // A read may have ended between our look into memory and our turn. Its value is judged as of now, not as
    // of our arrival: whoever shares this read may have arrived after us.
    if (auto landed = in_memory(users[i], clock.now())) {
      found[i] = *std::move(landed);
    } else {
      wanted.push_back(users[i]);
      places.push_back(i);
    }
  }
  const auto deadline = arrived + kRequestDeadline;
  if (wanted.size() == 1) {
    found[places.front()] = kept(store.history(wanted.front(), deadline), arrived);
  } else if (!wanted.empty()) {
    auto place = places.cbegin();
    for (const auto& history : store.histories(wanted, deadline)) found[*place++] = kept(history, arrived);
  }
  return found;
}

Answer RatingService::State::kept(const History& history, Instant arrived) {
  auto value = std::make_shared<const CachedHistory>(history.user, history.tag, to_json(history.ratings));
  const auto source = keep(value, arrived);
  return {std::move(value), source};
}

Source RatingService::State::keep(const CachedHistoryPtr& value, Instant arrived) {
  const bool in_memory = memory != nullptr && memory->usable();
  const bool in_redis = redis != nullptr && redis->usable();
  if ((!in_memory && !in_redis) || !coherence.trusted(arrived)) return Source::bypass;
  if (in_memory) memory->put(value);
  // Unknown users stay out of Redis: a scan over random ids must not push out real histories. purge-user
  // --hard removes a copy for the last time when no request from before can be at work any more: one that was
  // suspended meanwhile must not bring it back.
  const bool late = clock.now() >= arrived + kRequestDeadline;
  if (in_redis && !late && value->body() != kEmptyBody) redis->put(value);
  return Source::miss;
}

RatingService::RatingService(HistoryReader& store, Coherence& coherence, Cache* memory, Cache* redis,
                             Clock& clock, Sampler* sampler)
    : state_{std::make_unique<State>(store, coherence, memory, redis, clock, sampler)} {}

RatingService::~RatingService() = default;

std::optional<Answer> RatingService::hit(UserId user, GzipCopy copy, Instant arrived) {
  auto& state = *state_;
  if (state.memory == nullptr) return std::nullopt;
  auto value = state.memory->get(user);
  if (!value || (copy == GzipCopy::wanted && !value->gzip_made())) return std::nullopt;
  if (!state.coherence.usable_at_once(user, value->tag(), arrived)) return std::nullopt;
  Answer answer{std::move(value), Source::memory};
  state.count(answer);
  return answer;
}

Answer RatingService::history(UserId user, Instant arrived) {
  auto& state = *state_;
  auto hit = state.cached(user, arrived);
  auto answer = hit ? *std::move(hit) : std::move(state.missing({&user, 1}, arrived).front());
  state.count(answer);
  return answer;
}

ServiceFigures RatingService::figures() const noexcept {
  ServiceFigures figures;
  for (std::size_t source = 0; source < figures.answers.size(); ++source)
    figures.answers[source] = state_->answers.sum(source);
  figures.shared_reads = state_->flights.shared();
  return figures;
}

std::vector<Answer> RatingService::histories(std::span<const UserId> users, Instant arrived) {
  auto& state = *state_;
  std::unordered_map<UserId, Answer> answers;
  std::vector<UserId> missing;
  for (const auto user : users) {
    if (answers.contains(user)) continue;
    auto hit = state.cached(user, arrived);
    if (!hit) missing.push_back(user);
    answers.emplace(user, hit ? *std::move(hit) : Answer{});
  }
  if (!missing.empty()) {
    auto found = state.missing(missing, arrived);
    for (std::size_t i = 0; i < missing.size(); ++i) answers[missing[i]] = std::move(found[i]);
  }
  std::vector<Answer> ordered;
  ordered.reserve(users.size());
  for (const auto user : users) ordered.push_back(answers.at(user));
  for (const auto& [user, answer] : answers) state.count(answer);
  return ordered;
}

}  // namespace ratings
