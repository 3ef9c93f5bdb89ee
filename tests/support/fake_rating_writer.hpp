#pragma once

#include "ratings/error.hpp"
#include "ratings/load.hpp"

#include <atomic>
#include <set>
#include <vector>

namespace ratings::test {

/// What a FakeRatingWriter writes into: a table, its quarantine and its ledger, in memory.
struct FakeStore {
  std::vector<Rating> rows;
  std::vector<Rating> quarantine;
  std::vector<ContentHash> live;
  std::vector<LoadedFile> ledger;
  std::set<UserId> excluded;
  bool foreign_changes = false;
  std::int64_t generation = 1;
};

/// An honest RatingWriter: everything is staged and reaches the store at commit(), or not at all.
class FakeRatingWriter final : public RatingWriter {
 public:
  explicit FakeRatingWriter(FakeStore& store) : store_{store} {}

  LoadFacts begin() override {
    begun = true;
    return {.empty = store_.rows.empty(),
            .held = held(),
            .live = store_.live,
            .foreign_changes = store_.foreign_changes,
            .generation = store_.generation,
            .excluded = {store_.excluded.begin(), store_.excluded.end()}};
  }

  void start(Fill fill, std::size_t /*connections*/) override {
    if (!begun) throw Error{Kind::internal, "start() before begin()"};
    if (fill == Fill::first && !store_.rows.empty()) throw Error{Kind::internal, "first, but not empty"};
    started = true;
    staged_ = store_;
    if (starts_over(fill, held())) staged_.live.clear();
    if (replaces(fill)) {
      staged_.rows.clear();
      staged_.quarantine.clear();  // of the older generation: no undo brings it back
      staged_.foreign_changes = false;
      ++staged_.generation;
    }
  }

  std::size_t append(std::span<const Rating> rows) override {
    if (!started) throw Error{Kind::internal, "append() before start()"};
    if (cancelled_) throw Error{Kind::interrupted, "cancelled"};
    std::size_t held = 0;
    for (const auto& row : rows) {
      const bool hold = staged_.excluded.contains(row.user);
      (hold ? staged_.quarantine : staged_.rows).push_back(row);
      held += hold ? 1 : 0;
    }
    loaded_ += rows.size() - held;
    return held;
  }

  LoadCommit commit(std::span<const LoadedFile> files, const StageWatch& entering) override {
    entering("commit");
    std::uint64_t sum = 0;
    for (const auto& file : files) {
      if (file.read != file.loaded + file.rejected + file.excluded) throw Error{Kind::store, "sums differ"};
      sum += file.loaded;
      staged_.live.push_back(file.hash);
      staged_.ledger.push_back(file);
    }
    if (sum != loaded_) throw Error{Kind::store, "stored and counted rows differ"};
    store_ = staged_;
    committed = true;
    return {
        .generation = store_.generation, .committed = Instant{42}, .wait = std::chrono::milliseconds{1000}};
  }

  void cancel() noexcept override { cancelled_ = true; }

  bool begun = false;
  bool started = false;
  bool committed = false;

 private:
  [[nodiscard]] bool held() const { return store_.rows.empty() && !store_.quarantine.empty(); }

  FakeStore& store_;
  FakeStore staged_;
  std::uint64_t loaded_ = 0;
  std::atomic<bool> cancelled_ = false;
};

}  // namespace ratings::test
