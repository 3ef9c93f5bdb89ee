#include "load_support.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <future>
#include <sys/stat.h>
#include <unistd.h>

namespace ratings::test {
namespace {

/// Standard input is this file for a while.
class StandardInput {
 public:
  explicit StandardInput(const std::string& path) : saved_{dup(STDIN_FILENO)} {
    const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    REQUIRE(file >= 0);
    REQUIRE(dup2(file, STDIN_FILENO) == STDIN_FILENO);
    close(file);
  }
  ~StandardInput() {
    dup2(saved_, STDIN_FILENO);
    close(saved_);
  }
  StandardInput(const StandardInput&) = delete;
  StandardInput& operator=(const StandardInput&) = delete;

 private:
  int saved_;
};

struct PipeBench : Bench {
  LoadReport run_from_stdin(const std::string& text, LoaderOptions options = {}) {
    const StandardInput input{folder.write("stdin", text)};
    if (options.files.empty()) options.files = {"-"};
    return run(options);
  }
  Error error_from_stdin(const std::string& text, LoaderOptions options = {}) {
    const StandardInput input{folder.write("stdin", text)};
    if (options.files.empty()) options.files = {"-"};
    return error_of(options);
  }
};

}  // namespace

TEST_SUITE("load from a pipe") {
  TEST_CASE("standard input goes into an empty table, and its hash into the ledger") {
    PipeBench bench;
    const auto report = bench.run_from_stdin(kTwoRows);

    CHECK(report.loaded == 2);
    REQUIRE(bench.store.live.size() == 1);
    CHECK(bench.run({.files = {bench.folder.write("a.csv", kTwoRows)}}).no_op);
  }

  TEST_CASE("known content is found after reading and rolled back, also with --append and --replace") {
    PipeBench bench;
    (void)bench.run({.files = {bench.folder.write("a.csv", kTwoRows)}});

    for (const auto if_full : {IfFull::refuse, IfFull::append, IfFull::replace}) {
      const auto report = bench.run_from_stdin(kTwoRows, {.files = {}, .if_full = if_full});
      CHECK(report.no_op);
      CHECK(report.loaded == 0);
      CHECK(report.skipped == std::vector<std::string>{"-"});
    }
    CHECK(bench.store.rows.size() == 2);
    CHECK(bench.store.generation == 1);
  }

  TEST_CASE("other content is refused, added or takes the place, as a file's would") {
    PipeBench bench;
    (void)bench.run({.files = {bench.folder.write("a.csv", kTwoRows)}});

    for (const bool again : {false, true}) {
      const auto error = bench.error_from_stdin(kOtherRow, {.files = {}, .again = again});
      CHECK(error.kind() == Kind::guard);
      CHECK_THROWS_WITH_AS(throw error, doctest::Contains("--append adds to them"), Error);
    }
    CHECK(bench.store.rows.size() == 2);
    CHECK(bench.run_from_stdin(kOtherRow, {.files = {}, .if_full = IfFull::append}).loaded == 1);
    CHECK(bench.run_from_stdin(kOtherRow, {.files = {}, .again = true}).loaded == 1);
    CHECK(bench.store.rows.size() == 4);
    CHECK(bench.run_from_stdin(kTwoRows, {.files = {}, .if_full = IfFull::replace}).generation == 2);
    CHECK(bench.store.rows.size() == 2);
  }

  TEST_CASE("known content from a pipe beside a new file loads neither, and says why") {
    PipeBench bench;
    (void)bench.run({.files = {bench.folder.write("a.csv", kTwoRows)}});
    const auto other = bench.folder.write("b.csv", kOtherRow);

    const auto error = bench.error_from_stdin(kTwoRows, {.files = {other, "-"}, .if_full = IfFull::append});

    CHECK(error.kind() == Kind::guard);
    const std::string said = error.what();
    CHECK(said.starts_with("loading: what - holds is in the store already, or comes twice"));
    CHECK(said.ends_with("nothing was loaded, leave it out, give files instead of pipes, or use --again"));
    CHECK(bench.store.rows.size() == 2);
    CHECK(bench.run_from_stdin(kTwoRows, {.files = {other, "-"}, .if_full = IfFull::append, .again = true})
              .loaded == 3);
  }

  TEST_CASE("a bad row of standard input is named -:LINE") {
    PipeBench bench;
    const StandardInput input{bench.folder.write("stdin", kHeader + "1,2,3\n")};

    CHECK(std::string{bench.error_of({.files = {"-"}}).what()} ==
          "-:2: 3 fields, expected 4; nothing was loaded");
  }

  TEST_CASE("a named pipe can be loaded") {
    PipeBench bench;
    const auto path = bench.folder.path("pipe");
    REQUIRE(mkfifo(path.c_str(), 0600) == 0);
    auto writer = std::async(std::launch::async, [&] { (void)bench.folder.write("pipe", kTwoRows); });

    CHECK(bench.run({.files = {path}}).loaded == 2);

    writer.get();
  }

  TEST_CASE("a pipe that stays silent can be interrupted") {
    PipeBench bench;
    std::array<int, 2> ends{};
    REQUIRE(pipe2(ends.data(), O_CLOEXEC) == 0);
    auto loading = std::async(std::launch::async, [&] {
      return bench.error_of({.files = {"/proc/self/fd/" + std::to_string(ends[0])}}).kind();
    });
    REQUIRE(write(ends[1], kHeader.data(), kHeader.size()) == static_cast<ssize_t>(kHeader.size()));

    bench.stop = true;

    CHECK(loading.get() == Kind::interrupted);
    close(ends[0]);
    close(ends[1]);
  }
}

}  // namespace ratings::test
