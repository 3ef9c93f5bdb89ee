#include "load/row_sender.hpp"

#include "ratings/error.hpp"

namespace ratings {
namespace {

std::size_t end_of_run(std::span<const Rating> rows, std::size_t from) {
  auto end = from + 1;
  while (end < rows.size() && rows[end].user == rows[from].user) ++end;
  return end;
}

}  // namespace

std::size_t RowSender::append(std::span<const Rating> rows) {
  return writer_ == nullptr || rows.empty() ? 0 : writer_->append(rows);
}

/// The writer says how many rows it held back, not whose. So the first run of a user's rows goes alone: the
/// answer is all or nothing, and tells whether this user is excluded. Rows of users met before go together.
std::size_t RowSender::send(std::span<const Rating> rows) {
  std::size_t held = 0;
  std::size_t sent = 0;
  for (std::size_t at = 0; at < rows.size();) {
    const auto end = end_of_run(rows, at);
    if (rows[at].user != last_ && met_.insert(rows[at].user)) {
      held += append(rows.subspan(sent, at - sent));
      const auto held_now = append(rows.subspan(at, end - at));
      if (held_now != 0 && held_now != end - at) {
        throw Error{Kind::internal, "loading: the writer held back some rows of one user and not others"};
      }
      users_ += held_now == 0 ? 1 : 0;
      held += held_now;
      sent = end;
    }
    last_ = rows[at].user;
    at = end;
  }
  return held + append(rows.subspan(sent));
}

}  // namespace ratings
