// ratingsctl completion: a script that completes our command line, for a shell to read.
#include "commands.hpp"
#include "completion_scripts.hpp"
#include "option_types.hpp"
#include "output.hpp"

namespace ratings::cmd {
namespace {

ExitCode run_completion(const CLI::App& app, const std::string& shell) {
  const auto model = completion_model(app);
  print(shell == "bash"  ? bash_completion(model)
        : shell == "zsh" ? zsh_completion(model)
                         : fish_completion(model));
  return ExitCode::done;
}

}  // namespace

void add_completion(CLI::App& app, Selected& selected) {
  auto shell = std::make_shared<std::string>();
  auto* command = app.add_subcommand("completion", "Print a script that completes ratingsctl's command line");
  command->add_option("shell", *shell, "which shell is to read it")
      ->required()
      ->check(CLI::IsMember(std::vector<std::string>{"bash", "zsh", "fish"}))
      ->type_name("SHELL");
  add_epilogue(*command,
               "  ratingsctl completion fish | source\n"
               "  source <(ratingsctl completion bash)\n"
               "  source <(ratingsctl completion zsh)\n",
               "0 done, 1 failed, 2 usage");
  command->callback([&app, &selected, shell] {
    selected.on_problem = [](const Error&) {};  // a bad setting must not cost a shell its completion
    selected.run = [&app, shell](const Settings&) { return run_completion(app, *shell); };
  });
}

}  // namespace ratings::cmd
