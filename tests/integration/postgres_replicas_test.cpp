#include "integration/postgres_world.hpp"

#include "ratings/error.hpp"
#include "ratings/replicas.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdexcept>
#include <string>
#include <sys/socket.h>
#include <unistd.h>

using namespace ratings;
using namespace std::chrono_literals;

using test::Database;
using test::options_for;
using test::soon;

namespace {

/// A server that takes connections and never says a word, as one that hangs does.
class Silence {
 public:
  Silence() : fd_{::socket(AF_INET, SOCK_STREAM, 0)} {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* where = reinterpret_cast<sockaddr*>(&address);
    if (::bind(fd_, where, size) != 0 || ::listen(fd_, 8) != 0 || ::getsockname(fd_, where, &size) != 0)
      throw std::runtime_error{"cannot listen"};
    port_ = std::to_string(ntohs(address.sin_port));
  }
  ~Silence() { ::close(fd_); }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;
  [[nodiscard]] const std::string& port() const { return port_; }

 private:
  int fd_;
  std::string port_;
};

/// host:port of the test's cluster.
std::string place_of(const std::string& url) {
  const auto begin = url.find('@') + 1;
  return url.substr(begin, url.find('/', begin) - begin);
}

std::string with_first_host(const std::string& url, const std::string& first) {
  auto text = url;
  return text.insert(text.find('@') + 1, first + ",");
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::string reading(const std::string& url) {
  return postgres::conninfo(options_for(url), postgres::Purpose::read);
}

}  // namespace

TEST_SUITE("postgres: several hosts") {
  TEST_CASE("of several hosts the one that can be written to is wanted, unless the URL says otherwise") {
    CHECK(has(reading("postgresql://me@a,b/x"), "target_session_attrs='primary'"));
    CHECK(has(reading("hostaddr=10.0.0.1,10.0.0.2"), "target_session_attrs='primary'"));
    CHECK(has(reading("postgresql://me@a,b/x?target_session_attrs=any"), "target_session_attrs='any'"));
    CHECK_FALSE(has(reading("postgresql://me@a/x"), "target_session_attrs"));
  }

  TEST_CASE("of several addresses of one name a standby is none of the store's, but may be a replica's") {
    const std::string store = "host='db' dbname='x'";
    for (const auto& at : postgres::at_addresses(store, {"10.0.0.1", "10.0.0.2"}))
      CHECK(has(at, "target_session_attrs='primary'"));
    CHECK_FALSE(has(postgres::at_addresses(store, {"10.0.0.1"}).front(), "target_session_attrs"));
    for (const auto& at : postgres::at_addresses(postgres::of_any_server(store), {"10.0.0.1", "10.0.0.2"}))
      CHECK(has(at, "target_session_attrs='any'"));
  }

  TEST_CASE("each host keeps its own port and address, and all the other words") {
    const auto hosts = postgres::hosts_of(
        "host=a,b,c hostaddr=10.0.0.1,,10.0.0.3 port=1,,3 user=me dbname=x password='p w'");
    REQUIRE(hosts.size() == 3);
    CHECK(hosts[0].name == "a:1");
    CHECK(hosts[1].name == "b:5432");
    CHECK(hosts[2].name == "c:3");
    CHECK(has(hosts[2].conninfo, "hostaddr='10.0.0.3'"));
    for (const auto& host : hosts) {
      CHECK(has(host.conninfo, "user='me'"));
      CHECK(has(host.conninfo, "password='p w'"));
    }

    const auto shared = postgres::hosts_of("postgresql://me@a,b/x?port=7");
    REQUIRE(shared.size() == 2);
    CHECK(shared[1].name == "b:7");

    CHECK(postgres::hosts_of("postgresql://me@a/x").size() == 1);
    CHECK(postgres::hosts_of("postgresql://me@a,b/x?target_session_attrs=prefer-standby").size() == 1);
  }

  TEST_CASE("a host that takes the connection and says nothing leaves time for the next one") {
    Database db;
    const Silence silence;
    const auto url = with_first_host(db.temp.url(), "127.0.0.1:" + silence.port());
    const auto asked = boot_clock().now();

    postgres::Connection connection{reading(url), asked + 1s};

    CHECK(connection.execute("testing", "SELECT 1").rows() == 1);
    CHECK(boot_clock().now() - asked < 1s);
  }

  TEST_CASE("when no host answers the error is the last one's and comes in time") {
    const Silence one;
    const Silence two;
    const auto url = "postgresql://me@127.0.0.1:" + one.port() + ",127.0.0.1:" + two.port() + "/x";
    const auto asked = boot_clock().now();
    CHECK_THROWS_AS((postgres::Connection{reading(url), asked + 400ms}), Error);
    CHECK(boot_clock().now() - asked < 5s);
  }
}

TEST_SUITE("postgres: replicas") {
  TEST_CASE("each host of the address is a replica of its own, named by host and port") {
    auto found = open_replicas(options_for("postgresql://me@a:1,b,c:3/x"));
    std::vector<std::string> names;
    names.reserve(found.size());
    for (const auto& replica : found) names.push_back(replica.name);
    std::sort(names.begin(), names.end());
    CHECK(names == std::vector<std::string>{"a:1", "b:5432", "c:3"});
  }

  TEST_CASE("a host that is named twice, and a file, are wrong settings") {
    for (const char* url : {"postgresql://me@a,a/x", "postgresql://me@a,a:5432/x", "sqlite:/tmp/x.db"}) {
      try {
        (void)open_replicas(options_for(url));
        FAIL("accepted");
      } catch (const Error& error) {
        CHECK(error.kind() == Kind::usage);
      }
    }
  }

  TEST_CASE("a server that is a primary is looked at and read like any other") {
    Database db;
    db.run("INSERT INTO ratings VALUES (1, 31, 2.5, 1260759144)");
    auto replicas = open_replicas(db.options);
    REQUIRE(replicas.size() == 1);
    CHECK(replicas[0].name == place_of(db.temp.url()));

    const auto state = replicas[0].probe->look(soon());

    CHECK_FALSE(state.standby);
    CHECK(state.now.position == db.now().position);
    CHECK_FALSE(state.replayed);
    CHECK(replicas[0].histories->history(UserId{1}, soon()).tag.read == db.now());
  }

  TEST_CASE("a replica that is away says so, and is found when it is asked again") {
    test::TempDatabase empty;
    auto replicas = open_replicas(options_for(empty.url()));
    CHECK_THROWS_AS((void)replicas.at(0).probe->look(soon()), Error);  // no schema yet

    open_store_admin(options_for(empty.url()))->ensure_schema();
    CHECK(replicas.at(0).probe->look(soon()).now.position >= 0);
  }
}
