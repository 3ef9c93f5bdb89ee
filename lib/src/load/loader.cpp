#include "ratings/loader.hpp"

#include "csv/block_reader.hpp"
#include "load/bad_row_keeper.hpp"
#include "load/decision.hpp"
#include "load/inputs.hpp"
#include "load/parallel_reader.hpp"
#include "load/progress_meter.hpp"
#include "load/user_counter.hpp"

#include "ratings/error.hpp"

#include <algorithm>
#include <optional>
#include <thread>
#include <utility>

namespace ratings {
namespace {

// As large as the reader's own buffer.
constexpr std::size_t kHashBuffer = 256UL * 1024;

/// Whoever reads why a load ended need not know how loads work to know what became of the rows.
Error with_outcome(const Error& error) {
  if (error.outcome() != Outcome::untold) return error;
  return Error{error.kind(), std::string{error.what()} + "; nothing was loaded", Outcome::told};
}

/// Should the load stand after all, its repetition reads nothing, so they would be lost.
Error with_kept_rejects(const Error& error, const std::vector<std::string>& files) {
  std::string names;
  for (const auto& file : files) names += " " + file;
  if (names.empty()) return error;
  return Error{error.kind(), error.what() + ("; the rejects are kept in" + names), error.outcome()};
}

Error table_is_full() {
  return Error{Kind::guard,
               "loading: the table already holds other ratings; --append adds to them, --replace puts these "
               "in their place"};
}

/// What was presumed of a pipe before it was read did not come true.
Error wrongly_presumed(const std::vector<Input>& inputs, const Decision& presumed,
                       const Decision& last_word) {
  if (last_word.verdict == Verdict::refuse) return table_is_full();
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (presumed.taken[i] == last_word.taken[i]) continue;
    return Error{Kind::guard,
                 "loading: what " + inputs[i].path +
                     " holds is in the store already, or comes twice, and a pipe shows that too late to skip "
                     "it; nothing was loaded, leave it out, give files instead of pipes, or use --again",
                 Outcome::told};
  }
  return Error{
      Kind::guard,
      "loading: what came through a pipe has been loaded before, which a pipe shows too late; nothing "
      "was loaded, give it as a file",
      Outcome::told};
}

/// One load, step by step. An object, because the steps share what they count with.
class Loading {
 public:
  Loading(const LoaderOptions& options, LoadObserver& observer, const std::atomic<bool>& stop, Clock& clock)
      : options_{options},
        stop_{stop},
        clock_{clock},
        meter_{observer, clock},
        bad_rows_{options, observer, stop} {}

  LoadReport run(RatingWriter& writer);

 private:
  LoadReport dry_run();
  LoadReport write(RatingWriter& writer, const Decision& decision, const LoadFacts& facts);
  LoadReport nothing_to_do(const LoadFacts& facts);
  void check_first_lines() const;
  void hash_files();
  void hash_pipes();
  [[nodiscard]] ContentHash hash_input(const Input& input);
  using Append = decltype(ParallelReader::Callbacks::append);
  void read_inputs(const Append& append, const std::vector<bool>& taken);
  [[nodiscard]] LoadedFile read_input(Input& input, const Append& append);
  void commit(RatingWriter& writer);
  [[nodiscard]] Decision final_decision(const LoadFacts& facts) const;
  [[nodiscard]] bool has_pipe() const;
  void add_up();

