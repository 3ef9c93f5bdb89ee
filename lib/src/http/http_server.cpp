#include "ratings/http_server.hpp"

#include "core/log.hpp"
#include "http/event_loop.hpp"
#include "http/job_queue.hpp"
#include "http/listener.hpp"
#include "http/metrics_text.hpp"
#include "http/ops_json.hpp"
#include "http/overview_keeper.hpp"
#include "http/router.hpp"

#include "ratings/error.hpp"
#include "ratings/replicas.hpp"
#include "ratings/version.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <iterator>
#include <mutex>
#include <optional>
#include <sys/resource.h>
#include <thread>
#include <vector>

namespace ratings {
namespace {

/// Requests that wait for a worker. At some 5,000 store reads a second and core, the last of them waits for
/// 0.2 s; more would only make all wait longer, and the thousand clients who ask for one cold history still
/// fit.
constexpr std::size_t kQueued = 1'024;
/// Questions about the server itself, of each kind; a scraper and a load balancer ask once a second.
constexpr std::size_t kQueuedOfItself = 64;
/// Descriptors that are no clients: the store's connections, Redis', files, the standard ones, two for each
/// loop.
constexpr std::size_t kOtherFiles = 128;

std::size_t most_clients(std::size_t wanted) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return wanted;
  const auto files = static_cast<std::size_t>(limit.rlim_cur);
  const auto room = files > 2 * kOtherFiles ? files - kOtherFiles : files / 2;
  return std::max<std::size_t>(1, std::min(wanted, room));
}

http::Patience patience_of(const HttpOptions& options) {
  return {.idle = options.idle_timeout, .head = options.header_timeout, .writing = options.write_timeout};
}

}  // namespace

/// Listener ▸ event loops ▸ memory, or ▸ queue ▸ workers ▸ back to the loop.
struct HttpServer::State {
  State(RatingService& service, Coherence& checker, Cache* redis, Clock& time, HttpOptions settings,
        ReadFigures others, OverviewReader* store)
      : options{std::move(settings)},
        coherence{checker},
        figures{std::move(others)},
        overviews{store, time},
        router{service,
               coherence,
               redis,
               time,
               draining,
               budget,
               [this] { return metrics(); },
               [this] { return ops(); },
               [this] { return replica_checks(other_figures().replicas); }},
        answering{.router = router,
                  .clock = time,
                  .requests = requests,
                  .draining = draining,
                  .access_log = options.access_log ? http::AccessLog::on : http::AccessLog::off,
                  .server_timing = options.server_timing ? http::ServerTiming::on : http::ServerTiming::off,
                  .idle = std::chrono::duration_cast<std::chrono::seconds>(options.idle_timeout)},
        shared{.data = data,
               .metrics = metrics_page,
               .ready = ready,
               .patience = patience_of(options),
               .most_clients = most_clients(options.connections),
               .loops = {},
               .changed = [this] { note(); }} {}

  ~State() {
    for (const auto& loop : loops) loop->cut();
    data.close();
    metrics_page.close();
    ready.close();
    threads.clear();  // joins; a worker in a store read ends with that read's deadline
  }

  void bind() {
    listener.emplace(options.host, options.port);
    shared.listener = &*listener;
    const auto cores = std::max(1U, std::thread::hardware_concurrency());
    for (unsigned i = 0; i < (options.threads > 0 ? options.threads : cores); ++i) {
      loops.push_back(std::make_unique<http::EventLoop>(shared, answering));
      shared.loops.push_back(loops.back().get());
    }
  }

  void start() {
    for (unsigned i = 0; i < std::max(1U, options.workers); ++i)
      threads.emplace_back([this] { http::work(data, answering); });
    threads.emplace_back([this] { http::work(metrics_page, answering); });
    threads.emplace_back([this] { http::work(ready, answering); });
    for (const auto& loop : loops) threads.emplace_back([&loop = *loop] { loop.run(); });
  }

