#pragma once

#include "csv_support.hpp"
#include "support/fake_clock.hpp"
#include "support/fake_rating_writer.hpp"

#include "ratings/loader.hpp"

#include <functional>
#include <utility>

namespace ratings::test {

/// Remembers what it was told.
class Listener final : public LoadObserver {
 public:
  void progress(const Progress& now) override { seen.push_back(now); }
  void bad_row(const std::string& message) override { bad_rows.push_back(message); }

  std::vector<Progress> seen;
  std::vector<std::string> bad_rows;
};

/// Does something of the test's own when it is told to commit; throws what that throws.
class HookedWriter final : public RatingWriter {
 public:
  HookedWriter(FakeStore& store, std::function<void()> at_commit)
      : honest_{store}, at_commit_{std::move(at_commit)} {}
  LoadFacts begin() override { return honest_.begin(); }
  void start(Fill fill, std::size_t connections) override { honest_.start(fill, connections); }
  std::size_t append(std::span<const Rating> rows) override { return honest_.append(rows); }
  LoadCommit commit(std::span<const LoadedFile> files, const StageWatch& entering) override {
    at_commit_();
    return honest_.commit(files, entering);
  }
  void cancel() noexcept override { honest_.cancel(); }

 private:
  FakeRatingWriter honest_;
  std::function<void()> at_commit_;
};

/// Everything a load needs, with a writer of its own each time, as the command has.
struct Bench {
  TempFolder folder;
  FakeStore store;
  Listener listener;
  std::atomic<bool> stop = false;
  FakeClock clock;

  LoadReport run(const LoaderOptions& options) {
    FakeRatingWriter writer{store};
    return load(options, writer, listener, stop, clock);
  }
  /// Kind and message of the error; fails when there is none. `at_commit`: see HookedWriter.
  Error error_of(
      const LoaderOptions& options, std::function<void()> at_commit = [] {});
};

inline Error Bench::error_of(const LoaderOptions& options, std::function<void()> at_commit) {
  HookedWriter writer{store, std::move(at_commit)};
  try {
    (void)load(options, writer, listener, stop, clock);
  } catch (const Error& error) {
    return error;
  }
  throw std::logic_error{"the load was expected to fail"};
}

inline const std::string kHeader = "userId,movieId,rating,timestamp\n";
inline const std::string kTwoRows = kHeader + "1,2,3.5,4\n5,6,4,8\n";
inline const std::string kOtherRow = kHeader + "7,8,1.0,9\n";

}  // namespace ratings::test
