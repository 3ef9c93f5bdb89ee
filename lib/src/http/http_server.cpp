#include "ratings/http_server.hpp"

#include "core/log.hpp"
#include "http/conversation.hpp"
#include "http/engine.hpp"
#include "http/listener.hpp"
#include "http/metrics_text.hpp"
#include "http/router.hpp"

#include "ratings/error.hpp"
#include "ratings/version.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace ratings {
namespace {

/// Accepted connections that no worker has taken yet, and how many workers are busy. Thread-safe.
class Queue {
 public:
  explicit Queue(std::size_t workers) : workers_{workers} {}

  void push(http::Descriptor socket) {
    const std::lock_guard lock{mutex_};
    waiting_.push_back(std::move(socket));
    if (busy_ >= workers_) wanted_.call();
    changed_.notify_one();
  }

  /// The next connection; nullopt once closed and empty. Whoever got one says done() afterwards.
  std::optional<http::Descriptor> pop() {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [this] { return closed_ || !waiting_.empty(); });
    if (waiting_.empty()) return std::nullopt;
    auto socket = std::move(waiting_.front());
    waiting_.pop_front();
    ++busy_;
    // Calls that a worker answered by becoming free by itself must not close further connections.
    while (waiting_.empty() && wanted_.take()) {
    }
    return socket;
  }

  void done() {
    const std::lock_guard lock{mutex_};
    --busy_;
    idle_.notify_all();
  }

  void add_to(http::HttpFigures& figures) const {
    const std::lock_guard lock{mutex_};
    figures.connections_served = busy_;
    figures.connections_waiting = waiting_.size();
  }

  /// Called for when a connection waits and every worker has one.
  [[nodiscard]] http::Calls& wanted() noexcept { return wanted_; }

  void close() {
    const std::lock_guard lock{mutex_};
    closed_ = true;
    changed_.notify_all();
  }

  /// False when connections were still being served after `timeout`.
  bool wait_until_idle(std::chrono::seconds timeout) {
    std::unique_lock lock{mutex_};
    return idle_.wait_for(lock, timeout, [this] { return waiting_.empty() && busy_ == 0; });
  }

 private:
  const std::size_t workers_;
  http::Calls wanted_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::condition_variable idle_;
  std::deque<http::Descriptor> waiting_;
  std::size_t busy_ = 0;
  bool closed_ = false;
};

}  // namespace

/// Acceptor (the thread in run()) ▸ queue ▸ workers, one connection each at a time.
struct HttpServer::State {
  State(RatingService& service, Coherence& checker, Cache* redis, Clock& time, HttpOptions settings,
        ReadFigures others)
      : clock{time},
        options{std::move(settings)},
        coherence{checker},
        figures{std::move(others)},
        router{service, coherence, redis, time, draining, budget, [this] { return metrics(); }} {}

  ~State() {
    stop();
    cut.happen();
    queue.close();
    workers.clear();  // joins; a worker in a store read ends with that read's deadline
  }

  void stop() noexcept {
    draining = true;
    stopping.happen();
  }

  void work() {
    http::Engine engine{router, clock, options.access_log ? http::AccessLog::on : http::AccessLog::off};
    while (auto socket = queue.pop()) {
      try {
        http::converse(http::Connection{std::move(*socket), stopping, cut, queue.wanted()}, engine, clock,
                       draining, requests);
      } catch (const std::exception& error) {
        log::error("connection dropped error=\"{}\"", error.what());
      }
      queue.done();
    }
  }

  [[nodiscard]] std::string metrics() const {
    http::HttpFigures http;
    for (std::size_t route = 0; route < http.routes.size(); ++route)
      http.routes[route] = requests.figures(static_cast<http::RouteName>(route));
    queue.add_to(http);
    http.shed_busy = router.shed(Kind::busy);
    http.shed_overloaded = budget.refused();
    http.shed_unavailable = router.shed(Kind::unreachable);
    return http::metrics_text(http, figures ? figures() : Figures{}, coherence.checks(), process_figures(),
                              kVersion);
  }

  http::RequestCounters requests;  // first: it fills whole cache lines
  Clock& clock;
  const HttpOptions options;
  Coherence& coherence;
  const ReadFigures figures;
  std::atomic<bool> draining{false};
  http::SendBudget budget;
  http::Router router;
  http::Event stopping;  ///< idle connections close
  http::Event cut;       ///< the drain timeout is over
  Queue queue{std::max(1U, options.threads)};
  std::optional<http::Listener> listener;
  std::vector<std::jthread> workers;
};

HttpServer::HttpServer(RatingService& service, Coherence& coherence, Cache* redis, Clock& clock,
                       const HttpOptions& options, ReadFigures figures)
    : state_{std::make_unique<State>(service, coherence, redis, clock, options, std::move(figures))} {}

HttpServer::~HttpServer() = default;

int HttpServer::bind() {
  state_->listener.emplace(state_->options.host, state_->options.port);
  return state_->listener->port();
}

void HttpServer::run() {
  auto& state = *state_;
  if (!state.listener) bind();
  for (unsigned i = 0; i < std::max(1U, state.options.threads); ++i) {
    state.workers.emplace_back([&state] { state.work(); });
  }
  while (auto socket = state.listener->accept(state.stopping)) state.queue.push(std::move(*socket));
  state.listener.reset();

  if (!state.queue.wait_until_idle(state.options.drain_timeout)) {
    log::warn("connections cut at the drain timeout seconds={}", state.options.drain_timeout.count());
  }
  state.cut.happen();
  state.queue.close();
}

void HttpServer::stop() { state_->stop(); }

}  // namespace ratings
