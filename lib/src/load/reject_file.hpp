#pragma once

#include "csv/bad_row.hpp"
#include "load/output_file.hpp"

#include <optional>
#include <string>
#include <vector>

namespace ratings {

/// Where bad lines go, so that they can be corrected and loaded: PATH holds their header and their original
/// bytes, PATH.log one JSON object a bad line: {file, line, byte_offset, code, message}. Inputs whose headers
/// differ cannot share a file: the second header's lines go to PATH.2, and so on. Nothing is created before
/// the first bad line, and nothing appears under its name before publish(). Not thread-safe. Throws
/// Error{input} when it cannot be written.
class RejectFile {
 public:
  explicit RejectFile(std::string path) : path_{std::move(path)} {}

  /// All names that it may take for so many inputs, those until it is complete included.
  [[nodiscard]] static std::vector<std::string> names(const std::string& path, std::size_t inputs);

  /// What a load that was killed left under names for what is not complete gets the names NAME.interrupted,
  /// in the log too: should that load stand, its repetition reads nothing, and these lines are nowhere else.
  void set_aside(std::size_t inputs) const;

  /// `header`: of the input that the next rows come from.
  void begin_input(const std::string& name, const std::string& header);
  void add(const csv::BadRow& row);
  void add_bytes(std::string_view bytes);
  /// On disk when it returns, not yet under its name: the load may still fail, and then those of an earlier
  /// one stay as they are.
  void finish();
  /// Under its name. What an earlier run left under names that this one does not need goes: whoever looks
  /// there afterwards must not take its lines for those of this one.
  void publish();
  /// Instead of publish(): stays as it is, under names for what is not complete, which are returned.
  [[nodiscard]] std::vector<std::string> keep();

 private:
  struct Part {
    std::string header;
    OutputFile file;
  };
  [[nodiscard]] std::size_t part_for(const std::string& header);

  std::string path_;
  std::string input_;
  std::string header_;
  std::vector<Part> parts_;
  std::size_t current_ = 0;
  std::optional<OutputFile> log_;
};

}  // namespace ratings
