#include "completion_scripts.hpp"

#include <string_view>

namespace ratings::cmd {
namespace {

std::string joined(const std::vector<std::string>& words, std::string_view between) {
  std::string text;
  for (const auto& word : words) {
    if (!text.empty()) text += between;
    text += word;
  }
  return text;
}

std::string with_escapes(std::string_view text, std::string_view special, std::string_view escape = "\\") {
  std::string out;
  for (const char c : text) {
    if (special.find(c) != std::string_view::npos) out += escape;
    out += c;
  }
  return out;
}

std::string names(const CompletionModel& model, std::string_view between) {
  std::vector<std::string> list;
  for (const auto& command : model.commands) list.push_back(command.name);
  return joined(list, between);
}

// ---- bash

std::string bash_reply(const CompletedWord& word) {
  if (word.is_file) return "files=yes";
  return word.values.empty() ? "return" : "files= words='" + joined(word.values, " ") + "'";
}

/// One line a value: what follows `prev` in a command, or in all of them.
std::string bash_values(const std::string& command, const std::vector<CompletedOption>& options) {
  std::string text;
  for (const auto& option : options) {
    if (option.value.type.empty()) continue;
    std::vector<std::string> patterns;
    for (const auto& name : option.names) patterns.push_back(command + name);
    text += "    " + joined(patterns, " | ") + ") " + bash_reply(option.value) + " ;;\n";
  }
  return text;
}

std::string option_words(const std::vector<CompletedOption>& options) {
  std::vector<std::string> list;
  for (const auto& option : options) list.insert(list.end(), option.names.begin(), option.names.end());
  return joined(list, " ");
}

constexpr std::string_view kBashHead =
    R"(# bash completion for ratingsctl, made by: ratingsctl completion bash
_ratingsctl() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command= options= words= files= i
  # bash hands over --option=value as three words.
  if [[ $cur == '=' ]]; then
    cur=
  elif [[ $prev == '=' ]]; then
    prev=${COMP_WORDS[COMP_CWORD-2]}
  elif [[ $cur == *[\<\>] ]]; then
    prev=$cur cur=
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case ${COMP_WORDS[i]} in
)";

constexpr std::string_view kBashTail =
    R"(  if [[ -n $files || $prev == *[\<\>] ]]; then  # a redirection's word is a file
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$cur")
  else
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
  fi
}
complete -F _ratingsctl ratingsctl
)";

// ---- zsh

constexpr std::string_view kQuoted = "'\\''";

std::string zsh_action(const CompletedWord& word) {
  if (word.type.empty()) return {};
  const std::string values = word.is_file          ? "_files"
                             : word.values.empty() ? " "
                                                   : "(" + joined(word.values, " ") + ")";
  return ":" + word.type + ":" + values;
}

std::string in_quotes(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string{kQuoted} : std::string{c};
  return out + "'";
}

/// '(-o --output)'{-o+,--output=}'[form of the result]:FORMAT:(table json)'
std::string zsh_option(const CompletedOption& option) {
  std::vector<std::string> spellings;
  const bool takes = !option.value.type.empty();
  for (const auto& name : option.names)
    spellings.push_back(!takes ? name : name.starts_with("--") ? name + "=" : name + "+");
  const auto group = option.repeated ? "*" : "(" + joined(option.names, " ") + ")";
  const auto spelling = spellings.size() == 1 ? spellings.front() : "{" + joined(spellings, ",") + "}";
  return "'" + group + "'" + spelling +
         in_quotes("[" + with_escapes(option.description, "[]\\") + "]" + zsh_action(option.value));
}

std::string zsh_options(const std::vector<CompletedOption>& options, std::string_view indent) {
  std::string text;
  for (const auto& option : options) text += std::string{indent} + zsh_option(option) + " \\\n";
  return text;
}

constexpr std::string_view kZshTail =
    R"(# Called by zsh out of $fpath, or read by: source <(ratingsctl completion zsh)
if [[ ${funcstack[1]} == _ratingsctl ]]; then
  _ratingsctl "$@"
