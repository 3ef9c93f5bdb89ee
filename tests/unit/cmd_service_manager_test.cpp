#include "service_manager.hpp"
#include "support/temp_dir.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <stdexcept>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace ratings::cmd {
namespace {

using test::TempDir;

/// A service manager's end of the line: a real datagram socket. A name with @ is an abstract one.
class Listener {
 public:
  explicit Listener(const std::string& name) : handle_{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)} {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    REQUIRE(name.size() < sizeof(address.sun_path));
    std::memcpy(address.sun_path, name.data(), name.size());
    if (name.starts_with('@')) address.sun_path[0] = '\0';
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    if (::bind(handle_, reinterpret_cast<const sockaddr*>(&address), size) != 0)
      throw std::runtime_error{"cannot bind " + name};
  }
  ~Listener() { ::close(handle_); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  /// The next datagram; empty when there is none. A local datagram has arrived when sendto() returns.
  std::string next() const {
    std::array<char, 256> text{};
    const auto size = ::recv(handle_, text.data(), text.size(), MSG_DONTWAIT);
    return size < 0 ? std::string{} : std::string{text.data(), static_cast<std::size_t>(size)};
  }
  /// Until the queue is full, as that of a manager that hangs.
  void fill() const {
    sockaddr_un address{};
    socklen_t size = sizeof(address);
    REQUIRE(::getsockname(handle_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    const int sender = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    while (::sendto(sender, "x", 1, 0, reinterpret_cast<const sockaddr*>(&address), size) == 1) continue;
    ::close(sender);
  }

 private:
  int handle_;
};

ServiceManager manager_at(const std::string& socket) {
  return ServiceManager{[socket](const std::string& name) -> std::optional<std::string> {
    return name == "NOTIFY_SOCKET" && !socket.empty() ? std::optional{socket} : std::nullopt;
  }};
}

}  // namespace

TEST_SUITE("service manager") {
  TEST_CASE("ready and stopping arrive as datagrams of their own, in order") {
    const TempDir folder;
    const auto path = (folder.path() / "notify").string();
    const Listener listener{path};
    const auto manager = manager_at(path);
    CHECK(listener.next().empty());
    manager.ready();
    manager.stopping();
    CHECK(listener.next() == "READY=1");
    CHECK(listener.next() == "STOPPING=1");
    CHECK(listener.next().empty());
  }

  TEST_CASE("an abstract socket is written with an @") {
    const auto name = "@ratingsctl-test-" + std::to_string(::getpid());
    const Listener listener{name};
    manager_at(name).ready();
    CHECK(listener.next() == "READY=1");
  }

  TEST_CASE("without the variable nothing is sent, and a socket that cannot be used does no harm") {
    const TempDir folder;
    const auto path = (folder.path() / "notify").string();
    const Listener listener{path};
    manager_at("").ready();
    manager_at(path + "-of-nobody").ready();
    manager_at("relative").ready();
    manager_at("/" + std::string(200, 'x')).ready();
    CHECK(listener.next().empty());
  }

  TEST_CASE("a manager that reads nothing holds nobody up") {
    const TempDir folder;
    const auto path = (folder.path() / "notify").string();
    const Listener listener{path};
    listener.fill();
    manager_at(path).ready();  // would hang here for ever
    CHECK(listener.next() == "x");
  }
}

}  // namespace ratings::cmd
