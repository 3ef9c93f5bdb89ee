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
  // Neither need exist yet. Without absolute() a missing "x" would stay relative, and differ from its own
  // whole path.
  const auto place = [&none](const std::string& path) {
    return std::filesystem::weakly_canonical(std::filesystem::absolute(path, none), none);
  };
  return place(one) == place(other);
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
  const auto rejects = files_written(loader);
  const std::vector<std::string> reports =
      summary.empty() ? std::vector<std::string>{} : std::vector{summary};
  const bool to_stdout = summary == "-" || loader.rejects == "-";
  if (to_stdout) {
    throw Error{Kind::usage, std::string{summary == "-" ? "--summary" : "--rejects"} +
                                 " needs a file's name; the report on standard output is -o json"};
  }
  // load() itself checks that rejects do not hit what is read.
  check_apart(rejects, "--rejects", store_files(store), "the store");
  check_apart(reports, "--summary", store_files(store), "the store");
  check_apart(reports, "--summary", loader.files, "a file to be loaded");
  check_apart(reports, "--summary", rejects, "a file of --rejects");
}

}  // namespace ratings::cmd
