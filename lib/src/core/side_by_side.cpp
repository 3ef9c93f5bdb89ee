#include "core/side_by_side.hpp"

#include "ratings/error.hpp"

#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace ratings {
namespace {

/// A copy of the error, not the exception itself: exceptions that threads share cannot be checked by the
/// thread sanitizer.
class FirstFailure {
 public:
  /// False when an earlier one is kept.
  bool keep(const Error& error) {
    const std::scoped_lock lock{mutex_};
    if (error_) return false;
    error_.emplace(error.kind(), error.what(), error.outcome());
    return true;
  }
  void rethrow() const {
    if (error_) throw Error{*error_};
  }

 private:
  std::mutex mutex_;
  std::optional<Error> error_;
};

}  // namespace

void side_by_side(std::size_t count, const std::function<void(std::size_t)>& work,
                  const std::function<void()>& failed) {
  FirstFailure failure;
  const auto fail = [&](const Error& error) {
    if (failure.keep(error)) failed();
  };
  const auto guarded = [&](std::size_t number) {
    try {
      work(number);
    } catch (const Error& error) {
      fail(error);
    } catch (const std::exception& error) {
      fail(Error{Kind::internal, error.what()});
    }
  };
  {
    std::vector<std::jthread> threads;
    for (std::size_t number = 1; number < count; ++number) {
      try {
        threads.emplace_back(guarded, number);
      } catch (const std::system_error& error) {
        fail(Error{Kind::internal, std::string{"starting a thread: "} + error.what()});
      }
    }
    if (count > 0) guarded(0);
  }
  failure.rethrow();
}

}  // namespace ratings
