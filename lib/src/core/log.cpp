#include "core/log.hpp"

#include "ratings/error.hpp"
#include "ratings/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <mutex>

namespace ratings {
namespace {

/// stdout belongs to results, so the default logger writes to stderr, in UTC.
void install_once() {
  static std::once_flag once;
  std::call_once(once, [] {
    auto logger =
        std::make_shared<spdlog::logger>("ratingsctl", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    logger->set_pattern("%Y-%m-%dT%H:%M:%SZ %l %v", spdlog::pattern_time_type::utc);
    logger->flush_on(spdlog::level::trace);
    spdlog::set_default_logger(std::move(logger));
  });
}

spdlog::level::level_enum translate(log::Level level) {
  switch (level) {
    case log::Level::debug:
      return spdlog::level::debug;
    case log::Level::info:
      return spdlog::level::info;
    case log::Level::warn:
      return spdlog::level::warn;
    case log::Level::error:
      break;
  }
  return spdlog::level::err;
}

}  // namespace

namespace log {

bool enabled(Level level) noexcept { return spdlog::should_log(translate(level)); }

void write(Level level, std::string_view line) { spdlog::log(translate(level), "{}", line); }

}  // namespace log

void set_log_level(const std::string& level) {
  install_once();
  const auto wanted = level == "warn" ? spdlog::level::warn : spdlog::level::from_str(level);
  if (level != "error" && level != "warn" && level != "info" && level != "debug") {
    throw Error{Kind::usage, "log level '" + level + "' is not one of error, warn, info, debug"};
  }
  spdlog::set_level(wanted);
}

void log_info(const std::string& line) { log::info("{}", line); }
void log_warn(const std::string& line) { log::warn("{}", line); }

}  // namespace ratings
