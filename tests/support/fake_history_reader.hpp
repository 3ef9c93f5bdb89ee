#pragma once

#include "support/fake_position_reader.hpp"

#include <atomic>
#include <functional>
#include <vector>

namespace ratings::test {

/// Reads histories from a FakeStore. `before` runs between sending and the snapshot, `after` between the
/// snapshot and the reply; both on the reading thread.
class FakeHistoryReader final : public HistoryReader {
 public:
  explicit FakeHistoryReader(FakeStore& store) : store_{store} {}

  History history(UserId user, Instant deadline) override {
    const UserId one[] = {user};
    return histories(one, deadline).front();
  }
  std::vector<History> histories(std::span<const UserId> users, Instant deadline) override {
    ++reads;
    last_deadline = deadline.count();
    before();
    if (store_.away) throw Error{Kind::unreachable, "reading from the fake store: it is away"};
    std::vector<History> found;
    for (const auto user : users) found.push_back(store_.read(user));
    after();
    return found;
  }

  std::function<void()> before = [] {};
  std::function<void()> after = [] {};
  std::atomic<int> reads{0};
  std::atomic<Instant::rep> last_deadline{0};

 private:
  FakeStore& store_;
};

}  // namespace ratings::test
