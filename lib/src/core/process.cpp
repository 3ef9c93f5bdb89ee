#include "core/process.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <sys/resource.h>
#include <unistd.h>
#include <vector>

namespace ratings {
namespace {

/// The words of /proc/self/stat behind the command's name, which may hold blanks and brackets; the first one
/// is field 3 of proc(5).
std::vector<std::string> stat_words() {
  std::ifstream file{"/proc/self/stat"};
  std::string line;
  std::getline(file, line);
  std::istringstream rest{line.substr(line.rfind(')') + 1)};
  std::vector<std::string> words;
  for (std::string word; rest >> word;) words.push_back(word);
  return words;
}

std::optional<double> boot_time() {
  std::ifstream file{"/proc/stat"};
  for (std::string name; file >> name; file.ignore(1'000'000, '\n')) {
    double seconds = 0;
    if (name == "btime" && file >> seconds) return seconds;
  }
  return std::nullopt;
}

std::uint64_t open_files() {
  std::uint64_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator{"/proc/self/fd"}) ++count;
  return count - 1;  // the one that reads the folder
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

}  // namespace

ProcessFigures process_figures() try {
  ProcessFigures figures;
  const auto field = [words = stat_words()](std::size_t number) -> std::optional<std::uint64_t> {
    if (number - 3 >= words.size()) return std::nullopt;
    return std::stoull(words[number - 3]);
  };
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  figures.threads = field(20);
  const auto started = field(22);  // in ticks since boot
  if (const auto boot = boot_time(); boot && started)
    figures.start_time = *boot + static_cast<double>(*started) / ticks;
  if (const auto pages = field(24))
    figures.resident = *pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) == 0) figures.cpu = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) figures.max_files = limit.rlim_cur;
  figures.open_files = open_files();
  return figures;
} catch (const std::exception&) {
  return {};  // no /proc, or no descriptor left to read it: the other metrics matter more then
}

}  // namespace ratings
