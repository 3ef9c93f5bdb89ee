#pragma once

#include "common_options.hpp"
#include "configuration.hpp"
#include "exit_code.hpp"

#include <functional>

namespace ratings::cmd {

/// What the command line chose. CLI11's callback only records it; main runs it, under its one try.
struct Selected {
  std::function<ExitCode(const Settings&)> run;
  /// A setting that cannot be used ends the command before it begins, unless it says otherwise.
  OnProblem on_problem = [](const Error& problem) { throw Error{problem}; };
  Origins origins;  ///< filled in before `run`
};

void add_load(CLI::App& app, Selected& selected);
void add_serve(CLI::App& app, Selected& selected);
void add_query(CLI::App& app, Selected& selected);
void add_profile(CLI::App& app, Selected& selected);
void add_purge_user(CLI::App& app, Selected& selected);
void add_undo(CLI::App& app, Selected& selected);
void add_batches(CLI::App& app, Selected& selected);
void add_dedupe(CLI::App& app, Selected& selected);
void add_suspects(CLI::App& app, Selected& selected);
void add_export(CLI::App& app, Selected& selected);
void add_status(CLI::App& app, Selected& selected);
void add_init(CLI::App& app, Selected& selected);
void add_healthcheck(CLI::App& app, Selected& selected);
void add_config(CLI::App& app, Selected& selected);
void add_completion(CLI::App& app, Selected& selected);

}  // namespace ratings::cmd
