#include "load/reject_file.hpp"

#include <nlohmann/json.hpp>

#include <utility>

namespace ratings {

void RejectFile::begin_input(const std::string& name, const std::string& header) {
  input_ = name;
  header_ = header;
}

std::size_t RejectFile::part_for(const std::string& header) {
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    if (parts_[i].header == header) return i;
  }
  const auto number = parts_.size() + 1;
  parts_.push_back({header, OutputFile{number == 1 ? path_ : path_ + "." + std::to_string(number)}});
  parts_.back().file.write(header + "\n");
  return parts_.size() - 1;
}

void RejectFile::add(const csv::BadRow& row) {
  if (!log_) log_.emplace(path_ + ".log");
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
  for (auto& part : parts_) {
    if (!part.file.at_line_start()) part.file.write("\n");
    part.file.sync();
  }
  if (log_) log_->sync();
  for (auto& part : parts_) part.file.publish();
  if (log_) log_->publish();
}

}  // namespace ratings
