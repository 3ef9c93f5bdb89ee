#pragma once

#include <chrono>
#include <csignal>
#include <cstdint>
#include <functional>
#include <netinet/in.h>
#include <spawn.h>
#include <stdexcept>
#include <string>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace ratings::test {

inline sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

inline int free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  auto address = loopback(0);
  socklen_t size = sizeof address;
  const bool bound = bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                     getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  close(fd);
  if (!bound) throw std::runtime_error{"no free port"};
  return ntohs(address.sin_port);
}

/// Somebody listens on this port of the loopback address.
inline bool accepts(int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  const auto address = loopback(port);
  const bool open = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  close(fd);
  return open;
}

/// A program that runs in the foreground until the object ends, then is killed.
class Daemon {
 public:
  /// Returns when `ready` says so, which it is asked for ten seconds.
  Daemon(std::vector<std::string> words, const std::function<bool()>& ready) {
    std::vector<char*> arguments;
    arguments.reserve(words.size() + 1);
    for (auto& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    if (posix_spawnp(&process_, arguments[0], nullptr, nullptr, arguments.data(), environ) != 0)
      throw std::runtime_error{"cannot start " + words[0]};
    for (int i = 0; i < 1'000; ++i) {
      if (ready()) return;
      std::this_thread::sleep_for(std::chrono::milliseconds{10});
    }
    end();
    throw std::runtime_error{words[0] + " does not get ready"};
  }
  ~Daemon() { end(); }
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  void signal(int number) const { ::kill(process_, number); }

 private:
  void end() const {
    signal(SIGKILL);
    waitpid(process_, nullptr, 0);
  }

  pid_t process_ = 0;
};

}  // namespace ratings::test
