#include "http/metrics_text.hpp"

#include "support/prometheus.hpp"

#include <doctest/doctest.h>

#include <thread>

using namespace ratings;
using namespace ratings::http;
using namespace std::chrono_literals;
using test::PrometheusPage;

namespace {

/// Every part, every number different.
Figures all_figures() {
  return {
      .memory = MemoryFigures{.bytes = 11, .budget = 12, .entries = 13, .evictions = 14},
      .redis = RedisFigures{.answered = 21,
                            .failed = 22,
                            .skipped = 23,
                            .refused = 24,
                            .breaker_open = true,
                            .connections_in_use = 25,
                            .connections_idle = 26,
                            .cluster = {}},
      .pool = PoolFigures{.size = 31,
                          .in_use = 32,
                          .waiting = 33,
                          .waits = 34,
                          .waited = 1'500ms,
                          .timeouts = 35,
                          .refused = 36},
      .coherence =
          CoherenceFigures{.validations = 41, .failures = 42, .age = 250ms, .position = 43, .delta = 1'000ms},
      .service = ServiceFigures{.answers = {51, 52, 53, 54}, .shared_reads = 55},
      .sampler = SamplerFigures{.equal = 61, .changed = 62, .skipped = 63, .mismatches = 64},
      .replicas = {{.name = "one:5432",
                    .up = true,
                    .reads = 91,
                    .refused = 92,
                    .failed = 93,
                    .busy = 94,
                    .behind = 95,
                    .lag = 2'500ms},
                   {.name = "a\"b\\c:1", .lag = {}}}};
}

std::string page_of(const RequestCounters& counters, const Figures& figures) {
  HttpFigures http;
  for (std::size_t route = 0; route < http.routes.size(); ++route)
    http.routes[route] = counters.figures(static_cast<RouteName>(route));
  http.connections = 143;
  http.connections_idle = 72;
  http.evicted = 76;
  http.requests_waiting = 77;
  http.shed_busy = 73;
  http.shed_unavailable = 74;
  http.shed_overloaded = 75;
  return metrics_text(
      http, figures,
      {{.name = "store", .ok = true, .blocks_cache = true, .detail = ""},
       {.name = "triggers", .ok = false, .blocks_cache = true, .detail = "missing on x"}},
      {.start_time = 81.5, .cpu = 82.25, .resident = 83, .open_files = 84, .max_files = 85, .threads = 86},
      "1.2.3");
}

}  // namespace

TEST_SUITE("metrics page") {
  TEST_CASE("every figure stands on a page that a strict reader accepts, under the name that is documented") {
    const PrometheusPage page{page_of(RequestCounters{}, all_figures())};

    CHECK(page.value("ratingsctl_build_info", {{"version", "1.2.3"}}) == 1);
    CHECK(page.value("ratingsctl_memory_cache_bytes") == 11);
    CHECK(page.value("ratingsctl_memory_cache_limit_bytes") == 12);
    CHECK(page.value("ratingsctl_memory_cache_entries") == 13);
    CHECK(page.value("ratingsctl_memory_cache_evictions_total") == 14);
    CHECK(page.value("ratingsctl_redis_commands_total", {{"outcome", "answered"}}) == 21);
    CHECK(page.value("ratingsctl_redis_commands_total", {{"outcome", "failed"}}) == 22);
    CHECK(page.value("ratingsctl_redis_commands_total", {{"outcome", "skipped"}}) == 23);
    CHECK(page.value("ratingsctl_redis_refused_values_total") == 24);
    CHECK(page.value("ratingsctl_redis_breaker_open") == 1);
    CHECK(page.value("ratingsctl_redis_connections", {{"state", "in_use"}}) == 25);
    CHECK(page.value("ratingsctl_redis_connections", {{"state", "idle"}}) == 26);
    CHECK(page.value("ratingsctl_store_pool_limit") == 31);
    CHECK(page.value("ratingsctl_store_pool_in_use") == 32);
    CHECK(page.value("ratingsctl_store_pool_waiting") == 33);
    CHECK(page.value("ratingsctl_store_pool_waits_total") == 34);
    CHECK(page.value("ratingsctl_store_pool_wait_seconds_total") == 1.5);
    CHECK(page.value("ratingsctl_store_pool_timeouts_total") == 35);
    CHECK(page.value("ratingsctl_store_pool_refused_total") == 36);
    CHECK(page.value("ratingsctl_validations_total", {{"outcome", "ok"}}) == 41);
    CHECK(page.value("ratingsctl_validations_total", {{"outcome", "failed"}}) == 42);
    CHECK(page.value("ratingsctl_validation_age_seconds") == 0.25);
    CHECK(page.value("ratingsctl_store_position") == 43);
    CHECK(page.value("ratingsctl_delta_seconds") == 1);
    CHECK(page.value("ratingsctl_histories_total", {{"source", "memory"}}) == 51);
    CHECK(page.value("ratingsctl_histories_total", {{"source", "redis"}}) == 52);
    CHECK(page.value("ratingsctl_histories_total", {{"source", "miss"}}) == 53);
    CHECK(page.value("ratingsctl_histories_total", {{"source", "bypass"}}) == 54);
    CHECK(page.value("ratingsctl_shared_reads_total") == 55);
    CHECK(page.value("ratingsctl_cache_samples_total", {{"outcome", "equal"}}) == 61);
    CHECK(page.value("ratingsctl_cache_samples_total", {{"outcome", "changed"}}) == 62);
    CHECK(page.value("ratingsctl_cache_samples_total", {{"outcome", "skipped"}}) == 63);
    CHECK(page.value("ratingsctl_cache_mismatches_total") == 64);
    CHECK(page.value("ratingsctl_replica_up", {{"replica", "one:5432"}}) == 1);
    CHECK(page.value("ratingsctl_replica_up", {{"replica", R"(a\"b\\c:1)"}}) == 0);
    CHECK(page.value("ratingsctl_replica_reads_total", {{"replica", "one:5432"}}) == 91);
    CHECK(page.value("ratingsctl_replica_fallbacks_total",
                     {{"replica", "one:5432"}, {"reason", "refused"}}) == 92);
    CHECK(page.value("ratingsctl_replica_fallbacks_total", {{"replica", "one:5432"}, {"reason", "failed"}}) ==
          93);
    CHECK(page.value("ratingsctl_replica_fallbacks_total", {{"replica", "one:5432"}, {"reason", "busy"}}) ==
          94);
    CHECK(page.value("ratingsctl_replica_lag_positions", {{"replica", "one:5432"}}) == 95);
    CHECK(page.value("ratingsctl_replica_lag_seconds", {{"replica", "one:5432"}}) == 2.5);
    CHECK(page.value("ratingsctl_http_connections", {{"state", "active"}}) == 71);
    CHECK(page.value("ratingsctl_http_connections", {{"state", "idle"}}) == 72);
    CHECK(page.value("ratingsctl_http_evicted_total") == 76);
    CHECK(page.value("ratingsctl_http_requests_waiting") == 77);
    CHECK(page.value("ratingsctl_http_shed_total", {{"reason", "busy"}}) == 73);
    CHECK(page.value("ratingsctl_http_shed_total", {{"reason", "unavailable"}}) == 74);
    CHECK(page.value("ratingsctl_http_shed_total", {{"reason", "overloaded"}}) == 75);
    CHECK(page.value("ratingsctl_store_check_ok", {{"check", "store"}}) == 1);
    CHECK(page.value("ratingsctl_store_check_ok", {{"check", "triggers"}}) == 0);
    CHECK(page.value("process_start_time_seconds") == 81.5);
    CHECK(page.value("process_cpu_seconds_total") == 82.25);
    CHECK(page.value("process_resident_memory_bytes") == 83);
    CHECK(page.value("process_open_fds") == 84);
    CHECK(page.value("process_max_fds") == 85);
    CHECK(page.value("process_threads") == 86);
  }

  TEST_CASE("of a cluster each node has its own breaker, and there is no sum of them") {
    auto figures = all_figures();
    figures.redis->cluster = RedisClusterFigures{.nodes = {{.name = "one:7000", .breaker_open = true},
                                                           {.name = "t\\w\"o:7001", .breaker_open = false}},
                                                 .maps = 91,
                                                 .redirections = 92};
    const PrometheusPage page{page_of(RequestCounters{}, figures)};

    CHECK(page.value("ratingsctl_redis_breaker_open", {{"node", "one:7000"}}) == 1);
    CHECK(page.value("ratingsctl_redis_breaker_open", {{"node", R"(t\\w\"o:7001)"}}) == 0);
    CHECK(std::isnan(page.value("ratingsctl_redis_breaker_open")));
    CHECK(page.value("ratingsctl_redis_maps_total") == 91);
    CHECK(page.value("ratingsctl_redis_redirections_total") == 92);
    CHECK(page.value("ratingsctl_redis_connections", {{"state", "idle"}}) == 26);
  }

  TEST_CASE("a request is counted by route and status, and once in each bucket that it fits into") {
    RequestCounters counters;
    counters.count(RouteName::rates_of_user, 200, 40us);
    counters.count(RouteName::rates_of_user, 200, 50us);  // a bound belongs to its bucket
    counters.count(RouteName::rates_of_user, 503, 2s);
    counters.count(RouteName::ping, 200, 7s);  // above all bounds
    const PrometheusPage page{page_of(counters, all_figures())};

    const auto requests = [&](const char* route, const char* code) {
      return page.value("ratingsctl_http_requests_total", {{"route", route}, {"code", code}});
    };
    const auto bucket = [&](const char* route, const char* le) {
      return page.value("ratingsctl_http_request_duration_seconds_bucket", {{"route", route}, {"le", le}});
    };
    CHECK(requests("/rates/{uid}", "200") == 2);
    CHECK(requests("/rates/{uid}", "503") == 1);
    CHECK(requests("/ping", "200") == 1);
    CHECK(std::isnan(requests("/ping", "503")));
    CHECK(bucket("/rates/{uid}", "5e-05") == 2);
    CHECK(bucket("/rates/{uid}", "1.0") == 2);
    CHECK(bucket("/rates/{uid}", "2.5") == 3);
    CHECK(bucket("/ping", "5.0") == 0);
    CHECK(bucket("/ping", "+Inf") == 1);
    const auto sum = page.value("ratingsctl_http_request_duration_seconds_sum", {{"route", "/rates/{uid}"}});
    CHECK(sum == doctest::Approx(2.00009).epsilon(1e-9));
  }

  TEST_CASE("a status that nobody foresaw is counted as other, and a clock that goes back as no time") {
    RequestCounters counters;
    counters.count(RouteName::other, 599, -5ms);
    const PrometheusPage page{page_of(counters, all_figures())};

    CHECK(page.value("ratingsctl_http_requests_total", {{"route", "other"}, {"code", "other"}}) == 1);
    CHECK(page.value("ratingsctl_http_request_duration_seconds_sum", {{"route", "other"}}) == 0);
  }

  TEST_CASE("the text of every bucket's bound is its bound") {
    for (const auto& bucket : kBuckets) {
      CHECK(std::stod(bucket.le) == doctest::Approx(std::chrono::duration<double>{bucket.bound}.count()));
    }
  }

  TEST_CASE("a part that is not there leaves its names out, and the page stays one that can be read") {
    const PrometheusPage page{metrics_text({}, {}, {}, {}, "1.2.3")};
    for (const auto& family : page.families()) {
      const auto& name = family.first;  // clang 14 captures no structured binding
      CHECK_MESSAGE((name == "ratingsctl_build_info" || name.starts_with("ratingsctl_http_")), name);
    }
    auto figures = all_figures();
    figures.coherence->age.reset();
    CHECK(std::isnan(
        PrometheusPage{page_of(RequestCounters{}, figures)}.value("ratingsctl_validation_age_seconds")));
  }

  TEST_CASE("requests that many threads count at once are all counted") {
    RequestCounters counters;
    constexpr int kThreads = 20;  // more than there are places
    constexpr int kEach = 5'000;
    {
      std::vector<std::jthread> threads;
      threads.reserve(kThreads);
      for (int i = 0; i < kThreads; ++i) {
        threads.emplace_back([&] {
          for (int n = 0; n < kEach; ++n) counters.count(RouteName::rates_of_user, 200, 1us);
        });
      }
    }
    const auto figures = counters.figures(RouteName::rates_of_user);
    CHECK(figures.by_status[0] == kThreads * kEach);
    CHECK(figures.by_bucket[0] == kThreads * kEach);
    CHECK(figures.took == kThreads * kEach * 1us);
  }

  TEST_CASE("the strict reader refuses what is wrong") {
    const auto wrong = [](const char* text) { CHECK_THROWS_AS(PrometheusPage{text}, std::runtime_error); };
    const std::string head = "# HELP ratingsctl_a_total x\n# TYPE ratingsctl_a_total counter\n";
    CHECK(PrometheusPage{head + "ratingsctl_a_total 1\n"}.value("ratingsctl_a_total") == 1);
    wrong("ratingsctl_a_total 1\n");                                                // no TYPE
    wrong((head + "ratingsctl_a_total 1").c_str());                                 // cut
    wrong((head + "ratingsctl_a_total 1\nratingsctl_a_total 2\n").c_str());         // twice
    wrong((head + "ratingsctl_b_total 1\n").c_str());                               // another's
    wrong((head + "ratingsctl_a_total{x=\"1} 1\n").c_str());                        // broken label
    wrong((head + "ratingsctl_a_total 1\n" + head).c_str());                        // begins again
    wrong("# HELP ratingsctl_a x\n# TYPE ratingsctl_a counter\nratingsctl_a 1\n");  // no _total
    const std::string histogram = "# HELP ratingsctl_h_seconds x\n# TYPE ratingsctl_h_seconds histogram\n";
    const std::string sum = "ratingsctl_h_seconds_sum 1\n";
    const std::string one = "ratingsctl_h_seconds_bucket{le=\"1\"} 2\n";
    CHECK_NOTHROW(PrometheusPage{histogram + one + "ratingsctl_h_seconds_bucket{le=\"+Inf\"} 2\n" + sum +
                                 "ratingsctl_h_seconds_count 2\n"});
    wrong((histogram + one + "ratingsctl_h_seconds_bucket{le=\"+Inf\"} 1\n" + sum +
           "ratingsctl_h_seconds_count 1\n")
              .c_str());  // not cumulative
    wrong((histogram + one + "ratingsctl_h_seconds_bucket{le=\"+Inf\"} 2\n" + sum +
           "ratingsctl_h_seconds_count 3\n")
              .c_str());                                                        // not the count
    wrong((histogram + one + sum + "ratingsctl_h_seconds_count 2\n").c_str());  // no +Inf
  }
}
