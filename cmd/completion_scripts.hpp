#pragma once

#include "completion_model.hpp"

#include <string>

namespace ratings::cmd {

/// Scripts that need nothing but the shell itself: no bash-completion, no program of ours when a key is
/// pressed.
[[nodiscard]] std::string bash_completion(const CompletionModel& model);
[[nodiscard]] std::string zsh_completion(const CompletionModel& model);
[[nodiscard]] std::string fish_completion(const CompletionModel& model);

}  // namespace ratings::cmd
