#include "integration/http_client.hpp"
#include "integration/http_world.hpp"
#include "support/prometheus.hpp"

#include "ratings/version.hpp"

#include <doctest/doctest.h>

using namespace ratings;
using test::PrometheusPage;
using test::RawClient;
using test::World;

namespace {

PrometheusPage page_from(RawClient& client) { return PrometheusPage{client.get("/metrics").body}; }

double requests(const PrometheusPage& page, const char* route, const char* code) {
  const auto value = page.value("ratingsctl_http_requests_total", {{"route", route}, {"code", code}});
  return std::isnan(value) ? 0 : value;
}

double count(const PrometheusPage& page, const char* route) {
  return page.value("ratingsctl_http_request_duration_seconds_count", {{"route", route}});
}

}  // namespace

TEST_SUITE("metrics over HTTP") {
  TEST_CASE("the page has the type that scrapers ask for, and is not kept") {
    World world;
    RawClient client{world.port};
    const auto response = client.get("/metrics");
    CHECK(response.status == 200);
    CHECK(response.headers.at("Content-Type") == "text/plain; version=0.0.4; charset=utf-8");
    CHECK(response.headers.at("Cache-Control") == "no-store");
    CHECK(PrometheusPage{response.body}.value("ratingsctl_build_info", {{"version", kVersion}}) == 1);
    CHECK(client.get("/metrics/").status == 200);
    CHECK(client.get("/metrics?name=x").status == 400);

    client.send("HEAD /metrics HTTP/1.1\r\nHost: test\r\n\r\n");
    const auto head = client.receive(true);
    CHECK(head.status == 200);
    CHECK(std::stoul(head.headers.at("Content-Length")) > 1'000);
    client.send("DELETE /metrics HTTP/1.1\r\nHost: test\r\n\r\n");
    const auto refused = client.receive();
    CHECK(refused.status == 405);
    CHECK(refused.headers.at("Allow") == "GET, HEAD");
  }

  TEST_CASE("each request is counted once, under its route and status, before its answer is seen") {
    World world;
    RawClient client{world.port};
    const auto before = page_from(client);

    const auto etag = client.get("/rates/1").headers.at("ETag");
    CHECK(client.get("/rates/1", "If-None-Match: " + etag + "\r\n").status == 304);
    CHECK(client.get("/rates/x").status == 400);
    CHECK(client.get("/rates?uid=1").status == 200);
    CHECK(client.get("/user/profile/2").status == 404);
    CHECK(client.get("/nothing").status == 404);

    const auto after = page_from(client);
    const auto more = [&](const char* route, const char* code) {
      return requests(after, route, code) - requests(before, route, code);
    };
    CHECK(more("/rates/{uid}", "200") == 1);
    CHECK(more("/rates/{uid}", "304") == 1);
    CHECK(more("/rates/{uid}", "400") == 1);
    CHECK(more("/rates", "200") == 1);
    CHECK(more("/user/profile/{uid}", "404") == 1);
    CHECK(more("other", "404") == 1);
    CHECK(more("/metrics", "200") == 1);
    CHECK(count(after, "/rates/{uid}") - count(before, "/rates/{uid}") == 3);
  }

  TEST_CASE("what is no HTTP is counted too, and what a client sends never becomes a label") {
    World world;
    {
      RawClient broken{world.port};
      broken.send("nonsense\r\n\r\n");
      CHECK(broken.receive().status == 400);
      RawClient odd{world.port};
      CHECK(odd.get("/rates/4711?movie_id=815").status == 200);
    }
    RawClient client{world.port};
    const auto response = client.get("/metrics");
    CHECK(requests(PrometheusPage{response.body}, "other", "400") == 1);
    CHECK(response.body.find("4711") == std::string::npos);
    CHECK(response.body.find("nonsense") == std::string::npos);
  }

  TEST_CASE("open connections are counted while they are open") {
    World world;
    RawClient client{world.port};
    const auto open = [&] {
      const auto page = page_from(client);
      return page.value("ratingsctl_http_connections", {{"state", "idle"}}) +
             page.value("ratingsctl_http_connections", {{"state", "active"}});
    };
    CHECK(open() == 1);
    {
      RawClient other{world.port};
      CHECK(other.get("/ping").status == 200);
      CHECK(open() == 2);
    }
    while (open() > 1) std::this_thread::yield();  // its loop sees the end in its own time
  }

  TEST_CASE("a store that is too busy is a shed request") {
    World world;
    world.store.before_read = [] { throw Error{Kind::busy, "full"}; };
    RawClient client{world.port};
    CHECK(client.get("/rates/1").status == 503);
    const auto page = page_from(client);
    CHECK(page.value("ratingsctl_http_shed_total", {{"reason", "busy"}}) == 1);
    CHECK(page.value("ratingsctl_http_shed_total", {{"reason", "unavailable"}}) == 0);
  }

  TEST_CASE("the process is described when the kernel tells") {
    World world;
    RawClient client{world.port};
    const auto page = page_from(client);
    const auto now =
        std::chrono::duration<double>{std::chrono::system_clock::now().time_since_epoch()}.count();
    CHECK(page.value("process_start_time_seconds") > now - 3'600);
    CHECK(page.value("process_start_time_seconds") < now + 2);
    CHECK(page.value("process_resident_memory_bytes") > 1e6);
    CHECK(page.value("process_resident_memory_bytes") < 1e10);
    CHECK(page.value("process_open_fds") > 3);
    CHECK(page.value("process_open_fds") < page.value("process_max_fds"));
    CHECK(page.value("process_threads") >= 8);
  }
}
