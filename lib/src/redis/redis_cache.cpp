#include "redis/redis_cache.hpp"

#include "cache/codec.hpp"
#include "core/log.hpp"
#include "redis/redis_url.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <mutex>
#include <random>
#include <utility>
#include <vector>

namespace ratings::redis {
namespace {

using std::chrono::milliseconds;

/// How long a copy may lie about unread; correctness never depends on it. ± 10 %, so that what one load
/// filled does not vanish in one second.
constexpr milliseconds kTimeToLive = std::chrono::hours{1};
constexpr int kJitterPercent = 10;
/// UNLINKs sent at once: a quarter of a millisecond for Redis, far below a budget.
constexpr std::size_t kKeysAtOnce = 100;

/// hiredis writes without MSG_NOSIGNAL: a server that hangs up would end the program. A handler that the
/// program has installed is left alone.
void ignore_sigpipe() {
  static std::once_flag once;
  std::call_once(once, [] {
    struct sigaction present {};
    if (sigaction(SIGPIPE, nullptr, &present) != 0 || present.sa_handler != SIG_DFL) return;
    present.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &present, nullptr);
  });
}

milliseconds time_to_live() {
  thread_local std::minstd_rand random{std::random_device{}()};
  constexpr auto spread = kTimeToLive.count() * kJitterPercent / 100;
  return kTimeToLive +
         milliseconds{std::uniform_int_distribution<milliseconds::rep>{-spread, spread}(random)};
}

}  // namespace

RedisCache::RedisCache(const RedisOptions& options, Clock& clock)
    : store_id_{options.store_id}, servers_{make_servers(options, clock, counts_)}, puts_{clock} {
  ignore_sigpipe();
}

CachedHistoryPtr RedisCache::get(UserId user) noexcept try {
  const auto key = codec::key(store_id_, user);
  const std::array<std::string_view, 2> command{"GET", key};
  const auto reply = ask(key, command, Accept::text_or_nil);
  if (!reply || reply->type == Reply::Type::nil) return nullptr;
  auto value = codec::decode(user, reply->text);
  if (!value) ++refused_;
  return value;
} catch (const std::exception&) {  // no memory
  ++counts_.failed;
  return nullptr;
}

void RedisCache::put(const CachedHistoryPtr& value) noexcept try {
  const auto user = value->user();
  if (value->body().size() > codec::kMaxBody) {
    // The old copy is of no use any more, and would be fetched and refused until its time runs out.
    erase({&user, 1});
    return;
  }
  if (!puts_.allow()) {
    ++counts_.skipped;
    return;
  }
  const auto key = codec::key(store_id_, user);
  const auto bytes = codec::encode(*value);
  const auto ttl = std::to_string(time_to_live().count());
  const std::array<std::string_view, 5> command{"SET", key, bytes, "PX", ttl};
  if (ask(key, command, Accept::text)) {
    puts_.succeeded();
  } else if (puts_.failed() == Breaker::Change::opened) {
    log::warn("redis keeps nothing, is it full, or does it only read?");
  }
} catch (const std::exception&) {  // no memory
  puts_.failed();
  ++counts_.failed;
}

bool RedisCache::erase(std::span<const UserId> users) noexcept try {
  bool done = true;
  for (; !users.empty(); users = users.subspan(std::min(kKeysAtOnce, users.size()))) {
    done = erase_some(users.first(std::min(kKeysAtOnce, users.size()))) && done;
  }
  return done;
} catch (const std::exception&) {  // no memory
  ++counts_.failed;
  return false;
}

CacheFigures RedisCache::figures() const noexcept try {
  CacheFigures figures;
  auto& redis = figures.redis.emplace();
  redis.answered = counts_.answered;
  redis.failed = counts_.failed;
  redis.skipped = counts_.skipped;
  redis.refused = refused_;
  servers_->describe(redis);
  redis.breaker_open = redis.breaker_open || !puts_.would_allow();
  return figures;
} catch (const std::exception&) {  // no memory
  return {};
}

bool RedisCache::erase_some(std::span<const UserId> users) {
  // One key a command: keys of several slots in one are refused by a cluster.
  constexpr std::string_view verb = "UNLINK";
  std::vector<std::string> keys;
  std::vector<std::array<std::string_view, 2>> commands;
  std::vector<Question> questions;
  keys.reserve(users.size());
  commands.reserve(users.size());
  questions.reserve(users.size());
  for (const auto user : users) {
    const auto& key = keys.emplace_back(codec::key(store_id_, user));
    questions.push_back(
        {.key = key, .command = commands.emplace_back(std::array{verb, std::string_view{key}})});
  }
  const auto done = servers_->ask(questions, Accept::integer);
  return std::ranges::all_of(done, [](const auto& reply) { return reply.has_value(); });
}

std::optional<Reply> RedisCache::ask(std::string_view key, Connection::Command command, Accept accept) {
  const Question question{.key = key, .command = command};
  return std::move(servers_->ask({&question, 1}, accept).front());
}

}  // namespace ratings::redis

namespace ratings {

void check_redis_url(const std::string& url) {
  if (redis::is_cluster(url))
    static_cast<void>(redis::parse_cluster_url(url));
  else
    static_cast<void>(redis::parse_url(url));
}

std::unique_ptr<Cache> make_redis_cache(const RedisOptions& options) {
  return std::make_unique<redis::RedisCache>(options, boot_clock());
}

}  // namespace ratings
