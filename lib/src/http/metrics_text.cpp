#include "http/metrics_text.hpp"

#include "ratings/service.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace ratings::http {
namespace {

double seconds(std::chrono::nanoseconds time) { return std::chrono::duration<double>{time}.count(); }

/// Writes families one after the other: HELP and TYPE, then the samples, as the format wants them.
class Page {
 public:
  void family(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    add("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
  }
  template <typename Number>
  void sample(Number value) {
    add("{} {}\n", name_, value);
  }
  /// `labels`: as they stand in the braces. What is not from this file goes through label_value().
  template <typename Number>
  void sample(std::string_view labels, Number value) {
    add("{}{{{}}} {}\n", name_, labels, value);
  }
  /// Of a part of the family: _bucket, _sum, _count.
  template <typename Number>
  void part(std::string_view suffix, std::string_view labels, Number value) {
    add("{}{}{{{}}} {}\n", name_, suffix, labels, value);
  }
  template <typename Number>
  void counter(std::string_view name, std::string_view help, Number value) {
    family(name, "counter", help);
    sample(value);
  }
  template <typename Number>
  void gauge(std::string_view name, std::string_view help, Number value) {
    family(name, "gauge", help);
    sample(value);
  }
  template <typename Number>
  void gauge(std::string_view name, std::string_view help, const std::optional<Number>& value) {
    if (value) gauge(name, help, *value);
  }

  [[nodiscard]] std::string text() && { return std::move(text_); }

 private:
  template <typename... Args>
  void add(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
  }

  std::string text_;
  std::string_view name_;
};

void write_requests(Page& page, const HttpFigures& http) {
  page.family("ratingsctl_http_requests_total", "counter", "Requests answered, by route and status.");
  for (std::size_t route = 0; route < http.routes.size(); ++route) {
    for (std::size_t i = 0; i < kStatuses.size(); ++i) {
      // A series begins with its first request: a route never has most of the statuses.
      if (http.routes[route].by_status[i] == 0) continue;
      const auto code = kStatuses[i] == 0 ? std::string{"other"} : std::to_string(kStatuses[i]);
      page.sample(fmt::format(R"(route="{}",code="{}")", kRouteNames[route], code),
                  http.routes[route].by_status[i]);
    }
  }

  page.family("ratingsctl_http_request_duration_seconds", "histogram",
              "From a request's last byte until its answer was ready, by route.");
  for (std::size_t route = 0; route < http.routes.size(); ++route) {
    const auto& figures = http.routes[route];
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < figures.by_bucket.size(); ++i) {
      count += figures.by_bucket[i];
      page.part("_bucket",
                fmt::format(R"(route="{}",le="{}")", kRouteNames[route],
                            i < kBuckets.size() ? kBuckets[i].le : "+Inf"),
                count);
    }
    const auto label = fmt::format(R"(route="{}")", kRouteNames[route]);
    page.part("_sum", label, seconds(figures.took));
    page.part("_count", label, count);
  }

  page.family(
      "ratingsctl_http_shed_total", "counter",
      "Requests answered 503: a worker or the store had no time (busy), the store could not be reached "
      "(unavailable), or there were too many connections or bytes under way (overloaded).");
  page.sample(R"(reason="busy")", http.shed_busy);
  page.sample(R"(reason="overloaded")", http.shed_overloaded);
  page.sample(R"(reason="unavailable")", http.shed_unavailable);
  page.family("ratingsctl_http_connections", "gauge", "Open connections: between requests, or with one.");
  page.sample(R"(state="idle")", http.connections_idle);
  page.sample(R"(state="active")", http.connections - std::min(http.connections, http.connections_idle));
  page.counter("ratingsctl_http_evicted_total", "Idle connections that were closed to make room.",
               http.evicted);
  page.gauge("ratingsctl_http_requests_waiting", "Requests that wait for a worker.", http.requests_waiting);
}

void write_service(Page& page, const ServiceFigures& service) {
  page.family(
      "ratingsctl_histories_total", "counter",
      "Histories given, by X-Cache: from the memory cache, from Redis, from the store (miss), or from the "
      "store because no cache could be used (bypass).");
  for (std::size_t source = 0; source < service.answers.size(); ++source) {
    page.sample(fmt::format(R"(source="{}")", to_string(static_cast<Source>(source))),
                service.answers[source]);
  }
  page.counter("ratingsctl_shared_reads_total",
               "Histories taken from a store read that another request had begun.", service.shared_reads);
}

void write_memory(Page& page, const MemoryFigures& memory) {
  page.gauge("ratingsctl_memory_cache_bytes", "Held by the memory cache.", memory.bytes);
  page.gauge("ratingsctl_memory_cache_limit_bytes", "Its budget.", memory.budget);
  page.gauge("ratingsctl_memory_cache_entries", "Histories in the memory cache.", memory.entries);
  page.counter("ratingsctl_memory_cache_evictions_total", "Histories that had to make room.",
               memory.evictions);
}

/// What others have chosen, such as a host's name, as the value of a label.
std::string label_value(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == '"') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out;
}

