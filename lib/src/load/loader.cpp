#include "ratings/loader.hpp"

#include "csv/csv_reader.hpp"
#include "load/bad_row_keeper.hpp"
#include "load/decision.hpp"
#include "load/inputs.hpp"
#include "load/progress_meter.hpp"
#include "load/row_sender.hpp"

#include "ratings/error.hpp"

#include <utility>

namespace ratings {
namespace {

// As large as the reader's own buffer.
constexpr std::size_t kHashBuffer = 256UL * 1024;

/// One load, step by step. An object, because the steps share what they count with.
class Loading {
 public:
  Loading(const LoaderOptions& options, LoadObserver& observer, const std::atomic<bool>& stop, Clock& clock)
      : options_{options}, stop_{stop}, meter_{observer, clock}, bad_rows_{options, observer, stop} {}

  LoadReport run(RatingWriter& writer);

 private:
  LoadReport dry_run();
  LoadReport write(RatingWriter& writer, const Decision& decision, const LoadFacts& facts);
  LoadReport nothing_to_do(const LoadFacts& facts);
  void hash_files();
  void hash_pipes();
  [[nodiscard]] ContentHash hash_input(const Input& input);
  void read_inputs(RowSender& sender, const std::vector<bool>& taken);
  [[nodiscard]] LoadedFile read_input(Input& input, RowSender& sender);
  void commit(RatingWriter& writer);
  [[nodiscard]] Decision final_decision(const LoadFacts& facts) const;
  [[nodiscard]] bool has_pipe() const;
  void add_up();

  const LoaderOptions& options_;
  const std::atomic<bool>& stop_;
  ProgressMeter meter_;
  BadRowKeeper bad_rows_;
  std::vector<Input> inputs_;
  std::uint64_t passed_ = 0;       ///< bytes of the inputs before the present one
  std::uint64_t passed_rows_ = 0;  ///< their rows
  std::vector<LoadedFile> files_;
  LoadReport report_;
};

LoadReport Loading::run(RatingWriter& writer) {
  inputs_ = check_inputs(options_);
  if (options_.dry_run) return dry_run();
  hash_files();
  check_stop(stop_);
  const auto facts = writer.begin();
  std::vector<std::optional<ContentHash>> contents;
  for (const auto& input : inputs_) contents.push_back(input.hash);
  const auto decision = presume(facts, contents, {options_.if_full, options_.again});
  if (decision.verdict == Verdict::write) return write(writer, decision, facts);
  hash_pipes();
  if (final_decision(facts).verdict == Verdict::no_op) return nothing_to_do(facts);
  throw Error{Kind::guard,
              "loading: the table already holds other ratings; --append adds to them, --replace puts these "
              "in their place"};
}

LoadReport Loading::dry_run() {
  RowSender sender{nullptr};
  read_inputs(sender, std::vector<bool>(inputs_.size(), true));
  bad_rows_.finish();
  add_up();
  return std::move(report_);
}

LoadReport Loading::write(RatingWriter& writer, const Decision& decision, const LoadFacts& facts) {
  writer.start(decision.fill);
  RowSender sender{&writer};
  read_inputs(sender, decision.taken);
  const auto last_word = final_decision(facts);
  if (last_word.verdict == Verdict::no_op) return nothing_to_do(facts);
  if (last_word != decision) {
    throw Error{Kind::guard,
                "loading: what came through a pipe cannot go in together with the rest: it is already "
                "loaded, or the table "
                "holds other ratings; nothing was loaded, load the files alone or use --append, --replace or "
                "--again"};
  }
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    if (!decision.taken[i]) report_.skipped.push_back(inputs_[i].path);
  }
  report_.sample_replaced = decision.fill == Fill::replace && options_.if_full != IfFull::replace;
  bad_rows_.finish();
  add_up();
  commit(writer);
  return std::move(report_);
}

void Loading::commit(RatingWriter& writer) {
  check_stop(stop_);
  meter_.begin("commit", std::nullopt);
  auto result = writer.commit(files_);
  meter_.end();
  report_.generation = result.generation;
  report_.committed = result.committed;
  report_.wait = result.wait;
  report_.stages.insert(report_.stages.end(), result.stages.begin(), result.stages.end());
}

LoadReport Loading::nothing_to_do(const LoadFacts& facts) {
  LoadReport report;
  report.no_op = true;
  report.generation = facts.generation;
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

void Loading::read_inputs(RowSender& sender, const std::vector<bool>& taken) {
  std::vector<Input> read;
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    if (taken[i]) read.push_back(inputs_[i]);
  }
  meter_.begin("read", total_size(read));
  passed_ = 0;
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    if (taken[i]) files_.push_back(read_input(inputs_[i], sender));
  }
  auto stage = meter_.end();
  // The writer's own "copy" covers it.
  if (options_.dry_run) report_.stages.push_back(std::move(stage));
  report_.users = sender.users();
}

LoadedFile Loading::read_input(Input& input, RowSender& sender) {
  const auto source = csv::open_source(input.path, stop_);
  csv::CsvReader reader{*source, input.path, options_.delimiter, bad_rows_};
  bad_rows_.begin_input(input.path, reader.header());
  LoadedFile file{.name = input.path, .hash = {}};
  const auto bad_before = bad_rows_.count();
  for (auto rows = reader.next(); !rows.empty(); rows = reader.next()) {
    check_stop(stop_);
    const auto held = sender.send(rows);
    file.loaded += rows.size() - held;
    file.excluded += held;
    meter_.update(input.path, passed_ + source->consumed(), passed_rows_ + reader.lines());
  }
  passed_ += source->consumed();
  passed_rows_ += reader.lines();
  file.hash = reader.hash();
  file.bytes = reader.bytes();
  file.read = reader.lines();
  file.rejected = bad_rows_.count() - bad_before;
  if (input.hash.value_or(file.hash) != file.hash) {
    throw Error{
        Kind::input,
        "loading " + input.path +
            ": the file changed while it was read; nothing was loaded, run it again once it is complete"};
  }
  input.hash = file.hash;
  return file;
}

void Loading::add_up() {
  for (const auto& file : files_) {
    if (file.read != file.loaded + file.rejected + file.excluded) {
      throw Error{Kind::internal, "loading " + file.name + ": " + std::to_string(file.read) +
                                      " lines were read, but " + std::to_string(file.loaded) + " loaded, " +
                                      std::to_string(file.rejected) + " rejected and " +
                                      std::to_string(file.excluded) +
                                      " excluded; nothing was loaded, please report this"};
    }
    report_.read += file.read;
    report_.loaded += file.loaded;
    report_.rejected += file.rejected;
    report_.excluded += file.excluded;
    report_.bytes += file.bytes;
  }
}

}  // namespace

LoadReport load(const LoaderOptions& options, RatingWriter& writer, LoadObserver& observer,
                const std::atomic<bool>& stop, Clock& clock) {
  return Loading{options, observer, stop, clock}.run(writer);
}

}  // namespace ratings
