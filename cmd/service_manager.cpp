#include "service_manager.hpp"

#include "ratings/log.hpp"

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <optional>
#include <sys/socket.h>
#include <sys/un.h>
#include <system_error>
#include <unistd.h>

namespace ratings::cmd {
namespace {

struct Address {
  sockaddr_un name{};
  socklen_t size = 0;
};

/// A path, or a name in the abstract name space, which is written with an @ for the NUL that begins it.
std::optional<Address> address_of(const std::string& socket) {
  Address address;
  address.name.sun_family = AF_UNIX;
  const bool abstract = socket.starts_with('@');
  const bool known = abstract || socket.starts_with('/');
  if (!known || socket.size() >= sizeof(address.name.sun_path)) return std::nullopt;
  std::memcpy(address.name.sun_path, socket.data(), socket.size());
  if (abstract) address.name.sun_path[0] = '\0';
  // The name of an abstract socket ends with its size, that of a file with its NUL.
  address.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket.size() + (abstract ? 0 : 1));
  return address;
}

/// 0, or the errno of what failed. Never waits: the manager's queue may be full.
int send_datagram(const Address& to, const char* text) {
  const int handle = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (handle < 0) return errno;
  const auto sent = ::sendto(handle, text, std::strlen(text), MSG_NOSIGNAL,
                             reinterpret_cast<const sockaddr*>(&to.name), to.size);
  const int failure = sent < 0 ? errno : 0;
  ::close(handle);
  return failure;
}

}  // namespace

ServiceManager::ServiceManager(const Environment& environment)
    : socket_{environment("NOTIFY_SOCKET").value_or("")} {}

void ServiceManager::ready() const { tell("READY=1"); }

void ServiceManager::stopping() const { tell("STOPPING=1"); }

void ServiceManager::tell(const char* state) const {
  if (socket_.empty()) return;
  const auto address = address_of(socket_);
  const int failure = address ? send_datagram(*address, state) : EINVAL;
  if (failure == 0) return;
  log_warn(std::string{"systemd was not told "} + state + " by " + socket_ + ": " +
           std::generic_category().message(failure));
}

}  // namespace ratings::cmd
