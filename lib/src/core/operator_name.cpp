#include "core/operator_name.hpp"

#include <array>
#include <pwd.h>
#include <unistd.h>

namespace ratings {

std::string operator_name() {
  std::array<char, 256> host{};
  gethostname(host.data(), host.size() - 1);
  std::array<char, 4096> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  getpwuid_r(geteuid(), &entry, buffer.data(), buffer.size(), &found);
  // A container may run under a number that has no name.
  return (found != nullptr ? std::string{found->pw_name} : std::to_string(geteuid())) + "@" + host.data();
}

}  // namespace ratings