else
  compdef _ratingsctl ratingsctl
fi
)";

// ---- fish

std::string fish_quoted(const std::string& text) { return "'" + with_escapes(text, "'\\") + "'"; }

std::string fish_value(const CompletedWord& word) {
  if (word.type.empty()) return {};
  if (word.is_file) return " -r -F";
  return word.values.empty() ? " -x" : " -x -a " + fish_quoted(joined(word.values, " "));
}

std::string fish_options(const std::string& condition, const std::vector<CompletedOption>& options) {
  std::string text;
  for (const auto& option : options) {
    text += "complete -c ratingsctl" + condition;
    for (const auto& name : option.names)
      text += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
    text += fish_value(option.value) + " -d " + fish_quoted(option.description) + "\n";
  }
  return text;
}

}  // namespace

std::string bash_completion(const CompletionModel& model) {
  std::string text{kBashHead};
  text += "      " + names(model, " | ") + ") command=${COMP_WORDS[i]}; break ;;\n    esac\n  done\n";
  text += "  case $command in\n";
  std::string values;
  for (const auto& command : model.commands) {
    text += "    " + command.name + ") options='" + option_words(command.options) + "'; " +
            (command.argument.type.empty() ? "words="
             : command.argument.is_file    ? "files=yes"
                                           : "words='" + joined(command.argument.values, " ") + "'") +
            " ;;\n";
    values += bash_values(command.name + ":", command.options);
  }
  text += "    *) words='" + names(model, " ") + "' ;;\n  esac\n";
  text += "  if [[ $cur == -* ]]; then\n    files= words=\"$options " + option_words(model.options) +
          "\"\n  fi\n";
  text += "  case $command:$prev in\n" + values + bash_values("*:", model.options) + "  esac\n";
  return text + std::string{kBashTail};
}

std::string zsh_completion(const CompletionModel& model) {
  std::string text =
      "#compdef ratingsctl\n# zsh completion for ratingsctl, made by: ratingsctl completion zsh\n";
  text += "_ratingsctl() {\n  local curcontext=$curcontext state line\n  typeset -A opt_args\n";
  text += "  _arguments -C \\\n" + zsh_options(model.options, "    ");
  text += "    '1:command:->command' \\\n    '*::argument:->argument'\n  case $state in\n    command)\n";
  text += "      local -a commands=(\n";
  for (const auto& command : model.commands)
    text += "        " + in_quotes(command.name + ":" + with_escapes(command.description, ":\\")) + "\n";
  text +=
      "      )\n      _describe -t commands command commands\n      ;;\n    argument)\n      case $line[1] "
      "in\n";
  for (const auto& command : model.commands) {
    text += "        " + command.name + ")\n          _arguments \\\n" +
            zsh_options(command.options, "            ") + zsh_options(model.options, "            ");
    const auto action = zsh_action(command.argument);
    text += "            " + (action.empty() ? "&& return" : in_quotes("*" + action)) + "\n          ;;\n";
  }
  return text + "      esac\n      ;;\n  esac\n}\n" + std::string{kZshTail};
}

std::string fish_completion(const CompletionModel& model) {
  std::string text = "# fish completion for ratingsctl, made by: ratingsctl completion fish\n";
  text += "complete -c ratingsctl -f\n";
  const auto without = " -n 'not __fish_seen_subcommand_from " + names(model, " ") + "'";
  for (const auto& command : model.commands)
    text += "complete -c ratingsctl" + without + " -a " + command.name + " -d " +
            fish_quoted(command.description) + "\n";
  text += fish_options({}, model.options);
  for (const auto& command : model.commands) {
    const auto within = " -n '__fish_seen_subcommand_from " + command.name + "'";
    text += fish_options(within, command.options);
    const auto& argument = command.argument;
    if (argument.is_file) text += "complete -c ratingsctl" + within + " -F\n";
    if (!argument.values.empty())
      text += "complete -c ratingsctl" + within + " -a " + fish_quoted(joined(argument.values, " ")) + "\n";
  }
  return text;
}

}  // namespace ratings::cmd
