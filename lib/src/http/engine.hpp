#pragma once

#include "http/gate.hpp"
#include "http/router.hpp"

#include <memory>

namespace ratings::http {

/// A request that passed the gate ▸ cpp-httplib ▸ Router ▸ response. The only door to cpp-httplib, for every
/// version of it. httplib gets a request line and nothing else: no field that a client chose reaches it, so
/// none can shadow its own (REMOTE_ADDR), make it read a body, cut a range, or send "100 Continue".
/// Not thread-safe: one for each thread. The router must outlive it.
class Engine {
 public:
  explicit Engine(Router& router);
  ~Engine();

  /// `arrived`: read from the clock after the request's last byte. `id`: of the request, for the log; may be
  /// empty.
  [[nodiscard]] Response answer(const Admitted& request, Instant arrived, std::string_view id);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ratings::http
