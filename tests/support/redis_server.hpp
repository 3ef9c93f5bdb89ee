#pragma once

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <sstream>
#include <stdexcept>
#include <string>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace ratings::test {

/// A redis-server of one test's own, on a free loopback port and a Unix socket in a folder of its own; ended
/// and removed with the object.
class RedisServer {
 public:
  /// `setting`: one more line of its configuration, such as "requirepass x".
  explicit RedisServer(const std::string& setting = "") : port_{free_port()} {
    char pattern[] = "/tmp/ratings-redis-XXXXXX";  // a Unix socket's path must be short
    if (mkdtemp(pattern) == nullptr) throw std::runtime_error{"cannot make a folder for redis-server"};
    folder_ = pattern;
    std::istringstream words{setting};
    for (std::string word; words >> word;) setting_.push_back(setting_.empty() ? "--" + word : word);
    start();
  }
  ~RedisServer() {
    kill();
    std::filesystem::remove_all(folder_);
  }
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  /// Starts it, empty, and returns when it accepts connections.
  void start() {
    std::vector<std::string> words{
        "redis-server", "--port", std::to_string(port_), "--bind",         "127.0.0.1",    "--save", "",
        "--dir",        folder_,  "--logfile",           folder_ + "/log", "--unixsocket", socket()};
    words.insert(words.end(), setting_.begin(), setting_.end());
    std::vector<char*> arguments;
    for (auto& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    if (posix_spawnp(&process_, "redis-server", nullptr, nullptr, arguments.data(), environ) != 0) {
      throw std::runtime_error{"cannot start redis-server"};
    }
    for (int i = 0; i < 1'000 && !accepts(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds{10});
    if (!accepts()) throw std::runtime_error{"redis-server does not accept connections"};
  }
  void signal(int number) const { ::kill(process_, number); }
  /// At once and without a word, like a crash.
  void kill() {
    if (process_ <= 0) return;
    signal(SIGKILL);
    waitpid(process_, nullptr, 0);
    process_ = 0;
  }

  [[nodiscard]] std::string url() const { return "redis://127.0.0.1:" + std::to_string(port_) + "/0"; }
  [[nodiscard]] std::string socket() const { return folder_ + "/redis.sock"; }

 private:
  static sockaddr_in loopback(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }

  static int free_port() {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    auto address = loopback(0);
    socklen_t size = sizeof address;
    const bool bound = bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                       getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
    close(fd);
    if (!bound) throw std::runtime_error{"no free port"};
    return ntohs(address.sin_port);
  }

  [[nodiscard]] bool accepts() const {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    const auto address = loopback(port_);
    const bool open = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    close(fd);
    return open && std::filesystem::exists(socket());
  }

  const int port_;
  std::string folder_;
  std::vector<std::string> setting_;
  pid_t process_ = 0;
};

}  // namespace ratings::test
