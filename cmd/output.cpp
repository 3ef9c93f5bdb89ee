#include "output.hpp"

#include "ratings/error.hpp"

#include <cerrno>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>

namespace ratings::cmd {
namespace {

bool printed = false;  // as stdout itself, one for the process; only the main thread prints

[[noreturn]] void cannot_write() {
  throw std::system_error{errno, std::generic_category(), "cannot write to standard output"};
}

}  // namespace

Format parse_format(const std::string& text) {
  if (text == "table") return Format::table;
  if (text == "json") return Format::json;
  if (text == "ndjson") return Format::ndjson;
  if (text == "csv") return Format::csv;
  if (text == "ids") return Format::ids;
  throw Error{Kind::usage, "'" + text + "' is not an output format"};
}

void occupy_standard_streams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(stream, F_GETFD) != -1 || errno != EBADF) continue;
    // The lowest free number is this one. Opened the wrong way round, so that its use is an error, as before.
    (void)open("/dev/null", (stream == STDIN_FILENO ? O_WRONLY : O_RDONLY) | O_CLOEXEC);
  }
}

bool is_terminal(std::FILE* stream) { return isatty(fileno(stream)) != 0; }

Format format_for_stdout() { return is_terminal(stdout) ? Format::table : Format::json; }

void print(std::string_view text) {
  printed = true;
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) cannot_write();
}

void flush_output() {
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) cannot_write();
}

bool has_printed() noexcept { return printed; }

void complain(std::string_view message) {
  // One write: several processes may share the terminal.
  const auto line = "ratingsctl: " + std::string{message} + "\n";
  std::fwrite(line.data(), 1, line.size(), stderr);
}

std::string printable(std::string_view text) {
  constexpr unsigned char kDelete = 0x7F;
  std::string out{text};
  for (char& c : out) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < ' ' || byte == kDelete) c = '?';
  }
  return out;
}

std::string counted(unsigned long long number, const std::string& one, const std::string& many) {
  return std::to_string(number) + " " + (number == 1 ? one : many);
}

}  // namespace ratings::cmd
