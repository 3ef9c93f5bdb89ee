#include "core/resolver.hpp"

#include "ratings/error.hpp"

#include <array>
#include <map>
#include <memory>
#include <mutex>
#include <netdb.h>
#include <sys/socket.h>

namespace ratings {
namespace {

using std::chrono::steady_clock;

addrinfo stream(int flags) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags;
  return hints;
}

bool is_address(const std::string& host) {
  const auto hints = stream(AI_NUMERICHOST);
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) return false;
  freeaddrinfo(found);
  return true;
}

/// A getaddrinfo_a(3) under way, or its end. libc writes into it: it stays where it is until it has ended.
class Lookup {
 public:
  explicit Lookup(std::string host) : host_{std::move(host)} {
    request_.ar_name = host_.c_str();
    request_.ar_request = &hints_;
    std::array<gaicb*, 1> list{&request_};
    if (const int error = getaddrinfo_a(GAI_NOWAIT, list.data(), 1, nullptr); error != 0)
      throw Error{Kind::unreachable, "looking up " + host_ + ": " + gai_strerror(error)};
  }
  ~Lookup() {
    if (request_.ar_result != nullptr) freeaddrinfo(request_.ar_result);
  }
  Lookup(const Lookup&) = delete;
  Lookup& operator=(const Lookup&) = delete;

  [[nodiscard]] bool ended() { return gai_error(&request_) != EAI_INPROGRESS; }

  void wait(steady_clock::time_point deadline) {
    while (!ended()) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now()).count();
      if (left <= 0) return;
      const timespec time{.tv_sec = left / 1'000, .tv_nsec = left % 1'000 * 1'000'000};
      const std::array<const gaicb*, 1> list{&request_};
      (void)gai_suspend(list.data(), 1, &time);  // ended, out of time, or a signal: looked at again above
    }
  }

  /// After its end.
  [[nodiscard]] std::vector<std::string> addresses() {
    if (const int error = gai_error(&request_); error != 0)
      throw Error{Kind::unreachable, "looking up " + host_ + ": " + gai_strerror(error)};
    std::vector<std::string> found;
    for (const auto* one = request_.ar_result; one != nullptr; one = one->ai_next) {
      std::array<char, NI_MAXHOST> text{};
      if (getnameinfo(one->ai_addr, one->ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) ==
          0)
        found.emplace_back(text.data());
    }
    return found;
  }

 private:
  const std::string host_;
  const addrinfo hints_ = stream(0);
  gaicb request_{};
};

/// Those that have not ended, and those that nobody has waited for to the end.
struct Lookups {
  std::mutex mutex;
  std::map<std::string, std::shared_ptr<Lookup>> by_host;
};

/// Never destroyed: when the program ends, a thread of libc may still be at one of them.
Lookups& lookups() {
  static auto& all = *std::make_unique<Lookups>().release();
  return all;
}

std::shared_ptr<Lookup> join(const std::string& host) {
  auto& all = lookups();
  const std::scoped_lock lock{all.mutex};
  auto& lookup = all.by_host[host];
  // One that has ended before we asked may have ended long ago.
  if (!lookup || lookup->ended()) lookup = std::make_shared<Lookup>(host);
  return lookup;
}

}  // namespace

std::vector<std::string> resolve(const std::string& host, std::chrono::milliseconds patience) {
  if (is_address(host)) return {host};
  const auto lookup = join(host);
  lookup->wait(steady_clock::now() + patience);
  if (!lookup->ended())
    throw Error{Kind::busy, "looking up " + host + ": no answer from a name server in time"};
  return lookup->addresses();
}

}  // namespace ratings