  const LoaderOptions& options_;
  const std::atomic<bool>& stop_;
  Clock& clock_;
  ProgressMeter meter_;
  BadRowKeeper bad_rows_;
  std::vector<Input> inputs_;
  std::uint64_t passed_ = 0;       ///< bytes of the inputs before the present one
  std::uint64_t passed_rows_ = 0;  ///< their rows
  std::vector<LoadedFile> files_;
  std::optional<UserCounter> users_{std::in_place};
  LoadReport report_;
};

LoadReport Loading::run(RatingWriter& writer) {
  inputs_ = check_inputs(options_);
  if (options_.dry_run) return dry_run();
  check_first_lines();
  const auto facts = writer.begin();
  // Under the store's lock: before, they might be another load's that is still at work.
  bad_rows_.set_aside(inputs_.size());
  // One file for an empty table cannot be there already, unless it was purged; the hash that the ledger needs
  // comes with the reading.
  if (!facts.empty || facts.held || inputs_.size() > 1) hash_files();
  std::vector<std::optional<ContentHash>> contents;
  for (const auto& input : inputs_) contents.push_back(input.hash);
  const auto decision = presume(facts, contents, {options_.if_full, options_.again});
  if (decision.verdict == Verdict::write) return write(writer, decision, facts);
  hash_pipes();
  if (final_decision(facts).verdict == Verdict::no_op) return nothing_to_do(facts);
  throw table_is_full();
}

LoadReport Loading::dry_run() {
  const auto nowhere = [](std::span<const Rating>) { return std::size_t{0}; };
  read_inputs(nowhere, std::vector<bool>(inputs_.size(), true));
  report_.users = users_->count_without({});
  bad_rows_.finish();
  add_up();
  if (bad_rows_.count() > 0) bad_rows_.publish();  // else it would remove those of an earlier load
  return std::move(report_);
}

LoadReport Loading::write(RatingWriter& writer, const Decision& decision, const LoadFacts& facts) try {
  writer.start(decision.fill, options_.jobs);
  read_inputs([&](std::span<const Rating> rows) { return writer.append(rows); }, decision.taken);
  report_.users = users_->count_without(facts.excluded);
  users_.reset();  // an embedded store needs the memory to sort its index in
  const auto last_word = final_decision(facts);
  if (last_word.verdict == Verdict::no_op) return nothing_to_do(facts);
  if (last_word != decision) throw wrongly_presumed(inputs_, decision, last_word);
  const auto all_held = [](const LoadedFile& file) { return file.loaded == 0; };
  if (decision.unless_all_held && std::ranges::all_of(files_, all_held)) return nothing_to_do(facts);
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    if (!decision.taken[i]) report_.skipped.push_back(inputs_[i].path);
  }
  report_.sample_replaced = decision.fill == Fill::renew && !decision.unless_all_held;
  bad_rows_.finish();
  add_up();
  commit(writer);
  bad_rows_.publish();
  return std::move(report_);
} catch (const Error& error) {
  if (report_.committed != Instant{})
    throw Error{error.kind(), std::string{error.what()} + "; the load itself is done", Outcome::told};
  if (error.outcome() == Outcome::unknown) throw with_kept_rejects(error, bad_rows_.keep());
  throw with_outcome(error);
}

void Loading::commit(RatingWriter& writer) {
  check_stop(stop_);
  bool under_way = false;
  const auto end_stage = [&] {
    if (std::exchange(under_way, false)) report_.stages.push_back(meter_.end());
  };
  const auto result = writer.commit(files_, [&](const char* stage) {
    end_stage();
    meter_.begin(stage, std::nullopt);
    under_way = true;
  });
  end_stage();
  report_.generation = result.generation;
  report_.committed = result.committed;
  report_.wait = result.wait;
}

LoadReport Loading::nothing_to_do(const LoadFacts& facts) {
  LoadReport report;
  report.no_op = true;
  report.generation = facts.generation;
  report.committed = clock_.now();
  report.wait = facts.wait;
  report.skipped = options_.files;
  report.stages = std::move(report_.stages);
  return report;
}

bool Loading::has_pipe() const {
  for (const auto& input : inputs_) {
    if (!input.hash) return true;
  }
  return false;
}

Decision Loading::final_decision(const LoadFacts& facts) const {
  std::vector<ContentHash> contents;
  for (const auto& input : inputs_) contents.push_back(input.hash.value());
  return decide(facts, contents, {options_.if_full, options_.again});
}

/// A file that is damaged or no CSV is told before the store is asked to wait for it.
void Loading::check_first_lines() const {
  for (const auto& input : inputs_) {
    check_stop(stop_);
    if (!input.facts.repeatable) continue;
    const auto source = csv::open_source(input.path, stop_);
    (void)csv::BlockReader{*source, input.path, options_.delimiter};
  }
}

