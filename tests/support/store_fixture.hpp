#pragma once

#include "ratings/admin.hpp"
#include "ratings/cleanup.hpp"
#include "ratings/load.hpp"
#include "ratings/store.hpp"

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace ratings::test {

/// An empty store of one test's own.
class StoreUnderTest {
 public:
  virtual ~StoreUnderTest() = default;
  [[nodiscard]] virtual std::string url() const = 0;
  /// As an operator at the store's own shell would; on a connection of its own, committed at once.
  virtual void run_sql(const std::string& sql) = 0;
};

/// Defined once by each test program: which store the suite runs on.
[[nodiscard]] std::unique_ptr<StoreUnderTest> make_store();

/// Short names for what most cases do to a store. Everything goes through the public interfaces.
class Store {
 public:
  Store();

  [[nodiscard]] StoreOptions options(const std::string& command = "test") const;
  void run_sql(const std::string& sql) { store_->run_sql(sql); }

  [[nodiscard]] std::unique_ptr<RatingWriter> writer() const { return open_rating_writer(options("load")); }
  /// The whole of a load, as one file whose hash is `content` repeated.
  LoadCommit load(Fill fill, std::span<const Rating> rows, std::uint8_t content = 1);
  LoadCommit load(Fill fill, std::initializer_list<Rating> rows, std::uint8_t content = 1) {
    return load(fill, std::span{rows.begin(), rows.size()}, content);
  }
  [[nodiscard]] LoadFacts facts() const { return writer()->begin(); }

  [[nodiscard]] History history(std::int64_t user) { return reader_->history({user}, deadline()); }
  [[nodiscard]] std::vector<Rating> rows(std::int64_t user) { return history(user).ratings; }
  [[nodiscard]] HistoryReader& reader() { return *reader_; }

  [[nodiscard]] PositionReader& positions() { return *positions_; }
  [[nodiscard]] PositionState position() { return positions_->changes_since(std::nullopt, deadline()).state; }
  [[nodiscard]] Changes changes_since(const ReadPoint& point) {
    return positions_->changes_since(point, deadline());
  }

  [[nodiscard]] StoreAdmin& admin() { return *admin_; }
  [[nodiscard]] CleanUp& clean_up() { return *clean_up_; }
  CleanUpResult purge(std::vector<UserId> users) {
    return clean_up_->purge({.users = std::move(users), .reason = "test", .max_rows = {}});
  }
  CleanUpResult purge_hard(std::vector<UserId> users) {
    return clean_up_->purge({.users = std::move(users), .reason = "test", .hard = true, .max_rows = {}});
  }
  UndoResult undo(const std::string& batch) { return clean_up_->undo({.batch = batch}); }
  UndoResult lift(const std::string& batch) { return clean_up_->undo({.batch = batch, .lift_only = true}); }
  PruneResult prune(std::chrono::seconds older_than) {
    return open_pruner(options("batches"))->prune({.older_than = older_than, .dry_run = false});
  }
  DedupeResult dedupe(std::vector<UserId> users = {}) {
    return clean_up_->dedupe({.users = std::move(users)});
  }

  /// Far enough for a busy machine.
  [[nodiscard]] static Instant deadline() { return boot_clock().now() + std::chrono::seconds{20}; }

 private:
  std::unique_ptr<StoreUnderTest> store_;
  std::unique_ptr<StoreAdmin> admin_;
  std::unique_ptr<HistoryReader> reader_;
  std::unique_ptr<PositionReader> positions_;
  std::unique_ptr<CleanUp> clean_up_;
};

/// "7:purged:3 8:unknown:0"
[[nodiscard]] std::string to_text(const std::vector<UserOutcome>& users);
/// "7/31/3.5/100 …", sorted: equal texts are equal multisets.
[[nodiscard]] std::string to_text(std::vector<Rating> ratings);

}  // namespace ratings::test
