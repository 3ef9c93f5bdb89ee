#pragma once

#include "support/daemon.hpp"

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
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
    process_.emplace(std::move(words),
                     [this] { return accepts(port_) && std::filesystem::exists(socket()); });
  }
  void signal(int number) const { process_->signal(number); }
  /// At once and without a word, like a crash.
  void kill() { process_.reset(); }

  [[nodiscard]] std::string url() const { return "redis://127.0.0.1:" + std::to_string(port_) + "/0"; }
  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] std::string socket() const { return folder_ + "/redis.sock"; }

 private:
  const int port_;
  std::string folder_;
  std::vector<std::string> setting_;
  std::optional<Daemon> process_;
};

}  // namespace ratings::test
