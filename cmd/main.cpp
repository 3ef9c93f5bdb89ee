#include "arguments.hpp"
#include "command_line.hpp"
#include "output.hpp"

#include "ratings/error.hpp"

#include <csignal>
#include <exception>
#include <new>

namespace {

using namespace ratings::cmd;

/// The one place where errors become exit codes.
ExitCode run(const Arguments& arguments) {
  try {
    const auto code = run_command_line(arguments, process_environment());
    flush_output();
    return code;
  } catch (const ratings::Error& error) {
    complain(without_secrets(error.what(), arguments));
    return exit_code(error.kind());
  } catch (const std::bad_alloc&) {
    complain("out of memory");
  } catch (const std::exception& error) {
    complain(without_secrets(error.what(), arguments));
  }
  return ExitCode::failed;
}

}  // namespace

int main(int argc, char** argv) {
  const auto arguments = take_arguments(argc, argv);  // first of all: passwords leave the argument list
  std::signal(SIGPIPE, SIG_IGN);                      // a reader that has gone is an error like any other
  return static_cast<int>(run(arguments));
}
