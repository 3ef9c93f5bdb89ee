#include "coherence/validator.hpp"

#include "core/log.hpp"

#include "ratings/error.hpp"

#include <algorithm>
#include <limits>

namespace ratings {
namespace {

using std::chrono::milliseconds;

/// A validation is one index look-up; a store that needs longer is as good as away.
constexpr milliseconds kValidationBudget{500};
/// On the path of a request: beyond this, reading the rows themselves is no slower.
constexpr milliseconds kLookUpBudget{100};
/// Two questions, each prepared first on a new connection: four round trips, as a validation is two.
constexpr milliseconds kInspectionBudget{2 * kValidationBudget};
constexpr milliseconds kInspectionPeriod{1'000};
/// Never wait for one's turn longer than its holder may need; one that has to connect first needs more.
constexpr milliseconds kPatience = kValidationBudget + kInspectionBudget;
/// Another event loop that looks at the embedded store needs some 10 µs for it.
constexpr milliseconds kGlance{1};
constexpr milliseconds kFirstRetry{50};
constexpr milliseconds kLastRetry{2'000};
constexpr auto kNever = std::numeric_limits<Instant::rep>::min();

constexpr auto kUnsettled = [] { return false; };

bool is_store(const Check& check) { return check.name == "store"; }

}  // namespace

Validator::Validator(std::unique_ptr<PositionReader> positions, Clock& clock, unsigned seed)
    : positions_{std::move(positions)},
      local_{positions_->local()},
      clock_{clock},
      random_{seed},
      good_until_{kNever},
      failed_at_{kNever} {}

bool Validator::fresh(Instant arrived) {
  return good_for(arrived) || (strict_ && ask_for(arrived, kPatience));
}

bool Validator::fresh_at_once(Instant arrived) {
  return good_for(arrived) || (strict_ && local_ && ask_for(arrived, kGlance));
}

bool Validator::current(UserId user, const Tag& tag) {
  auto verdict = timeline_.judge(user, tag);
  if (verdict == Verdict::ahead && catch_up(tag.read.position)) verdict = timeline_.judge(user, tag);
  return verdict == Verdict::yes || (verdict == Verdict::ask && look_up(user, tag));
}

std::vector<Check> Validator::findings() const {
  const std::scoped_lock lock{findings_mutex_};
  return findings_;
}

CoherenceFigures Validator::figures() const noexcept {
  CoherenceFigures figures;
  figures.validations = so_far_.validations;
  figures.failures = so_far_.failures;
  if (figures.validations > 0) figures.age = clock_.now() - Instant{so_far_.asked_at};
  figures.position = so_far_.position;
  figures.delta = milliseconds{so_far_.delta};
  return figures;
}

std::chrono::nanoseconds Validator::round() {
  const auto turn = turn_.take(kPatience, kUnsettled);
  if (!turn) return kFirstRetry;
  // A store that answers but cannot be validated against (a standby, no schema) is looked at too: the
  // findings must say why.
  if ((validate() || answers_) && clock_.now() >= inspect_at_) inspect();
  if (failures_ > 0) return std::max<Instant>(retry_at_ - clock_.now(), milliseconds{1});
  // Δ/4: three questions may be lost before a value is refused. Strict mode needs only the findings.
  if (strict_) return kInspectionPeriod;
  return std::clamp<std::chrono::nanoseconds>(delta_ / 4, milliseconds{1}, kInspectionPeriod);
}

bool Validator::ask_for(Instant arrived, milliseconds patience) {
  const auto settled = [&] { return good_for(arrived) || failed_at_.load() >= arrived.count(); };
  const auto turn = turn_.take(patience, settled);
  if (turn) validate();  // stamped now, so it serves everybody who has arrived by now
  return good_for(arrived);
}

bool Validator::look_up(UserId user, const Tag& tag) {
  const auto turn = turn_.take(kLookUpBudget, kUnsettled);
  const auto verdict = timeline_.judge(user, tag);  // somebody may have asked meanwhile
  if (verdict != Verdict::ask) return verdict == Verdict::yes;
  const auto asked = clock_.now();
  if (!turn || asked < retry_at_) return false;
  try {
    const auto standing = positions_->standing(user, tag.read, asked + kLookUpBudget);
    return timeline_.adopt(user, tag, standing);
  } catch (const std::exception& error) {
    failed(asked, error.what());
    return false;
  }
}

bool Validator::catch_up(std::int64_t position) {
  const auto asked = clock_.now();
  const auto reached = [&] { return so_far_.position.load() >= position; };
  const auto settled = [&] {
    return reached() || so_far_.asked_at.load() >= asked.count() || failed_at_.load() >= asked.count();
  };
  const auto turn = turn_.take(kLookUpBudget, settled);
  if (turn) validate();
  return reached();  // not: the value is of a history that was lost
}

bool Validator::validate() {
  const auto asked = clock_.now();
  if (asked < retry_at_) return false;
  answers_ = false;
  try {
    const auto changes = positions_->changes_since(timeline_.last(), asked + kValidationBudget);
    if (changes.recovery)
      throw Error{Kind::store, "validating against a server in recovery: point --store at the primary"};
    install(changes);
    strict_ = delta_ == milliseconds{0};
    good_until_ = (asked + delta_).count();
    succeeded(asked);
    return true;
  } catch (const Error& error) {
    answers_ = error.kind() == Kind::store;
    failed(asked, error.what());
  } catch (const std::exception& error) {
    failed(asked, error.what());
  }
  return false;
}

void Validator::install(const Changes& changes) {
  const bool first = !timeline_.last().has_value();
  if (!first && !changes.known_point) {
    log::warn(
        "the store has another history (restored or failed over), cached values of the old one are refused");
  }
  if (first || !changes.known_point || changes.overflow) {
    timeline_.start(changes.state);
  } else {
    timeline_.advance(changes);
  }
  delta_ = std::max(changes.state.delta, milliseconds{0});
}

void Validator::inspect() {
  const auto asked = clock_.now();
  try {
    auto found = positions_->checks(asked + kInspectionBudget);
    // Away is not unfit: what was found before stands, and the last validation runs out by itself.
    const bool away =
        std::ranges::any_of(found, [](const Check& check) { return is_store(check) && !check.ok; });
    const bool unfit =
        std::ranges::any_of(found, [](const Check& check) { return !check.ok && check.blocks_cache; });
    if (!away) {
      if (unfit && !unfit_)
        log::warn("the store is not fit for caching, every answer is read from it; see 'ratingsctl status'");
      blocked_ = unfit_ = unfit;
    }
    inspect_at_ = asked + kInspectionPeriod;
    const std::scoped_lock lock{findings_mutex_};
    findings_ = std::move(found);
  } catch (const std::exception& error) {
    failed(asked, error.what());
  }
}

void Validator::failed(Instant asked, const char* reason) {
  failed_at_ = asked.count();
  ++so_far_.failures;
  if (failures_ == 0)
    log::warn("the store cannot be validated, cached answers run out reason={}", log::quoted(reason));
  const auto limit = std::min(kLastRetry, kFirstRetry * (1 << std::min(failures_, 6U)));
  ++failures_;
  // Half to the whole of it, so that many servers do not return in step.
  std::uniform_int_distribution<milliseconds::rep> jitter{limit.count() / 2, limit.count()};
  retry_at_ = clock_.now() + milliseconds{jitter(random_)};
  inspect_at_ = Instant{0};  // it may come back as another store
  const std::scoped_lock lock{findings_mutex_};
  const auto store = std::ranges::find_if(findings_, is_store);
  const Check away{.name = "store", .ok = false, .blocks_cache = true, .detail = "the store does not answer"};
  if (store != findings_.end()) {
    *store = away;
  } else {
    findings_.insert(findings_.begin(), away);
  }
}

void Validator::succeeded(Instant asked) {
  so_far_.asked_at = asked.count();
  so_far_.position = timeline_.last()->position;
  so_far_.delta = delta_.count();
  ++so_far_.validations;
  if (failures_ > 0) log::info("the store is validated again");
  failures_ = 0;
}

}  // namespace ratings
