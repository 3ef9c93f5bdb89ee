#include "redis/redis_cache.hpp"

#include "cache/codec.hpp"
#include "core/log.hpp"

#include <algorithm>
#include <csignal>
#include <mutex>
#include <random>
#include <vector>

namespace ratings::redis {
namespace {

using std::chrono::milliseconds;

/// How long a copy may lie about unread; correctness never depends on it. ± 10 %, so that what one load
/// filled does not vanish in one second.
constexpr milliseconds kTimeToLive = std::chrono::hours{1};
constexpr int kJitterPercent = 10;
/// Keys in one UNLINK: Redis answers nobody else meanwhile.
constexpr std::size_t kKeysAtOnce = 500;

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

Address address_of(const RedisOptions& options) {
  auto address = parse_url(options.url);
  if (!options.password.empty()) address.password = options.password;
  return address;
}

}  // namespace

RedisCache::RedisCache(const RedisOptions& options, Clock& clock)
    : store_id_{options.store_id}, pool_{address_of(options)}, breaker_{clock} {
  ignore_sigpipe();
}

CachedHistoryPtr RedisCache::get(UserId user) noexcept try {
  const auto key = codec::key(store_id_, user);
  const std::array<std::string_view, 2> command{"GET", key};
  const auto reply = ask(command, Accept::text_or_nil);
  if (!reply || reply->type == Reply::Type::nil) return nullptr;
  auto value = codec::decode(user, reply->text);
  if (!value) ++refused_;
  return value;
} catch (const std::exception& error) {
  report_failure(error.what());
  return nullptr;
}

void RedisCache::put(const CachedHistoryPtr& value) noexcept try {
  const auto user = value->user();
  if (value->body().size() > codec::kMaxBody) {
    // The old copy is of no use any more, and would be fetched and refused until its time runs out.
    erase({&user, 1});
    return;
  }
  const auto key = codec::key(store_id_, user);
  const auto bytes = codec::encode(*value);
  const auto ttl = std::to_string(time_to_live().count());
  const std::array<std::string_view, 5> command{"SET", key, bytes, "PX", ttl};
  (void)ask(command, Accept::text);
} catch (const std::exception& error) {
  report_failure(error.what());
}

bool RedisCache::erase(std::span<const UserId> users) noexcept try {
  bool done = true;
  for (; !users.empty(); users = users.subspan(std::min(kKeysAtOnce, users.size()))) {
    done = erase_some(users.first(std::min(kKeysAtOnce, users.size()))) && done;
  }
  return done;
} catch (const std::exception& error) {
  report_failure(error.what());
  return false;
}

CacheFigures RedisCache::figures() const noexcept {
  const auto [in_use, idle] = pool_.connections();
  return {.memory = {},
          .redis = RedisFigures{.answered = answered_,
                                .failed = faults_,
                                .skipped = skipped_,
                                .refused = refused_,
                                .breaker_open = breaker_.open(),
                                .connections_in_use = in_use,
                                .connections_idle = idle}};
}

bool RedisCache::erase_some(std::span<const UserId> users) {
  std::vector<std::string> keys;
  for (const auto user : users) keys.push_back(codec::key(store_id_, user));
  std::vector<std::string_view> command{"UNLINK"};
  command.insert(command.end(), keys.begin(), keys.end());
  return ask(command, Accept::integer).has_value();
}

std::optional<Reply> RedisCache::ask(Connection::Command command, Accept accept) {
  if (!breaker_.allow()) {
    ++skipped_;
    return std::nullopt;
  }
  try {
    auto reply = pool_.ask(command);
    const bool nil = accept == Accept::text_or_nil && reply.type == Reply::Type::nil;
    const auto wanted = accept == Accept::integer ? Reply::Type::integer : Reply::Type::text;
    if (!nil && reply.type != wanted)
      throw Fault{"it answered " + std::string{command[0]} + " with an odd type"};
    if (breaker_.succeeded() == Breaker::Change::closed)
      log::info("redis is back server={}", pool_.address().name());
    ++answered_;
    return reply;
  } catch (const Fault& fault) {
    report_failure(fault.what());
    return std::nullopt;
  }
}

void RedisCache::report_failure(const char* reason) noexcept {
  ++faults_;
  if (breaker_.failed() != Breaker::Change::opened) return;
  log::warn("redis fails, answering without it server={} reason={}", pool_.address().name(),
            log::quoted(reason));
}

}  // namespace ratings::redis

namespace ratings {

void check_redis_url(const std::string& url) { static_cast<void>(redis::parse_url(url)); }

std::unique_ptr<Cache> make_redis_cache(const RedisOptions& options) {
  return std::make_unique<redis::RedisCache>(options, boot_clock());
}

}  // namespace ratings
