#include "contract/store_contract.hpp"
#include "support/store_model.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <random>

namespace ratings::test {
namespace {

// 300 sequences in all: three cases, so that they can run side by side, of four stores each; one store for
// several sequences, because making one is slow.
constexpr int kStores = 4;
constexpr int kSequencesPerStore = 25;
constexpr int kStepsPerSequence = 8;
constexpr std::int64_t kUsers = 5;

/// RATINGS_TEST_SEED repeats a run.
std::uint64_t seed() {
  const char* wanted = std::getenv("RATINGS_TEST_SEED");
  return wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : std::random_device{}();
}

/// A store and its model, given the same random changes.
class Pair {
 public:
  explicit Pair(std::uint64_t start) : random_{start} {}

  void sequence() {
    load(model_.empty() && flip() ? Fill::first : Fill::replace);
    for (int step = 0; step < kStepsPerSequence; ++step) {
      change();
      compare_histories();
    }
    compare_batches();
  }

 private:
  std::int64_t below(std::int64_t limit) {
    return std::uniform_int_distribution<std::int64_t>{0, limit - 1}(random_);
  }
  bool flip() { return below(2) == 0; }

  void change() {
    if (below(16) == 0) return prune();
    switch (below(10)) {
      case 0:
      case 1:
        return load(Fill::append);
      case 2:
      case 3:
        return purge(below(4) == 0);
      case 4:
        return dedupe();
      case 5:
        return below(4) == 0 ? load(Fill::replace) : load(model_.empty() ? Fill::first : Fill::append);
      case 6:
        return edit();
      default:
        return undo();
    }
  }

  /// Few values, so that doubles, conflicts and re-ratings happen all the time.
  std::vector<Rating> random_rows() {
    constexpr std::array scores{3.0F, 3.5F, 0.1F};
    std::vector<Rating> rows;
    for (auto count = below(12); count >= 0; --count) {
      rows.push_back(rate(below(kUsers), static_cast<std::int32_t>(below(2)),
                          scores.at(static_cast<std::size_t>(below(3))), below(3)));
    }
    return rows;
  }

  std::vector<UserId> random_users() {
    std::vector<UserId> users;
    for (auto count = below(3); count >= 0; --count) users.push_back({below(kUsers + 1)});
    return users;
  }

  void load(Fill fill) {
    const auto rows = random_rows();
    INFO("load, fill " << static_cast<int>(fill));
    const auto done = store_.load(fill, rows, static_cast<std::uint8_t>(++loads_ % 256));
    model_.load(fill, rows);
    CHECK(done.generation == model_.generation());
  }

  void purge(bool hard) {
    const auto users = random_users();
    INFO("purge, hard " << hard);
    const auto expected = model_.purge(users, hard);
    const auto result = hard ? store_.purge_hard(users) : store_.purge(users);
    CHECK(to_text(result.users) == to_text(expected));
    const bool batch = std::any_of(expected.begin(), expected.end(), [](const auto& user) {
      return user.status == UserStatus::purged || user.status == UserStatus::erased;
    });
    REQUIRE(result.batch.has_value() == batch);
    if (batch) model_.name_last_batch(*result.batch);
  }

  void dedupe() {
    const auto users = flip() ? std::vector<UserId>{} : random_users();
    INFO("dedupe of " << users.size());
    const auto expected = model_.dedupe(users);
    const auto result = store_.dedupe(users);
    CHECK(result.rows == expected.rows);
    CHECK(result.user_count == expected.users);
    CHECK(result.groups == expected.groups);
    CHECK(result.conflict_count == expected.conflicts);
    REQUIRE(result.batch.has_value() == (expected.rows > 0));
    if (result.batch) model_.name_last_batch(*result.batch);
  }

