#pragma once

#include "http/descriptor.hpp"
#include "simulator/dice.hpp"
#include "simulator/fibers.hpp"
#include "simulator/server.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace ratings::simulator {

struct HttpAnswer {
  int status = 0;
  std::string head;
  std::string body;
  Instant asked{};  ///< when the request's last byte was sent

  [[nodiscard]] std::string header(std::string_view name) const;
};

/// A client with one connection at a time. Its requests trickle in.
class Client {
 public:
  Client(Fibers& fibers, Dice& dice) : fibers_{fibers}, dice_{dice} {}

  /// Nothing when the server was killed meanwhile.
  std::optional<HttpAnswer> get(const std::shared_ptr<Server>& server, const std::string& target,
                                const std::string& if_none_match);

 private:
  void connect(const std::shared_ptr<Server>& server);
  void send(std::string_view bytes) const;
  std::optional<HttpAnswer> receive() const;

  Fibers& fibers_;
  Dice& dice_;
  std::shared_ptr<Server> server_;
  std::optional<http::Descriptor> socket_;
};

}  // namespace ratings::simulator
