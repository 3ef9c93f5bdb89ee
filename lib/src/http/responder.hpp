#pragma once

#include "http/engine.hpp"
#include "http/reply.hpp"
#include "http/request_counters.hpp"

#include "ratings/clock.hpp"

#include <atomic>
#include <variant>

namespace ratings::http {

enum class AccessLog { off, on };
enum class ServerTiming { off, on };

/// Who answers what cannot be answered at once.
enum class Lane {
  data,     ///< may wait for Redis or the store, or takes longer than others should wait for it
  metrics,  ///< must get its turn also when all that read data wait for a store
  ready,    ///< must get its turn also when many ask for /metrics
};

/// What every thread that answers works with.
struct Answering {
  Router& router;
  Clock& clock;
  RequestCounters& requests;
  const std::atomic<bool>& draining;  ///< every answer is then its connection's last
  AccessLog access_log = AccessLog::off;
  ServerTiming server_timing = ServerTiming::off;
  std::chrono::seconds idle{60};  ///< promised to clients that keep their connection
};

/// A request that passed the gate ▸ the reply, counted and logged. Not thread-safe: one for each thread. What
/// `with` refers to must outlive it.
class Responder {
 public:
  explicit Responder(const Answering& with) : with_{with}, engine_{with.router} {}

  /// Never waits: answers what is in memory or needs nothing, and says who answers the rest. A plain memory
  /// hit does not go through cpp-httplib.
  [[nodiscard]] std::variant<Reply, Lane> at_once(const Admitted& request, Instant arrived);
  /// Takes as long as it takes. Always through cpp-httplib.
  [[nodiscard]] Reply answer(const Admitted& request, Instant arrived);
  /// For a request that nobody can take on now. /ready gets its answer all the same: whether a server is fit
  /// must not depend on how many ask.
  [[nodiscard]] Reply decline(const Admitted& request, Refusal refusal, Instant arrived);
  /// For what did not pass the gate.
  [[nodiscard]] Reply refuse(const Refused& refused, Instant arrived);

 private:
  /// Every answer of a server that stops is its connection's last.
  [[nodiscard]] After parting(After wanted) const noexcept;
  /// The request's id, or one made for it; empty when nobody wants one: then a memory hit does not pay for
  /// it.
  [[nodiscard]] std::string id_of(const std::optional<std::string_view>& sent) const;
  /// `begun`: when somebody turned to it; later than `arrived` by the wait in the queue.
  [[nodiscard]] Reply finish(Response response, const Admitted& request, Instant arrived,
                             std::optional<Instant> begun = std::nullopt);
  [[nodiscard]] Reply finish(Reply reply, std::string_view method, std::string_view target, Instant arrived);
  void write_log(std::string_view method, std::string_view target, const Reply& reply, Instant took) const;

  const Answering with_;
  Engine engine_;
};

}  // namespace ratings::http