  void undo() {
    if (model_.batches().empty()) return;
    // Mostly a recent one: old ones are superseded.
    const auto count = static_cast<std::int64_t>(model_.batches().size());
    const auto number = static_cast<std::size_t>(count - 1 - below(std::min<std::int64_t>(count, 6)));
    const auto& name = model_.batches()[number].name;
    const bool lift = below(4) == 0;
    INFO("undo " << name << ", lift " << lift);
    const auto expected = model_.undo(number, lift);
    UndoResult result;
    const auto refused = error_of([&] { result = lift ? store_.lift(name) : store_.undo(name); });
    REQUIRE(refused == (expected.refused ? std::optional{Kind::guard} : std::nullopt));
    CHECK(result.already_undone == expected.already);
    if (!expected.already) CHECK(result.pruned == expected.pruned);
    CHECK(to_text(result.users) == to_text(expected.users));
  }

  void prune() {
    INFO("prune");
    const auto expected = model_.prune();
    const auto result = store_.prune(std::chrono::seconds{0});
    std::vector<std::pair<std::string, std::uint64_t>> found;
    for (const auto& batch : result.batches) found.emplace_back(batch.batch, batch.rows);
    REQUIRE(found == expected);
  }

  /// At the store's own shell.
  void edit() {
    const auto row = random_rows().front();
    const auto user = std::to_string(row.user.value);
    const auto movie = std::to_string(row.movie.value);
    const auto score = row.score < 1 ? std::string{"0.1"} : std::string{row.score > 3 ? "3.5" : "3"};
    const auto which = " WHERE user_id = " + user + " AND movie_id = " + movie;
    const auto kind = below(3);
    INFO("edit " << kind << " of " << user << "/" << movie);
    switch (kind) {
      case 0:
        store_.run_sql("INSERT INTO ratings (user_id, movie_id, rating, \"timestamp\") VALUES (" + user +
                       ", " + movie + ", " + score + ", " + std::to_string(row.timestamp) + ")");
        return model_.insert(row);
      case 1:
        store_.run_sql("DELETE FROM ratings" + which);
        return model_.remove(row.user, row.movie);
      default:
        store_.run_sql("UPDATE ratings SET rating = " + score + which);
        return model_.rescore(row.user, row.movie, row.score);
    }
  }

  void compare_histories() {
    std::vector<UserId> users;
    for (std::int64_t user = 0; user <= kUsers; ++user) users.push_back({user});
    for (const auto& history : store_.reader().histories(users, Store::deadline())) {
      INFO("user " << history.user.value);
      REQUIRE(to_text(history.ratings) == to_text(model_.history(history.user)));
      REQUIRE(history.ratings == model_.history(history.user));
    }
  }

  void compare_batches() {
    const auto batches = store_.clean_up().batches();
    REQUIRE(batches.size() == model_.batches().size());
    for (std::size_t number = 0; number < batches.size(); ++number) {
      const auto& found = batches[batches.size() - 1 - number];
      const auto& expected = model_.batches()[number];
      INFO("batch " << expected.name);
      CHECK(found.batch == expected.name);
      CHECK(found.kind == expected.kind);
      CHECK(found.users == expected.users);
      CHECK(found.rows == expected.rows);
      CHECK(found.held == model_.held(number, std::nullopt, 0));
      CHECK(found.state == model_.state(number));
    }
  }

  std::mt19937_64 random_;
  Store store_;
  StoreModel model_;
  int loads_ = 0;
};

/// Of the stores `first`, `first` + 1, …
void run_sequences(std::uint64_t first) {
  const auto start = seed() + first;
  MESSAGE("RATINGS_TEST_SEED=" << start - first);
  for (std::uint64_t number = 0; number < kStores; ++number) {
    Pair pair{start + number};
    for (int sequence = 0; sequence < kSequencesPerStore; ++sequence) {
      CAPTURE(start);
      CAPTURE(number);
      CAPTURE(sequence);
      pair.sequence();
    }
  }
}

}  // namespace

TEST_SUITE("store: random changes") {
  TEST_CASE("100 random sequences of changes leave what the model says") { run_sequences(0); }
  TEST_CASE("another 100 random sequences of changes leave what the model says") { run_sequences(kStores); }
  TEST_CASE("a third 100 random sequences of changes leave what the model says") {
    run_sequences(2 * kStores);
  }
}

}  // namespace ratings::test
