#pragma once

#include "ratings/loader.hpp"

#include <optional>
#include <span>
#include <vector>

namespace ratings {

/// What the user asked for.
struct Wishes {
  IfFull if_full = IfFull::refuse;
  bool again = false;
};

enum class Verdict {
  write,
  no_op,   ///< every content is there already
  refuse,  ///< the table holds something else, and nothing allows to touch it
};

struct Decision {
  Verdict verdict = Verdict::refuse;
  Fill fill = Fill::first;  ///< for Verdict::write
  std::vector<bool> taken;  ///< for each content: it is loaded, not skipped as already there
  /// When every row is held back, it was purges that emptied the table and nothing is to be written: the rows
  /// wait for undo already.
  bool unless_all_held = false;
  friend bool operator==(const Decision&, const Decision&) = default;
};

/// The whole table of what `load` does, as a pure function: facts and contents in, decision out.
///   the table is empty                                      write, Fill::first
///   … and batches hold records of this generation           the same; live contents are skipped, because
///                                                           undo brings them back (--again: not skipped)
///     · every content is live                               no_op (--again: write, Fill::first)
///     · the same, and others changed rows                   write, Fill::renew, unless all of it is held
///       (emptied by hand, then, or by purges after an edit)   back: a second copy would come with undo
///     · live is the shipped sample alone, a content is not it   write, Fill::renew
///   --replace, live are exactly these contents              no_op (--again: write, Fill::replace)
///   --replace otherwise                                     write, Fill::replace
///   live is the shipped sample alone, a content is not it   write, Fill::renew
///   every content is live                                   no_op (--again: write, Fill::append)
///   --append                                                write, Fill::append; live contents skipped
///   (--again: not) otherwise                                               refuse
/// A content given twice in one command is loaded once (--again: twice).
[[nodiscard]] Decision decide(const LoadFacts& facts, std::span<const ContentHash> contents,
                              const Wishes& wishes);

/// The same while some contents (nullopt, from a pipe) are not known before they are read: what to do
/// meanwhile. Writes whenever decide() might; the writing is rolled back if decide() says otherwise in the
/// end.
[[nodiscard]] Decision presume(const LoadFacts& facts, std::span<const std::optional<ContentHash>> contents,
                               const Wishes& wishes);

/// Every data/ratings_sample.csv that was ever shipped.
[[nodiscard]] std::span<const ContentHash> known_samples() noexcept;

}  // namespace ratings
