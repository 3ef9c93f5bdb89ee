#include "arguments.hpp"
#include "command_line.hpp"
#include "json_output.hpp"
#include "output.hpp"

#include "ratings/error.hpp"

#include <csignal>
#include <exception>
#include <new>

namespace {

using namespace ratings::cmd;

/// Says on stderr what went wrong, and to a program that reads JSON on stdout too.
void report(const CommandLine& line, const Arguments& arguments, const char* code, const std::string& what) {
  const auto message = printable(without_secrets(what, arguments));
  complain(message);
  if (has_printed() || !wants_json(line, arguments)) return;
  try {
    print_json(error_json(code, message));
    flush_output();
  } catch (const std::exception& error) {
    complain(error.what());  // the exit code stays that of the first error
  }
}

/// The one place where errors become exit codes.
ExitCode run(const Arguments& arguments) {
  CommandLine line{process_environment()};
  try {
    const auto code = line.run(arguments);
    flush_output();
    return code;
  } catch (const ratings::Error& error) {
    report(line, arguments, error_code(error.kind()), error.what());
    return exit_code(error.kind());
  } catch (const std::bad_alloc&) {
    report(line, arguments, error_code(ratings::Kind::internal), "out of memory");
  } catch (const std::exception& error) {
    report(line, arguments, error_code(ratings::Kind::internal), error.what());
  }
  return ExitCode::failed;
}

}  // namespace

int main(int argc, char** argv) {
  const auto arguments = take_arguments(argc, argv);  // first of all: passwords leave the argument list
  occupy_standard_streams();
  std::signal(SIGPIPE, SIG_IGN);  // a reader that has gone is an error like any other
  return static_cast<int>(run(arguments));
}
