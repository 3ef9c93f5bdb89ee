#include "http/inbox.hpp"

#include "ratings/error.hpp"

#include <cerrno>
#include <cstring>
#include <string>
#include <sys/eventfd.h>
#include <utility>

namespace ratings::http {
namespace {

int make_eventfd() {
  const int fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fd < 0) throw Error{Kind::internal, std::string{"cannot make an eventfd: "} + std::strerror(errno)};
  return fd;
}

}  // namespace

Inbox::Inbox() : descriptor_{make_eventfd()} {}

void Inbox::put(Arrived arrived) {
  {
    const std::scoped_lock lock{mutex_};
    contents_.arrived.push_back(std::move(arrived));
  }
  wake();
}

void Inbox::put(Answered answered) {
  {
    const std::scoped_lock lock{mutex_};
    contents_.answered.push_back(std::move(answered));
    // Whoever put the first one has woken the loop, and it has not been here since.
    if (contents_.answered.size() > 1) return;
  }
  wake();
}

void Inbox::ask_for_descriptor() {
  {
    const std::scoped_lock lock{mutex_};
    contents_.descriptor_wanted = true;
  }
  wake();
}

void Inbox::wake() noexcept { (void)::eventfd_write(descriptor_.get(), 1); }

Inbox::Contents Inbox::take() {
  const std::scoped_lock lock{mutex_};
  return std::exchange(contents_, {});
}

}  // namespace ratings::http
