#include "http/ops_json.hpp"

#include "http/readiness.hpp"

#include "ratings/service.hpp"

#include <nlohmann/json.hpp>

#include <chrono>

namespace ratings::http {
namespace {

using Json = nlohmann::ordered_json;

double milliseconds(std::chrono::nanoseconds time) {
  constexpr double kMicrosecondsEach = 1000;
  return static_cast<double>(std::chrono::duration_cast<std::chrono::microseconds>(time).count()) /
         kMicrosecondsEach;
}

/// null where a number or a part is missing. Assigned, because braces would make a list of it.
template <typename Number>
Json number(const std::optional<Number>& value) {
  Json json;
  if (value) json = *value;
  return json;
}

template <typename Part, typename Write>
Json part(const std::optional<Part>& figures, Write write) {
  Json json;
  if (figures) json = write(*figures);
  return json;
}

Json requests_json(const HttpFigures& http) {
  std::uint64_t total = 0;
  std::uint64_t refused = 0;
  std::uint64_t failed = 0;
  for (const auto& route : http.routes) {
    for (std::size_t i = 0; i < kStatuses.size(); ++i) {
      total += route.by_status[i];
      if (kStatuses[i] >= 400 && kStatuses[i] < 500) refused += route.by_status[i];
      if (kStatuses[i] >= 500) failed += route.by_status[i];
    }
  }
  return {{"total", total},
          {"client_errors", refused},
          {"server_errors", failed},
          {"waiting", http.requests_waiting},
          {"shed_busy", http.shed_busy},
          {"shed_overloaded", http.shed_overloaded},
          {"shed_unavailable", http.shed_unavailable}};
}

Json answers_json(const ServiceFigures& service) {
  Json answers = Json::object();
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < service.answers.size(); ++i) {
    answers[to_string(static_cast<Source>(i))] = service.answers[i];
    total += service.answers[i];
  }
  const auto hits = service.answers[static_cast<std::size_t>(Source::memory)] +
                    service.answers[static_cast<std::size_t>(Source::redis)];
  answers["hit_ratio"] = nullptr;
  if (total > 0) answers["hit_ratio"] = static_cast<double>(hits) / static_cast<double>(total);
  return answers;
}

Json memory_json(const MemoryFigures& memory) {
  return {{"bytes", memory.bytes},
          {"limit_bytes", memory.budget},
          {"entries", memory.entries},
          {"evictions", memory.evictions}};
}

Json redis_json(const RedisFigures& redis) {
  return {{"breaker_open", redis.breaker_open},
          {"connections_in_use", redis.connections_in_use},
          {"connections_idle", redis.connections_idle},
          {"answered", redis.answered},
          {"failed", redis.failed},
          {"skipped", redis.skipped},
          {"refused_values", redis.refused}};
}

Json pool_json(const PoolFigures& pool) {
  return {{"size", pool.size},
          {"in_use", pool.in_use},
          {"waiting", pool.waiting},
          {"timeouts", pool.timeouts},
          {"refused", pool.refused}};
}

Json validation_json(const CoherenceFigures& coherence) {
  return {{"age_ms", part(coherence.age, milliseconds)},
          {"delta_ms", coherence.delta.count()},
          {"position", coherence.position},
          {"ok", coherence.validations},
          {"failed", coherence.failures}};
}

Json samples_json(const SamplerFigures& sampler) {
  return {{"equal", sampler.equal},
          {"changed", sampler.changed},
          {"skipped", sampler.skipped},
          {"mismatches", sampler.mismatches}};
}

Json checks_json(const std::vector<Check>& checks) {
  auto list = Json::array();
  for (const auto& check : checks)
    list.push_back(
        {{"name", check.name}, {"ok", check.ok}, {"vital", vital(check)}, {"detail", check.detail}});
  return list;
}

Json store_json(const OverviewKeeper::Seen& seen) {
  const auto& store = *seen.overview;
  auto loads = Json::array();
  for (const auto& load : store.last_loads) {
    loads.push_back({{"at", load.at},
                     {"name", load.name},
                     {"rows", load.rows},
                     {"rejected", load.rejected},
                     {"generation", load.generation}});
  }
  auto batches = Json::array();
  for (const auto& batch : store.batches) {
    batches.push_back({{"batch", batch.batch},
                       {"kind", batch.kind},
                       {"at", batch.at},
                       {"users", batch.users},
                       {"rows", batch.rows},
                       {"state", batch.state}});
  }
  return {{"age_ms", milliseconds(seen.age)},
          {"server", store.server},
          {"schema", store.schema},
          {"generation", store.generation},
          {"rows", number(store.rows)},
          {"rows_exact", store.rows_exact},
          {"excluded_users", store.excluded_users},
          {"bytes_on_disk", store.bytes_on_disk},
          {"loads", std::move(loads)},
          {"batches", std::move(batches)}};
}

}  // namespace

std::string ops_json(const HttpFigures& http, const Figures& figures, const std::vector<Check>& checks,
                     const OverviewKeeper::Seen& store, const ProcessFigures& process,
                     std::string_view version) {
  const std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
  const Json body{
      {"version", version},
      {"uptime_s", part(process.start_time,
                        [now](double start) { return static_cast<std::int64_t>(now.count() - start); })},
      {"resident_bytes", number(process.resident)},
      {"checks", checks_json(checks)},
      {"requests", requests_json(http)},
      {"connections",
       {{"active", http.connections - std::min(http.connections, http.connections_idle)},
        {"idle", http.connections_idle}}},
      {"answers", part(figures.service, answers_json)},
      {"memory_cache", part(figures.memory, memory_json)},
      {"redis", part(figures.redis, redis_json)},
      {"store_pool", part(figures.pool, pool_json)},
      {"validation", part(figures.coherence, validation_json)},
      {"samples", part(figures.sampler, samples_json)},
      {"store", store.overview ? store_json(store) : Json()},
      {"store_read_failed", store.failed}};
  return body.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace ratings::http
