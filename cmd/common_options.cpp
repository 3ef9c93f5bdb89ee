#include "common_options.hpp"

#include "option_types.hpp"
#include "values.hpp"

#include "ratings/error.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

namespace ratings::cmd {
namespace {

std::string checked_store(const std::string& url) {
  (void)is_embedded(url);  // throws for what is neither
  return url;
}

std::string checked_store_read(const std::string& url) {
  if (is_embedded(url))
    throw Error{Kind::usage, "read replicas are PostgreSQL servers, and " + redacted(url) + " is a file"};
  return url;
}

std::string checked_cache(const std::string& url) {
  if (url == "none") return url;
  if (!url.starts_with("redis://") && !url.starts_with("redis-cluster://") && !url.starts_with("unix:")) {
    // Shows nothing of it: where its password ends, nobody knows.
    throw Error{Kind::usage,
                "the cache's address is none of redis://host:port/db, redis-cluster://host:port,host:port, "
                "unix:PATH and none"};
  }
  check_redis_url(url);
  return url;
}

/// A file that holds the password and nothing else; the line feed an editor leaves behind is not part of it.
std::string password(const Settings& settings, const std::string& variable) {
  const auto path = settings.environment(variable);
  if (!path) return {};
  std::ifstream file{*path};
  if (!file) throw Error{Kind::usage, variable + ": cannot read " + *path + ": " + std::strerror(errno)};
  std::string text{std::istreambuf_iterator<char>{file}, {}};
  if (file.bad()) throw Error{Kind::usage, variable + ": cannot read " + *path};
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  if (text.empty()) throw Error{Kind::usage, variable + ": " + *path + " is empty"};
  return text;
}

std::string default_store(const Settings& settings) {
  const auto path = default_store_path(settings.environment);
  if (!path) {
    throw Error{Kind::usage,
                "neither XDG_DATA_HOME nor HOME says where the store is; use --store sqlite:PATH"};
  }
  return "sqlite:" + path->string();
}

}  // namespace

void add_common_options(CLI::App& app, Settings& settings) {
  add_value(app, "--store", settings.store, checked_store, "PostgreSQL address or sqlite:PATH")
      ->type_name("URL");
  add_value(app, "--store-read", settings.store_read, checked_store_read,
            "read replicas of a PostgreSQL store: one address with all hosts")
      ->type_name("URL");
  add_value(app, "--cache", settings.cache, checked_cache,
            "shared cache: redis://host:port/db, redis-cluster://host:port,host:port, unix:PATH or none")
      ->type_name("URL")
      ->default_str("none");
  add_value(app, "--memory-cache", settings.memory_cache, parse_size,
            "the server's own cache; 0 turns it off")
      ->type_name("SIZE")
      ->default_str("256M");
  app.add_option("--config", settings.config, "configuration file")->type_name("FILE");
  app.add_option("--log-level", settings.log_level, "which lines to write on stderr")
      ->check(CLI::IsMember(std::vector<std::string>{"error", "warn", "info", "debug"}))
      ->type_name("LEVEL")
      ->default_str("warn; serve: info");
}

std::string default_log_level(const std::string& command) { return command == "serve" ? "info" : "warn"; }

CLI::Option* add_output_option(CLI::App& command, std::optional<Format>& format,
                               const std::vector<std::string>& formats, const std::string& otherwise) {
  return add_value(command, "-o,--output", format, parse_format, "form of the result")
      ->check(CLI::IsMember(formats))
      ->type_name("FORMAT")
      ->default_str(otherwise);
}

CLI::Option* add_from_file_option(CLI::App& command, std::string& file) {
  return add_value(command, "--from-file", file, parse_file_name, "user ids, one a line; - is standard input")
      ->type_name("FILE");
}

void add_epilogue(CLI::App& command, const std::string& examples, const std::string& exit_codes) {
  command.footer("Examples:\n" + examples + "\nExit codes: " + exit_codes);
}

StoreOptions store_options(const Settings& settings, const std::string& command) {
  StoreOptions options;
  options.url = settings.store.empty() ? default_store(settings) : settings.store;
  options.command = command;
  if (is_embedded(options.url)) {
    if (settings.cache != "none") {
      throw Error{Kind::usage, "a Redis cache works with a PostgreSQL store only, and the store is " +
                                   redacted(options.url) + "; use --cache none"};
    }
    return options;
  }
  options.password = password(settings, "RATINGSCTL_STORE_PASSWORD_FILE");
  return options;
}

std::optional<StoreOptions> replica_options(const Settings& settings, const StoreOptions& store) {
  if (settings.store_read.empty()) return std::nullopt;
  if (is_embedded(store.url)) {
    throw Error{Kind::usage, "read replicas go with a PostgreSQL store only, and the store is " +
                                 redacted(store.url) + "; leave --store-read out"};
  }
  auto replicas = store;
  replicas.url = settings.store_read;
  return replicas;
}

std::optional<RedisOptions> redis_options(const Settings& settings) {
  if (settings.cache == "none") return std::nullopt;
  return RedisOptions{.url = settings.cache,
                      .password = password(settings, "RATINGSCTL_CACHE_PASSWORD_FILE"),
                      .store_id = {}};
}

}  // namespace ratings::cmd
