#include "load/reject_file.hpp"

#include "core/log.hpp"

#include "ratings/error.hpp"

#include <nlohmann/json.hpp>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <unistd.h>
#include <utility>

namespace ratings {
namespace {

std::string log_name(const std::string& path) { return path + ".log"; }

/// The first header's lines have the plain name.
std::string part_name(const std::string& path, std::size_t number) {
  return number == 1 ? path : path + "." + std::to_string(number);
}

constexpr const char* kInterrupted = ".interrupted";

std::vector<std::string> complete_names(const std::string& path, std::size_t inputs) {
  std::vector<std::string> names{path, log_name(path)};
  for (std::size_t number = 2; number <= inputs; ++number) names.push_back(part_name(path, number));
  return names;
}

/// False: there is none.
bool remove_older(const std::string& path) {
  if (unlink(path.c_str()) == 0) return true;
  if (errno == ENOENT) return false;
  throw Error{Kind::input, "removing the rejects of an earlier load, " + path + ": " + std::strerror(errno)};
}

}  // namespace

std::vector<std::string> RejectFile::names(const std::string& path, std::size_t inputs) {
  auto names = complete_names(path, inputs);
  const auto complete = names.size();
  for (std::size_t i = 0; i < complete; ++i) {
    names.push_back(OutputFile::part_of(names[i]));
    names.push_back(names[i] + kInterrupted);
  }
  return names;
}

void RejectFile::set_aside(std::size_t inputs) const {
  for (const auto& name : complete_names(path_, inputs)) {
    const auto part = OutputFile::part_of(name);
    // Of a link that somebody else put there writing says what is wrong.
    if (!std::filesystem::is_regular_file(std::filesystem::symlink_status(part))) continue;
    const auto kept = name + kInterrupted;
    if (rename(part.c_str(), kept.c_str()) != 0)
      throw Error{Kind::input,
                  "keeping the rejects of an interrupted load, " + part + ": " + std::strerror(errno)};
    log::warn("kept the rejects of an interrupted load file={}", log::quoted(kept));
  }
}

void RejectFile::begin_input(const std::string& name, const std::string& header) {
  input_ = name;
  header_ = header;
}

std::size_t RejectFile::part_for(const std::string& header) {
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    if (parts_[i].header == header) return i;
  }
  parts_.push_back({header, OutputFile{part_name(path_, parts_.size() + 1)}});
  if (!header.empty()) parts_.back().file.write(header + "\n");
  return parts_.size() - 1;
}

void RejectFile::add(const csv::BadRow& row) {
  if (!log_) log_.emplace(log_name(path_));
  current_ = part_for(header_);
  // The line before may have been the last one of a file without a newline at its end.
  auto& file = parts_[current_].file;
  if (!file.at_line_start()) file.write("\n");
  const nlohmann::ordered_json entry{{"file", input_},
                                     {"line", row.line},
                                     {"byte_offset", row.byte_offset},
                                     {"code", csv::code(row.fault)},
                                     {"message", row.reason}};
  // A file's name may be any bytes, JSON may not.
  log_->write(entry.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
}

void RejectFile::add_bytes(std::string_view bytes) { parts_[current_].file.write(bytes); }

void RejectFile::finish() {
  if (!log_) return;
  for (auto& part : parts_) {
    if (!part.file.at_line_start()) part.file.write("\n");
    part.file.sync();
  }
  log_->sync();
}

void RejectFile::publish() {
  try {
    for (auto& part : parts_) part.file.publish();
    if (log_) log_->publish();
  } catch (const Error&) {
    (void)keep();
    throw;
  }
  if (!log_) remove_older(log_name(path_));
  auto next = parts_.size() + 1;
  while (remove_older(part_name(path_, next))) ++next;
}

std::vector<std::string> RejectFile::keep() {
  std::vector<std::string> names;
  for (auto& part : parts_) names.push_back(part.file.keep());
  if (log_) names.push_back(log_->keep());
  return names;
}

}  // namespace ratings
