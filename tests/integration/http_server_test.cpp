#include "ratings/http_server.hpp"

#include "integration/http_client.hpp"
#include "integration/http_world.hpp"

#include "ratings/cache.hpp"
#include "ratings/error.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>
#include <zlib.h>

#include <future>
#include <latch>
#include <thread>

using namespace ratings;
using namespace ratings::test;
using nlohmann::json;
using namespace std::chrono_literals;

namespace {

std::string inflated(const std::string& bytes) {
  z_stream stream{};
  REQUIRE(inflateInit2(&stream, 15 + 16) == Z_OK);  // 16: a gzip header
  std::string text(1 << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = static_cast<uInt>(text.size());
  REQUIRE(inflate(&stream, Z_FINISH) == Z_STREAM_END);
  text.resize(stream.total_out);
  inflateEnd(&stream);
  return text;
}

std::string code_of(const RawResponse& response) { return json::parse(response.body)["error"]["code"]; }

}  // namespace

TEST_SUITE("http_server") {
  TEST_CASE("one connection carries many requests, refused ones among them") {
    World world;
    RawClient client{world.port};
    for (int i = 0; i < 200; ++i) {
      REQUIRE(client.get("/rates/1").status == 200);
      REQUIRE(client.get("/rates/abc").status == 400);
      REQUIRE(client.get("/nowhere").status == 404);
      REQUIRE(client.get("/user/profile/2").status == 404);
    }
    CHECK(world.store.reads == 2);
  }

  TEST_CASE("every route answers over the wire with its headers") {
    World world;
    RawClient client{world.port};

    const auto rates = client.get("/rates/1");
    CHECK(rates.status == 200);
    CHECK(json::parse(rates.body).size() == 100);
    CHECK(rates.headers.at("Content-Type") == "application/json");
    CHECK(rates.headers.at("Cache-Control") == "private, no-cache");
    CHECK(rates.headers.at("Vary") == "Accept-Encoding");
    CHECK(rates.headers.at("X-Cache") == "miss");
    CHECK(rates.headers.at("ETag").starts_with("W/\""));
    CHECK(client.get("/rates/1/").headers.at("X-Cache") == "memory");
    CHECK(client.get("/rates?uid=1,2").body.starts_with("{\"1\":[{"));
    CHECK(json::parse(client.get("/user/profile/1").body)["num_rating"] == 100);
    CHECK(client.get("/ping").body == R"({"message":"pong"})");
    CHECK(client.get("/live").body == R"({"status":"ok"})");
    CHECK(client.get("/ready").headers.at("Cache-Control") == "no-store");
    CHECK(client.get("/rates/1?limit=1").headers.at("Link").starts_with("</rates/1?cursor="));
    CHECK(client.get("/rates/1?format=csv").headers.at("Content-Type") == "text/csv; charset=utf-8");
    CHECK(client.get("/rates/2").body == "[]");
  }

  TEST_CASE("HEAD has the headers of GET and no body") {
    World world;
    RawClient client{world.port};
    for (const std::string target : {"/rates/1", "/ping", "/user/profile/2", "/rates/1?format=csv"}) {
      INFO(target);
      (void)client.get(target);
      auto get = client.get(target);
      client.send("HEAD " + target + " HTTP/1.1\r\nHost: test\r\n\r\n");
      auto head = client.receive(true);
      for (auto* response : {&get, &head}) CHECK(response->headers.erase("Date") == 1);  // time passes
      CHECK(head.status == get.status);
      CHECK(head.headers == get.headers);
    }
    CHECK(client.get("/ping").status == 200);  // nothing was left on the connection
  }

  TEST_CASE("other methods get 405 with Allow on a known path and 404 elsewhere") {
    World world;
    for (const std::string method : {"POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "PURGE"}) {
      INFO(method);
      RawClient client{world.port};
      client.send(method + " /rates/1 HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n");
      const auto known = client.receive();
      CHECK(known.status == 405);
      CHECK(known.headers.at("Allow") == "GET, HEAD");
      CHECK(code_of(known) == "method_not_allowed");
      RawClient other{world.port};
      other.send(method + " /nowhere HTTP/1.1\r\nHost: test\r\n\r\n");
      CHECK(other.receive().status == 404);
    }
  }

  TEST_CASE("304 carries no body and keeps the connection") {
    World world;
    RawClient client{world.port};
    const auto etag = client.get("/rates/1").headers.at("ETag");

    const auto same = client.get("/rates/1", "If-None-Match: \"x\"\r\nIf-None-Match: " + etag + "\r\n");

    CHECK(same.status == 304);
    CHECK(same.headers.count("Content-Length") == 0);
    CHECK(same.headers.at("ETag") == etag);
    CHECK(same.headers.at("Vary") == "Accept-Encoding");
    CHECK(client.get("/rates/1", "If-None-Match: *\r\n").status == 304);
    CHECK(client.get("/rates/1", "If-None-Match: W/\"0\"\r\n").status == 200);
  }

  TEST_CASE("gzip is the same body, smaller") {
    World world;
    RawClient client{world.port};
    const auto plain = client.get("/rates/1");

    const auto packed = client.get("/rates/1", "Accept-Encoding: br;q=1.0, gzip;q=0.8\r\n");

    CHECK(packed.headers.at("Content-Encoding") == "gzip");
    CHECK(packed.headers.at("ETag") == plain.headers.at("ETag"));
    CHECK(packed.body.size() < plain.body.size() / 3);
    CHECK(inflated(packed.body) == plain.body);
    CHECK(client.get("/rates/1", "Accept-Encoding: gzip;q=0\r\n").headers.count("Content-Encoding") == 0);
    CHECK(client.get("/rates/1", "Accept-Encoding: br, deflate\r\n").body == plain.body);
  }

  TEST_CASE("Range and Expect are ignored") {
    World world;
    RawClient client{world.port};
    const auto whole = client.get("/rates/1").body;
    for (const char* range : {"bytes=0-9", "bytes=0-,0-,0-,0-", "bytes=5-2", "bytes=x", "lines=1", ""}) {
      INFO(range);
      const auto response = client.get("/rates/1", std::string{"Range: "} + range + "\r\n");
      CHECK(response.status == 200);
      CHECK(response.body == whole);
      CHECK(response.headers.count("Content-Range") == 0);
      CHECK(response.headers.at("Content-Type") == "application/json");
    }
    CHECK(client.get("/rates/1", "Expect: 100-continue\r\n").status == 200);
  }

  TEST_CASE("a body is refused, and its bytes are never a request") {
    World world;
    for (const std::string framing :
         {"Transfer-Encoding: chunked", "Content-Length: 0\r\nContent-Length: 34", "Content-Length: 99999999",
          "Content-Length: 34\r\nTransfer-Encoding: chunked", "Content-Length: abc",
          "Transfer-Encoding: identity", "content-length: %30"}) {
      for (const std::string method : {"GET", "POST"}) {
        INFO(method << ' ' << framing);
        RawClient client{world.port};
        auto request = method;
        request.append(" /ping HTTP/1.1\r\nHost: test\r\n").append(framing);
        client.send(request.append("\r\n\r\nGET /live HTTP/1.1\r\nHost: test\r\n\r\n"));
        const auto response = client.receive();
        CHECK(response.status >= 400);
        CHECK(response.status < 500);
        CHECK(response.headers.at("Connection") == "close");
        CHECK(client.closed());
      }
    }
    RawClient client{world.port};
    client.send(
        "POST /ping HTTP/1.1\r\nHost: test\r\nContent-Length: 34\r\n\r\nGET /live HTTP/1.1\r\nHost: t");
    CHECK(client.receive().status == 405);
    client.send("est\r\n\r\nGET /ping HTTP/1.1\r\nHost: test\r\n\r\n");
    CHECK(client.receive().body == R"({"message":"pong"})");
    CHECK(world.store.reads == 0);
  }

  TEST_CASE("who sends all of a large body before it reads still hears why it is refused") {
    World world;
    for (const std::string framing : {"Content-Length: 5000000", "Transfer-Encoding: chunked"}) {
      INFO(framing);
      RawClient client{world.port};
      client.send("POST /rates/1 HTTP/1.1\r\nHost: test\r\n" + framing + "\r\n\r\n" +
                  std::string(5'000'000, 'x'));
      const auto response = client.receive();
      CHECK(response.status == 405);
      CHECK(response.headers.at("Connection") == "close");
    }
  }

  TEST_CASE("a body without end is read over for so long and no longer, fast or slow") {
    World world;
    const std::string head = "POST /rates/1 HTTP/1.1\r\nHost: test\r\nContent-Length: 99999999999\r\n\r\n";
    const RawClient fast{world.port};
    const RawClient slow{world.port};
    fast.send(head);
    slow.send(head);
    const std::string megabyte(1 << 20, 'x');
    int sent = 0;
    while (sent < 100 && fast.try_send(megabyte)) ++sent;
    CHECK(sent < 40);  // of them the sockets hold some
    const auto start = std::chrono::steady_clock::now();
    const auto took = [&] { return std::chrono::steady_clock::now() - start; };
    while (took() < 20s && slow.try_send("x")) std::this_thread::sleep_for(50ms);  // the client's pace
    CHECK(took() < 10s);
    CHECK(RawClient{world.port}.get("/ping").status == 200);
  }

  TEST_CASE("requests sent in one go are answered one after the other") {
    World world;
    RawClient client{world.port};
    client.send(
        "GET /ping HTTP/1.1\r\nHost: a\r\n\r\n\r\nGET /live HTTP/1.1\r\nHost: a\r\n\r\nGET /rates/2 "
        "HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(client.receive().body == R"({"message":"pong"})");
    CHECK(client.receive().body == R"({"status":"ok"})");
    CHECK(client.receive().body == "[]");
  }

  TEST_CASE("broken framing gets a JSON 4xx, then the connection ends") {
    World world;
    const auto answer = [&world](const std::string& bytes) {
      RawClient client{world.port};
      client.send(bytes);
      auto response = client.receive();
      CHECK(client.closed());
      return response;
    };
    for (const auto& bytes : std::vector<std::string>{
             "hello\r\n\r\n", "GET /ping HTTP/1.1\nHost: a\n\n", "GET /ping\r\n\r\n",
             std::string{"GET /ping\0 HTTP/1.1\r\n\r\n", 23}, "GET  /ping HTTP/1.1\r\n\r\n",
             "GET /ping HTTP/1.1\r\nContent-Length : 5\r\n\r\n", "\x16\x03\x01\x02\n"}) {
      INFO(bytes);
      const auto response = answer(bytes);
      CHECK(response.status == 400);
      CHECK(code_of(response) == "bad_request");
      CHECK(response.headers.at("Connection") == "close");
      CHECK(response.headers.at("Cache-Control") == "no-store");
    }
    CHECK(answer("GET /ping HTTP/3.0\r\n\r\n").status == 505);
    const auto long_line =
        answer("GET /rates/1?limit=" + std::string(9'000, '1') + " HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(long_line.status == 414);
    CHECK(code_of(long_line) == "target_too_long");
    const auto long_head = answer("GET /ping HTTP/1.1\r\nX: " + std::string(17'000, 'x') + "\r\n\r\n");
    CHECK(long_head.status == 431);
    CHECK(world.store.reads == 0);
  }

  TEST_CASE("the client decides about keep-alive") {
    World world;
    RawClient client{world.port};
    CHECK(client.get("/ping", "Connection: foo, Close\r\n").headers.at("Connection") == "close");
    CHECK(client.closed());
    RawClient old{world.port};
    old.send("GET /ping HTTP/1.0\r\n\r\n");
    CHECK(old.receive().headers.at("Connection") == "close");
    CHECK(old.closed());
    RawClient old_but_kept{world.port};
    old_but_kept.send("GET /ping HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n");
    CHECK(old_but_kept.receive().headers.at("Connection") == "keep-alive");
    CHECK(old_but_kept.get("/ping").status == 200);
  }

  TEST_CASE("a failing store is 503 without its words, and the connection stays") {
    World world;
    world.store.before_read = [] { throw Error{Kind::unreachable, "host=secret"}; };
    RawClient client{world.port};
    const auto response = client.get("/rates/1");
    CHECK(response.status == 503);
    CHECK(response.headers.contains("Retry-After"));
    CHECK(response.body.find("secret") == std::string::npos);
    CHECK(client.get("/ping").status == 200);
  }

  TEST_CASE("a second server on the same port fails and names it") {
    World world;
    auto options = any_port();
    options.port = world.port;
    HttpServer second{world.service, world.coherence, nullptr, boot_clock(), options};
    try {
      (void)second.bind();
      FAIL("bound");
    } catch (const Error& error) {
      CHECK(error.kind() == Kind::unreachable);
      CHECK(std::string_view{error.what()}.find("127.0.0.1:" + std::to_string(world.port)) !=
            std::string_view::npos);
    }
    CHECK(RawClient{world.port}.get("/ping").status == 200);
  }

  TEST_CASE("http_status tells the status, or 0 when nobody answers") {
    int port = 0;
    {
      World world;
      port = world.port;
      CHECK(http_status("127.0.0.1", port, "/ready", 1s) == 200);
      world.coherence.say({});
      CHECK(http_status("127.0.0.1", port, "/ready", 1s) == 503);
      CHECK(http_status("127.0.0.1", port, "/nowhere", 1s) == 404);
    }
    CHECK(http_status("127.0.0.1", port, "/ready", 1s) == 0);
  }

  TEST_CASE("many clients at once all get their own answers") {
    World world;
    for (int user = 10; user < 20; ++user) {
      world.store.put(UserId{user}, {{.user = {}, .movie = MovieId{user}, .score = 1, .timestamp = 1}});
    }
    std::atomic<int> wrong{0};
    {
      std::vector<std::jthread> clients;
      for (int user = 10; user < 20; ++user) {
        clients.emplace_back([&world, &wrong, user] {
          RawClient client{world.port};
          const auto expected = "[{\"movie_id\":" + std::to_string(user) + ",";
          for (int i = 0; i < 200; ++i) {
            if (!client.get("/rates/" + std::to_string(user)).body.starts_with(expected)) ++wrong;
          }
        });
      }
    }
    CHECK(wrong == 0);
  }
}
