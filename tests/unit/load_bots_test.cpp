// The bots that ratings-generate makes: each is what the list says, and the list names all of them.
#include "load_support.hpp"
#include "support/generator.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>
#include <sstream>

namespace ratings::test {
namespace {

using Account = std::vector<Rating>;

bool earlier(const Rating& a, const Rating& b) { return a.timestamp < b.timestamp; }

std::int64_t seconds_of(const Account& account) {
  const auto [first, last] = std::minmax_element(account.begin(), account.end(), earlier);
  return last->timestamp - first->timestamp;
}

auto is_extreme = [](const Rating& row) { return row.score == 0.5F || row.score == 5.0F; };

/// The film and score of all rows of an account.
std::map<std::int32_t, float> votes_of(const Account& account) {
  std::map<std::int32_t, float> votes;
  for (const auto& row : account) votes[static_cast<std::int32_t>(row.movie.value)] = row.score;
  return votes;
}

/// Films that everybody of the group rated with `score`.
std::size_t common_targets(const std::vector<Account>& group, float score) {
  std::size_t common = 0;
  for (const auto& [film, given] : votes_of(group.front())) {
    const auto agrees = [&, movie = film](const Account& account) {
      const auto votes = votes_of(account);
      const auto place = votes.find(movie);
      return place != votes.end() && place->second == score;
    };
    if (given == score && std::all_of(group.begin(), group.end(), agrees)) ++common;
  }
  return common;
}

/// A generated file as it was loaded, and its list.
struct Crowd {
  explicit Crowd(const std::string& arguments) {
    const auto file = bench.folder.path("ratings.csv");
    const auto list = bench.folder.path("list.csv");
    REQUIRE(generate(arguments + " --out " + file + " --bots-list " + list) == 0);
    (void)bench.run({.files = {file}});
    for (const auto& row : bench.store.rows)
      accounts[static_cast<std::int64_t>(row.user.value)].push_back(row);
    std::istringstream lines{read_whole(list)};
    std::string line;
    std::getline(lines, line);
    CHECK(line == "userId,kind,group");
    while (std::getline(lines, line)) {
      const auto first = line.find(',');
      const auto second = line.find(',', first + 1);
      const auto user = std::stoll(line.substr(0, first));
      CHECK(user > last_listed);
      last_listed = user;
      listed[line.substr(first + 1, second - first - 1)][std::stoi(line.substr(second + 1))].push_back(user);
    }
  }

  std::vector<Account> group(const std::vector<std::int64_t>& users) const {
    std::vector<Account> found;
    found.reserve(users.size());
    for (const auto user : users) found.push_back(accounts.at(user));
    return found;
  }
  std::size_t number_of(const std::string& kind) const {
    std::size_t number = 0;
    for (const auto& [group, users] : listed.at(kind)) number += users.size();
    return number;
  }

