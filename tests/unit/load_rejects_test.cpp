#include "load_support.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <sstream>

namespace ratings::test {
namespace {

std::vector<nlohmann::json> log_of(const std::string& path) {
  std::vector<nlohmann::json> entries;
  std::istringstream lines{read_whole(path)};
  for (std::string line; std::getline(lines, line);) entries.push_back(nlohmann::json::parse(line));
  return entries;
}

}  // namespace

TEST_SUITE("load rejects") {
  TEST_CASE("bad lines are kept with their header, and their reasons beside them") {
    Bench bench;
    const auto file =
        bench.folder.write("a.csv", "userId,movieId,rating,timestamp\r\n1,2,x,4\r\n5,6,4,8\n9,9");
    const auto rejects = bench.folder.path("r.csv");

    const auto report = bench.run({.files = {file}, .max_errors = 2, .rejects = rejects});

    CHECK(report.rejected == 2);
    CHECK(read_whole(rejects) == "userId,movieId,rating,timestamp\n1,2,x,4\r\n9,9\n");
    const auto log = log_of(rejects + ".log");
    REQUIRE(log.size() == 2);
    CHECK(log[0] == nlohmann::json{{"file", file},
                                   {"line", 2},
                                   {"byte_offset", 33},
                                   {"code", "E_RATING"},
                                   {"message", "rating 'x' is not a decimal number"}});
    CHECK(log[1]["line"] == 4);
    CHECK(log[1]["code"] == "E_COLS");
    CHECK(bench.folder.names() == std::vector<std::string>{"a.csv", "r.csv", "r.csv.log"});
  }

  TEST_CASE("once corrected, the reject file can be loaded, and nothing is missing then") {
    Bench bench;
    const auto file = bench.folder.write("a.csv", kTwoRows + "7,8,1.o,9\n");
    const auto rejects = bench.folder.path("r.csv");
    (void)bench.run({.files = {file}, .max_errors = 1, .rejects = rejects});

    auto text = read_whole(rejects);
    text.replace(text.find("1.o"), 3, "1.0");
    const auto report = bench.run({.files = {bench.folder.write("r.csv", text)}, .if_full = IfFull::append});

    CHECK(report.loaded == 1);
    CHECK(bench.store.rows.back() == Rating{UserId{7}, MovieId{8}, 1.0F, 9});
  }

  TEST_CASE("a source without a header gets one in its reject file") {
    Bench bench;
    const auto rejects = bench.folder.path("r.csv");

    (void)bench.run({.files = {bench.folder.write("a.csv", "1;2;3;4\nx\n")},
                     .max_errors = 1,
                     .rejects = rejects,
                     .delimiter = ';'});

    CHECK(read_whole(rejects) == "userId;movieId;rating;timestamp\nx\n");
  }

  TEST_CASE("files with the same header share a reject file, another header gets its own") {
    Bench bench;
    const auto rejects = bench.folder.path("r.csv");
    const auto a = bench.folder.write("a.csv", kHeader + "a");
    const auto b = bench.folder.write("b.csv", "movieId,userId,rating,timestamp\nb\n");
    const auto c = bench.folder.write("c.csv", kHeader + "c\n");

    (void)bench.run({.files = {a, b, c}, .max_errors = 3, .rejects = rejects});

    CHECK(read_whole(rejects) == kHeader + "a\nc\n");
    CHECK(read_whole(rejects + ".2") == "movieId,userId,rating,timestamp\nb\n");
    CHECK(log_of(rejects + ".log").size() == 3);
  }

  TEST_CASE("bad objects are kept as they were, apart from bad rows, and can be mended and loaded") {
    const std::string good = R"({"user_id":1,"movie_id":2,"rating":3.5,"timestamp":"1970-01-01 00:00:04"})"
                             "\n";
    const auto bad = [&good](const char* rating) {
      auto line = good;
      return line.replace(line.find("3.5"), 3, rating);
    };
    Bench bench;
    const auto rejects = bench.folder.path("r");
    const auto a = bench.folder.write("a.csv", kTwoRows + "bad\n");
    const auto b = bench.folder.write("b.ndjson", bad("10.5") + good);
    const auto c = bench.folder.write("c.ndjson", good + bad("null") + "{");

    const auto report = bench.run({.files = {a, b, c}, .max_errors = 4, .rejects = rejects});

    CHECK(report.read == 8);
    CHECK(report.loaded == 4);
    CHECK(bench.store.rows.back() == Rating{UserId{1}, MovieId{2}, 3.5F, 4});
    CHECK(bench.listener.bad_rows.at(3) ==
          c + ":3: the line ends inside of its JSON object: lines are read as "
              "'ratingsctl export -o ndjson' writes them");
    CHECK(read_whole(rejects) == kHeader + "bad\n");
    CHECK(read_whole(rejects + ".2") == bad("10.5") + bad("null") + "{\n");
    CHECK(log_of(rejects + ".log").at(1)["code"] == "E_RANGE");

    (void)bench.folder.write("r.2", bad("10") + bad("0"));
    const auto again = bench.run({.files = {rejects + ".2"}, .if_full = IfFull::append});
    CHECK(again.loaded == 2);
  }

  TEST_CASE("a line of megabytes is kept whole") {
    Bench bench;
    const std::string line(5'000'000, '7');
    const auto rejects = bench.folder.path("r.csv");

    (void)bench.run({.files = {bench.folder.write("a.csv", kTwoRows + line + "\n")},
                     .max_errors = 1,
                     .rejects = rejects});

    CHECK((read_whole(rejects) == kHeader + line + "\n"));
  }

  TEST_CASE("nothing is created when nothing is rejected") {
    Bench bench;
    (void)bench.run(
        {.files = {bench.folder.write("a.csv", kTwoRows)}, .rejects = bench.folder.path("r.csv")});

    CHECK(bench.folder.names() == std::vector<std::string>{"a.csv"});
  }

  TEST_CASE("rejects of an earlier run do not pass for those of a run without any") {
    Bench bench;
    const auto rejects = bench.folder.write("r.csv", "older");
    (void)bench.folder.write("r.csv.log", "older");

    (void)bench.run({.files = {bench.folder.write("a.csv", kTwoRows)}, .rejects = rejects});

    CHECK(bench.folder.names() == std::vector<std::string>{"a.csv"});
  }

  TEST_CASE(
      "of an earlier run's rejects none stays that this one does not need, but a dry run removes nothing") {
    Bench bench;
    const auto rejects = bench.folder.write("r.csv", "older");
    for (const auto* name : {"r.csv.log", "r.csv.2", "r.csv.3"}) (void)bench.folder.write(name, "older");
    const auto good = bench.folder.write("a.csv", kTwoRows);
    const auto bad = bench.folder.write("b.csv", kHeader + "bad\n");

    (void)bench.run({.files = {good}, .dry_run = true, .rejects = rejects});
    CHECK(bench.folder.names() ==
          std::vector<std::string>{"a.csv", "b.csv", "r.csv", "r.csv.2", "r.csv.3", "r.csv.log"});

    (void)bench.run({.files = {good, bad}, .max_errors = 1, .rejects = rejects});
    CHECK(bench.folder.names() == std::vector<std::string>{"a.csv", "b.csv", "r.csv", "r.csv.log"});
    CHECK(read_whole(rejects) == kHeader + "bad\n");
  }

  TEST_CASE("rejects of a load that was killed are kept by the next one, also if that finds nothing to do") {
    for (const bool again : {true, false}) {
      Bench bench;
      const auto rejects = bench.folder.path("r.csv");
      const LoaderOptions options{.files = {bench.folder.write("a.csv", kTwoRows + "bad\n")},
                                  .again = again,
                                  .max_errors = 1,
                                  .rejects = rejects};
      (void)bench.run(options);
      std::filesystem::rename(rejects,
                              rejects + ".part");  // as if it had been killed before they got their name
      std::filesystem::rename(rejects + ".log", rejects + ".log.part");
      const auto killed = read_whole(rejects + ".part");

      CHECK(bench.run(options).no_op == !again);
      CHECK(read_whole(rejects + ".interrupted") == killed);
      CHECK_FALSE(read_whole(rejects + ".log.interrupted").empty());
      CHECK(std::filesystem::exists(rejects) == again);
      CHECK_FALSE(std::filesystem::exists(rejects + ".part"));
    }
  }

  TEST_CASE("rejects that cannot get their name after COMMIT are kept, and the load is said to be done") {
    Bench bench;
    const auto rejects = bench.folder.path("r.csv");
    const auto file = bench.folder.write("a.csv", kTwoRows + "bad\n");
    const auto error = bench.error_of({.files = {file}, .max_errors = 1, .rejects = rejects},
                                      [&] { std::filesystem::create_directory(rejects); });

    CHECK(std::string{error.what()}.ends_with("; they are in " + rejects + ".part; the load itself is done"));
    CHECK(read_whole(rejects + ".part") == kHeader + "bad\n");
    CHECK_FALSE(read_whole(rejects + ".log.part").empty());
    CHECK(bench.store.rows.size() == 2);
  }

  TEST_CASE("no file that rejects may go to is one to be loaded") {
    Bench bench;
    const auto rejects = bench.folder.path("r.csv");
    const auto other = bench.folder.write("a.csv", kTwoRows);
    for (const auto* suffix : {"", ".part", ".interrupted", ".log", ".log.part", ".2", ".2.part"}) {
      const auto input = bench.folder.write(std::string{"r.csv"} + suffix, kTwoRows);
      CHECK(bench.error_of({.files = {other, input}, .rejects = rejects}).kind() == Kind::usage);
      CHECK(read_whole(input) == kTwoRows);
      std::filesystem::remove(input);
    }
  }

  TEST_CASE("a load that fails leaves no reject file, and an older one as it was") {
    Bench bench;
    const auto rejects = bench.folder.write("r.csv", "older");
    const auto file = bench.folder.write("a.csv", kHeader + "bad\nbad\n");

    CHECK(bench.error_of({.files = {file}, .max_errors = 1, .rejects = rejects}).kind() == Kind::input);

    CHECK(read_whole(rejects) == "older");
    CHECK(bench.folder.names() == std::vector<std::string>{"a.csv", "r.csv"});
  }

  TEST_CASE("rejects are on disk before the commit, and a load whose rejects cannot be written fails") {
    Bench bench;
    const auto file = bench.folder.write("a.csv", kTwoRows + "bad\n");
    const auto rejects = bench.folder.path("r.csv");
    // Nobody writes through a link that somebody else may have put there.
    std::filesystem::create_symlink("nowhere", rejects + ".log.part");
    CHECK(bench.error_of({.files = {file}, .max_errors = 1, .rejects = rejects}).kind() == Kind::input);
    CHECK(bench.store.rows.empty());
    std::filesystem::remove(rejects + ".log.part");

    bool complete = false;
    HookedWriter writer{bench.store, [&] {
                          complete = read_whole(rejects + ".part") == kHeader + "bad\n" &&
                                     !read_whole(rejects + ".log.part").empty();
                        }};
    (void)load({.files = {file}, .max_errors = 1, .rejects = rejects}, writer, bench.listener, bench.stop,
               bench.clock);
    CHECK(complete);
  }

  TEST_CASE("a load that fails in its commit leaves the rejects of an older one as they were") {
    for (const auto& rows : {kTwoRows, kTwoRows + "bad\n"}) {
      Bench bench;
      const auto rejects = bench.folder.write("r.csv", "older");
      const auto log = bench.folder.write("r.csv.log", "older log");
      const auto file = bench.folder.write("a.csv", rows);
      const LoaderOptions options{.files = {file}, .max_errors = 1, .rejects = rejects};
      (void)bench.error_of(options, [] { throw Error{Kind::guard, "loading: waited in vain"}; });
      CHECK(read_whole(rejects) == "older");
      CHECK(read_whole(log) == "older log");
      CHECK(bench.folder.names() == std::vector<std::string>{"a.csv", "r.csv", "r.csv.log"});

      // Nobody would get them from a second run: if the load stands, it reads nothing.
      const auto error = bench.error_of(options, [] {
        throw Error{Kind::unreachable, "loading: lost", ratings::Outcome::unknown};
      });
      const bool any = rows != kTwoRows;
      std::string said = "loading: lost";
      if (any)
        said.append("; the rejects are kept in ")
            .append(rejects)
            .append(".part ")
            .append(log)
            .append(".part");
      CHECK(error.what() == said);
      CHECK(std::filesystem::exists(rejects + ".part") == any);
      CHECK(read_whole(rejects) == "older");
    }
  }
}

}  // namespace ratings::test
