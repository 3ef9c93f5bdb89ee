#include "load/decision.hpp"

#include <doctest/doctest.h>

#include <string>

namespace ratings::test {
namespace {

ContentHash hash(std::uint8_t number) {
  ContentHash result;
  result.bytes[7] = number;
  return result;
}

const ContentHash kA = hash(1);
const ContentHash kB = hash(2);
const ContentHash kSample = known_samples().front();

using Hashes = std::vector<ContentHash>;

LoadFacts holding(Hashes live) { return {.empty = false, .live = std::move(live), .foreign_changes = false}; }
LoadFacts changed(Hashes live) { return {.empty = false, .live = std::move(live), .foreign_changes = true}; }
LoadFacts purged(Hashes live, bool changed = false) {
  return {.empty = true, .held = true, .live = std::move(live), .foreign_changes = changed};
}

/// "first 10": Fill::first, the first content taken, the second not. "renew": unless all of it is held back.
std::string in_words(const Decision& decision) {
  if (decision.verdict == Verdict::no_op) return "no-op";
  if (decision.verdict == Verdict::refuse) return "refuse";
  std::string words = decision.fill == Fill::first ? "first "
                      : decision.unless_all_held   ? "renew "
                      : replaces(decision.fill)    ? "replace "
                                                   : "append ";
  for (const bool taken : decision.taken) words += taken ? '1' : '0';
  return words;
}

constexpr Wishes kPlain{};
constexpr Wishes kAgain{IfFull::refuse, true};
constexpr Wishes kAppend{IfFull::append, false};
constexpr Wishes kAppendAgain{IfFull::append, true};
constexpr Wishes kReplace{IfFull::replace, false};
constexpr Wishes kReplaceAgain{IfFull::replace, true};

struct Expected {
  const char* state;
  LoadFacts facts;
  Hashes contents;
  /// plain, --again, --append, --append --again, --replace, --replace --again
  std::array<const char*, 6> words;
};

const std::vector<Expected> kTable{
    {"empty", {}, {kA}, {"first 1", "first 1", "first 1", "first 1", "first 1", "first 1"}},
    {"empty, a file twice",
     {},
     {kA, kA},
     {"first 10", "first 11", "first 10", "first 11", "first 10", "first 11"}},
    {"emptied by hand: the ledger's past does not count, but it ends with --replace",
     {.empty = true, .live = {kA}},
     {kA},
     {"first 1", "first 1", "first 1", "first 1", "replace 1", "replace 1"}},
    {"emptied by purges: what is known waits for undo",
     purged({kA}),
     {kA},
     {"no-op", "first 1", "no-op", "first 1", "replace 1", "replace 1"}},
    {"emptied by purges, known and other",
     purged({kA}),
     {kA, kB},
     {"first 01", "first 11", "first 01", "first 11", "replace 11", "replace 11"}},
    {"emptied by purges and by hand: undo would bring a second copy into the same generation",
     purged({kA}, true),
     {kA},
     {"renew 1", "first 1", "renew 1", "first 1", "replace 1", "replace 1"}},
    {"emptied by purges and by hand, known and other",
     purged({kA}, true),
     {kA, kB},
     {"first 01", "first 11", "first 01", "first 11", "replace 11", "replace 11"}},
    {"emptied by purges, only psql's rows",
     purged({}, true),
     {kA},
     {"first 1", "first 1", "first 1", "first 1", "replace 1", "replace 1"}},
    {"only the sample, and all of it purged",
     purged({kSample}),
     {kA},
     {"replace 1", "replace 1", "replace 1", "replace 1", "replace 1", "replace 1"}},
    {"only the sample, and all of it purged, itself",
     purged({kSample}),
     {kSample},
     {"no-op", "first 1", "no-op", "first 1", "replace 1", "replace 1"}},
    {"the sample, changed by psql, and all of it purged",
     purged({kSample}, true),
     {kA},
     {"first 1", "first 1", "first 1", "first 1", "replace 1", "replace 1"}},
    {"empty, the sample itself",
     {},
     {kSample},
     {"first 1", "first 1", "first 1", "first 1", "first 1", "first 1"}},
    {"known", holding({kA}), {kA}, {"no-op", "append 1", "no-op", "append 1", "no-op", "replace 1"}},
    {"known, given twice",
     holding({kA}),
     {kA, kA},
     {"no-op", "append 11", "no-op", "append 11", "no-op", "replace 11"}},
    {"known, doubled before",
     holding({kA, kA}),
     {kA},
     {"no-op", "append 1", "no-op", "append 1", "replace 1", "replace 1"}},
    {"known, changed by psql",
     changed({kA}),
     {kA},
     {"no-op", "append 1", "no-op", "append 1", "replace 1", "replace 1"}},
    {"known beside another",
     holding({kA, kB}),
     {kA},
     {"no-op", "append 1", "no-op", "append 1", "replace 1", "replace 1"}},
    {"all that is known, other order",
     holding({kA, kB}),
     {kB, kA},
     {"no-op", "append 11", "no-op", "append 11", "no-op", "replace 11"}},
    {"other", holding({kA}), {kB}, {"refuse", "refuse", "append 1", "append 1", "replace 1", "replace 1"}},
    {"other, given twice",
     holding({kA}),
     {kB, kB},
     {"refuse", "refuse", "append 10", "append 11", "replace 10", "replace 11"}},
    {"known and other",
     holding({kA}),
     {kA, kB},
     {"refuse", "refuse", "append 01", "append 11", "replace 11", "replace 11"}},
    {"only psql's rows",
     changed({}),
     {kA},
     {"refuse", "refuse", "append 1", "append 1", "replace 1", "replace 1"}},
    {"only the sample",
     holding({kSample}),
     {kA},
     {"replace 1", "replace 1", "replace 1", "replace 1", "replace 1", "replace 1"}},
    {"only the sample, two files, one twice",
     holding({kSample}),
     {kA, kB, kA},
     {"replace 110", "replace 111", "replace 110", "replace 111", "replace 110", "replace 111"}},
    {"only the sample, itself",
     holding({kSample}),
     {kSample},
     {"no-op", "append 1", "no-op", "append 1", "no-op", "replace 1"}},
    {"only the sample, itself and another",
     holding({kSample}),
     {kSample, kA},
     {"replace 11", "replace 11", "replace 11", "replace 11", "replace 11", "replace 11"}},
    {"the sample, changed by psql",
     changed({kSample}),
     {kA},
     {"refuse", "refuse", "append 1", "append 1", "replace 1", "replace 1"}},
    {"the sample beside another",
     holding({kSample, kB}),
     {kA},
     {"refuse", "refuse", "append 1", "append 1", "replace 1", "replace 1"}},
};

}  // namespace

TEST_SUITE("load decision") {
  TEST_CASE("the whole table") {
    const std::array wishes{kPlain, kAgain, kAppend, kAppendAgain, kReplace, kReplaceAgain};
    for (const auto& row : kTable) {
      for (std::size_t i = 0; i < wishes.size(); ++i) {
        CAPTURE(row.state);
        CAPTURE(i);
        CHECK(in_words(decide(row.facts, row.contents, wishes[i])) == row.words[i]);
      }
    }
  }

  TEST_CASE("an unread pipe is written if its content might be") {
    const std::vector<std::optional<ContentHash>> pipe{std::nullopt};
    CHECK(in_words(presume({}, pipe, kPlain)) == "first 1");
    CHECK(in_words(presume(holding({kSample}), pipe, kPlain)) == "replace 1");
    CHECK(in_words(presume(holding({kA}), pipe, kAppend)) == "append 1");
    CHECK(in_words(presume(holding({kA}), pipe, kReplace)) == "replace 1");
    CHECK(in_words(presume(holding({kA}), pipe, kAgain)) == "append 1");
    CHECK(in_words(presume(holding({kA}), pipe, kPlain)) == "refuse");
    CHECK(in_words(presume(changed({}), pipe, kAgain)) == "refuse");
  }

  TEST_CASE("two unread pipes are taken for different contents") {
    CHECK(in_words(presume({}, std::vector<std::optional<ContentHash>>(2), kPlain)) == "first 11");
  }

  TEST_CASE("where all contents are known, presuming is deciding") {
    for (const auto& row : kTable) {
      CAPTURE(row.state);
      const std::vector<std::optional<ContentHash>> contents{row.contents.begin(), row.contents.end()};
      CHECK((presume(row.facts, contents, kPlain) == decide(row.facts, row.contents, kPlain)));
    }
  }
}

}  // namespace ratings::test
