// ratingsctl serve: store ▸ coherence ▸ caches ▸ service ▸ HTTP.
#include "commands.hpp"
#include "late_cache.hpp"
#include "option_types.hpp"
#include "repeat.hpp"
#include "service_manager.hpp"
#include "signals.hpp"
#include "values.hpp"

#include "ratings/admin.hpp"
#include "ratings/coherence.hpp"
#include "ratings/http_server.hpp"
#include "ratings/log.hpp"
#include "ratings/overview.hpp"
#include "ratings/replicas.hpp"
#include "ratings/sampler.hpp"
#include "ratings/service.hpp"

#include <algorithm>
#include <malloc.h>
#include <optional>
#include <sys/resource.h>
#include <thread>

namespace ratings::cmd {
namespace {

/// While PostgreSQL is away: often enough that serving starts within seconds of its return.
constexpr std::chrono::seconds kRetry{1};
constexpr std::chrono::seconds kLook{2};

struct ServeOptions {
  HttpOptions http;
  std::string log_format = "text";
  std::uint64_t sample = SamplerOptions{}.one_in;  ///< 0: off
};

/// Each connection is a file. The soft limit is low for the sake of select(), which nobody here uses.
void raise_file_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) log_warn("the limit on open files could not be raised");
}

/// The memory cache's limit is a promise about the process, so freed memory must go back to the system. glibc
/// would keep it: in up to eight arenas a core, each of which grows to the largest work its threads have
/// done, and, once a block of up to 32 MB was freed, without mappings of their own for later ones
/// (mallopt(3)).
void return_freed_memory() {
  constexpr int kOwnMapping = 128 * 1024;  // glibc's own first threshold; setting it keeps it there
  const int cores = static_cast<int>(std::thread::hardware_concurrency());
  if (mallopt(M_MMAP_THRESHOLD, kOwnMapping) == 0 || mallopt(M_ARENA_MAX, std::max(2, cores)) == 0)
    log_warn("malloc refused its settings; memory may grow beyond the cache's limit");
}

/// Creates or upgrades the schema if this login may; if not, reading is enough for a server.
void ensure_schema(const StoreOptions& store) {
  try {
    (void)open_store_admin(store)->ensure_schema();
  } catch (const Error& error) {
    if (error.kind() != Kind::store) throw;
    log_warn(std::string{"the schema was left as it is: "} + error.what());
  }
}

/// For answers: of a standby nobody could say how old its rows are. What it is, the checks tell.
StoreOptions current(StoreOptions store) {
  store.current = true;
  return store;
}

PositionState look(PositionReader& positions) {
  return positions.changes_since(std::nullopt, boot_clock().now() + kLook).state;
}

/// The schema's statements have no deadline of ours: over a store that lets us in and then says nothing they
/// would wait for ever. What is wrong with one that answers is not asked here.
void require_answer(PositionReader& positions) {
  try {
    (void)look(positions);
  } catch (const Error& error) {
    if (error.kind() != Kind::unreachable && error.kind() != Kind::busy) return;
    // A database without the schema counts as away, too; but it answers.
    const auto checks = positions.checks(boot_clock().now() + kLook);
    if (checks.empty() || !checks.front().ok) throw;
  }
}

/// What needs a store that answers: the schema, and its id for the keys in Redis.
void prepare(const StoreOptions& store, const std::optional<RedisOptions>& redis, LateCache& cache) {
  const auto positions = open_position_reader(store);
  if (!is_embedded(store.url)) require_answer(*positions);
  ensure_schema(store);
  if (!redis) return;
  auto options = *redis;
  options.store_id = look(*positions).store_id;
  cache.arrive(make_redis_cache(options));
}

/// Starts without PostgreSQL: prepare() is then repeated in the background, and requests get 503 meanwhile.
/// That is simpler than a server without Redis that is exchanged for another one later, and clients see one
/// open port.
std::unique_ptr<RepeatUntilDone> prepare_now_or_later(const StoreOptions& store,
                                                      const std::optional<RedisOptions>& redis,
                                                      LateCache& cache) {
  if (redis) (void)make_redis_cache(*redis);  // a wrong address is an error now, not later
  try {
    prepare(store, redis, cache);
    return nullptr;
  } catch (const Error& error) {
    const bool may_come_back = error.kind() == Kind::unreachable || error.kind() == Kind::busy;
    if (!may_come_back || is_embedded(store.url)) throw;
    log_warn(std::string{"starting without the store: "} + error.what());
  }
  const auto attempt = [store, redis, &cache] {
    try {
      prepare(store, redis, cache);
      log_info("the store is back");
      return true;
    } catch (const Error& error) {
      if (error.kind() == Kind::unreachable || error.kind() == Kind::busy) return false;
      log_warn(std::string{"the store is back but cannot be used: "} + error.what());
      return false;
    } catch (const std::exception& error) {
      log_warn(std::string{"the store could not be prepared: "} + error.what());
      return false;
    }
  };
  return std::make_unique<RepeatUntilDone>(attempt, kRetry);
}

