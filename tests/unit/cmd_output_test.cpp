#include "arguments.hpp"
#include "clean_up_report.hpp"
#include "load_report.hpp"
#include "progress.hpp"
#include "support/fake_clock.hpp"

#include <doctest/doctest.h>

namespace ratings::cmd {
namespace {

using namespace std::chrono_literals;
using test::FakeClock;

/// argv as the kernel lays it out: writable, ended by NUL.
class Argv {
 public:
  explicit Argv(std::vector<std::string> words) : words_{std::move(words)} {
    for (auto& word : words_) pointers_.push_back(word.data());
  }
  int count() const { return static_cast<int>(pointers_.size()); }
  char** get() { return pointers_.data(); }
  std::string word(std::size_t i) const { return words_[i].c_str(); }

 private:
  std::vector<std::string> words_;
  std::vector<char*> pointers_;
};

}  // namespace

TEST_SUITE("command line output") {
  TEST_CASE("a password leaves argv, whichever way the address was given") {
    for (const auto& words :
         std::vector<std::vector<std::string>>{{"p", "--store", "postgresql://u:geheim@h/d"},
                                               {"p", "--store=postgresql://u:geheim@h/d"},
                                               {"p", "--cache", "redis://:geheim@h:1/0"},
                                               {"p", "--cache", "redis-cluster://:geheim@h:1,g:1"},
                                               {"p", "--store", "host=h password=geheim"},
                                               {"p", "--store=host=h password=geheim"},
                                               {"p", "postgresql://u:geheim@h/d"}}) {
      CAPTURE(words.back());
      Argv argv{words};

      const auto arguments = take_arguments(argv.count(), argv.get());

      CHECK(arguments.values.back() == words.back());
      const auto left = argv.word(words.size() - 1);
      CHECK(left.find("geheim") == std::string::npos);
      CHECK(left.find('h') != std::string::npos);
      CHECK(without_secrets("no " + words.back() + "!", arguments).find("geheim") == std::string::npos);
    }
  }

  TEST_CASE("arguments without a password stay as they are") {
    Argv argv{{"p", "--store", "postgresql://u@h/d", "load", "a=b.csv"}};
    const auto arguments = take_arguments(argv.count(), argv.get());
    CHECK(arguments.secrets.empty());
    CHECK(argv.word(2) == "postgresql://u@h/d");
    CHECK(argv.word(4) == "a=b.csv");
  }

  TEST_CASE("after COMMIT the wait is delta, a thousandth and 50 ms: without delta there is none") {
    FakeClock clock;
    const auto start = clock.now();
    wait_until_visible(clock, start, 0ms);
    CHECK(clock.now() == start);
    wait_until_visible(clock, start, 1000ms);
    CHECK(clock.now() - start == 1051ms);
  }

  TEST_CASE("elapsed time is rounded up") {
    CHECK(elapsed(Instant{5}, Instant{6}) == 1ms);
    CHECK(elapsed(Instant{0}, Instant{1'000'000}) == 1ms);
  }

  TEST_CASE("a load's JSON has the keys of the contract, in order") {
    LoadReport report;
    report.stages = {{.name = "copy", .took = 12ms}};
    const auto json = load_json(report, {.committed = 3ms, .visible = 4ms}, LoadKind::stored);
    CHECK(to_line(json) ==
          R"({"read":0,"loaded":0,"rejected":0,"excluded":0,"users":0,"bytes":0,"generation":1,)"
          R"("stages":{"copy_ms":12},"no_op":false,"skipped":[],"committed_ms":3,"visible_ms":4})"
          "\n");
    CHECK(load_json({}, {}, LoadKind::stored)["stages"].dump() == "{}");
  }

  TEST_CASE("a file name that is not UTF-8 does not break the JSON") {
    LoadReport report;
    report.skipped = {"a\xff.csv"};
    CHECK(to_line(load_json(report, {}, LoadKind::stored)).find("a\xEF\xBF\xBD.csv") != std::string::npos);
  }

  TEST_CASE("progress names percent, rate and time left as far as they are known") {
    Progress progress{.stage = "read",
                      .file = "a.csv",
                      .done = 42,
                      .total = 100,
                      .rows = 7,
                      .rows_per_second = 1000.6,
                      .eta = std::chrono::seconds{9}};
    CHECK(progress_text(progress) == "read a.csv: 42 %, 7 rows, 1000 rows/s, 9 s left");
    CHECK(progress_json(progress) ==
          R"({"stage":"read","file":"a.csv","done":42,"total":100,"rows":7,"rows_per_second":1000,"eta_s":9})"
          "\n");
    progress.total.reset();
    progress.eta.reset();
    progress.rows_per_second = 0;
    CHECK(progress_text(progress) == "read a.csv: 7 rows");
    progress.total = 0;
    CHECK(progress_text(progress) == "read a.csv: 100 %, 7 rows");
    Progress quiet;
    quiet.stage = "index";
    CHECK(progress_text(quiet) == "index …");
  }

  TEST_CASE("auto progress draws on a terminal only, and not on a dumb one") {
    CHECK(progress_style("auto", true, false) == ProgressStyle::redrawn);
    CHECK(progress_style("auto", true, true) == ProgressStyle::plain);
    CHECK(progress_style("auto", false, false) == ProgressStyle::off);
    CHECK(progress_style("plain", false, false) == ProgressStyle::plain);
    CHECK(progress_style("json", true, false) == ProgressStyle::json);
    CHECK(progress_style("off", true, false) == ProgressStyle::off);
  }
}

}  // namespace ratings::cmd
