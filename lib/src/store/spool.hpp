#pragma once

#include "ratings/model.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace ratings {

/// Ratings put aside in an anonymous temporary file, so that any number of them takes the same memory. First
/// everything is added, then everything is read back in that order. Not thread-safe; the file vanishes with
/// the object, or with the process. It lies in $TMPDIR, by default in /var/tmp, which is on a disk where /tmp
/// is memory. Throws Error{store} when the disk is full or the folder cannot be written.
class Spool {
 public:
  /// `purpose` begins its errors: "putting rows of excluded users aside".
  explicit Spool(std::string purpose) : purpose_{std::move(purpose)} {}
  ~Spool();
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;

  void add(std::span<const Rating> rows);
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  /// Fills the front of `rows` and returns how many; 0 at the end. No add() after the first read().
  [[nodiscard]] std::size_t read(std::span<Rating> rows);

 private:
  /// Packed: 8 + 4 + 4 + 8 bytes, as in the table.
  struct Record {
    std::int64_t user;
    std::int32_t movie;
    float score;
    std::int64_t timestamp;
  };
  static_assert(sizeof(Record) == 24);

  void flush();
  void open();
  [[noreturn]] void fail(const char* what) const;

  std::string purpose_;
  int file_ = -1;  ///< opened when the first buffer is full or read() begins
  std::uint64_t size_ = 0;
  std::uint64_t given_ = 0;
  std::vector<Record> buffer_;
};

}  // namespace ratings
