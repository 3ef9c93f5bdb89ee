#pragma once

#include "ratings/cleanup.hpp"
#include "ratings/load.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace ratings::test {

/// What a store should do, in the plainest form: everything in one list, every question a scan.
class StoreModel {
 public:
  struct Batch {
    std::string name;  ///< as the store called it
    std::string kind;
    std::int64_t generation = 0;
    std::uint64_t users = 0;
    std::uint64_t rows = 0;
    bool undone = false;
    bool pruned = false;
    std::set<UserId> excludes;
  };
  struct Undone {
    bool refused = false;
    bool already = false;
    bool pruned = false;
    std::vector<UserOutcome> users;
  };
  struct Deduped {
    std::uint64_t rows = 0;
    std::uint64_t users = 0;
    std::uint64_t groups = 0;
    std::uint64_t conflicts = 0;
  };

  [[nodiscard]] bool empty() const { return rows_.empty(); }
  [[nodiscard]] const std::vector<Batch>& batches() const { return batches_; }
  [[nodiscard]] std::int64_t generation() const { return generation_; }

  [[nodiscard]] std::vector<Rating> history(UserId user) const {
    std::vector<Rating> found;
    for (const auto& row : rows_) {
      if (row.user == user) found.push_back(row);
    }
    std::sort(found.begin(), found.end(), older);
    return found;
  }

  /// Returns how many rows were held back.
  std::uint64_t load(Fill fill, const std::vector<Rating>& rows) {
    if (fill == Fill::replace) {
      rows_.clear();
      ++generation_;
    }
    std::uint64_t held = 0;
    for (const auto& row : rows) {
      const auto batch = excluded_by(row.user, batches_.size());
      if (batch) {
        held_.push_back({row, *batch, generation_});
        ++held;
      } else {
        rows_.push_back(row);
      }
    }
    return held;
  }

  /// What a purge does. Whether there is a batch: name_last_batch() must follow when somebody was taken.
  std::vector<UserOutcome> purge(const std::vector<UserId>& users, bool hard) {
    std::vector<UserOutcome> outcomes;
    Batch batch{.name = {}, .kind = hard ? "hard-purge" : "purge", .generation = generation_, .excludes = {}};
    for (const auto user : users) {
      if (std::any_of(outcomes.begin(), outcomes.end(), [&](const auto& o) { return o.user == user; }))
        continue;
      outcomes.push_back(hard ? erase(user) : take(user));
      const auto& outcome = outcomes.back();
      if (outcome.status != UserStatus::purged && outcome.status != UserStatus::erased) continue;
      batch.excludes.insert(user);
      batch.rows += outcome.rows;
      ++batch.users;
    }
    if (batch.users > 0) batches_.push_back(batch);
    return outcomes;
  }

  Undone undo(std::size_t number, bool lift_only) {
    auto& batch = batches_.at(number);
    const bool lifted = batch.undone && batch.generation < generation_;
    const auto since = lift_only || lifted ? generation_ : 0;
    if (batch.undone && held(number, std::nullopt, since) == 0) return {.already = true, .users = {}};
    if (batch.generation < generation_ && !lift_only) return {.refused = true, .users = {}};
    auto concerned = batch.excludes;
    for (const auto& row : held_) {
      if (row.batch == number && row.generation >= since) concerned.insert(row.rating.user);
    }
    batch.excludes.clear();
    batch.undone = true;
    Undone result{.pruned = batch.pruned, .users = {}};
    for (const auto user : concerned) {
      const auto rows = held(number, user, since);
      if (excluded_by(user, batches_.size())) {
        result.users.push_back({user, rows, UserStatus::still_excluded});
      } else {
        give_back(number, user, since);
        result.users.push_back({user, rows, rows > 0 ? UserStatus::restored : UserStatus::erased});
      }
    }
    return result;
  }

  Deduped dedupe(const std::vector<UserId>& users) {
    Deduped result;
    std::set<UserId> touched;
    std::map<std::tuple<UserId, MovieId, std::int64_t>, std::map<float, std::uint64_t>> events;
    std::vector<Rating> kept;
    for (const auto& row : rows_) {
      const bool asked = users.empty() || std::find(users.begin(), users.end(), row.user) != users.end();
      const auto copies = asked ? ++events[{row.user, row.movie, row.timestamp}][row.score] : 1;
      if (copies == 1) {
        kept.push_back(row);
        continue;
      }
      held_.push_back({row, batches_.size(), generation_});
      touched.insert(row.user);
      ++result.rows;
      result.groups += copies == 2 ? 1U : 0U;
    }
    rows_ = kept;
    for (const auto& [event, scores] : events) result.conflicts += scores.size() > 1 ? 1U : 0U;
    result.users = touched.size();
    if (result.rows > 0) {
      batches_.push_back({.name = {},
                          .kind = "dedupe",
                          .generation = generation_,
                          .users = result.users,
                          .rows = result.rows,
                          .excludes = {}});
    }
    return result;
  }