  void stop() {
    draining = true;
    note();
  }

  /// Something has changed that run() may wait for.
  void note() {
    const std::scoped_lock lock{mutex};
    changed.notify_all();
  }

  [[nodiscard]] bool all(bool (http::EventLoop::*is)() const noexcept) const {
    return std::ranges::all_of(loops, [is](const auto& loop) { return ((*loop).*is)(); });
  }

  [[nodiscard]] http::HttpFigures own_figures() const {
    http::HttpFigures http;
    for (std::size_t route = 0; route < http.routes.size(); ++route)
      http.routes[route] = requests.figures(static_cast<http::RouteName>(route));
    for (const auto& loop : loops) {
      http.connections += loop->clients();
      http.connections_idle += loop->idle();
      http.evicted += loop->evicted();
      http.shed_overloaded += loop->turned_away();
    }
    http.requests_waiting = data.waiting() + metrics_page.waiting() + ready.waiting();
    // What `ready` does not take on is answered all the same.
    http.shed_busy = router.shed(Kind::busy) + data.refused() + metrics_page.refused();
    http.shed_overloaded += budget.refused();
    http.shed_unavailable = router.shed(Kind::unreachable);
    return http;
  }

  [[nodiscard]] Figures other_figures() const { return figures ? figures() : Figures{}; }

  [[nodiscard]] std::string metrics() const {
    return http::metrics_text(own_figures(), other_figures(), coherence.checks(), process_figures(),
                              kVersion);
  }

  [[nodiscard]] std::string ops() {
    const auto store = overviews.look();
    const auto others = other_figures();
    auto checks = coherence.checks();
    std::ranges::move(replica_checks(others.replicas), std::back_inserter(checks));
    return http::ops_json(own_figures(), others, checks, store, process_figures(), kVersion);
  }

  http::RequestCounters requests;  // first: it fills whole cache lines
  const HttpOptions options;
  Coherence& coherence;
  const ReadFigures figures;
  http::OverviewKeeper overviews;
  std::atomic<bool> draining{false};
  http::SendBudget budget;
  http::Router router;
  const http::Answering answering;
  http::JobQueue data{kQueued};
  http::JobQueue metrics_page{kQueuedOfItself};
  http::JobQueue ready{kQueuedOfItself};
  http::Loops shared;
  std::optional<http::Listener> listener;
  std::vector<std::unique_ptr<http::EventLoop>> loops;
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::jthread> threads;
};

HttpServer::HttpServer(RatingService& service, Coherence& coherence, Cache* redis, Clock& clock,
                       const HttpOptions& options, ReadFigures figures, OverviewReader* store)
    : state_{std::make_unique<State>(service, coherence, redis, clock, options, std::move(figures), store)} {}

HttpServer::~HttpServer() = default;

int HttpServer::bind() {
  state_->bind();
  return state_->listener->port();
}

void HttpServer::run() {
  auto& state = *state_;
  if (!state.listener) bind();
  state.start();
  std::unique_lock lock{state.mutex};
  state.changed.wait(lock, [&state] { return state.draining.load(); });
  for (const auto& loop : state.loops) loop->drain();
  using http::EventLoop;
  const auto until = std::chrono::steady_clock::now() + state.options.drain_timeout;
  const auto deaf = [&state] { return state.all(&EventLoop::deaf); };
  const auto done = [&state] { return state.all(&EventLoop::ended); };
  // Closed once no loop has it in its hands, so that who comes now is refused and does not wait.
  if (state.changed.wait_until(lock, until, deaf)) state.listener.reset();
  if (!state.changed.wait_until(lock, until, done)) {
    log::warn("connections cut at the drain timeout seconds={}", state.options.drain_timeout.count());
    for (const auto& loop : state.loops) loop->cut();
    state.changed.wait(lock, done);
  }
}

void HttpServer::stop() { state_->stop(); }

}  // namespace ratings
