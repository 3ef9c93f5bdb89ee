#include "redis/servers.hpp"

#include "redis/cluster.hpp"
#include "redis/redis_url.hpp"

#include <algorithm>

namespace ratings::redis {
namespace {

/// A single server, or a proxy that looks like one.
class OneServer final : public Servers {
 public:
  OneServer(Address address, Clock& clock, Counts& counts)
      : server_{std::move(address), Server::Place::alone, clock, counts} {}

  std::vector<std::optional<Reply>> ask(std::span<const Question> questions, Accept accept) override {
    std::vector<Errand> errands;
    errands.reserve(questions.size());
    for (const auto& question : questions) errands.push_back({.command = question.command});
    auto outcome = server_.ask(errands, accept);
    std::vector<std::optional<Reply>> answers(questions.size());
    std::ranges::move(outcome.replies, answers.begin());
    return answers;
  }
  [[nodiscard]] bool usable() const noexcept override { return server_.usable(); }
  void describe(RedisFigures& figures) const override {
    const auto [in_use, idle] = server_.connections();
    figures.breaker_open = server_.breaker_open();
    figures.connections_in_use = in_use;
    figures.connections_idle = idle;
  }

 private:
  Server server_;
};

}  // namespace

std::unique_ptr<Servers> make_servers(const RedisOptions& options, Clock& clock, Counts& counts) {
  const bool cluster = is_cluster(options.url);
  auto addresses = cluster ? parse_cluster_url(options.url) : std::vector{parse_url(options.url)};
  for (auto& address : addresses) {
    if (!options.password.empty()) address.password = options.password;
    address.budget = options.budget;
  }
  if (cluster) return std::make_unique<Cluster>(std::move(addresses), clock, counts);
  return std::make_unique<OneServer>(std::move(addresses.front()), clock, counts);
}

}  // namespace ratings::redis