  /// Everything that batches hold is erased; which batches held how much, oldest first.
  std::vector<std::pair<std::string, std::uint64_t>> prune() {
    std::vector<std::pair<std::string, std::uint64_t>> pruned;
    for (std::size_t number = 0; number < batches_.size(); ++number) {
      const auto rows = held(number, std::nullopt, 0);
      if (rows == 0) continue;
      batches_[number].pruned = true;
      pruned.emplace_back(batches_[number].name, rows);
    }
    held_.clear();
    return pruned;
  }

  /// What somebody does at the store's own shell: no exclusion, no quarantine, no batch.
  void insert(const Rating& row) { rows_.push_back(row); }
  void remove(UserId user, MovieId movie) {
    std::erase_if(rows_, [&](const Rating& row) { return row.user == user && row.movie == movie; });
  }
  void rescore(UserId user, MovieId movie, float score) {
    for (auto& row : rows_) {
      if (row.user == user && row.movie == movie) row.score = score;
    }
  }

  void name_last_batch(const std::string& name) { batches_.back().name = name; }

  [[nodiscard]] std::uint64_t held(std::size_t number, std::optional<UserId> user, std::int64_t since) const {
    return static_cast<std::uint64_t>(std::count_if(held_.begin(), held_.end(), [&](const Held& row) {
      return row.batch == number && row.generation >= since && (!user || row.rating.user == *user);
    }));
  }

  [[nodiscard]] std::string state(std::size_t number) const {
    const auto& batch = batches_.at(number);
    const bool holds = held(number, std::nullopt, 0) > 0;
    const bool stays_out =
        batch.pruned || batch.kind == "hard-purge" || (batch.generation < generation_ && holds);
    if (batch.undone && batch.kind != "dedupe" && stays_out) return "lifted";
    if (batch.pruned) return "pruned";
    if (batch.generation < generation_ && (!batch.undone || holds)) return "superseded";
    if (batch.undone) return holds ? "partly-undone" : "undone";
    return batch.kind == "hard-purge" ? "erased" : "active";
  }

 private:
  struct Held {
    Rating rating;
    std::size_t batch = 0;
    std::int64_t generation = 0;
  };

  /// The newest of the first `count` batches that excludes the user.
  [[nodiscard]] std::optional<std::size_t> excluded_by(UserId user, std::size_t count) const {
    for (auto number = count; number > 0; --number) {
      if (batches_[number - 1].excludes.contains(user)) return number - 1;
    }
    return std::nullopt;
  }

  [[nodiscard]] bool excluded(UserId user) const { return excluded_by(user, batches_.size()).has_value(); }

  [[nodiscard]] bool excluded_by_a_hard_purge(UserId user) const {
    return std::any_of(batches_.begin(), batches_.end(), [user](const Batch& batch) {
      return batch.kind == "hard-purge" && batch.excludes.contains(user);
    });
  }

  [[nodiscard]] bool quarantined(UserId user) const {
    return std::any_of(held_.begin(), held_.end(),
                       [user](const Held& row) { return row.rating.user == user; });
  }

  UserOutcome take(UserId user) {
    const auto taken = history(user);
    if (taken.empty() && excluded(user)) return {user, 0, UserStatus::already_excluded};
    if (taken.empty() && !quarantined(user)) return {user, 0, UserStatus::unknown};
    for (const auto& row : taken) held_.push_back({row, batches_.size(), generation_});
    std::erase_if(rows_, [user](const Rating& row) { return row.user == user; });
    return {user, taken.size(), UserStatus::purged};
  }

  UserOutcome erase(UserId user) {
    const auto rows = std::erase_if(rows_, [user](const Rating& row) { return row.user == user; }) +
                      std::erase_if(held_, [user](const Held& row) { return row.rating.user == user; });
    if (rows > 0) return {user, rows, UserStatus::erased};
    if (excluded_by_a_hard_purge(user)) return {user, 0, UserStatus::already_excluded};
    return {user, 0, excluded(user) ? UserStatus::erased : UserStatus::unknown};
  }

  void give_back(std::size_t number, UserId user, std::int64_t since) {
    for (const auto& row : held_) {
      if (row.batch == number && row.generation >= since && row.rating.user == user)
        rows_.push_back(row.rating);
    }
    std::erase_if(held_, [&](const Held& row) {
      return row.batch == number && row.generation >= since && row.rating.user == user;
    });
  }

  std::vector<Rating> rows_;
  std::vector<Held> held_;
  std::vector<Batch> batches_;
  std::int64_t generation_ = 1;
};

}  // namespace ratings::test
