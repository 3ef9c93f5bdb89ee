#pragma once

namespace ratings::http {

/// An open file descriptor; closes it. Movable.
class Descriptor {
 public:
  explicit Descriptor(int fd) noexcept : fd_{fd} {}
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept : fd_{other.fd_} { other.fd_ = -1; }
  Descriptor& operator=(Descriptor&& other) noexcept;

  [[nodiscard]] int get() const noexcept { return fd_; }
  [[nodiscard]] explicit operator bool() const noexcept { return fd_ >= 0; }

 private:
  int fd_;  ///< -1: none
};

}  // namespace ratings::http
