#include "load_support.hpp"

#include <doctest/doctest.h>

#include <fstream>

namespace ratings::test {

TEST_SUITE("load") {
  TEST_CASE("a file goes into an empty table, and the report adds up") {
    Bench bench;
    const auto file = bench.folder.write("a.csv", kTwoRows);

    const auto report = bench.run({.files = {file}});

    CHECK(bench.store.rows.size() == 2);
    CHECK(report.read == 2);
    CHECK(report.loaded == 2);
    CHECK(report.users == 2);
    CHECK(report.bytes == kTwoRows.size());
    CHECK(report.wait == std::chrono::milliseconds{1000});
    CHECK(report.committed == Instant{42});
    CHECK(!report.no_op);
    REQUIRE(report.stages.size() == 2);
    CHECK(report.stages[0].name == "read");
    CHECK(report.stages[1].name == "commit");
    REQUIRE(bench.store.ledger.size() == 1);
    CHECK(bench.store.ledger[0].name == file);
    CHECK(bench.store.ledger[0].read == 2);
  }

  TEST_CASE("the same content again, under whatever name, changes nothing and says so") {
    Bench bench;
    (void)bench.run({.files = {bench.folder.write("a.csv", kTwoRows)}});
    bench.store.generation = 3;
    const auto copy = bench.folder.write("b.csv", kTwoRows);

    for (const auto if_full : {IfFull::refuse, IfFull::append, IfFull::replace}) {
      FakeRatingWriter writer{bench.store};
      const auto report =
          load({.files = {copy}, .if_full = if_full}, writer, bench.listener, bench.stop, bench.clock);

      CHECK(report.no_op);
      CHECK(report.skipped == std::vector{copy});
      CHECK(report.read == 0);
      CHECK(report.generation == 3);
      CHECK(!writer.started);
    }
    CHECK(bench.store.rows.size() == 2);
  }

  TEST_CASE("--again loads known content once more") {
    Bench bench;
    const auto file = bench.folder.write("a.csv", kTwoRows);
    (void)bench.run({.files = {file}});

    CHECK(bench.run({.files = {file}, .again = true}).loaded == 2);

    CHECK(bench.store.rows.size() == 4);
  }

  TEST_CASE("other content is refused unless it may be added or take the place") {
    Bench bench;
    (void)bench.run({.files = {bench.folder.write("a.csv", kTwoRows)}});
    const auto other = bench.folder.write("b.csv", kOtherRow);

    const auto refusal = bench.error_of({.files = {other}});
    CHECK(refusal.kind() == Kind::guard);
    CHECK(std::string{refusal.what()}.find("--append") != std::string::npos);
    CHECK(std::string{refusal.what()}.find("--replace") != std::string::npos);
    CHECK(bench.store.rows.size() == 2);

    CHECK(bench.run({.files = {other}, .if_full = IfFull::append}).loaded == 1);
    CHECK(bench.store.rows.size() == 3);

    const auto report = bench.run({.files = {other}, .if_full = IfFull::replace});
    CHECK(report.generation == 2);
    CHECK(bench.store.rows.size() == 1);
  }

  TEST_CASE("several files are one load: one given twice is loaded once and named as skipped") {
    Bench bench;
    const auto first = bench.folder.write("a.csv", kTwoRows);
    const auto second = bench.folder.write("b.csv", kOtherRow);

    const auto report = bench.run({.files = {first, second, first}});

    CHECK(report.loaded == 3);
    CHECK(report.users == 3);
    CHECK(report.skipped == std::vector{first});
    CHECK(bench.store.live.size() == 2);
  }

  TEST_CASE("rows of excluded users are held back, counted, and no users of the load") {
    Bench bench;
    bench.store.excluded = {UserId{2}, UserId{4}};
    std::string text = kHeader;
    // Excluded and other users by turns, in long runs and short ones, over several of the reader's batches.
    for (int round = 0; round < 3000; ++round) {
      for (int user = 1; user <= 5; ++user) text += std::to_string(user) + ",1,4,1\n";
    }
    text += std::string{"2,1,4,1\n9223372036854775807,1,4,1\n"};

    const auto report = bench.run({.files = {bench.folder.write("a.csv", text)}});

    CHECK(report.read == 15'002);
    CHECK(report.excluded == 6001);
    CHECK(report.loaded == 9001);
    CHECK(report.users == 4);
    CHECK(bench.store.quarantine.size() == 6001);
    CHECK(bench.store.rows.size() == 9001);
    CHECK(bench.store.rows[1].user == UserId{3});
  }

  TEST_CASE("a bad row stops the load, named by file and line, and nothing is stored") {
    Bench bench;
    const auto file = bench.folder.write("a.csv", kTwoRows + "1,2,x,4\n");

    const auto error = bench.error_of({.files = {file}});

    CHECK(error.kind() == Kind::input);
    CHECK(std::string{error.what()} == file + ":4: rating 'x' is not a decimal number; nothing was loaded");
    CHECK(bench.store.rows.empty());
    CHECK(bench.listener.bad_rows.empty());
  }

  TEST_CASE("a load that ends before COMMIT says once that nothing was loaded, whatever ended it") {
    Bench bench;
    const auto file = bench.folder.write("a.csv", kTwoRows);
    const auto heard = [&](const char* said, ratings::Outcome outcome) -> std::string {
      return bench.error_of({.files = {file}}, [&] { throw Error{Kind::unreachable, said, outcome}; }).what();
    };

    CHECK(heard("the line is dead", ratings::Outcome::untold) == "the line is dead; nothing was loaded");
    CHECK(heard("lost; the outcome is unknown", ratings::Outcome::told) == "lost; the outcome is unknown");
  }

  TEST_CASE("the limit of bad rows holds over all files, and the first one beyond it is named") {
    Bench bench;
    const auto first = bench.folder.write("a.csv", kTwoRows + "bad\n");
    const auto second = bench.folder.write("b.csv", kOtherRow + "bad\nworse\n");

    const auto error = bench.error_of({.files = {first, second}, .max_errors = 2});
    CHECK(std::string{error.what()} == second + ":4: 1 field, expected 4; nothing was loaded");
    CHECK(bench.listener.bad_rows ==
          std::vector{first + ":4: 1 field, expected 4", second + ":3: 1 field, expected 4"});

    const auto report = bench.run({.files = {first, second}, .max_errors = 3});
    CHECK(report.read == 6);
    CHECK(report.loaded == 3);
    CHECK(report.rejected == 3);
  }

  TEST_CASE("the observer is told of the first hundred bad rows only") {
    Bench bench;
    std::string text = kHeader;
    for (int i = 0; i < 150; ++i) text += "bad\n";

    CHECK(bench.run({.files = {bench.folder.write("a.csv", text)}, .max_errors = 150}).rejected == 150);

    CHECK(bench.listener.bad_rows.size() == 100);
  }

  TEST_CASE("what cannot be read is refused before the store is touched") {
    Bench bench;
    const auto good = bench.folder.write("a.csv", kTwoRows);
    const auto broken = bench.folder.write("b.gz",
                                           "\x1f\x8b"
                                           "broken");
    for (const auto& bad : {bench.folder.path("none"), bench.folder.path(""), broken}) {
      CAPTURE(bad);
      FakeRatingWriter writer{bench.store};
      CHECK_THROWS_AS((void)load({.files = {good, bad}}, writer, bench.listener, bench.stop, bench.clock),
                      Error);
      CHECK(!writer.begun);
    }
  }

  TEST_CASE("options that make no sense are refused") {
    Bench bench;
    const auto file = bench.folder.write("a.csv", kTwoRows);
    const auto kind = [&](const LoaderOptions& options) { return bench.error_of(options).kind(); };

    CHECK(kind({.files = {}}) == Kind::usage);
    CHECK(kind({.files = {"-", "-"}}) == Kind::usage);
    for (const char delimiter : {'"', '\n', '\r', '\0', '5', '.', '-'}) {
      CHECK(kind({.files = {file}, .delimiter = delimiter}) == Kind::usage);
    }
    CHECK(kind({.files = {file}, .rejects = file}) == Kind::usage);
    CHECK(kind({.files = {file}, .rejects = "/dev/null"}) == Kind::usage);
    CHECK(kind({.files = {file}, .rejects = bench.folder.path("none/rejects.csv")}) == Kind::usage);
  }

  TEST_CASE("a file that changes between hashing and loading is refused") {
    Bench bench;
    const auto file = bench.folder.write("a.csv", kTwoRows);
    (void)bench.run({.files = {bench.folder.write("before.csv", kOtherRow)}});
    const auto before = bench.store.rows;
    /// Changes the file at the moment when its rows are about to come.
    class Meddler final : public RatingWriter {
     public:
      Meddler(FakeStore& store, std::string file) : honest_{store}, file_{std::move(file)} {}
      LoadFacts begin() override { return honest_.begin(); }
      void start(Fill fill, std::size_t connections) override {
        std::ofstream{file_, std::ios::app} << "9,9,4,9\n";
        honest_.start(fill, connections);
      }
      std::size_t append(std::span<const Rating> rows) override { return honest_.append(rows); }
      LoadCommit commit(std::span<const LoadedFile> files, const StageWatch& entering) override {
        return honest_.commit(files, entering);
      }
      void cancel() noexcept override { honest_.cancel(); }

     private:
      FakeRatingWriter honest_;
      std::string file_;
    };
    Meddler writer{bench.store, file};

    CHECK_THROWS_WITH_AS((void)load({.files = {file}, .if_full = IfFull::append}, writer, bench.listener,
                                    bench.stop, bench.clock),
                         doctest::Contains("the file changed while it was read"), Error);
    CHECK(bench.store.rows == before);

    // An empty store needs no hash beforehand, but a file that grows is not complete all the same.
    FakeStore empty;
    Meddler first{empty, file};
    CHECK_THROWS_WITH_AS((void)load({.files = {file}}, first, bench.listener, bench.stop, bench.clock),
                         doctest::Contains("the file changed while it was read"), Error);
    CHECK(empty.rows.empty());
  }

  TEST_CASE("a dry run reads and checks everything and does not touch the store") {
    Bench bench;
    const auto file = bench.folder.write("a.csv", kTwoRows + "bad\n");
    FakeRatingWriter writer{bench.store};

    const auto report = load({.files = {file}, .dry_run = true, .max_errors = 1}, writer, bench.listener,
                             bench.stop, bench.clock);

    CHECK(report.read == 3);
    CHECK(report.loaded == 2);
    CHECK(report.rejected == 1);
    CHECK(report.users == 2);
    CHECK(!writer.begun);
    CHECK(bench.error_of({.files = {file}, .dry_run = true}).kind() == Kind::input);
  }

  TEST_CASE("told to stop, it ends with nothing stored") {
    Bench bench;
    const auto file = bench.folder.write("a.csv", kTwoRows);
    bench.stop = true;

    const auto error = bench.error_of({.files = {file}});

    CHECK(error.kind() == Kind::interrupted);
    CHECK(bench.store.rows.empty());
  }
}

}  // namespace ratings::test
