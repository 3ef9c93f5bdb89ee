#include "roles.hpp"

#include "random.hpp"

#include <algorithm>
#include <numeric>

namespace maker {
namespace {

/// A campaign of 40 accounts is what the studies of attacks inject into catalogues that small (1 to 5 % of
/// about a thousand users); the others are what one person can run by hand.
constexpr std::array<std::uint64_t, 5> kGroupSize{40, 40, 5, 10, 12};
/// One account is no clone and walks in nobody's step, however few users there are.
constexpr std::uint64_t kSmallestGroup = 3;

}  // namespace

std::vector<Role> deal_roles(const Shares& shares, std::uint64_t users, std::uint64_t seed) {
  std::vector<std::uint32_t> order(users);
  std::iota(order.begin(), order.end(), 0U);
  auto random = stream(seed, Purpose::roles, 0);
  for (std::uint64_t i = users; i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);

  std::vector<Role> roles(users);
  std::uint64_t taken = 0;
  std::uint32_t groups = 0;
  for (std::size_t kind = 0; kind < static_cast<std::size_t>(Kind::honest_heavy); ++kind) {
    if (shares[kind] == 0) continue;
    const bool grouped = kind < kGroupSize.size();
    const auto wanted = std::max(users * shares[kind] / 10'000, grouped ? kSmallestGroup : 1);
    const auto count = std::min(wanted, users - taken);
    const auto of_kind =
        grouped ? static_cast<std::uint32_t>(std::max<std::uint64_t>(1, count / kGroupSize[kind])) : 0;
    for (std::uint64_t i = 0; i < count; ++i) {
      const auto group = grouped ? groups + 1 + static_cast<std::uint32_t>(i * of_kind / count) : 0;
      roles[order[taken++]] = Role{.kind = static_cast<Kind>(kind), .group = group};
    }
    groups += of_kind;
  }
  return roles;
}

void name_heaviest(std::vector<Role>& roles, const std::vector<std::uint32_t>& rows,
                   std::uint64_t hundredths) {
  if (hundredths == 0) return;
  std::vector<std::uint32_t> ordinary;
  for (std::uint32_t user = 0; user < roles.size(); ++user) {
    if (roles[user].kind == Kind::ordinary) ordinary.push_back(user);
  }
  const auto count = std::min<std::uint64_t>(std::max<std::uint64_t>(1, roles.size() * hundredths / 10'000),
                                             ordinary.size());
  // Equal numbers of rows: the lower user, so that there is one answer.
  const auto heavier = [&](std::uint32_t a, std::uint32_t b) {
    return rows[a] != rows[b] ? rows[a] > rows[b] : a < b;
  };
  std::sort(ordinary.begin(), ordinary.end(), heavier);
  for (std::uint64_t i = 0; i < count; ++i) roles[ordinary[i]].kind = Kind::honest_heavy;
}

}  // namespace maker
