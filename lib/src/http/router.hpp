#pragma once

#include "http/responses.hpp"
#include "http/web_contents.hpp"

#include "ratings/clock.hpp"
#include "ratings/coherence.hpp"
#include "ratings/service.hpp"

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ratings::http {

struct Request {
  std::string_view method;
  std::string_view target;  ///< as sent
  Conditions conditions;
  Instant arrived{};         ///< read from the clock after the request's last byte
  std::string_view id = {};  ///< for the log; empty: one is made for what the log tells of
};

/// Request ▸ route ▸ service ▸ response. Knows no sockets. Thread-safe; never throws: a failure is a
/// response. Everything given must outlive it; `redis` may be null.
class Router {
 public:
  /// `metrics` writes the page of /metrics, `ops` that of /ops.json. `more_checks`: what /ready lists beside
  /// the store's own; may be empty.
  Router(RatingService& service, Coherence& coherence, Cache* redis, Clock& clock,
         const std::atomic<bool>& draining, SendBudget& budget, std::function<std::string()> metrics,
         std::function<std::string()> ops, std::function<std::vector<Check>()> more_checks = {})
      : service_{service},
        coherence_{coherence},
        redis_{redis},
        clock_{clock},
        draining_{draining},
        budget_{budget},
        metrics_{std::move(metrics)},
        ops_{std::move(ops)},
        more_checks_{std::move(more_checks)} {}

  [[nodiscard]] Response answer(const Request& request) noexcept;
  /// The answer to /rates/{uid} without parameters, if it lies in memory and is known to be good without
  /// asking anybody; the same as answer() would give. nullopt: ask answer(), which may wait.
  [[nodiscard]] std::optional<Response> hit(UserId user, const Conditions& conditions,
                                            Instant arrived) noexcept;
  /// Whether /ready asks somebody who may keep it waiting.
  [[nodiscard]] bool ready_waits() const noexcept { return redis_ != nullptr; }
  /// The answer of /ready without waiting: Redis as it was found when it was asked last.
  [[nodiscard]] Response ready_as_known();
  /// Requests that failed because the store was `kind` (busy or unreachable), so far.
  [[nodiscard]] std::uint64_t shed(Kind kind) const noexcept {
    return kind == Kind::busy ? shed_busy_ : shed_unreachable_;
  }

 private:
  Response answer_route(const Refusal& refusal, const Request& request);
  Response answer_route(const Ping& ping, const Request& request);
  Response answer_route(const Live& live, const Request& request);
  Response answer_route(const Ready& ready, const Request& request);
  Response answer_route(const Metrics& metrics, const Request& request);
  Response answer_route(const Ops& ops, const Request& request);
  Response answer_route(const WebFile& file, const Request& request);
  Response answer_route(const RatesOfUser& rates, const Request& request);
  Response answer_route(const RatesOfUsers& rates, const Request& request);
  Response answer_route(const ProfileOfUser& profile, const Request& request);

  /// What it holds of the budget, or 503 in its place.
  [[nodiscard]] Response within_budget(Response response);
  /// For what is computed from a history: that needs about as much memory as the text. Not shared, because
  /// each request computes for itself. nullopt: no room.
  [[nodiscard]] std::optional<SendBudget::Hold> workspace_for(const CachedHistory& history);
  Response failed(const std::exception& error, Kind kind, std::string_view id);

  RatingService& service_;
  Coherence& coherence_;
  Cache* redis_;
  Clock& clock_;
  const std::atomic<bool>& draining_;
  SendBudget& budget_;
  const std::function<std::string()> metrics_;
  const std::function<std::string()> ops_;
  const std::function<std::vector<Check>()> more_checks_;
  const WebContents web_;
  std::atomic<bool> redis_usable_{true};
  std::atomic<Instant::rep> last_logged_{0};
  std::atomic<std::uint64_t> shed_busy_{0};
  std::atomic<std::uint64_t> shed_unreachable_{0};
};

}  // namespace ratings::http
