#include "redis/connection.hpp"

#include "core/resolver.hpp"

#include "ratings/error.hpp"

#include <hiredis/hiredis.h>

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <poll.h>
#include <sys/time.h>
#include <utility>

namespace ratings::redis {
namespace {

struct FreeReply {
  void operator()(redisReply* reply) const noexcept { freeReplyObject(reply); }
};
using ReplyPtr = std::unique_ptr<redisReply, FreeReply>;

timeval to_timeval(std::chrono::milliseconds time) {
  return {.tv_sec = time.count() / 1000, .tv_usec = static_cast<suseconds_t>(time.count() % 1000 * 1000)};
}

/// The first of the host's addresses that takes us; names are not left to hiredis, whose look-up knows no
/// time.
redisContext* open(const Address& address, std::chrono::milliseconds timeout) try {
  if (!address.socket.empty())
    return redisConnectUnixWithTimeout(address.socket.c_str(), to_timeval(timeout));
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  redisContext* last = nullptr;
  for (const auto& place : resolve(address.host, timeout)) {
    using std::chrono::milliseconds;
    const auto left = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now());
    if (last != nullptr) redisFree(last);
    last = redisConnectWithTimeout(place.c_str(), address.port, to_timeval(std::max(left, milliseconds{1})));
    if (last == nullptr || last->err == 0) break;
  }
  return last;
} catch (const Error& error) {
  throw Fault{error.what()};
}

/// Of an ERROR: a node of a cluster does not hold the key, and says who does.
bool is_redirection(std::string_view error) {
  return error.starts_with("MOVED ") || error.starts_with("ASK ");
}

Reply converted(const redisReply& reply) {
  Reply out;
  switch (reply.type) {
    case REDIS_REPLY_NIL:
      out.type = Reply::Type::nil;
      break;
    case REDIS_REPLY_INTEGER:
      out.type = Reply::Type::integer;
      out.integer = reply.integer;
      break;
    case REDIS_REPLY_STATUS:
    case REDIS_REPLY_STRING:
      out.type = Reply::Type::text;
      out.text.assign(reply.str, reply.len);
      break;
    case REDIS_REPLY_ARRAY:  // as deep as hiredis reads, which is seven lists or nine in each other
      out.type = Reply::Type::list;
      out.elements.reserve(reply.elements);
      for (std::size_t i = 0; i < reply.elements; ++i) out.elements.push_back(converted(*reply.element[i]));
      break;
    case REDIS_REPLY_ERROR:
      if (!is_redirection({reply.str, reply.len}))
        throw Fault{"it answered " + std::string{reply.str, reply.len}};
      out.type = Reply::Type::redirection;
      out.text.assign(reply.str, reply.len);
      break;
    default:
      break;
  }
  return out;
}

std::string error_of(const redisContext& context) {
  return context.errstr[0] != '\0' ? std::string{context.errstr} : "connection lost";
}

}  // namespace

void Connection::Free::operator()(redisContext* context) const noexcept { redisFree(context); }

Connection::Connection(const Address& address, std::chrono::milliseconds connect_timeout,
                       std::chrono::milliseconds budget)
    : context_{open(address, connect_timeout)} {
  if (!context_) throw Fault{"out of memory"};
  if (context_->err != 0) throw Fault{error_of(*context_)};
  // hiredis's time-outs count for each read(2), so a dripping server could hold us for long. Non-blocking
  // with our own poll(2) makes the budget one for the whole command.
  const int flags = fcntl(context_->fd, F_GETFL);
  if (flags < 0 || fcntl(context_->fd, F_SETFL, flags | O_NONBLOCK) < 0)
    throw Fault{"cannot make it non-blocking"};
  context_->flags &= ~REDIS_BLOCK;
  log_in(address, std::chrono::steady_clock::now() + budget);
}

void Connection::log_in(const Address& address, Deadline deadline) {
  const auto database = std::to_string(address.database);
  // A password alone is AUTH as Redis before 6 knows it; a user needs the two-word form.
  const std::array<std::string_view, 3> auth_user{"AUTH", address.user, address.password};
  const std::array<std::string_view, 2> auth{"AUTH", address.password};
  const std::array<std::string_view, 2> choose{"SELECT", database};
  const bool login = !address.user.empty() || !address.password.empty();
  if (login) append(address.user.empty() ? Command{auth} : Command{auth_user});
  if (address.database != 0) append(choose);
  flush(deadline);
  if (login) (void)receive(deadline);
  if (address.database != 0) (void)receive(deadline);
}

Reply Connection::ask(Command command, Deadline deadline) {
  return std::move(ask_all({&command, 1}, deadline).front());
}

std::vector<Reply> Connection::ask_all(std::span<const Command> commands, Deadline deadline) {
  for (const auto command : commands) append(command);
  flush(deadline);
  std::vector<Reply> replies;
  replies.reserve(commands.size());
  for (std::size_t i = 0; i < commands.size(); ++i) replies.push_back(receive(deadline));
  return replies;
}

bool Connection::quiet() const noexcept {
  pollfd watched{.fd = context_->fd, .events = POLLIN, .revents = 0};
  return poll(&watched, 1, 0) == 0;
}

void Connection::append(Command command) {
  std::vector<const char*> words;
  std::vector<std::size_t> lengths;
  for (const auto word : command) {
    words.push_back(word.data());
    lengths.push_back(word.size());
  }
  const int count = static_cast<int>(command.size());
  if (redisAppendCommandArgv(context_.get(), count, words.data(), lengths.data()) != REDIS_OK) {
    throw Fault{error_of(*context_)};
  }
}

void Connection::flush(Deadline deadline) {
  for (int done = 0; done == 0;) {
    if (redisBufferWrite(context_.get(), &done) != REDIS_OK) throw Fault{error_of(*context_)};
    if (done == 0) wait_for(POLLOUT, deadline);
  }
}

Reply Connection::receive(Deadline deadline) {
  void* answer = nullptr;
  for (;;) {
    if (redisGetReplyFromReader(context_.get(), &answer) != REDIS_OK) throw Fault{error_of(*context_)};
    if (answer != nullptr) break;
    wait_for(POLLIN, deadline);
    if (redisBufferRead(context_.get()) != REDIS_OK) throw Fault{error_of(*context_)};
  }
  const ReplyPtr reply{static_cast<redisReply*>(answer)};
  return converted(*reply);
}

void Connection::wait_for(short events, Deadline deadline) const {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  pollfd watched{.fd = context_->fd, .events = events, .revents = 0};
  // A signal counts as a time-out: rare, and a cache may always say "miss".
  if (left.count() <= 0 || poll(&watched, 1, static_cast<int>(left.count())) <= 0) {
    context_->err = REDIS_ERR_IO;
    throw Fault{"no answer in time"};
  }
}

}  // namespace ratings::redis
