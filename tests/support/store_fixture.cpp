#include "support/store_fixture.hpp"

#include <algorithm>
#include <sstream>
#include <tuple>

namespace ratings::test {

Store::Store() : store_{make_store()} {
  admin_ = open_store_admin(options("init"));
  (void)admin_->ensure_schema();
  reader_ = open_history_reader(options("serve"));
  positions_ = open_position_reader(options("serve"));
  clean_up_ = open_clean_up(options("purge-user"));
}

StoreOptions Store::options(const std::string& command) const {
  return {.url = store_->url(), .password = {}, .command = command, .connections = 4};
}

LoadCommit Store::load(Fill fill, std::span<const Rating> rows, std::uint8_t content) {
  const auto open = writer();
  (void)open->begin();
  open->start(fill, 1);
  const std::uint64_t excluded = open->append(rows);
  LoadedFile file{.name = "test.csv",
                  .hash = {},
                  .bytes = rows.size() * 20,
                  .read = rows.size(),
                  .loaded = rows.size() - excluded,
                  .excluded = excluded};
  file.hash.bytes.fill(content);
  return open->commit({&file, 1}, [](const char*) {});
}

std::string to_text(const std::vector<UserOutcome>& users) {
  std::ostringstream text;
  for (const auto& user : users) {
    text << (text.tellp() > 0 ? " " : "") << user.user.value << ':' << to_string(user.status) << ':'
         << user.rows;
  }
  return text.str();
}

std::string to_text(std::vector<Rating> ratings) {
  std::sort(ratings.begin(), ratings.end(), [](const Rating& a, const Rating& b) {
    return std::tuple{a.user, a.movie, a.timestamp, a.score} <
           std::tuple{b.user, b.movie, b.timestamp, b.score};
  });
  std::ostringstream text;
  for (const auto& row : ratings) {
    text << row.user.value << '/' << row.movie.value << '/' << row.score << '/' << row.timestamp << ' ';
  }
  return text.str();
}

}  // namespace ratings::test
