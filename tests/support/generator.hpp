#pragma once

#include <cstdlib>
#include <string>
#include <sys/wait.h>

namespace ratings::test {

/// Runs ratings-generate; its exit status, -1 when a signal ended it. RATINGS_GENERATE is its path, from the
/// build.
inline int generate(const std::string& arguments) {
  const int status = std::system(("'" RATINGS_GENERATE "' " + arguments + " 2>/dev/null").c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace ratings::test
