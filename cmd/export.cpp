// ratingsctl export: ratings as CSV or as NDJSON, both of which load reads.
#include "commands.hpp"
#include "id_list.hpp"
#include "option_types.hpp"
#include "output.hpp"

#include "ratings/history_view.hpp"
#include "ratings/rating_scan.hpp"

namespace ratings::cmd {
namespace {

/// Large enough that writing costs nothing beside reading.
constexpr std::size_t kChunk = 256UL * 1024;

struct ExportOptions {
  std::vector<std::string> users;
  std::string from_file;
  std::optional<Format> format;
};

ExitCode run_export(const Settings& settings, const ExportOptions& options) {
  const auto users = chosen_users(options.users, options.from_file);
  const bool chosen = !options.users.empty() || !options.from_file.empty();
  const bool ndjson = options.format == Format::ndjson;
  const auto append = ndjson ? append_ndjson_line : append_csv_line;

  const auto scan = open_rating_scan(store_options(settings, "export"));
  std::string text{ndjson ? std::string_view{} : kCsvHeader};
  std::uint64_t rows = 0;
  // An empty list of users is nobody, as an empty file of them says; to the scan it would be everybody.
  if (!chosen || !users.empty()) {
    rows = scan->each(users, [&](const Rating& rating) {
      append(text, rating);
      if (text.size() < kChunk) return;
      print(text);
      text.clear();
    });
  }
  print(text);
  flush_output();
  complain("exported " + counted(rows, "rating", "ratings"));
  return ExitCode::done;
}

}  // namespace

void add_export(CLI::App& app, Selected& selected) {
  auto options = std::make_shared<ExportOptions>();
  auto* command = app.add_subcommand("export", "Write ratings as CSV or NDJSON, which load reads");
  auto* users =
      command->add_option("uid", options->users, "these users only, or - for standard input; none: everybody")
          ->type_name("UID");
  add_from_file_option(*command, options->from_file)->excludes(users);
  add_output_option(*command, options->format, {"csv", "ndjson"}, "csv");
  add_epilogue(*command,
               "  ratingsctl export | zstd > backup.csv.zst\n"
               "  ratingsctl export 1 42 -o ndjson\n",
               "0 done, 1 failed: the output is not whole, 2 usage, 4 no store, 5 not ours or newer");
  command->callback([&selected, options] {
    selected.run = [options](const Settings& settings) { return run_export(settings, *options); };
  });
}

}  // namespace ratings::cmd
