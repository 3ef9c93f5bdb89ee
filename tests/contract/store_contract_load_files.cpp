#include "contract/store_contract.hpp"
#include "support/temp_dir.hpp"

#include "ratings/loader.hpp"
#include "ratings/rating_scan.hpp"

#include <fstream>
#include <set>

namespace ratings::test {
namespace {

class Unobserved final : public LoadObserver {
 public:
  void progress(const Progress& /*progress*/) override {}
  void bad_row(const std::string& /*message*/) override {}
};

const std::string kTop = "userId,movieId,rating,timestamp\n";
const std::string kFirst = kTop + "1,31,2.5,100\n1,40,5,200\n2,31,4,100\n";
const std::string kOther = kTop + "4,7,1,50\n";
const std::vector kOfFirst{rate(1, 31, 2.5F, 100), rate(1, 40, 5, 200), rate(2, 31, 4, 100)};
const std::vector kOfOther{rate(4, 7, 1, 50)};

/// A store, and files loaded into it as the command does.
struct Files {
  Store store;
  TempDir folder;
  std::atomic<bool> stop = false;

  LoadReport load_path(const std::string& path, IfFull if_full = IfFull::refuse) {
    Unobserved nobody;
    const auto writer = store.writer();
    return ratings::load({.files = {path}, .if_full = if_full}, *writer, nobody, stop, boot_clock());
  }
  LoadReport load(const std::string& text, IfFull if_full = IfFull::refuse) {
    const auto path = (folder.path() / "ratings.csv").string();
    std::ofstream{path} << text;
    return load_path(path, if_full);
  }
  std::vector<Rating> rows() {
    std::vector<Rating> all;
    (void)open_rating_scan(store.options())->each({}, [&](const Rating& row) { all.push_back(row); });
    return all;
  }
  std::vector<UserId> users() {
    std::set<UserId> once;
    for (const auto& row : rows()) once.insert(row.user);
    return {once.begin(), once.end()};
  }
};

std::vector<Rating> together(std::vector<Rating> rows, const std::vector<Rating>& more) {
  rows.insert(rows.end(), more.begin(), more.end());
  return rows;
}

}  // namespace

TEST_SUITE("store: loading files") {
  TEST_CASE(
      "a file that a purge took is known beside one that was loaded meanwhile, before its undo and after") {
    Files files;
    (void)files.load(kFirst);
    const auto batch = *files.store.purge(files.users()).batch;
    CHECK(files.load(kOther).loaded == 1);

    CHECK(files.load(kFirst).no_op);
    CHECK(files.load(kFirst, IfFull::append).no_op);
    (void)files.store.undo(batch);
    CHECK(files.load(kFirst).no_op);
    CHECK(files.load(kFirst, IfFull::append).no_op);

    CHECK(to_text(files.rows()) == to_text(together(kOfFirst, kOfOther)));
  }

  TEST_CASE("purge, load of the same file, undo equals load, also when somebody had edited a row before") {
    Files files;
    (void)files.load(kFirst);
    auto expected = kOfFirst;
    SUBCASE("nobody had") {}
    SUBCASE("a rating") {
      files.store.run_sql("UPDATE ratings SET rating = 3 WHERE movie_id = 40");
      expected[1].score = 3;
    }
    SUBCASE("a record was deleted") {
      files.store.run_sql("DELETE FROM ratings WHERE movie_id = 40");
      expected.erase(expected.begin() + 1);
    }
    const auto batch = *files.store.purge(files.users()).batch;

    for (const auto if_full : {IfFull::refuse, IfFull::append}) CHECK(files.load(kFirst, if_full).no_op);
    (void)files.store.undo(batch);

    CHECK(to_text(files.rows()) == to_text(expected));
  }

  TEST_CASE("a table that somebody has emptied by hand takes the same file again") {
    Files files;
    (void)files.load(kFirst);
    files.store.run_sql("DELETE FROM ratings");

    CHECK(files.load(kFirst).loaded == 3);

    CHECK(to_text(files.rows()) == to_text(kOfFirst));
    CHECK(files.load(kFirst).no_op);
  }

  TEST_CASE(
      "emptied by hand after a purge, it begins anew: what the batch holds cannot come back a second time") {
    Files files;
    (void)files.load(kFirst);
    const auto batch = *files.store.purge({{1}}).batch;
    files.store.run_sql("DELETE FROM ratings");

    const auto again = files.load(kFirst);

    CHECK(again.loaded == 1);
    CHECK(again.excluded == 2);
    CHECK(again.generation == 2);
    CHECK_FALSE(again.sample_replaced);
    CHECK(error_of([&] { (void)files.store.undo(batch); }) == Kind::guard);
    (void)files.store.lift(batch);
    CHECK(to_text(files.rows()) == to_text(kOfFirst));
  }

  TEST_CASE("a store whose sample was purged takes real ratings as a new generation, and never mixes them") {
    Files files;
    const std::string sample = RATINGS_SOURCE_DIR "/data/ratings_sample.csv";
    (void)files.load_path(sample);
    const auto batch = *files.store.purge(files.users()).batch;
    REQUIRE(files.store.facts().empty);
    CHECK(files.load_path(sample).no_op);

    const auto real = files.load(kTop + "9000001,7,1,50\n");

    CHECK(real.sample_replaced);
    CHECK(real.generation == 2);
    CHECK(batch_named(files.store, batch).state == "superseded");
    CHECK(error_of([&] { (void)files.store.undo(batch); }) == Kind::guard);
    CHECK(files.rows() == std::vector{rate(9000001, 7, 1, 50)});
  }
}

}  // namespace ratings::test
