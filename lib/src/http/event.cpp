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

namespace {

int make_eventfd(int flags) {
  const int fd = ::eventfd(0, flags | EFD_CLOEXEC | EFD_NONBLOCK);
  if (fd < 0) throw Error{Kind::internal, std::string{"cannot make an eventfd: "} + std::strerror(errno)};
  return fd;
}

}  // namespace

Event::Event() : descriptor_{make_eventfd(0)} {}

Calls::Calls() : descriptor_{make_eventfd(EFD_SEMAPHORE)} {}

void Calls::call() noexcept { (void)::eventfd_write(descriptor_.get(), 1); }

bool Calls::take() noexcept {
  eventfd_t one = 0;
  return ::eventfd_read(descriptor_.get(), &one) == 0;
}

void Event::happen() noexcept {
  // Nobody reads it, so it stays readable. A full counter (EAGAIN) is readable too.
  (void)::eventfd_write(descriptor_.get(), 1);
}

}  // namespace ratings::http
