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

 private:
  int fd_;  ///< -1: none
};

/// Something that happens once and that a poll() can wait for, beside a socket. Thread-safe.
/// The constructor throws Error{internal} when the process has no descriptor left.
class Event {
 public:
  Event();
  void happen() noexcept;
  [[nodiscard]] int fd() const noexcept { return descriptor_.get(); }

 private:
  Descriptor descriptor_;
};

/// Calls for something, each of which one taker answers; a poll() can wait for them. Thread-safe.
class Calls {
 public:
  Calls();
  void call() noexcept;
  /// True for the one who may answer a call.
  [[nodiscard]] bool take() noexcept;
  [[nodiscard]] int fd() const noexcept { return descriptor_.get(); }

 private:
  Descriptor descriptor_;
};

}  // namespace ratings::http