std::string address(const std::string& host, int port) {
  const bool version_6 = host.find(':') != std::string::npos;
  return "http://" + (version_6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

/// `signals` outlives the server and does not know it any more when this returns.
void run_until_signalled(HttpServer& server, const std::string& where,
                         std::optional<SignalWatcher>& signals) {
  const ServiceManager manager{process_environment()};
  signals.emplace([&server, &manager] {
    manager.stopping();
    server.stop();
  });
  try {
    manager.ready();  // the socket listens: who connects now is answered as soon as the loops run
    print("listening on " + where + "\n");
    flush_output();
    server.run();
  } catch (...) {
    signals.reset();
    throw;
  }
  signals.emplace();  // what still waits for a store ends with its deadline, or with the second signal
}

ExitCode run_serve(const Settings& settings, const ServeOptions& options) {
  set_log_format(options.log_format);
  log_without_waiting();                                // nobody who asks waits for whoever reads the log
  std::optional<SignalWatcher> signals{std::in_place};  // before the first thread: none of them takes one
  raise_file_limit();
  return_freed_memory();
  const auto store = store_options(settings, "serve");
  const auto replica_settings = replica_options(settings, store);
  const auto redis_settings = redis_options(settings);
  auto replicas = replica_settings ? open_replicas(*replica_settings) : std::vector<Replica>{};
  auto& clock = boot_clock();

  LateCache redis;
  const auto preparation = prepare_now_or_later(store, redis_settings, redis);
  const auto primary = open_history_reader(current(store));
  const auto coherence = make_coherence(open_position_reader(store), clock, open_change_hints(store));
  const auto replicated = replica_settings ? make_replicated_reader(*primary, open_position_reader(store),
                                                                    std::move(replicas), *coherence, clock)
                                           : nullptr;
  auto& reader = replicated ? static_cast<HistoryReader&>(*replicated) : *primary;
  const auto memory = settings.memory_cache > 0 ? make_memory_cache(settings.memory_cache) : nullptr;
  Cache* shared = redis_settings ? &redis : nullptr;
  const SamplerOptions sampling{.one_in = options.sample, .tiers = {memory.get(), shared}};
  const auto sampler = options.sample > 0 ? make_sampler(*primary, *coherence, clock, sampling) : nullptr;
  RatingService service{reader, *coherence, memory.get(), shared, clock, sampler.get()};
  const auto figures = [&] {
    return Figures{.memory = memory ? memory->figures().memory : std::nullopt,
                   .redis = shared != nullptr ? shared->figures().redis : std::nullopt,
                   .pool = primary->figures(),
                   .coherence = coherence->figures(),
                   .service = service.figures(),
                   .sampler = sampler ? std::optional{sampler->figures()} : std::nullopt,
                   .replicas = replicated ? replicated->replicas() : std::vector<ReplicaFigures>{}};
  };
  const auto overview = open_overview_reader(store);
  HttpServer server{service, *coherence, shared, clock, options.http, figures, overview.get()};

  run_until_signalled(server, address(options.http.host, server.bind()), signals);
  return ExitCode::done;
}

int parse_listen_port(const std::string& text) { return text == "0" ? 0 : parse_port(text); }

unsigned parse_threads(const std::string& text) {
  constexpr std::uint64_t kMost = 4096;  // a thread needs some 100 kB; more than this is a typing error
  const auto threads = parse_limit(text);
  if (threads > kMost) throw Error{Kind::usage, "'" + text + "' is not a number of threads from 1 to 4096"};
  return static_cast<unsigned>(threads);
}

}  // namespace

void add_serve(CLI::App& app, Selected& selected) {
  auto options = std::make_shared<ServeOptions>();
  auto* http = &options->http;
  auto* command = app.add_subcommand("serve", "Answer over HTTP what users have rated");
  command->add_option("--host", http->host, "address to listen on")
      ->type_name("HOST")
      ->default_str("127.0.0.1");
  add_value(*command, "--port", http->port, parse_listen_port, "0: any free one, which is printed")
      ->type_name("PORT")
      ->default_str("5001");
  add_value(*command, "--threads", http->threads, parse_threads, "threads that talk to clients")
      ->type_name("N")
      ->default_str("one a core");
  add_value(*command, "--workers", http->workers, parse_threads, "threads that wait for Redis and the store")
      ->type_name("N")
      ->default_str("32");
  add_value(*command, "--max-connections", http->connections, parse_limit,
            "clients at once; beyond it the one that is idle for longest makes room")
      ->type_name("N")
      ->default_str("16384");
  add_value(*command, "--drain-timeout", http->drain_timeout, parse_seconds,
            "for open requests after SIGTERM")
      ->type_name("SECONDS")
      ->default_str("10");
  command->add_flag("--access-log", http->access_log, "a line on stderr for each request");
  command->add_option("--log-format", options->log_format, "text or json")
      ->type_name("FORMAT")
      ->default_str("text")
      ->check(CLI::IsMember(std::vector<std::string>{"text", "json"}));
  command->add_flag("--server-timing", http->server_timing,
                    "answers say in Server-Timing what they spent their time on");
  add_value(*command, "--sample", options->sample, parse_count,
            "compares one cached answer in N with the store; 0: none")
      ->type_name("N")
      ->default_str("10000");
  add_epilogue(*command,
               "  ratingsctl serve --port 8080\n"
               "  ratingsctl serve --store postgresql://ratings@db/ratings --cache redis://cache:6379/0\n"
               "  ratingsctl serve --store postgresql://ratings@db1,db2/ratings --store-read "
               "postgresql://ratings@db2,db3/ratings\n",
               "0 ended by a signal, 1 failed, 2 usage, 4 cannot listen or no store, 5 the schema is not "
               "ours or newer");
  command->callback([&selected, options] {
    selected.run = [options](const Settings& settings) { return run_serve(settings, *options); };
  });
}

}  // namespace ratings::cmd
