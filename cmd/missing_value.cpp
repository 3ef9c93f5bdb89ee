#include "missing_value.hpp"

#include <CLI/CLI.hpp>

#include <utility>

namespace ratings::cmd {
namespace {

bool is_switch(const CLI::Option& option) { return option.get_items_expected_max() == 0; }

/// `word` with the long name where there is one: only that takes a value behind a =.
std::string long_form(const CLI::Option& option, const std::string& word) {
  const auto& names = option.get_lnames();
  return names.empty() ? word : "--" + names.front();
}

/// The words as CLI11 walks through them: options, their values, and the name of the command.
class Words {
 public:
  Words(const CLI::App& app, const std::vector<std::string>& words) : app_{app}, words_{words} {}

  std::optional<MissingValue> first_missing() {
    for (std::size_t i = 0; i < words_.size() && words_[i] != "--"; ++i) {
      const auto& word = words_[i];
      const auto equals = word.find('=');
      const auto name = word.substr(0, equals);
      const auto* option = find(name);
      if (option == nullptr) {
        choose(word);
      } else if (equals != std::string::npos) {
        if (equals + 1 == word.size()) return nothing_behind_equals(*option, name);
      } else if (!is_switch(*option) && i + 1 < words_.size()) {
        const auto& value = words_[++i];
        if (is_option(value)) return option_as_value(*option, name, value);
      }
    }
    return std::nullopt;
  }

 private:
  /// An option of the command or of every command; none for -ojson, which holds its value.
  [[nodiscard]] const CLI::Option* find(const std::string& name) const {
    if (!name.starts_with('-')) return nullptr;
    const auto* option = command_ == nullptr ? nullptr : command_->get_option_no_throw(name);
    return option != nullptr ? option : app_.get_option_no_throw(name);
  }

  [[nodiscard]] bool is_option(const std::string& word) const {
    return word.starts_with("--") || find(word) != nullptr;
  }

  void choose(const std::string& word) {
    if (command_ != nullptr) return;
    const auto found = app_.get_subcommands([&](const CLI::App* each) { return each->get_name() == word; });
    if (!found.empty()) command_ = found.front();
  }

  [[nodiscard]] MissingValue missing(std::string message) const {
    return {.message = std::move(message), .command = command_ == nullptr ? &app_ : command_};
  }

  [[nodiscard]] MissingValue nothing_behind_equals(const CLI::Option& option, const std::string& name) const {
    if (is_switch(option)) return missing("nothing stands behind " + name + "=; write " + name);
    return missing("the value of " + name + " is missing: nothing stands behind the =; write " + name +
                   " '' for an empty one");
  }

  [[nodiscard]] MissingValue option_as_value(const CLI::Option& option, const std::string& name,
                                             const std::string& value) const {
    // What stands behind a = may be an address with a password.
    const auto equals = value.find('=');
    const auto shown = value.substr(0, equals) + (equals == std::string::npos ? "" : "=...");
    return missing("the value of " + name + " is missing: option " + shown + " stands in its place; write " +
                   long_form(option, name) + "=" + shown + " if that is meant");
  }

  const CLI::App& app_;
  const std::vector<std::string>& words_;
  const CLI::App* command_ = nullptr;
};

}  // namespace

std::optional<MissingValue> missing_value(const CLI::App& app, const std::vector<std::string>& words) {
  return Words{app, words}.first_missing();
}

}  // namespace ratings::cmd
