#include "progress.hpp"

#include "json_output.hpp"
#include "letters.hpp"
#include "output.hpp"
#include "screen.hpp"

#include <cstdio>

namespace ratings::cmd {
namespace {

constexpr std::chrono::seconds kPlainEvery{2};  // a log stays readable, and nobody believes that it hangs

void write_stderr(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stderr); }

/// One line that is drawn over itself; gone when the load is over.
class RedrawnProgress final : public LoadObserver {
 public:
  ~RedrawnProgress() override { clear(); }
  RedrawnProgress() = default;
  RedrawnProgress(const RedrawnProgress&) = delete;
  RedrawnProgress& operator=(const RedrawnProgress&) = delete;

  void progress(const Progress& progress) override {
    // A line that wraps could not be drawn over: the last column stays free.
    const auto columns = screen_of(stderr).columns.value_or(kUnknown);
    write_stderr(std::string{kClear} + shortened(progress_text(progress), columns - 1));
    drawn_ = true;
  }
  void bad_row(const std::string& message) override {
    clear();
    complain(printable(message));
  }

 private:
  static constexpr std::size_t kUnknown = 80;
  static constexpr const char* kClear = "\r\x1b[K";  // to the first column; erase to the end (ECMA-48 EL)

  void clear() {
    if (drawn_) write_stderr(kClear);
    drawn_ = false;
  }

  bool drawn_ = false;
};

class PlainProgress final : public LoadObserver {
 public:
  explicit PlainProgress(Clock& clock) : clock_{clock}, began_{clock.now()}, last_{began_} {}

  void progress(const Progress& progress) override {
    const auto now = clock_.now();
    // A stage of a load that takes its time is named at once: some have nothing more to say.
    const bool new_stage = progress.stage != stage_ && now - began_ >= kPlainEvery;
    if (now - last_ < kPlainEvery && !new_stage) return;
    stage_ = progress.stage;
    last_ = now;
    write_stderr(progress_text(progress) + "\n");
  }
  void bad_row(const std::string& message) override { complain(printable(message)); }

 private:
  Clock& clock_;
  const Instant began_;
  Instant last_;
  std::string stage_;
};

class JsonProgress final : public LoadObserver {
 public:
  void progress(const Progress& progress) override { write_stderr(progress_json(progress)); }
  void bad_row(const std::string& message) override { write_stderr(to_line({{"bad_row", message}})); }
};

class NoProgress final : public LoadObserver {
 public:
  void progress(const Progress&) override {}
  void bad_row(const std::string& message) override { complain(printable(message)); }
};

std::uint64_t percent(std::uint64_t done, std::uint64_t total) {
  constexpr std::uint64_t kWhole = 100;
  return total == 0
             ? kWhole
             : static_cast<std::uint64_t>(static_cast<double>(done) / static_cast<double>(total) * kWhole);
}

}  // namespace

ProgressStyle progress_style(const std::string& name, bool terminal, bool dumb) {
  if (name == "plain") return ProgressStyle::plain;
  if (name == "json") return ProgressStyle::json;
  if (name == "off" || !terminal) return ProgressStyle::off;
  return dumb ? ProgressStyle::plain : ProgressStyle::redrawn;
}

std::string progress_text(const Progress& progress) {
  auto text = progress.stage;
  if (!progress.file.empty()) text += " " + printable(progress.file);
  // A stage that counts neither bytes nor rows: index, swap, commit.
  if (!progress.total && progress.rows == 0) return text + " …";
  text += ":";
  if (progress.total) text += " " + std::to_string(percent(progress.done, *progress.total)) + " %,";
  text += " " + counted(progress.rows, "row", "rows");
  const auto rate = static_cast<std::uint64_t>(progress.rows_per_second);
  if (rate > 0) text += ", " + std::to_string(rate) + " rows/s";
  if (progress.eta) text += ", " + std::to_string(progress.eta->count()) + " s left";
  return text;
}

std::string progress_json(const Progress& progress) {
  return to_line({{"stage", progress.stage},
                  {"file", progress.file},
                  {"done", progress.done},
                  {"total", progress.total ? Json(*progress.total) : Json()},
                  {"rows", progress.rows},
                  {"rows_per_second", static_cast<std::uint64_t>(progress.rows_per_second)},
                  {"eta_s", progress.eta ? Json(progress.eta->count()) : Json()}});
}

std::unique_ptr<LoadObserver> make_progress(ProgressStyle style, Clock& clock) {
  switch (style) {
    case ProgressStyle::redrawn:
      return std::make_unique<RedrawnProgress>();
    case ProgressStyle::plain:
      return std::make_unique<PlainProgress>(clock);
    case ProgressStyle::json:
      return std::make_unique<JsonProgress>();
    case ProgressStyle::off:
      break;
  }
  return std::make_unique<NoProgress>();
}

}  // namespace ratings::cmd
