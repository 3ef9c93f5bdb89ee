#pragma once

#include "ratings/clock.hpp"
#include "ratings/coherence.hpp"
#include "ratings/export.hpp"
#include "ratings/figures.hpp"
#include "ratings/overview.hpp"
#include "ratings/service.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace ratings {

struct HttpOptions {
  std::string host = "127.0.0.1";
  int port = 5001;       ///< 0: any free one
  unsigned threads = 0;  ///< event loops, which share the clients; 0: one a core
  /// Threads for requests that may have to wait for Redis or the store: some more than there are connections
  /// to the store, so that these always have work.
  unsigned workers = 32;
  /// Clients at once. Beyond it the one that has been idle for longest makes room. Each is a file: the limit
  /// on open files bounds it too.
  std::size_t connections = 16'384;
  std::chrono::milliseconds header_timeout{5'000};  ///< from a request's first byte to its last
  std::chrono::milliseconds idle_timeout{60'000};   ///< between requests
  std::chrono::milliseconds write_timeout{10'000};  ///< without a byte of the answer taken
  std::chrono::seconds drain_timeout{10};
  bool access_log = false;
  bool server_timing = false;  ///< every answer says in Server-Timing what it spent its time on
};

/// The HTTP side: reads, never writes. Thread-safe.
class RATINGS_EXPORT HttpServer {
 public:
  /// `redis` may be null; it is asked for /ready only. `figures`: what /metrics shows beside the server's
  /// own; none, if it is empty. `store`: what /ops.json asks, one thread at a time; may be null. Everything
  /// must outlive the server.
  HttpServer(RatingService& service, Coherence& coherence, Cache* redis, Clock& clock,
             const HttpOptions& options, ReadFigures figures = {}, OverviewReader* store = nullptr);
  ~HttpServer();

  /// Binds; returns the port. Error{unreachable} when it cannot, for example because the port is in use.
  int bind();
  /// Serves until stop(); returns after open requests have ended, or when the drain timeout is over.
  void run();
  /// From any thread: /ready says 503, no new connections, run() returns. Once only: whoever is in a hurry
  /// ends the process.
  void stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// GET http://host:port/path; the status, or 0 when there was no answer within `timeout`.
[[nodiscard]] RATINGS_EXPORT int http_status(const std::string& host, int port, const std::string& path,
                                             std::chrono::milliseconds timeout);

}  // namespace ratings
