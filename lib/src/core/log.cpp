#include "core/log.hpp"

#include "core/dropping_sink.hpp"

#include "ratings/error.hpp"
#include "ratings/log.hpp"

#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <mutex>
#include <unistd.h>
#include <utility>

namespace ratings {
namespace {

void install(spdlog::sink_ptr sink) {
  auto logger = std::make_shared<spdlog::logger>("ratingsctl", std::move(sink));
  logger->set_pattern("%Y-%m-%dT%H:%M:%SZ %l %v", spdlog::pattern_time_type::utc);
  logger->set_level(spdlog::get_level());
  logger->flush_on(spdlog::level::trace);
  spdlog::set_default_logger(std::move(logger));
}

/// stdout belongs to results, so the default logger writes to stderr, in UTC.
void install_once() {
  static std::once_flag once;
  std::call_once(once, [] { install(std::make_shared<spdlog::sinks::stderr_sink_mt>()); });
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

std::string quoted(std::string_view text) {
  constexpr unsigned char kDelete = 0x7F;
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (byte < ' ' || byte == kDelete) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  return out += '"';
}

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

void log_without_waiting() {
  install_once();
  install(std::make_shared<DroppingSink>(STDERR_FILENO));
}

void log_info(const std::string& line) { log::info("{}", line); }
void log_warn(const std::string& line) { log::warn("{}", line); }

}  // namespace ratings