  Bench bench;
  std::map<std::int64_t, Account> accounts;
  std::map<std::string, std::map<int, std::vector<std::int64_t>>> listed;
  std::int64_t last_listed = 0;
};

constexpr const char* kCrowd = "--rows 300000 --seed 5 --bots all:2";  // 3,122 users, 62 of each kind

}  // namespace

TEST_SUITE("load bots") {
  TEST_CASE("the same arguments make the same bots and the same list, another seed makes others") {
    const TempFolder folder;
    const auto make = [&](const std::string& name, const std::string& seed) {
      REQUIRE(generate("--rows 50000 --bots all:1 --seed " + seed + " --out " + folder.path(name) +
                       " --bots-list " + folder.path(name + ".list")) == 0);
      return std::pair{read_whole(folder.path(name)), read_whole(folder.path(name + ".list"))};
    };

    const auto first = make("a", "1");
    CHECK((make("b", "1") == first));
    const auto other = make("c", "2");
    CHECK((other.first != first.first));
    CHECK((other.second != first.second));
  }

  TEST_CASE("as many users of each kind are listed as were asked for, strewn over all numbers") {
    const Crowd crowd{"--rows 300000 --seed 5 --bots push:2,nuke:1,clone:0.5,honest-burst:1"};

    CHECK(crowd.bench.store.rows.size() == 300'000);
    CHECK(crowd.accounts.size() == 3'122);
    CHECK(crowd.listed.size() == 4);
    CHECK(crowd.number_of("push") == 62);
    CHECK(crowd.number_of("nuke") == 31);
    CHECK(crowd.number_of("clone") == 15);
    CHECK(crowd.number_of("honest-burst") == 31);
    std::set<int> groups;
    std::size_t number_of_groups = 0;
    std::vector<std::int64_t> quarters(4);
    for (const auto& [kind, groups_of_kind] : crowd.listed) {
      for (const auto& [group, users] : groups_of_kind) {
        if (group != 0) {
          groups.insert(group);
          ++number_of_groups;
        }
        for (const auto user : users) ++quarters[static_cast<std::size_t>((user - 1) * 4 / 3'122)];
      }
    }
    CHECK(groups.size() == number_of_groups);
    CHECK(*std::min_element(quarters.begin(), quarters.end()) > 20);
  }

  TEST_CASE("a push group gives 5.0 to a film that others do not like, a nuke group 0.5 to one they do") {
    const Crowd crowd{kCrowd};
    for (const std::string kind : {"push", "nuke"}) {
      CAPTURE(kind);
      const float score = kind == "push" ? 5.0F : 0.5F;
      for (const auto& entry : crowd.listed.at(kind)) {
        CAPTURE(entry.first);
        const auto group = crowd.group(entry.second);
        CHECK(group.size() >= 40);
        CHECK(common_targets(group, score) >= 1);
        for (const auto& account : group) CHECK_UNARY(account.size() >= 31 && seconds_of(account) < 1'700);
        std::int64_t first = group[0][0].timestamp;
        std::int64_t last = first;
        for (const auto& account : group) {
          for (const auto& row : account) {
            first = std::min(first, row.timestamp);
            last = std::max(last, row.timestamp);
          }
        }
        CHECK(last - first < 4 * 86'400);
      }
    }
  }

  TEST_CASE("clones hold the same films with the same ratings, at other times") {
    const Crowd crowd{kCrowd};
    for (const auto& entry : crowd.listed.at("clone")) {
      CAPTURE(entry.first);
      const auto group = crowd.group(entry.second);
      CHECK(group.size() >= 5);
      CHECK(votes_of(group[0]).size() >= 20);
      for (std::size_t i = 1; i < group.size(); ++i) {
        CHECK((votes_of(group[i]) == votes_of(group[0])));
        CHECK(group[i][0].timestamp != group[0][0].timestamp);
      }
    }
  }

  TEST_CASE("a burst bot gives extreme ratings only, all within seconds") {
    const Crowd crowd{kCrowd};
    for (const auto& [number, users] : crowd.listed.at("burst")) {
      std::set<std::int32_t> films;
      for (const auto& account : crowd.group(users)) {
        CHECK(account.size() >= 20);
        CHECK(seconds_of(account) <= 8);
        CHECK(std::all_of(account.begin(), account.end(), is_extreme));
        for (const auto& row : account) films.insert(static_cast<std::int32_t>(row.movie.value));
      }
      CHECK(films.size() <= 60);
    }
  }

  TEST_CASE("a lock-step group rates the same films in the same order within minutes, nearly alike") {
    const Crowd crowd{kCrowd};
    for (const auto& entry : crowd.listed.at("lock-step")) {
      CAPTURE(entry.first);
      auto group = crowd.group(entry.second);
      CHECK(group.size() >= 12);
      CHECK_UNARY(group[0].size() >= 20 && group[0].size() <= 40);
      std::size_t different = 0;
      for (auto& account : group) {
        REQUIRE(account.size() == group[0].size());
        std::sort(account.begin(), account.end(), earlier);
        for (std::size_t i = 0; i < account.size(); ++i) {
          CHECK(account[i].movie == group[0][i].movie);
          CHECK(std::abs(account[i].score - group[0][i].score) <= 1.0F);
          CHECK(std::abs(account[i].timestamp - group[0][i].timestamp) < 120);
          different += account[i].score == group[0][i].score ? 0 : 1;
        }
      }
      CHECK(different > 0);
    }
  }

  TEST_CASE("honest people are as fast or as busy as a bot and rate like everybody else") {
    const Crowd crowd{kCrowd};
    for (const auto& account : crowd.group(crowd.listed.at("honest-burst").at(0))) {
      CHECK(account.size() >= 150);
      CHECK(seconds_of(account) < 600);
      std::set<float> scores;
      for (const auto& row : account) scores.insert(row.score);
      CHECK(scores.size() >= 5);
    }
    std::size_t least = SIZE_MAX;
    for (const auto& account : crowd.group(crowd.listed.at("honest-heavy").at(0)))
      least = std::min(least, account.size());
    std::set<std::int64_t> listed;
    for (const auto& [kind, groups] : crowd.listed) {
      for (const auto& [group, users] : groups) listed.insert(users.begin(), users.end());
    }
    for (const auto& [user, account] : crowd.accounts) {
      if (!listed.contains(user)) CHECK(account.size() <= least);
    }
  }

  TEST_CASE("among bots films differ in how well they are liked, and stars stay as frequent as they are") {
    const Crowd crowd{"--rows 300000 --seed 5 --bots honest-heavy:1"};
    std::map<std::int32_t, std::pair<double, double>> films;
    std::map<float, double> scores;
    for (const auto& row : crowd.bench.store.rows) {
      auto& [count, sum] = films[static_cast<std::int32_t>(row.movie.value)];
      count += 1;
      sum += static_cast<double>(row.score);
      scores[row.score] += 1;
    }
    double worst = 5;
    double best = 0;
    for (const auto& [film, figures] : films) {
      if (figures.first < 100) continue;
      worst = std::min(worst, figures.second / figures.first);
      best = std::max(best, figures.second / figures.first);
    }
    // A hundred ratings of the same chance for all would stay within 3.53 ± 0.4.
    CHECK(worst < 3.0);
    CHECK(best > 4.0);
    CHECK(scores[4.0F] / 300'000 == doctest::Approx(0.269).epsilon(0.05));
    CHECK(scores[0.5F] / 300'000 == doctest::Approx(0.0156).epsilon(0.2));
  }

  TEST_CASE("doubles are asked for as before, and none of them is a bot's") {
    const Crowd crowd{"--rows 50000 --bots clone:5 --doubles 2"};
    std::size_t doubles = 0;
    for (std::size_t i = 1; i < crowd.bench.store.rows.size(); ++i)
      doubles += crowd.bench.store.rows[i] == crowd.bench.store.rows[i - 1] ? 1 : 0;

    CHECK(crowd.bench.store.rows.size() == 50'000);
    CHECK(doubles == 1'000);
    for (const auto& [number, users] : crowd.listed.at("clone")) {
      for (const auto& account : crowd.group(users)) CHECK(votes_of(account).size() == account.size());
    }
  }

  TEST_CASE("bots that cannot be are refused with exit 2, a list that cannot be written with exit 1") {
    for (const auto* bad :
         {"--bots robots:1", "--bots push", "--bots push:1,", "--bots ''", "--bots push:51",
          "--bots-list /dev/null", "--rows 1000 --bots all:1", "--rows 100 --users 99 --bots clone:5"}) {
      CAPTURE(bad);
      CHECK(generate(std::string{bad} + " > /dev/null") == 2);
    }
    CHECK(generate("--bots push:1 --bots-list /dev/full > /dev/null") == 1);
    const TempFolder folder;
    const auto file = folder.path("ratings.csv");
    CHECK(generate("--bots push:1 --out " + file + " --bots-list " + folder.path("./ratings.csv")) == 2);
    CHECK(generate("--bots push:1 --out of_no_path.csv --bots-list " +
                   (std::filesystem::current_path() / "of_no_path.csv").string()) == 2);
    CHECK_FALSE(std::filesystem::exists(file));
    CHECK_FALSE(std::filesystem::exists("of_no_path.csv"));
  }
}

}  // namespace ratings::test
