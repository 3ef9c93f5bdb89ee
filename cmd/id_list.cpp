#include "id_list.hpp"

#include "values.hpp"

#include "ratings/error.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string_view>

namespace ratings::cmd {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

/// What is no printable ASCII as \xHH: an id has nothing of it, some of it is invisible, some looks like a
/// digit, and a NUL would end the message that quotes it.
std::string in_ascii(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c >= ' ' && c <= '~') {
      out += c;
    } else {
      out += {'\\', 'x', kHex[byte >> 4U], kHex[byte & 15U]};
    }
  }
  return out;
}

std::string trimmed(const std::string& line) {
  constexpr const char* kBlank = " \t\r";
  const auto text = line.substr(0, line.find('#'));
  const auto first = text.find_first_not_of(kBlank);
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

}  // namespace

std::vector<UserId> read_user_ids(std::istream& input, const std::string& name) {
  std::vector<UserId> users;
  std::string line;
  for (std::size_t number = 1; std::getline(input, line); ++number) {
    if (number == 1 && line.starts_with(kByteOrderMark)) line.erase(0, kByteOrderMark.size());
    const auto text = trimmed(line);
    if (text.empty()) continue;
    try {
      users.push_back(parse_user_id(in_ascii(text)));
    } catch (const Error& error) {
      throw Error{Kind::usage,
                  name + ":" + std::to_string(number) + ": " + error.what() + "; nothing was changed"};
    }
  }
  if (input.bad())
    throw Error{Kind::input, "cannot read " + name + ": input/output error; nothing was changed"};
  return users;
}

std::vector<UserId> chosen_users(const std::vector<std::string>& words, const std::string& from_file) {
  if (!words.empty() && !from_file.empty())
    throw Error{Kind::usage, "user ids and --from-file cannot be mixed: one of them"};
  if (!from_file.empty()) return read_user_ids(from_file);
  if (words == std::vector<std::string>{"-"}) return read_user_ids("-");
  std::vector<UserId> users;
  users.reserve(words.size());
  for (const auto& word : words) users.push_back(parse_user_id(word));
  return users;
}

std::vector<UserId> read_user_ids(const std::string& path) {
  if (path == "-") return read_user_ids(std::cin, "standard input");
  std::ifstream file{path};
  if (!file) throw Error{Kind::usage, "cannot read " + path + ": " + std::strerror(errno)};
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) throw Error{Kind::usage, path + " is a directory"};
  return read_user_ids(file, path);
}

}  // namespace ratings::cmd