/// Goes on with the family of breakers.
void write_redis_cluster(Page& page, const RedisClusterFigures& cluster) {
  for (const auto& node : cluster.nodes)
    page.sample(fmt::format(R"(node="{}")", label_value(node.name)), node.breaker_open ? 1 : 0);
  page.counter("ratingsctl_redis_redirections_total", "Commands that a node sent on to another (MOVED, ASK).",
               cluster.redirections);
  page.counter("ratingsctl_redis_maps_total", "Times that the cluster was asked who holds what.",
               cluster.maps);
}

void write_redis(Page& page, const RedisFigures& redis) {
  page.family("ratingsctl_redis_commands_total", "counter",
              "Commands: answered, failed, or skipped because the breaker was open.");
  page.sample(R"(outcome="answered")", redis.answered);
  page.sample(R"(outcome="failed")", redis.failed);
  page.sample(R"(outcome="skipped")", redis.skipped);
  page.counter("ratingsctl_redis_refused_values_total", "Values that were damaged or another user's.",
               redis.refused);
  page.family("ratingsctl_redis_breaker_open", "gauge",
              "1 while Redis is left alone after failures; of a cluster, each node by itself.");
  if (redis.cluster)
    write_redis_cluster(page, *redis.cluster);
  else
    page.sample(redis.breaker_open ? 1 : 0);
  page.family("ratingsctl_redis_connections", "gauge", "Connections to Redis.");
  page.sample(R"(state="in_use")", redis.connections_in_use);
  page.sample(R"(state="idle")", redis.connections_idle);
}

void write_pool(Page& page, const PoolFigures& pool) {
  page.gauge("ratingsctl_store_pool_limit", "Most connections for reading histories.", pool.size);
  page.gauge("ratingsctl_store_pool_in_use", "Those in use.", pool.in_use);
  page.gauge("ratingsctl_store_pool_waiting", "Requests that wait for one.", pool.waiting);
  page.counter("ratingsctl_store_pool_waits_total", "Requests that had to wait for one.", pool.waits);
  page.counter("ratingsctl_store_pool_wait_seconds_total", "How long they waited.", seconds(pool.waited));
  page.counter("ratingsctl_store_pool_timeouts_total", "Waits that ended without one.", pool.timeouts);
  page.counter("ratingsctl_store_pool_refused_total", "Requests refused because too many waited already.",
               pool.refused);
}

std::string label_of(const ReplicaFigures& replica) {
  return fmt::format(R"(replica="{}")", label_value(replica.name));
}

