#include "redis/pool.hpp"

namespace ratings::redis {

/// The right to use one connection.
class Pool::Seat {
 public:
  Seat(Pool& pool, Deadline deadline) : pool_{pool} {
    std::unique_lock lock{pool_.mutex_};
    if (!pool_.freed_.wait_until(lock, deadline, [this] { return pool_.taken_ < kMaxConnections; })) {
      throw Fault{"all connections are in use"};
    }
    ++pool_.taken_;
  }
  ~Seat() {
    {
      const std::scoped_lock lock{pool_.mutex_};
      --pool_.taken_;
    }
    pool_.freed_.notify_one();
  }
  Seat(const Seat&) = delete;
  Seat& operator=(const Seat&) = delete;

 private:
  Pool& pool_;
};

std::vector<Reply> Pool::ask(std::span<const Connection::Command> commands) {
  const auto budget = address_.budget;
  auto deadline = std::chrono::steady_clock::now() + budget;
  const Seat seat{*this, deadline};
  auto connection = idle_one();
  if (!connection) {
    connection = std::make_unique<Connection>(address_, 2 * budget, budget);
    // A new connection is paid once; the commands still get their own budget.
    deadline = std::chrono::steady_clock::now() + budget;
  }
  auto replies = connection->ask_all(commands, deadline);
  const std::scoped_lock lock{mutex_};
  idle_.push_back(std::move(connection));
  return replies;
}

std::unique_ptr<Connection> Pool::idle_one() {
  for (;;) {
    std::unique_ptr<Connection> connection;
    {
      const std::scoped_lock lock{mutex_};
      if (idle_.empty()) return nullptr;
      connection = std::move(idle_.back());
      idle_.pop_back();
    }
    // Redis may have restarted or closed it for idling: that is no failure of the command to come.
    if (connection->quiet()) return connection;
  }
}

}  // namespace ratings::redis
