#include "load/inputs.hpp"

#include "load/reject_file.hpp"

#include "ratings/error.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

namespace ratings {
namespace {

void check_delimiter(char delimiter) {
  // What may stand in a number, or ends a field or line by itself, cannot separate fields.
  constexpr std::string_view kTaken = "0123456789.eE+-\"\r\n";
  if (delimiter == '\0' || kTaken.find(delimiter) != std::string_view::npos) {
    throw Error{Kind::usage,
                "loading: this delimiter is part of numbers, quotes or line ends; choose another"};
  }
}

void check_not_an_input(const std::string& path, const std::vector<Input>& inputs) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return;
  if (!S_ISREG(status.st_mode)) {
    throw Error{Kind::usage, "writing rejects to " + path + ": it is not a regular file"};
  }
  for (const auto& input : inputs) {
    if (input.facts.device == status.st_dev && input.facts.inode == status.st_ino) {
      throw Error{Kind::usage,
                  "writing rejects to " + path + ": it is a file to be loaded; choose another name"};
    }
  }
}

void check_rejects(const LoaderOptions& options, const std::vector<Input>& inputs) {
  if (options.rejects.empty()) return;
  for (const auto& name : files_written(options)) check_not_an_input(name, inputs);
  const auto& rejects = options.rejects;
  auto folder = std::filesystem::path{rejects}.parent_path();
  if (folder.empty()) folder = ".";
  // Better now than after the first bad row of a long load.
  if (access(folder.c_str(), W_OK | X_OK) != 0) {
    throw Error{Kind::usage, "writing rejects to " + rejects + ": " + std::strerror(errno)};
  }
}

}  // namespace

std::vector<std::string> files_written(const LoaderOptions& options) {
  if (options.rejects.empty()) return {};
  return RejectFile::names(options.rejects, options.files.size());
}

std::vector<Input> check_inputs(const LoaderOptions& options) {
  if (options.files.empty()) throw Error{Kind::usage, "loading: no file was named"};
  if (std::count(options.files.begin(), options.files.end(), "-") > 1) {
    throw Error{Kind::usage, "loading: standard input can be read once only, - was given twice"};
  }
  check_delimiter(options.delimiter);
  std::vector<Input> inputs;
  for (const auto& path : options.files) inputs.push_back({path, csv::inspect(path), std::nullopt});
  check_rejects(options, inputs);
  return inputs;
}

std::optional<std::uint64_t> total_size(const std::vector<Input>& inputs) {
  std::uint64_t total = 0;
  for (const auto& input : inputs) {
    if (!input.facts.size) return std::nullopt;
    total += *input.facts.size;
  }
  return total;
}

}  // namespace ratings
