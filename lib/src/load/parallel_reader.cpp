#include "load/parallel_reader.hpp"

#include "core/side_by_side.hpp"
#include "csv/block_parser.hpp"
#include "load/bad_row_keeper.hpp"

namespace ratings {

ParallelReader::Tally ParallelReader::run(std::size_t lanes, const Callbacks& callbacks) {
  side_by_side(
      lanes, [&](std::size_t) { run_lane(callbacks); }, [&] { order_.give_up(); });
  callbacks.watch(lines_);
  tally_.lines = lines_;
  return tally_;
}

void ParallelReader::run_lane(const Callbacks& callbacks) {
  csv::Block block;
  csv::BlockParser parser{blocks_.layout()};
  while (take(block, callbacks)) {
    const auto rows = parser.parse(block);
    callbacks.count(rows);
    order_.pass(block.number, parser.lines(), [&](std::uint64_t first_line) {
      const auto held = rows.empty() ? 0 : callbacks.append(rows);
      tally_.loaded += rows.size() - held;
      tally_.held_back += held;
      parser.report(first_line, bad_rows_);
      lines_ += parser.lines();
    });
  }
}

bool ParallelReader::take(csv::Block& block, const Callbacks& callbacks) {
  const std::scoped_lock lock{taking_};
  if (order_.given_up()) return false;
  check_stop(stop_);
  if (!blocks_.next(block)) return false;
  callbacks.watch(lines_);
  return true;
}

}  // namespace ratings
