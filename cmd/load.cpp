// ratingsctl load: files ▸ rows ▸ store, all of it or nothing.
#include "commands.hpp"
#include "load_report.hpp"
#include "option_types.hpp"
#include "output_paths.hpp"
#include "progress.hpp"
#include "signals.hpp"
#include "values.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace ratings::cmd {
namespace {

struct LoadOptions {
  LoaderOptions loader;
  bool append = false;
  bool replace = false;
  std::string summary;
  std::string progress = "auto";
  std::optional<Format> format;
};

void write_summary(const std::string& path, const std::string& text) {
  if (path.empty()) return;
  std::ofstream file{path, std::ios::trunc};
  file << text << std::flush;
  if (!file) {
    throw std::runtime_error{"cannot write the summary " + path + ": " + std::strerror(errno)};
  }
}

/// Before the load, because afterwards it could not be undone; and whatever kills this load, the file never
/// holds an earlier one's report. Leaves a pipe or a device alone, whose reader takes one report.
void begin_summary(const std::string& path) {
  if (path.empty()) return;
  const std::ofstream file{path, std::ios::app};
  if (!file) throw Error{Kind::usage, "cannot write the summary " + path + ": " + std::strerror(errno)};
  if (!std::filesystem::is_regular_file(path)) return;
  write_summary(path, to_line(error_json(error_code(Kind::interrupted),
                                         "this load runs, or was ended before it could report; 'ratingsctl "
                                         "status' tells whether it is in the store")));
}

/// What `work` returns. A failure is written to the summary too.
template <typename Work>
auto reported(Work work, const std::string& summary) {
  const auto note = [&summary](Kind kind, const char* what) {
    try {
      write_summary(summary, to_line(error_json(error_code(kind), what)));
    } catch (const std::exception& error) {
      complain(printable(error.what()));
    }
  };
  try {
    return work();
  } catch (const Error& error) {
    note(error.kind(), error.what());
    throw;
  } catch (const std::exception& error) {
    note(Kind::internal, error.what());
    throw;
  }
}

LoadReport load_files(const LoadOptions& options, RatingWriter& writer, const std::atomic<bool>& stop,
                      Clock& clock) {
  const bool terminal = is_terminal(stderr);
  const auto* terminal_kind = std::getenv("TERM");  // NOLINT(concurrency-mt-unsafe): nobody changes it
  const bool dumb = terminal_kind == nullptr || std::strcmp(terminal_kind, "dumb") == 0;
  const auto observer = make_progress(progress_style(options.progress, terminal, dumb), clock);
  return load(options.loader, writer, *observer, stop, clock);
}

/// What fails after COMMIT does not undo the load, and says so.
template <typename Work>
void tell(bool stored, Work work) try {
  work();
} catch (const std::exception& error) {
  if (!stored) throw;
  throw std::runtime_error{std::string{error.what()} + "; the load itself is done"};
}

ExitCode run_load(const Settings& settings, LoadOptions& options) {
  auto& clock = boot_clock();
  const auto started = clock.now();
  if (options.replace) options.loader.if_full = IfFull::replace;
  if (options.append) options.loader.if_full = IfFull::append;
  const auto store = store_options(settings, "load");
  check_output_paths(options.loader, options.summary, store.url);
  begin_summary(options.summary);

  auto writer = reported([&] { return open_rating_writer(store); }, options.summary);
  std::atomic<bool> stop = false;
  Interruption interruption{[&stop, &writer] {
    stop = true;
    writer->cancel();
  }};
  const auto load_them = [&] {
    interruption.check();
    return load_files(options, *writer, stop, clock);
  };
  const auto report = reported(load_them, options.summary);
  const bool stored = !options.loader.dry_run;
  stored && !report.no_op ? interruption.committed() : interruption.nothing_to_change();
  writer.reset();  // what it still holds must not keep others out meanwhile
  const auto times =
      stored ? wait_for_servers({report.committed, report.wait, !report.no_op}, started, clock) : Times{};

  const auto kind = stored ? LoadKind::stored : LoadKind::dry_run;
  const auto json = to_line(load_json(report, times, kind));
  tell(stored, [&] {
    write_summary(options.summary, json);
    print(options.format == Format::json ? json : load_text(report, times, kind));
    flush_output();
  });
  return report.rejected > 0 ? ExitCode::remainder : ExitCode::done;
}

void add_reading_options(CLI::App& command, LoaderOptions& loader) {
  command.add_option("file", loader.files, "CSV or NDJSON, also .gz .zst .xz .zip; - is standard input")
      ->required()
      ->type_name("FILE");
  add_value(command, "--max-errors", loader.max_errors, parse_count, "bad rows to put up with")
      ->type_name("N")
      ->default_str("0");
  command.add_option("--rejects", loader.rejects, "where bad rows go, as they were")->type_name("FILE");
  add_value(command, "--delimiter", loader.delimiter, parse_delimiter, "what separates fields of CSV, or tab")
      ->type_name("CHAR")
      ->default_str(",");
  command.add_flag("--dry-run", loader.dry_run, "read and check everything, store nothing");
  command.add_flag("--again", loader.again, "load content that is in the store already once more");
}

}  // namespace

void add_load(CLI::App& app, Selected& selected) {
  auto options = std::make_shared<LoadOptions>();
  options->loader.jobs = default_jobs();
  auto* command = app.add_subcommand("load", "Load files of ratings into the store");
  add_reading_options(*command, options->loader);
  auto* append = command->add_flag("--append", options->append, "add to what is there");
  command->add_flag("--replace", options->replace, "put the files in the place of what is there")
      ->excludes(append);
  add_value(*command, "--jobs", options->loader.jobs, parse_jobs,
            "threads that parse, and connections that fill tables side by side")
      ->type_name("N")
      ->default_str("one a core, at most 8");
  command->add_option("--summary", options->summary, "also write the JSON report there")->type_name("FILE");
  command->add_option("--progress", options->progress, "on stderr; auto: a line on a terminal, else nothing")
      ->check(CLI::IsMember(std::vector<std::string>{"auto", "plain", "json", "off"}))
      ->type_name("HOW")
      ->default_str("auto");
  add_output_option(*command, options->format, {"table", "json"}, "table");
  add_epilogue(*command,
               "  ratingsctl load ratings.csv\n"
               "  ratingsctl load --replace ratings.csv.gz --max-errors 100 --rejects bad.csv\n"
               "  zcat ratings.csv.gz | ratingsctl load -\n",
               "0 done or already there, 1 bad input, 2 usage, 3 loaded but for rejects, 4 no store,\n"
               "5 the store holds other ratings (see --append and --replace), 130 interrupted");
  command->callback([&selected, options] {
    selected.run = [options](const Settings& settings) { return run_load(settings, *options); };
  });
}

}  // namespace ratings::cmd
