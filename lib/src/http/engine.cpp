#include "http/engine.hpp"

#include "core/log.hpp"
#include "http/connection.hpp"
#include "http/framing.hpp"

#include "ratings/http_server.hpp"

#include <httplib.h>

#include <algorithm>

namespace ratings::http {
namespace {

/// Reads from a header in memory, writes into a string; httplib never sees a socket. It gets exactly one
/// header, so it cannot take a body's bytes for the next request.
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
  ssize_t write(const char* from, std::size_t size) override {
    output_.append(from, size);
    return static_cast<ssize_t>(size);
  }
  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  socket_t socket() const override { return INVALID_SOCKET; }

  std::string output() && { return std::move(output_); }

 private:
  std::string_view input_;
  std::string output_;
};

/// httplib's parser and response writer, without its sockets and threads.
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

/// All fields of that name as one list.
std::string joined(const httplib::Request& request, const char* name) {
  std::string list;
  const auto [first, last] = request.headers.equal_range(name);
  for (auto field = first; field != last; ++field) list += (list.empty() ? "" : ", ") + field->second;
  return list;
}

bool lists_word(std::string list, std::string_view word) {
  std::transform(list.begin(), list.end(), list.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  for (auto at = list.find(word); at != std::string::npos; at = list.find(word, at + 1)) {
    const auto edge = [&list](std::size_t i) { return i >= list.size() || list[i] == ',' || list[i] == ' '; };
    if ((at == 0 || edge(at - 1)) && edge(at + word.size())) return true;
  }
  return false;
}

/// What the client wants.
After after(const httplib::Request& request) {
  const auto connection = joined(request, "Connection");
  const bool keeps =
      request.version == "HTTP/1.0" ? lists_word(connection, "keep-alive") : !lists_word(connection, "close");
  return keeps ? After::keep : After::close;
}

Refusal refusal_of(int status) {
  if (status == 414) return {414, "target_too_long", "the request line is longer than 8192 bytes"};
  if (status == 400) return {400, "bad_request", "this is no HTTP/1.1 request"};
  return refusal_for(Kind::internal);
}

/// Fit for a log line: a target may hold any byte.
std::string printable(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c <= ' ' || c >= '\x7f'; }, '?');
  return text;
}

}  // namespace

struct Engine::State {
  State(Router& routes, Clock& time, AccessLog logging) : router{routes}, clock{time}, access_log{logging} {
    using Handler = httplib::Server::HandlerWithResponse;
    using Handled = httplib::Server::HandlerResponse;
    // Before httplib's own routes, which are regular expressions that recurse.
    parser.set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
      route(request);
      response.status = reply.response.status;
      return Handled::Handled;
    });
    parser.set_error_handler(Handler{[this](const httplib::Request& request, httplib::Response& response) {
      if (!routed) refuse(request, response.status);
      response.status = reply.response.status;
      return Handled::Handled;
    }});
    parser.set_exception_handler(
        // NOLINTNEXTLINE(performance-unnecessary-value-param): httplib's type
        [](const httplib::Request&, httplib::Response& response, std::exception_ptr) {
          response.status = 500;  // the error handler writes the answer, without the exception's text
        });
    // The last thing before the header is written.
    parser.set_post_routing_handler(
        [this](const httplib::Request&, httplib::Response& response) { write_headers(response); });
  }

  /// Called by httplib after it has read all headers, before it acts on them.
  void prepare(httplib::Request& request) const {
    // We send 200 and the whole body, which RFC 9110 §14.2 allows; httplib would cut it in up to 100 MB of
    // parts.
    request.ranges.clear();
    request.headers.erase("Range");
    // No "100 Continue": no path wants a body.
    request.headers.erase("Expect");
  }

  void route(const httplib::Request& request) {
    routed = true;
    reply.bodiless = request.method == "HEAD";
    if (after(request) == After::close) reply.after = After::close;
    reply.response = router.answer({.method = request.method,
                                    .target = request.target,
                                    .conditions = {.accept_encoding = joined(request, "Accept-Encoding"),
                                                   .if_none_match = joined(request, "If-None-Match")},
                                    .arrived = arrived});
    log_access(request);
  }

  /// httplib refused the request with `status` before it came to route().
  void refuse(const httplib::Request& request, int status) {
    // A Range it cannot read; for us there are no ranges.
    if (status == 416) return route(request);
    reply.after = After::close;  // the headers were not read, so nobody knows where the next request begins
    // A method that httplib has never heard of: an ordinary 404 or 405.
    const bool method_unknown = status == 400 && !request.method.empty() && request.target.starts_with('/');
    const auto route = method_unknown ? route_of(request.method, request.target) : Route{};
    const auto* refusal = std::get_if<Refusal>(&route);
    reply.response =
        error_response(refusal != nullptr && !refusal->code.empty() ? *refusal : refusal_of(status));
    log_access(request);
  }

  /// Throws away what httplib thinks about our headers (ranges, keep-alive, default types). The body is not
  /// given to it, so it cannot compress or slice it and nothing is copied.
  void write_headers(httplib::Response& response) const {
    response.headers.clear();
    for (const auto& [name, value] : reply.response.headers) response.set_header(name.c_str(), value);
    if (response.status != 304) {
      response.set_header("Content-Length", std::to_string(reply.response.body().size()));
    }
    if (reply.after == After::close) {
      response.set_header("Connection", "close");
    } else {
      response.set_header("Connection", "keep-alive");  // an HTTP/1.0 client needs to hear it
      const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(kIdleTimeout).count();
      response.set_header("Keep-Alive", "timeout=" + std::to_string(seconds));
    }
  }

  void log_access(const httplib::Request& request) const {
    if (access_log == AccessLog::off) return;
    const auto took = std::chrono::duration_cast<std::chrono::microseconds>(clock.now() - arrived);
    const auto source = reply.response.header("X-Cache");
    log::info("{} {} {} {} {} {}us", printable(request.method), printable(request.target),
              reply.response.status, reply.body().size(), source.empty() ? "-" : source, took.count());
  }

  Router& router;
  Clock& clock;
  AccessLog access_log;
  Parser parser;
  // Of the request under way:
  Instant arrived{};
  bool routed = false;
  Reply reply;
};

Engine::Engine(Router& router, Clock& clock, AccessLog access_log)
    : state_{std::make_unique<State>(router, clock, access_log)} {}
Engine::~Engine() = default;

Reply Engine::answer(std::string_view head, Instant arrived, After after) {
  state_->arrived = arrived;
  state_->routed = false;
  state_->reply = Reply{};
  // No path wants a body, so it is not read, and its bytes must never be taken for the next request.
  state_->reply.after = announces_body(head) ? After::close : after;
  MemoryStream stream{head};
  state_->parser.process(stream, [this](httplib::Request& request) { state_->prepare(request); });
  state_->reply.head = std::move(stream).output();
  return std::move(state_->reply);
}

Reply Engine::refuse(const Refusal& refusal) {
  Reply reply;
  reply.response = error_response(refusal);
  reply.head = "HTTP/1.1 " + std::to_string(refusal.status) + " Refused\r\n";
  for (const auto& [name, value] : reply.response.headers)
    reply.head.append(name).append(": ").append(value).append("\r\n");
  reply.head +=
      "Content-Length: " + std::to_string(reply.response.body().size()) + "\r\nConnection: close\r\n\r\n";
  return reply;
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
