#include "http/ops_json.hpp"
#include "http/overview_keeper.hpp"
#include "http/web_files.hpp"
#include "unit/router_world.hpp"

#include "ratings/version.hpp"

#include <doctest/doctest.h>

using namespace ratings;
using namespace ratings::http;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

/// Counts, and says what it is told to.
class FakeOverviews final : public OverviewReader {
 public:
  StoreOverview overview(Instant deadline) override {
    ++reads;
    last_deadline = deadline;
    if (during) during();
    if (away) throw Error{Kind::unreachable, "the store is away at db.example:5432"};
    StoreOverview found;
    found.server = "Fake 1";
    found.rows = static_cast<std::uint64_t>(reads);
    return found;
  }
  int reads = 0;
  bool away = false;
  Instant last_deadline{};
  std::function<void()> during;
};

bool inline_code(std::string_view page) {
  return page.find("<style") != std::string_view::npos || page.find("style=") != std::string_view::npos ||
         page.find("javascript:") != std::string_view::npos ||
         page.find(" onclick") != std::string_view::npos || page.find("<script>") != std::string_view::npos;
}

}  // namespace

TEST_SUITE("web pages") {
  TEST_CASE("a page has a tag, is compressed, and runs nothing but its own files") {
    World world;
    const auto page = world.get("/");
    CHECK(page.status == 200);
    CHECK(page.header("Content-Type") == "text/html; charset=utf-8");
    CHECK(page.header("Cache-Control") == "private, no-cache");
    CHECK(page.header("X-Content-Type-Options") == "nosniff");
    CHECK(page.header("X-Cache").empty());
    CHECK(page.header("Content-Security-Policy") ==
          "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' "
          "data:; base-uri "
          "'none'; form-action 'none'; frame-ancestors 'none'");
    const auto etag = std::string{page.header("ETag")};
    const auto again = world.get("/", {.accept_encoding = {}, .if_none_match = etag});
    CHECK(again.status == 304);
    CHECK(again.body().empty());
    CHECK(again.header("Content-Security-Policy") == page.header("Content-Security-Policy"));
    const auto small = world.get("/", {.accept_encoding = "gzip", .if_none_match = {}});
    CHECK(small.header("Content-Encoding") == "gzip");
    CHECK(small.body().size() < page.body().size());
    CHECK(world.store.reads == 0);
  }

  TEST_CASE("no file has code or style inside a tag, or an address elsewhere") {
    for (const auto& file : web_files()) {
      INFO(file.path);
      if (std::string_view{file.type}.starts_with("text/html")) CHECK_FALSE(inline_code(file.text));
      std::string text{file.text};
      for (const std::string name :
           {"http://www.w3.org/2000/svg"})  // the name of a language, never asked for
        if (const auto at = text.find(name); at != std::string::npos) text.erase(at, name.size());
      CHECK(text.find("http://") == std::string::npos);
      CHECK(text.find("https://") == std::string::npos);
      CHECK(text.find("innerHTML") == std::string::npos);
    }
  }

  TEST_CASE("the description names this version") {
    World world;
    const auto description = json::parse(world.body("/openapi.json"));
    CHECK(description["info"]["version"] == kVersion);
  }

  TEST_CASE("the overview is read once a second, however many look") {
    test::FakeClock clock;
    FakeOverviews store;
    OverviewKeeper keeper{&store, clock};
    clock.advance(5s);
    CHECK(keeper.look().overview->rows == 1U);
    CHECK(store.last_deadline == clock.now() + kRequestDeadline);
    clock.advance(999ms);
    const auto seen = keeper.look();
    CHECK(seen.overview->rows == 1U);
    CHECK(seen.age == 999ms);
    clock.advance(1ms);
    CHECK(keeper.look().overview->rows == 2U);
    CHECK(store.reads == 2);
  }

  TEST_CASE("who looks while another reads gets what is there, and does not wait") {
    test::FakeClock clock;
    FakeOverviews store;
    OverviewKeeper keeper{&store, clock};
    OverviewKeeper::Seen meanwhile;
    store.during = [&] {
      clock.advance(3s);
      meanwhile = keeper.look();
    };
    CHECK(keeper.look().overview->rows == 1U);
    CHECK(meanwhile.overview == nullptr);
    CHECK(store.reads == 1);
  }

  TEST_CASE("a store that is away leaves the last overview, and says so") {
    test::FakeClock clock;
    FakeOverviews store;
    OverviewKeeper keeper{&store, clock};
    CHECK_FALSE(keeper.look().failed);
    store.away = true;
    clock.advance(10s);
    const auto seen = keeper.look();
    CHECK(seen.failed);
    CHECK(seen.overview->rows == 1U);
    CHECK(seen.age == 10s);
    (void)keeper.look();
    CHECK(store.reads == 2);  // a failure is not repeated at once either
    store.away = false;
    clock.advance(1s);
    CHECK_FALSE(keeper.look().failed);
  }

  TEST_CASE("without a reader there is nothing to see, and nothing failed") {
    test::FakeClock clock;
    OverviewKeeper keeper{nullptr, clock};
    CHECK(keeper.look().overview == nullptr);
    CHECK_FALSE(keeper.look().failed);
  }

  TEST_CASE("the page of numbers is null where there is no such part") {
    const auto page = json::parse(ops_json({}, {}, {}, {}, {}, "1.2.3"));
    CHECK(page["version"] == "1.2.3");
    for (const char* part :
         {"answers", "memory_cache", "redis", "store_pool", "validation", "samples", "store", "uptime_s"})
      CHECK(page[part].is_null());
    CHECK(page["requests"]["total"] == 0);
  }

  TEST_CASE("the page of numbers sums up") {
    HttpFigures http;
    http.routes[0].by_status[0] = 7;                     // 200
    http.routes[1].by_status[2] = 2;                     // 400
    http.routes[2].by_status[kStatuses.size() - 3] = 1;  // 503
    http.connections = 5;
    http.connections_idle = 3;
    Figures figures;
    figures.service = ServiceFigures{.answers = {6, 2, 1, 1}, .shared_reads = 0};
    figures.coherence =
        CoherenceFigures{.validations = 9, .failures = 1, .age = 250ms, .position = 4, .delta = 1s};
    const auto page = json::parse(ops_json(
        http, figures, {{.name = "store", .ok = true, .blocks_cache = true, .detail = "\xff"}}, {}, {}, ""));
    CHECK(page["requests"]["total"] == 10);
    CHECK(page["requests"]["client_errors"] == 2);
    CHECK(page["requests"]["server_errors"] == 1);
    CHECK(page["connections"] == json{{"active", 2}, {"idle", 3}});
    CHECK(page["answers"]["hit_ratio"] == 0.8);
    CHECK(page["validation"]["age_ms"] == 250);
    CHECK(page["checks"][0]["ok"] == true);
  }
}
