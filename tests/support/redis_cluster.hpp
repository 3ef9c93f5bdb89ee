#pragma once

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace ratings::test {

/// A Redis Cluster of three masters of one test's own (redis_cluster.sh); ended and removed with the object.
/// Nodes are numbered from 1.
class RedisCluster {
 public:
  static constexpr int kNodes = 3;

  explicit RedisCluster(std::string password = "") : password_{std::move(password)} {
    char pattern[] = "/tmp/ratings-cluster-XXXXXX";
    if (mkdtemp(pattern) == nullptr) throw std::runtime_error{"cannot make a folder for a Redis Cluster"};
    folder_ = pattern;
    try {
      run("start");
    } catch (...) {
      end();
      throw;
    }
    std::istringstream ports{setting("REDIS_CLUSTER_PORTS")};
    for (int port = 0; ports >> port;) ports_.push_back(port);
  }
  ~RedisCluster() { end(); }
  RedisCluster(const RedisCluster&) = delete;
  RedisCluster& operator=(const RedisCluster&) = delete;

  [[nodiscard]] std::string url() const { return setting("REDIS_CLUSTER_URL"); }
  [[nodiscard]] int port(int node) const { return ports_.at(static_cast<std::size_t>(node - 1)); }
  [[nodiscard]] std::string address(int node) const { return "127.0.0.1:" + std::to_string(port(node)); }
  [[nodiscard]] std::string dump() const { return folder_ + "/kept.rdb"; }

  void kill(int node) { run("kill", std::to_string(node)); }
  /// Empty, or with what keep() has saved of it.
  void restart(int node, const std::string& dump = "") { run("restart", std::to_string(node) + " " + dump); }
  void keep(int node) { run("keep", std::to_string(node) + " " + dump()); }
  /// A live reshard.
  void move(int from, int to, int slots) {
    run("move", std::to_string(from) + " " + std::to_string(to) + " " + std::to_string(slots));
  }

 private:
  void run(const std::string& action, const std::string& more = "") const {
    const auto secret = password_.empty() ? std::string{} : "REDIS_CLUSTER_PASSWORD=" + password_ + " ";
    const auto command =
        secret + RATINGS_SOURCE_DIR "/tests/support/redis_cluster.sh " + action + " " + folder_ + " " + more;
    if (std::system(command.c_str()) != 0) throw std::runtime_error{"redis_cluster.sh " + action + " failed"};
  }
  void end() {
    // A destructor must not throw; what is left says so itself.
    (void)std::system(
        (std::string{RATINGS_SOURCE_DIR "/tests/support/redis_cluster.sh stop "} + folder_).c_str());
    std::filesystem::remove_all(folder_);
  }
  [[nodiscard]] std::string setting(const std::string& name) const {
    std::ifstream file{folder_ + "/cluster.env"};
    for (std::string line; std::getline(file, line);)
      if (line.starts_with(name + "=")) return line.substr(name.size() + 1);
    throw std::runtime_error{"no " + name + " in cluster.env"};
  }

  const std::string password_;
  std::string folder_;
  std::vector<int> ports_;
};

}  // namespace ratings::test