void write_replicas(Page& page, const std::vector<ReplicaFigures>& replicas) {
  if (replicas.empty()) return;
  page.family("ratingsctl_replica_up", "gauge",
              "1 while a read replica answers and has the history of the store, by its address.");
  for (const auto& replica : replicas) page.sample(label_of(replica), replica.up ? 1 : 0);
  page.family("ratingsctl_replica_lag_positions", "gauge",
              "Changes of ratings that the store has and the replica does not, when last looked at.");
  for (const auto& replica : replicas) {
    if (replica.up) page.sample(label_of(replica), replica.behind);
  }
  page.family("ratingsctl_replica_lag_seconds", "gauge",
              "0 while the replica lacks no change; else how long ago the transaction was committed that it "
              "replayed last.");
  for (const auto& replica : replicas) {
    if (replica.up && replica.lag) page.sample(label_of(replica), seconds(*replica.lag));
  }
  page.family("ratingsctl_replica_reads_total", "counter", "Histories answered from the replica.");
  for (const auto& replica : replicas) page.sample(label_of(replica), replica.reads);
  page.family(
      "ratingsctl_replica_fallbacks_total", "counter",
      "Histories read from the primary after the replica was asked: it had an old one (refused), could "
      "not be reached or ended the read for its replay (failed), or had no time (busy).");
  for (const auto& replica : replicas) {
    page.sample(label_of(replica) + R"(,reason="refused")", replica.refused);
    page.sample(label_of(replica) + R"(,reason="failed")", replica.failed);
    page.sample(label_of(replica) + R"(,reason="busy")", replica.busy);
  }
}

void write_coherence(Page& page, const CoherenceFigures& coherence) {
  page.family("ratingsctl_validations_total", "counter", "Questions to the store about what has changed.");
  page.sample(R"(outcome="ok")", coherence.validations);
  page.sample(R"(outcome="failed")", coherence.failures);
  if (coherence.age)
    page.gauge("ratingsctl_validation_age_seconds",
               "Since the last good validation was asked; cached answers end when it exceeds delta.",
               seconds(*coherence.age));
  page.gauge("ratingsctl_delta_seconds", "How old a validation may be; 0: one for each request.",
             seconds(coherence.delta));
  page.gauge("ratingsctl_store_position", "The store's position at the last good validation.",
             coherence.position);
}

void write_sampler(Page& page, const SamplerFigures& sampler) {
  page.family("ratingsctl_cache_samples_total", "counter",
              "Hits chosen for comparison with the store: equal, changed meanwhile, or skipped because the "
              "store was busy.");
  page.sample(R"(outcome="equal")", sampler.equal);
  page.sample(R"(outcome="changed")", sampler.changed);
  page.sample(R"(outcome="skipped")", sampler.skipped);
  page.counter("ratingsctl_cache_mismatches_total",
               "Cached histories that were not what the store holds; must be 0.", sampler.mismatches);
}

void write_checks(Page& page, const std::vector<Check>& checks) {
  if (checks.empty()) return;
  page.family("ratingsctl_store_check_ok", "gauge", "The store's fitness, as /ready lists it.");
  for (const auto& check : checks) page.sample(fmt::format(R"(check="{}")", check.name), check.ok ? 1 : 0);
}

void write_process(Page& page, const ProcessFigures& process) {
  if (process.cpu) page.counter("process_cpu_seconds_total", "User and system time.", *process.cpu);
  page.gauge("process_resident_memory_bytes", "Resident memory.", process.resident);
  page.gauge("process_start_time_seconds", "When the process started, since 1970.", process.start_time);
  page.gauge("process_open_fds", "Open file descriptors.", process.open_files);
  page.gauge("process_max_fds", "Most of them.", process.max_files);
  page.gauge("process_threads", "Threads.", process.threads);
}

}  // namespace

std::string metrics_text(const HttpFigures& http, const Figures& figures, const std::vector<Check>& checks,
                         const ProcessFigures& process, std::string_view version) {
  Page page;
  page.family("ratingsctl_build_info", "gauge", "1, with the version as a label.");
  page.sample(fmt::format(R"(version="{}")", version), 1);
  write_requests(page, http);
  if (figures.service) write_service(page, *figures.service);
  if (figures.memory) write_memory(page, *figures.memory);
  if (figures.redis) write_redis(page, *figures.redis);
  if (figures.pool) write_pool(page, *figures.pool);
  write_replicas(page, figures.replicas);
  if (figures.coherence) write_coherence(page, *figures.coherence);
  if (figures.sampler) write_sampler(page, *figures.sampler);
  write_checks(page, checks);
  write_process(page, process);
  return std::move(page).text();
}

}  // namespace ratings::http
