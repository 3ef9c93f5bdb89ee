#include "http/event.hpp"

#include "ratings/error.hpp"

#include <cerrno>
#include <cstring>
#include <string>
#include <sys/eventfd.h>
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

Event::Event() : descriptor_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)} {
  if (descriptor_.get() < 0) {
    throw Error{Kind::internal, std::string{"cannot make an eventfd: "} + std::strerror(errno)};
  }
}

void Event::happen() noexcept {
  // Nobody reads it, so it stays readable. A full counter (EAGAIN) is readable too.
  (void)::eventfd_write(descriptor_.get(), 1);
}

}  // namespace ratings::http
