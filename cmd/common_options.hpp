#pragma once

#include "environment.hpp"
#include "output.hpp"

#include "ratings/cache.hpp"
#include "ratings/store.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace ratings::cmd {

/// What every command understands; the values are checked, nothing has been opened yet.
struct Settings {
  std::string store;       ///< empty: the embedded default
  std::string store_read;  ///< empty: no read replicas
  std::string cache = "none";
  std::size_t memory_cache = std::size_t{256} * 1024 * 1024;
  std::string config;
  std::string log_level;  ///< empty: the command's own
  Environment environment;
};

void add_common_options(CLI::App& app, Settings& settings);

/// A server tells what it does; other commands say what is wrong.
[[nodiscard]] std::string default_log_level(const std::string& command);

/// -o, --output with the formats this command has. `otherwise`: what it prints without, in words.
CLI::Option* add_output_option(CLI::App& command, std::optional<Format>& format,
                               const std::vector<std::string>& formats, const std::string& otherwise);

/// --from-file FILE. An empty name is refused: that of a variable nobody has set must not choose everybody.
CLI::Option* add_from_file_option(CLI::App& command, std::string& file);

/// The end of a sub-command's help.
void add_epilogue(CLI::App& command, const std::string& examples, const std::string& exit_codes);

/// Address and password of the store. Error{usage} when it cannot be told where the store is, for an
/// unreadable password file, and for Redis beside an embedded store.
[[nodiscard]] StoreOptions store_options(const Settings& settings, const std::string& command);

/// Addresses of the read replicas, with the store's password; nullopt when there are none. Error{usage}
/// beside an embedded store.
[[nodiscard]] std::optional<StoreOptions> replica_options(const Settings& settings,
                                                          const StoreOptions& store);

/// Address and password of Redis, without the store's id; nullopt when no shared cache is configured.
[[nodiscard]] std::optional<RedisOptions> redis_options(const Settings& settings);

}  // namespace ratings::cmd
