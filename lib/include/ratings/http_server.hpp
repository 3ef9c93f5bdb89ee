#pragma once

#include "ratings/clock.hpp"
#include "ratings/coherence.hpp"
#include "ratings/export.hpp"
#include "ratings/figures.hpp"
#include "ratings/service.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace ratings {

struct HttpOptions {
  std::string host = "127.0.0.1";
  int port = 5001;  ///< 0: any free one
  /// One thread a live connection (the HTTP library's model); more connections than threads wait.
  unsigned threads = 64;
  std::chrono::seconds drain_timeout{10};
  bool access_log = false;
};

/// The HTTP side: reads, never writes. Thread-safe.
class RATINGS_EXPORT HttpServer {
 public:
  /// `redis` may be null; it is asked for /ready only. `figures`: what /metrics shows beside the server's
  /// own; none, if it is empty. Everything must outlive the server.
  HttpServer(RatingService& service, Coherence& coherence, Cache* redis, Clock& clock,
             const HttpOptions& options, ReadFigures figures = {});
  ~HttpServer();

  /// Binds; returns the port. Error{unreachable} when it cannot, for example because the port is in use.
  int bind();
  /// Serves until stop(); returns after open requests have ended, or when the drain timeout is over.
  void run();
  /// From any thread: /ready says 503, no new connections, run() returns.
  void stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// GET http://host:port/path; the status, or 0 when there was no answer within `timeout`.
[[nodiscard]] RATINGS_EXPORT int http_status(const std::string& host, int port, const std::string& path,
                                             std::chrono::milliseconds timeout);

}  // namespace ratings
