#include "http/descriptor.hpp"

#include <unistd.h>
#include <utility>

namespace ratings::http {

Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

}  // namespace ratings::http