void Loading::hash_files() {
  std::vector<Input> files;
  for (const auto& input : inputs_) {
    if (input.facts.repeatable) files.push_back(input);
  }
  if (files.empty()) return;
  meter_.begin("hash", total_size(files));
  passed_ = 0;
  for (auto& input : inputs_) {
    if (input.facts.repeatable) input.hash = hash_input(input);
  }
  report_.stages.push_back(meter_.end());
}

void Loading::hash_pipes() {
  if (!has_pipe()) return;
  meter_.begin("hash", std::nullopt);
  passed_ = 0;
  for (auto& input : inputs_) {
    if (!input.hash) input.hash = hash_input(input);
  }
  report_.stages.push_back(meter_.end());
}

ContentHash Loading::hash_input(const Input& input) {
  const auto source = csv::open_source(input.path, stop_);
  csv::ContentHasher hasher;
  std::vector<char> buffer(kHashBuffer);
  for (auto got = source->read(buffer); got > 0; got = source->read(buffer)) {
    check_stop(stop_);
    hasher.update({buffer.data(), got});
    meter_.update(input.path, passed_ + source->consumed(), 0);
  }
  passed_ += source->consumed();
  return hasher.hash();
}

void Loading::read_inputs(const Append& append, const std::vector<bool>& taken) {
  std::vector<Input> read;
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    if (taken[i]) read.push_back(inputs_[i]);
  }
  meter_.begin("read", total_size(read));
  passed_ = 0;
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    if (taken[i]) files_.push_back(read_input(inputs_[i], append));
  }
  report_.stages.push_back(meter_.end());
}

LoadedFile Loading::read_input(Input& input, const Append& append) {
  const auto source = csv::open_source(input.path, stop_);
  csv::BlockReader blocks{*source, input.path, options_.delimiter};
  bad_rows_.begin_input(input.path, blocks.header());
  const auto bad_before = bad_rows_.count();
  ParallelReader reader{blocks, bad_rows_, stop_};
  const auto tally = reader.run(
      options_.jobs, {.count = [&](std::span<const Rating> rows) { users_->add(rows); },
                      .append = append,
                      .watch =
                          [&](std::uint64_t lines) {
                            meter_.update(input.path, passed_ + source->consumed(), passed_rows_ + lines);
                          }});
  passed_ += source->consumed();
  passed_rows_ += tally.lines;
  LoadedFile file{.name = input.path,
                  .hash = blocks.hash(),
                  .bytes = blocks.bytes(),
                  .read = tally.lines,
                  .loaded = tally.loaded,
                  .rejected = bad_rows_.count() - bad_before,
                  .excluded = tally.held_back};
  // Its bytes alone do not tell: read for the first time, a file that is still being written ends somewhere
  // in a line.
  const bool grown = input.facts.repeatable && csv::inspect(input.path) != input.facts;
  if (grown || input.hash.value_or(file.hash) != file.hash) {
    throw Error{
        Kind::input,
        "loading " + input.path +
            ": the file changed while it was read; nothing was loaded, run it again once it is complete",
        Outcome::told};
  }
  input.hash = file.hash;
  return file;
}

void Loading::add_up() {
  for (const auto& file : files_) {
    if (file.read != file.loaded + file.rejected + file.excluded) {
      throw Error{Kind::internal,
                  "loading " + file.name + ": " + std::to_string(file.read) + " lines were read, but " +
                      std::to_string(file.loaded) + " loaded, " + std::to_string(file.rejected) +
                      " rejected and " + std::to_string(file.excluded) +
                      " excluded; nothing was loaded, please report this",
                  Outcome::told};
    }
    report_.read += file.read;
    report_.loaded += file.loaded;
    report_.rejected += file.rejected;
    report_.excluded += file.excluded;
    report_.bytes += file.bytes;
  }
}

}  // namespace

std::size_t default_jobs() noexcept {
  constexpr unsigned kEnough = 8;
  return std::clamp(std::thread::hardware_concurrency(), 1U, kEnough);
}

LoadReport load(const LoaderOptions& options, RatingWriter& writer, LoadObserver& observer,
                const std::atomic<bool>& stop, Clock& clock) {
  return Loading{options, observer, stop, clock}.run(writer);
}

}  // namespace ratings
