#include "load_report.hpp"

#include "output.hpp"
#include "table.hpp"

namespace ratings::cmd {
namespace {

std::string skipped_lines(const LoadReport& report) {
  std::string text;
  for (const auto& file : report.skipped) {
    text += printable(file) + " is in the store already; nothing of it was loaded\n";
  }
  return text;
}

std::string figures(const LoadReport& report, LoadKind kind) {
  Table table{{{""}, {"", Table::Align::right}}};
  table.row({"read", std::to_string(report.read)});
  table.row({"loaded", std::to_string(report.loaded)});
  table.row({"rejected", std::to_string(report.rejected)});
  if (kind == LoadKind::stored) table.row({"excluded", std::to_string(report.excluded)});
  table.row({"users", std::to_string(report.users)});
  table.row({"bytes", std::to_string(report.bytes)});
  if (kind == LoadKind::stored) table.row({"generation", std::to_string(report.generation)});
  for (const auto& stage : report.stages) table.row({stage.name, std::to_string(stage.took.count()) + " ms"});
  return for_stdout(table);
}

}  // namespace

Json load_json(const LoadReport& report, const Times& times, LoadKind kind) {
  const auto of_the_store = [kind](Json value) {
    return kind == LoadKind::stored ? std::move(value) : Json{};
  };
  auto stages = Json::object();
  for (const auto& stage : report.stages) stages[stage.name + "_ms"] = stage.took.count();
  return {{"read", report.read},
          {"loaded", report.loaded},
          {"rejected", report.rejected},
          {"excluded", of_the_store(report.excluded)},
          {"users", report.users},
          {"bytes", report.bytes},
          {"generation", of_the_store(report.generation)},
          {"stages", std::move(stages)},
          {"no_op", of_the_store(report.no_op)},
          {"skipped", report.skipped},
          {"committed_ms", times.committed.count()},
          {"visible_ms", times.visible.count()}};
}

std::string load_text(const LoadReport& report, const Times& times, LoadKind kind) {
  const auto skipped = skipped_lines(report);
  if (report.no_op) return skipped + "nothing to do\n";
  const auto totals = counted(report.loaded, "row", "rows") + " of " + counted(report.users, "user", "users");
  if (kind == LoadKind::dry_run) {
    return skipped + figures(report, kind) + totals +
           " could be loaded; the store was not looked at (--dry-run)\n";
  }
  const std::string sample = report.sample_replaced ? "the shipped sample was there and is replaced\n" : "";
  return skipped + figures(report, kind) + sample + "loaded " + totals + "; " + times_text(times);
}

}  // namespace ratings::cmd
