#include "service/hit_sampler.hpp"

#include "core/log.hpp"

#include "ratings/history_view.hpp"
#include "ratings/service.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace ratings {
namespace {

using std::chrono::milliseconds;

/// A comparison holds a history three times, outside of every budget. This is five times the largest one of
/// the real data (18,276 ratings).
constexpr std::size_t kLargestBody = 6U * 1024 * 1024;
/// Beyond Δ, for the validator's own question to come back.
constexpr milliseconds kSlack{100};
/// A cache that lies would fill the log otherwise.
constexpr Instant kLogPause = std::chrono::minutes{1};
/// How often the thread looks whether a suspect is due.
constexpr milliseconds kNap{100};

bool other_history(const Tag& cached, const Tag& found) {
  if (found.read.position == cached.read.position) return found.read.salt != cached.read.salt;
  return found.read.position < cached.read.position;
}

}  // namespace

HitSampler::HitSampler(HistoryReader& store, Coherence& coherence, Clock& clock, SamplerOptions options,
                       Background background)
    : store_{store}, coherence_{coherence}, clock_{clock}, options_{std::move(options)} {
  if (background == Background::thread)
    thread_ = std::jthread{[this](const std::stop_token& stop) { run(stop); }};
}

void HitSampler::hit(const CachedHistoryPtr& value) noexcept {
  const auto one_in = std::max<std::uint64_t>(options_.one_in, 1);
  if (hits_.add(0) % one_in != one_in - 1) return;
  if (value->body().size() > kLargestBody) return count(Number::skipped);
  {
    const std::unique_lock lock{mutex_, std::try_to_lock};  // a request never waits here
    if (!lock || waiting_) return count(Number::skipped);
    waiting_ = value;
  }
  chosen_one_.notify_one();
}

SamplerFigures HitSampler::figures() const noexcept {
  const auto sum = [this](Number number) { return numbers_.sum(static_cast<std::size_t>(number)); };
  return {.equal = sum(Number::equal),
          .changed = sum(Number::changed),
          .skipped = sum(Number::skipped),
          .mismatches = sum(Number::mismatches)};
}

void HitSampler::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    {
      std::unique_lock lock{mutex_};
      const auto chosen = [this] { return waiting_ != nullptr; };
      if (suspect_) {
        chosen_one_.wait_for(lock, stop, kNap, chosen);
      } else {
        chosen_one_.wait(lock, stop, chosen);
      }
    }
    if (stop.stop_requested()) return;
    try {
      step();
    } catch (const std::exception& error) {
      count(Number::skipped);
      log::debug("comparing a cached history failed: {}", error.what());
    }
  }
}

void HitSampler::step() {
  if (suspect_ && clock_.now() >= suspect_->due) {
    const auto suspect = *std::exchange(suspect_, std::nullopt);
    look_again(suspect);
  }
  CachedHistoryPtr value;
  {
    const std::scoped_lock lock{mutex_};
    value = std::exchange(waiting_, nullptr);
  }
  if (value) compare(value);
}

std::optional<History> HitSampler::read(UserId user) {
  auto found = store_.spare_history(user, clock_.now() + kRequestDeadline);
  if (!found) count(Number::skipped);
  return found;
}

void HitSampler::compare(const CachedHistoryPtr& value) {
  const auto found = read(value->user());
  if (!found) return;
  if (to_json(found->ratings) == value->body()) return count(Number::equal);
  if (found->tag.own == value->tag().own) {
    if (other_history(value->tag(), found->tag)) return count(Number::changed);
    return report(*value, found->tag);
  }
  const auto figures = coherence_.figures();
  const auto delta = figures ? figures->delta : milliseconds{0};
  if (suspect_) return count(Number::changed);  // one at a time: the next hit of that kind is a chance too
  suspect_ = Suspect{.value = value, .found = found->tag, .due = clock_.now() + delta + kSlack};
}

void HitSampler::look_again(const Suspect& suspect) {
  const auto& value = *suspect.value;
  if (!coherence_.usable(value.user(), value.tag(), clock_.now())) return count(Number::changed);
  const auto found = read(value.user());
  if (!found) return;
  // Another position than last time: changed or restored since, and nothing can be said.
  if (found->tag.own != suspect.found.own || to_json(found->ratings) == value.body())
    return count(Number::changed);
  report(value, found->tag);
}

void HitSampler::report(const CachedHistory& value, const Tag& found) {
  count(Number::mismatches);
  const std::array users{value.user()};
  for (auto* tier : options_.tiers) {
    if (tier != nullptr) (void)tier->erase(users);
  }
  const auto now = clock_.now();
  if (last_logged_ != Instant{} && now - last_logged_ < kLogPause) return;
  last_logged_ = now;
  log::error(
      "a cached history is not what the store holds, it is dropped user={} cached_own={} cached_position={} "
      "store_own={} store_position={}",
      value.user().value, value.tag().own, value.tag().read.position, found.own, found.read.position);
}

std::unique_ptr<Sampler> make_sampler(HistoryReader& store, Coherence& coherence, Clock& clock,
                                      const SamplerOptions& options) {
  return std::make_unique<HitSampler>(store, coherence, clock, options, HitSampler::Background::thread);
}

}  // namespace ratings
