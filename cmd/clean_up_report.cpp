#include "clean_up_report.hpp"

#include "output.hpp"
#include "table.hpp"

#include "ratings/service.hpp"

#include <stdexcept>
#include <system_error>
#include <vector>

namespace ratings::cmd {
namespace {

/// Whose copies have to go. With --hard also theirs who had nothing left: that may be the work of a moment
/// ago, or of psql, and Redis away then.
std::vector<UserId> users_to_erase(const CleanUpResult& result, Erase erase) {
  std::vector<UserId> users;
  for (const auto& user : result.users) {
    const bool changed = user.rows > 0 && user.status != UserStatus::still_excluded;
    if (changed || erase == Erase::twice) users.push_back(user.user);
  }
  return users;
}

}  // namespace

std::chrono::milliseconds elapsed(Instant from, Instant to) {
  return std::chrono::ceil<std::chrono::milliseconds>(to - from);
}

Times wait_for_servers(const Settled& settled, Instant started, Clock& clock) {
  wait_until_visible(clock, settled.at, settled.wait);
  Times times{.visible = elapsed(started, clock.now())};
  if (settled.changed) times.committed = elapsed(started, settled.at);
  return times;
}

Times make_visible(const CleanUpResult& result, RedisCopies& copies, Erase erase, Instant started,
                   Clock& clock) {
  const auto users = users_to_erase(result, erase);
  copies.erase(users);
  const auto times =
      wait_for_servers({result.committed, result.wait, result.batch.has_value()}, started, clock);
  if (erase == Erase::twice && copies.configured()) {
    // A request that had read the rows just before COMMIT may only now put them back: refused by every
    // server, but there. When its deadline is over too, no server that runs holds them any more.
    wait_until_visible(clock, result.committed, result.wait + kRequestDeadline);
    copies.erase(users);
  }
  return times;
}

Json clean_up_json(const CleanUpResult& result, const RedisCopies& copies, const Times& times,
                   const std::optional<std::string>& undo) {
  auto users = Json::array();
  for (const auto& user : result.users) {
    users.push_back({{"user_id", user.user.value}, {"rows", user.rows}, {"status", to_string(user.status)}});
  }
  return {{"batch", result.batch ? Json(*result.batch) : Json()},
          {"rows", result.rows},
          {"users", std::move(users)},
          {"redis", copies.outcome()},
          {"committed_ms", times.committed.count()},
          {"visible_ms", times.visible.count()},
          {"undo", undo ? Json(*undo) : Json()}};
}

std::string user_lines(const CleanUpResult& result) {
  Table table{{{"user", Table::Align::right}, {"rows", Table::Align::right}, {"status"}}};
  for (const auto& user : result.users) {
    table.row({std::to_string(user.user.value), std::to_string(user.rows), to_string(user.status)});
  }
  return result.users.empty() ? std::string{} : for_stdout(table);
}

std::string times_text(const Times& times) {
  return "committed after " + std::to_string(times.committed.count()) + " ms, visible everywhere after " +
         std::to_string(times.visible.count()) + " ms\n";
}

void complain_about_redis(const RedisCopies& copies) {
  if (!copies.unreachable()) return;
  complain(
      "Redis could not be reached: the copies there are refused by every server and expire within 66 "
      "minutes");
}

void complain_about_traces(bool left) {
  if (!left) return;
  complain(
      "somebody else was using the store: what was erased is still in its file or write-ahead log (-wal); "
      "no answer holds it, and the same command, run again when they are done, removes it");
}

std::string as_batch(const std::optional<std::string>& batch, const std::optional<std::string>& undo) {
  if (!batch) return {};
  return " as batch " + *batch + (undo ? " ('" + *undo + "' takes it back)" : "");
}

void print_change(const std::string& text, const std::optional<std::string>& batch) {
  try {
    print(text);
    flush_output();
  } catch (const std::system_error& error) {
    if (!batch) throw;
    throw std::runtime_error{std::string{error.what()} + "; the change was made, as batch " + *batch};
  }
}

}  // namespace ratings::cmd
