#pragma once

#include "ratings/model.hpp"

#include <algorithm>
#include <functional>
#include <span>
#include <utility>
#include <vector>

namespace ratings {

/// Ratings that come user by user, handed on as one history each, in a history's order. Not thread-safe.
class UserRuns {
 public:
  explicit UserRuns(const std::function<void(std::span<const Rating>)>& take) : take_{take} {}

  void add(const Rating& rating) {
    if (!run_.empty() && run_.back().user != rating.user) finish();
    run_.push_back(rating);
  }
  /// After the last one.
  void finish() {
    if (run_.empty()) return;
    // What comes back from a spool is in order, and a look is cheaper than a sort.
    if (!std::is_sorted(run_.begin(), run_.end(), older)) std::sort(run_.begin(), run_.end(), older);
    take_(run_);
    run_.clear();
  }

 private:
  const std::function<void(std::span<const Rating>)>& take_;
  std::vector<Rating> run_;
};

}  // namespace ratings
