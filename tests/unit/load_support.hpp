#pragma once

#include "csv_support.hpp"
#include "support/fake_clock.hpp"
#include "support/fake_rating_writer.hpp"

#include "ratings/loader.hpp"

namespace ratings::test {

/// Remembers what it was told.
class Listener final : public LoadObserver {
 public:
  void progress(const Progress& now) override { seen.push_back(now); }
  void bad_row(const std::string& message) override { bad_rows.push_back(message); }

  std::vector<Progress> seen;
  std::vector<std::string> bad_rows;
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
  /// Kind and message of the error; fails when there is none.
  Error error_of(const LoaderOptions& options);
};

inline Error Bench::error_of(const LoaderOptions& options) {
  try {
    (void)run(options);
  } catch (const Error& error) {
    return error;
  }
  throw std::logic_error{"the load was expected to fail"};
}

inline const std::string kHeader = "userId,movieId,rating,timestamp\n";
inline const std::string kTwoRows = kHeader + "1,2,3.5,4\n5,6,4,8\n";
inline const std::string kOtherRow = kHeader + "7,8,1.0,9\n";

}  // namespace ratings::test
