#include "output_paths.hpp"

#include "ratings/error.hpp"
#include "ratings/store.hpp"

#include <filesystem>
#include <string_view>
#include <system_error>
#include <vector>

namespace ratings::cmd {
namespace {

bool same_file(const std::string& one, const std::string& other) {
  std::error_code none;
  if (std::filesystem::equivalent(one, other, none)) return true;
  // Neither need exist yet.
  return std::filesystem::weakly_canonical(one, none) == std::filesystem::weakly_canonical(other, none);
}

/// With the names that they have until they are complete.
std::vector<std::string> reject_files(const LoaderOptions& loader) {
  auto names = files_written(loader);
  const auto written = names.size();
  for (std::size_t i = 0; i < written; ++i) names.push_back(names[i] + ".part");
  return names;
}

std::vector<std::string> store_files(const std::string& store) {
  if (!is_embedded(store)) return {};
  const auto path = store.substr(std::string_view{"sqlite:"}.size());
  return {path, path + "-wal", path + "-shm", path + "-journal", path + ".lock"};
}

void check_apart(const std::vector<std::string>& written, const char* option,
                 const std::vector<std::string>& kept, const char* what) {
  for (const auto& output : written) {
    for (const auto& file : kept) {
      if (!same_file(output, file)) continue;
      throw Error{Kind::usage, std::string{option} + " would write " + output + ", which is " + what +
                                   "; choose another name"};
    }
  }
}

}  // namespace

void check_output_paths(const LoaderOptions& loader, const std::string& summary, const std::string& store) {
  const auto rejects = reject_files(loader);
  const std::vector<std::string> reports =
      summary.empty() ? std::vector<std::string>{} : std::vector{summary};
  // load() itself checks that rejects do not hit what is read.
  check_apart(rejects, "--rejects", store_files(store), "the store");
  check_apart(reports, "--summary", store_files(store), "the store");
  check_apart(reports, "--summary", loader.files, "a file to be loaded");
  check_apart(reports, "--summary", rejects, "a file of --rejects");
}

}  // namespace ratings::cmd
