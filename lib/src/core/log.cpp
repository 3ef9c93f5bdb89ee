#include "core/log.hpp"

#include "core/dropping_sink.hpp"
#include "core/utf8.hpp"

#include "ratings/error.hpp"
#include "ratings/log.hpp"

#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <iterator>
#include <memory>
#include <mutex>
#include <unistd.h>
#include <utility>

namespace ratings {
namespace {

constexpr const char* kText = "%Y-%m-%dT%H:%M:%SZ %l %v";
constexpr const char* kJson = R"({"time":"%Y-%m-%dT%H:%M:%SZ","level":"%l",%v})";
/// Of a string in a JSON line, so that the whole is no longer than a pipe takes at once (4,096 bytes): cut
/// behind its last brace it would be no JSON.
constexpr std::size_t kMostOfMessage = 3'600;
constexpr std::size_t kMostOfField = 1'200;

std::atomic<log::Format> wanted_format{log::Format::text};

const char* pattern() { return wanted_format == log::Format::json ? kJson : kText; }

/// RFC 8259, section 7.
std::string json_quoted(std::string_view text, std::size_t most) {
  std::string quoted = "\"";
  for (const char c : as_utf8(text)) {
    const bool begins_character = (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
    if (quoted.size() >= most && begins_character) {
      quoted += "…";
      break;
    }
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (static_cast<unsigned char>(c) < ' ') {
      fmt::format_to(std::back_inserter(quoted), "\\u{:04x}", static_cast<unsigned>(c));
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

std::string in_json(std::string_view sentence, std::initializer_list<log::Field> fields) {
  auto line = "\"message\":" + json_quoted(sentence, fields.size() == 0 ? kMostOfMessage : kMostOfField);
  for (const auto& [name, value] : fields) {
    line.append(",\"").append(name).append("\":");
    if (const auto* number = std::get_if<std::int64_t>(&value)) {
      line += std::to_string(*number);
    } else {
      line += json_quoted(std::get<std::string_view>(value), kMostOfField);
    }
  }
  return line;
}

std::string in_text(std::string_view sentence, std::initializer_list<log::Field> fields) {
  std::string line{sentence};
  for (const auto& [name, value] : fields) {
    line.append(" ").append(name).append("=");
    if (const auto* number = std::get_if<std::int64_t>(&value)) {
      line += std::to_string(*number);
      continue;
    }
    const auto text = std::get<std::string_view>(value);
    const bool plain = !text.empty() && text.find_first_of(" \"=") == std::string_view::npos;
    line += plain ? std::string{text} : log::quoted(text);
  }
  return line;
}

void install(spdlog::sink_ptr sink) {
  auto logger = std::make_shared<spdlog::logger>("ratingsctl", std::move(sink));
  logger->set_pattern(pattern(), spdlog::pattern_time_type::utc);
  logger->set_level(spdlog::get_level());
  logger->flush_on(spdlog::level::trace);
  spdlog::set_default_logger(std::move(logger));
}

/// stdout belongs to results, so the default logger writes to stderr, in UTC. A program that has made a
/// logger of its own the default one keeps it; the one that spdlog begins with has no name.
void install_once() {
  static std::once_flag once;
  std::call_once(once, [] {
    if (spdlog::default_logger_raw()->name().empty())
      install(std::make_shared<spdlog::sinks::stderr_sink_mt>());
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

void put(log::Level level, const std::string& line) {
  install_once();  // who only uses the library has chosen no level
  spdlog::log(translate(level), "{}", line);
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

Format format() noexcept { return wanted_format; }

std::string payload(std::string_view line) {
  return format() == Format::json ? in_json(line, {}) : std::string{line};
}

void write(Level level, std::string_view line) { put(level, payload(line)); }

void event(Level level, std::string_view sentence, std::initializer_list<Field> fields) {
  if (!enabled(level)) return;
  put(level, format() == Format::json ? in_json(sentence, fields) : in_text(sentence, fields));
}

}  // namespace log

void set_log_level(const std::string& level) {
  install_once();
  const auto wanted = level == "warn" ? spdlog::level::warn : spdlog::level::from_str(level);
  if (level != "error" && level != "warn" && level != "info" && level != "debug") {
    throw Error{Kind::usage, "log level '" + level + "' is not one of error, warn, info, debug"};
  }
  spdlog::set_level(wanted);
}

void set_log_format(const std::string& format) {
  if (format != "text" && format != "json")
    throw Error{Kind::usage, "log format '" + format + "' is not one of text, json"};
  install_once();
  wanted_format = format == "json" ? log::Format::json : log::Format::text;
  spdlog::default_logger()->set_pattern(pattern(), spdlog::pattern_time_type::utc);
}

void log_without_waiting() {
  install_once();
  install(std::make_shared<DroppingSink>(STDERR_FILENO));
}

void log_info(const std::string& line) { log::info("{}", line); }
void log_warn(const std::string& line) { log::warn("{}", line); }

}  // namespace ratings
