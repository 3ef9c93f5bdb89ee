#pragma once

#include "values.hpp"

#include "ratings/error.hpp"

#include <CLI/CLI.hpp>

#include <optional>
#include <string>
#include <vector>

namespace ratings::cmd {

/// Options whose text goes through a function of values.hpp; its Error{usage} becomes CLI11's, which knows
/// the option's name. `target` must live as long as the application.
template <typename Target, typename Value>
CLI::Option* add_value(CLI::App& app, const std::string& names, Target& target,
                       Value (*parse)(const std::string&), const std::string& description) {
  return app.add_option_function<std::string>(
      names,
      [&target, names, parse](const std::string& text) {
        try {
          target = parse(text);
        } catch (const Error& error) {
          throw CLI::ValidationError{names, error.what()};
        }
      },
      description);
}

/// The same for options that may be repeated or hold a list with commas. CLI11's own delimiter passes over
/// what is empty between two commas, and takes the next word for the value when nothing else is left.
template <typename Value>
CLI::Option* add_values(CLI::App& app, const std::string& names, std::vector<Value>& target,
                        Value (*parse)(const std::string&), const std::string& description) {
  return app
      .add_option_function<std::vector<std::string>>(
          names,
          [&target, names, parse](const std::vector<std::string>& texts) {
            try {
              target.clear();
              for (const auto& text : texts) {
                for (const auto& part : parse_list(text)) target.push_back(parse(part));
              }
            } catch (const Error& error) {
              throw CLI::ValidationError{names, error.what()};
            }
          },
          description)
      ->allow_extra_args(false);  // a value a flag: --movie 1 must not swallow the words behind it
}

}  // namespace ratings::cmd
