#include "http/engine.hpp"

#include "ratings/http_server.hpp"

#include <httplib.h>

#include <string>

namespace ratings::http {
namespace {

/// Reads a request from memory; httplib never sees a socket. What it writes is dropped: to_reply() writes the
/// header, and the body stays where it lies.
class MemoryStream final : public httplib::Stream {
 public:
  explicit MemoryStream(std::string_view input) : input_{input} {}

  bool is_readable() const override { return !input_.empty(); }
  bool is_writable() const override { return true; }
  ssize_t read(char* to, std::size_t size) override {
    const auto bytes = input_.copy(to, size);
    input_.remove_prefix(bytes);
    return static_cast<ssize_t>(bytes);
  }
  ssize_t write(const char*, std::size_t size) override { return static_cast<ssize_t>(size); }
  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  socket_t socket() const override { return INVALID_SOCKET; }

 private:
  std::string_view input_;
};

/// httplib without its sockets and threads.
class Parser final : public httplib::Server {
 public:
  using Setup = std::function<void(httplib::Request&)>;
  void process(MemoryStream& stream, const Setup& setup) { call(&Parser::process_request, stream, setup); }

 private:
  // 0.18 passes the addresses as arguments, 0.11 asks the stream for them. The versions carry no number that
  // the preprocessor can compare, so the member's own type decides.
  template <typename Class>
  void call(bool (Class::*member)(httplib::Stream&, bool, bool&, const Setup&), MemoryStream& stream,
            const Setup& setup) {
    bool closed = false;
    (void)(this->*member)(stream, false, closed, setup);
  }
  template <typename Class>
  void call(bool (Class::*member)(httplib::Stream&, const std::string&, int, const std::string&, int, bool,
                                  bool&, const Setup&),
            MemoryStream& stream, const Setup& setup) {
    bool closed = false;
    (void)(this->*member)(stream, {}, 0, {}, 0, false, closed, setup);
  }
};

}  // namespace

struct Engine::State {
  explicit State(Router& routes) : router{routes} {
    using Handler = httplib::Server::HandlerWithResponse;
    using Handled = httplib::Server::HandlerResponse;
    // Before httplib's own routes, which are regular expressions that recurse.
    parser.set_pre_routing_handler([this](const httplib::Request& parsed, httplib::Response& written) {
      route(parsed.method, parsed.target);
      written.status = response.status;
      return Handled::Handled;
    });
    parser.set_error_handler(
        Handler{[](const httplib::Request&, httplib::Response&) { return Handled::Handled; }});
    parser.set_exception_handler(
        // NOLINTNEXTLINE(performance-unnecessary-value-param): httplib's type
        [](const httplib::Request&, httplib::Response&, std::exception_ptr) {
          // The router never throws. Were it not so: answer() sees that nothing was routed, and the text of
          // an exception is for nobody outside.
        });
  }

  void route(std::string_view method, std::string_view target) {
    routed = true;
    response = router.answer({.method = method,
                              .target = target,
                              .conditions = request->conditions,
                              .arrived = arrived,
                              .id = id});
  }

  Router& router;
  Parser parser;
  // Of the request under way:
  const Admitted* request = nullptr;
  Instant arrived{};
  std::string_view id;
  bool routed = false;
  Response response;
};

Engine::Engine(Router& router) : state_{std::make_unique<State>(router)} {}
Engine::~Engine() = default;

Response Engine::answer(const Admitted& request, Instant arrived, std::string_view id) {
  auto& state = *state_;
  state.request = &request;
  state.arrived = arrived;
  state.id = id;
  state.routed = false;
  state.response = Response{};
  std::string line;
  line.append(request.method).append(" ").append(request.target).append(" HTTP/1.1\r\n\r\n");
  MemoryStream stream{line};
  state.parser.process(stream, nullptr);
  // httplib knows ten methods; 404 and 405 are owed to all others too.
  if (!state.routed) state.route(request.method, request.target);
  return std::move(state.response);
}

}  // namespace ratings::http

namespace ratings {

int http_status(const std::string& host, int port, const std::string& path,
                std::chrono::milliseconds timeout) {
  httplib::Client client{host, port};
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(timeout);
  const auto rest = std::chrono::duration_cast<std::chrono::microseconds>(timeout - seconds);
  client.set_connection_timeout(seconds.count(), rest.count());
  client.set_read_timeout(seconds.count(), rest.count());
  client.set_write_timeout(seconds.count(), rest.count());
  const auto result = client.Get(path.c_str());
  return result ? result->status : 0;
}

}  // namespace ratings
