#include "http/send_budget.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace ratings::http {
namespace {

constexpr std::size_t kMega = 1024 * 1024;

std::shared_ptr<const void> body() { return std::make_shared<const int>(1); }

TEST_SUITE("send_budget") {
  TEST_CASE("what is held is given back when the hold ends") {
    SendBudget budget{8 * kMega};
    {
      const auto hold = budget.hold(5 * kMega);
      CHECK(hold);
      CHECK(budget.held() == 5 * kMega);
      CHECK_FALSE(budget.hold(3 * kMega));
    }

    CHECK(budget.held() == 0);
    CHECK(budget.hold(5 * kMega));
  }

  TEST_CASE("bytes that many clients are sent count once, until the last of them is done") {
    SendBudget budget{8 * kMega};
    const auto shared = body();
    std::vector<SendBudget::Hold> holds;
    for (int i = 0; i < 1'000; ++i) holds.push_back(budget.hold(kMega, shared));

    CHECK(holds.back());
    CHECK(budget.held() == kMega);
    holds.resize(1);
    CHECK(budget.held() == kMega);
    holds.clear();
    CHECK(budget.held() == 0);
  }

  TEST_CASE("the first hold's bytes come back, whatever later ones of the same say") {
    SendBudget budget{8 * kMega};
    const auto shared = body();
    auto first = budget.hold(kMega, shared);
    {
      const auto with_gzip_copy = budget.hold(2 * kMega, shared);
      first = SendBudget::Hold{};
    }

    CHECK(budget.held() == 0);
  }

  TEST_CASE("large answers leave an eighth to the others") {
    SendBudget budget{8 * kMega};
    const auto large = budget.hold(7 * kMega);

    CHECK(large);
    CHECK_FALSE(budget.hold(SendBudget::kLarge));
    std::vector<SendBudget::Hold> small;
    for (auto hold = budget.hold(10'000); hold; hold = budget.hold(10'000)) small.push_back(std::move(hold));
    CHECK(small.size() == kMega / 10'000);
  }

  TEST_CASE("small answers are counted each, shared or not") {
    SendBudget budget{kMega};
    const auto shared = body();
    const auto one = budget.hold(100, shared);
    const auto two = budget.hold(100, shared);

    CHECK(budget.held() == 200);
  }

  TEST_CASE("an answer larger than the budget is refused") {
    SendBudget budget{kMega};

    CHECK_FALSE(budget.hold(2 * kMega));
    CHECK_FALSE(budget.hold(2 * kMega, body()));
    CHECK(budget.held() == 0);
  }

  TEST_CASE("a hold keeps what it counts alive, also when it is moved") {
    SendBudget budget{8 * kMega};
    auto shared = body();
    const std::weak_ptr<const void> seen = shared;
    auto hold = budget.hold(kMega, shared);
    shared.reset();

    auto moved = std::move(hold);
    CHECK_FALSE(seen.expired());
    moved = SendBudget::Hold{};
    CHECK(seen.expired());
    CHECK(budget.held() == 0);
  }
}

}  // namespace
}  // namespace ratings::http
