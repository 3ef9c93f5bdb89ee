#pragma once

#include "ratings/clock.hpp"
#include "ratings/export.hpp"
#include "ratings/load.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ratings {

/// What to do when the table already holds something else than the shipped sample.
enum class IfFull { refuse, append, replace };

struct LoaderOptions {
  /// Paths, or "-" for standard input (once); CSV or NDJSON, each as it is.
  std::vector<std::string> files = {};
  IfFull if_full = IfFull::refuse;
  bool again = false;            ///< load content that is already in the live generation once more
  bool dry_run = false;          ///< read and check everything, store nothing
  std::uint64_t max_errors = 0;  ///< bad rows tolerated over all files
  std::string rejects = {};      ///< where bad rows go, in their original bytes; empty: nowhere
  char delimiter = ',';          ///< of the CSV files among them
  std::size_t jobs = 1;          ///< threads that parse, and connections that a store may use; 1 … kMaxJobs
};

/// More lanes than a large server has cores only fight for them.
inline constexpr std::size_t kMaxJobs = 64;
/// As many as this machine has cores, and at most 8: the server, which does most of the work, may be as small
/// as ours.
[[nodiscard]] RATINGS_EXPORT std::size_t default_jobs() noexcept;

/// One stage of a load: hash, read, and those of StageWatch.
struct StageTime {
  std::string name;
  std::chrono::milliseconds took{};
};

/// Where a load is; sent as a stage begins and ends, and at most every 100 ms between.
struct Progress {
  std::string stage;  ///< one of StageTime's names
  std::string file;
  std::uint64_t done = 0;              ///< bytes of input
  std::optional<std::uint64_t> total;  ///< unknown for standard input
  std::uint64_t rows = 0;
  double rows_per_second = 0;  ///< over the last second
  std::optional<std::chrono::seconds> eta;
};

/// Told about a load while it runs, from any of its threads, one call at a time. Must not throw.
class RATINGS_EXPORT LoadObserver {
 public:
  virtual ~LoadObserver() = default;
  virtual void progress(const Progress& progress) = 0;
  /// A bad row: "FILE:LINE: reason". Called for the first 100 only.
  virtual void bad_row(const std::string& message) = 0;
};

struct LoadReport {
  std::uint64_t read = 0;  ///< = loaded + rejected + excluded
  std::uint64_t loaded = 0;
  std::uint64_t rejected = 0;
  std::uint64_t excluded = 0;
  std::uint64_t users = 0;  ///< distinct users among the loaded rows
  std::uint64_t bytes = 0;  ///< decompressed
  std::int64_t generation = 1;
  std::vector<StageTime> stages;
  bool no_op = false;                ///< everything was already there
  bool sample_replaced = false;      ///< the table held only the shipped sample, which counts as empty
  std::vector<std::string> skipped;  ///< files whose content was already there
  Instant committed{};
  std::chrono::milliseconds wait{};  ///< how long until no server can answer from before
};

/// Every file that a load with these options may write beside the store: for `rejects` FILE, FILE.log, and
/// FILE.2 … for inputs whose headers differ, or that have none, being NDJSON; each also as NAME.part, its
/// name until it is complete, and as NAME.interrupted, where the next load finds one of these.
[[nodiscard]] RATINGS_EXPORT std::vector<std::string> files_written(const LoaderOptions& options);

/// Files ▸ rows ▸ writer, as one transaction: all of it or nothing.
/// Throws Error{input} naming FILE:LINE for a bad row beyond max_errors or a file that cannot be read,
/// Error{guard} when the table holds other content and if_full is refuse, and what the writer throws.
/// `stop`: set from any thread to end with Error{interrupted}.
[[nodiscard]] RATINGS_EXPORT LoadReport load(const LoaderOptions& options, RatingWriter& writer,
                                             LoadObserver& observer, const std::atomic<bool>& stop,
                                             Clock& clock);

}  // namespace ratings
