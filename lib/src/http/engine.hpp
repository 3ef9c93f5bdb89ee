#pragma once

#include "http/router.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace ratings::http {

enum class After { keep, close };  ///< what becomes of the connection after an answer
enum class AccessLog { off, on };

/// An answer ready to be sent: the header's bytes, and the body where it already lies.
struct Reply {
  std::string head;
  Response response;
  bool bodiless = false;  ///< HEAD
  After after = After::close;

  [[nodiscard]] std::string_view body() const { return bodiless ? std::string_view{} : response.body(); }
};

/// Header bytes ▸ cpp-httplib ▸ Router ▸ reply. The only door to cpp-httplib, for every version of it; knows
/// no sockets. Not thread-safe: one for each worker. Everything given must outlive it.
class Engine {
 public:
  Engine(Router& router, Clock& clock, AccessLog access_log);
  ~Engine();

  /// `head`: a complete header, its empty line included. `after`: close when the server does not want another
  /// request on this connection.
  [[nodiscard]] Reply answer(std::string_view head, Instant arrived, After after);
  /// For bytes that are no complete header.
  [[nodiscard]] static Reply refuse(const Refusal& refusal);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ratings::http
