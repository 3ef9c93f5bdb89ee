#pragma once

#include "http/gate.hpp"
#include "http/responses.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace ratings::http {

/// An answer ready to be sent: the header's bytes, and the body where it already lies.
struct Reply {
  std::string head;
  Response response;
  bool bodiless = false;  ///< to HEAD
  After after = After::close;

  [[nodiscard]] std::string_view body() const { return bodiless ? std::string_view{} : response.body(); }
};

/// Writes the header. The only place that does, whatever found the answer: cpp-httplib's versions order their
/// header fields differently, and clients compare answers byte for byte. `idle`: what Keep-Alive
/// promises.
[[nodiscard]] Reply to_reply(Response response, After after, bool bodiless, std::chrono::seconds idle);

/// Answers on their way to one client, in order. Not thread-safe.
class Outgoing {
 public:
  enum class Sent { all, some, broken };

  void add(Reply reply) {
    replies_.push_back(std::move(reply));
    added_ += replies_.back().head.size() + replies_.back().body().size();
  }
  [[nodiscard]] std::size_t count() const noexcept { return replies_.size() - first_; }
  [[nodiscard]] bool empty() const noexcept { return count() == 0; }
  [[nodiscard]] std::size_t unsent() const noexcept { return added_ - bytes_sent_; }
  /// As much as the kernel takes at once, by one system call for what usually waits. `broken`: the client is
  /// gone.
  [[nodiscard]] Sent send_to(int socket);
  /// Of all calls, so far.
  [[nodiscard]] std::size_t bytes_sent() const noexcept { return bytes_sent_; }

 private:
  void taken(std::size_t bytes);

  std::vector<Reply> replies_;
  std::size_t first_ = 0;    ///< of those not sent whole
  std::size_t already_ = 0;  ///< bytes of that one that are sent
  std::size_t added_ = 0;    ///< bytes
  std::size_t bytes_sent_ = 0;
};

}  // namespace ratings::http
