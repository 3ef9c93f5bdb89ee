#pragma once

#include "csv/bad_row.hpp"
#include "load/reject_file.hpp"

#include "ratings/loader.hpp"

#include <optional>

namespace ratings {

/// Counts bad rows over all inputs, tells the observer of the first 100 and keeps their bytes; throws
/// Error{input} "FILE:LINE: reason" at the first one beyond the limit. Not thread-safe.
class BadRowKeeper final : public csv::BadRowSink {
 public:
  BadRowKeeper(const LoaderOptions& options, LoadObserver& observer, const std::atomic<bool>& stop);

  /// What a load that was killed left: see RejectFile.
  void set_aside(std::size_t inputs) const;
  void begin_input(const std::string& name, const std::string& header);
  void bad_row(const csv::BadRow& row) override;
  void bad_bytes(std::string_view bytes) override;
  /// Before the rows are committed, and after it: see RejectFile.
  void finish();
  void publish();
  /// Instead of publish(), when nobody knows what became of the load: names of the files that are left,
  /// complete.
  [[nodiscard]] std::vector<std::string> keep();

  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }

 private:
  const std::uint64_t limit_;
  LoadObserver& observer_;
  const std::atomic<bool>& stop_;
  std::optional<RejectFile> rejects_;
  std::string input_;
  std::uint64_t count_ = 0;
};

/// Error{interrupted} when `stop` is set.
void check_stop(const std::atomic<bool>& stop);

}  // namespace ratings
