// ratings-generate: a ratings.csv of the real file's shape and of any size. The same arguments give the same
// bytes on every machine: random numbers and distributions are our own, and nothing is computed in floating
// point.
#include "accounts.hpp"
#include "options.hpp"
#include "output.hpp"
#include "roles.hpp"
#include "shape.hpp"
#include "taste.hpp"

#include <algorithm>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

namespace {

using namespace maker;

/// Decides how many of a user's rows are doubles; what does not fit in one user is carried to the next.
class DoublesShare {
 public:
  explicit DoublesShare(std::uint64_t hundredths) : hundredths_{hundredths} {}
  std::uint64_t of(std::uint64_t rows) {
    owe_for(rows);
    const auto doubles = std::min(owed_ / 10'000, rows / 2);
    owed_ -= doubles * 10'000;
    return doubles;
  }
  /// Rows of somebody who gets no doubles.
  void owe_for(std::uint64_t rows) { owed_ += rows * hundredths_; }

 private:
  std::uint64_t hundredths_;
  std::uint64_t owed_ = 0;
};

void write_row(Output& output, std::string& line, std::uint64_t user, const Vote& vote) {
  line.clear();
  append_number(line, user);
  line += ',';
  append_number(line, film_id(vote.film));
  line += ',';
  line += kScores[vote.score];
  line += ',';
  append_number(line, vote.time);
  line += '\n';
  output.line(line);
}

/// Everybody's role and number of rows.
struct Population {
  std::vector<Role> roles;
  std::vector<std::uint32_t> rows;
};

/// What the accounts with a role have, and the curve over the others.
Population populate(const Options& options, std::uint64_t users, Accounts& accounts, Random& random) {
  Population population;
  population.roles = options.bots ? deal_roles(*options.bots, users, options.seed) : std::vector<Role>(users);
  population.rows.assign(users, 0);
  auto rows = options.rows;
  std::uint64_t ordinary = 0;
  for (std::uint64_t i = 0; i < users; ++i) {
    if (population.roles[i].kind == Kind::ordinary) {
      ++ordinary;
      continue;
    }
    const auto own = accounts.votes(i + 1, population.roles[i]).size();
    population.rows[i] = static_cast<std::uint32_t>(own);
    if (own > rows) throw UsageError{"--bots: they alone have more ratings than --rows"};
    rows -= own;
  }
  if (ordinary > rows) throw UsageError{"--bots: they leave less than one rating for everybody else"};
  if (ordinary == 0) throw UsageError{"--bots: nobody is left to be ordinary"};
  const auto counts = rows_of_users(rows, ordinary, random);
  if (*std::max_element(counts.begin(), counts.end()) > kMostOfOne) {
    throw UsageError{"--users: too few users for so many rows, nobody can rate so many films"};
  }
  auto count = counts.begin();
  for (std::uint64_t i = 0; i < users; ++i) {
    if (population.roles[i].kind == Kind::ordinary) population.rows[i] = *count++;
  }
  if (options.bots) {
    name_heaviest(population.roles, population.rows,
                  (*options.bots)[static_cast<std::size_t>(Kind::honest_heavy)]);
  }
  return population;
}

void write_list(const std::string& path, const std::vector<Role>& roles) {
  Output output{path};
  output.line("userId,kind,group\n");
  for (std::size_t i = 0; i < roles.size(); ++i) {
    if (roles[i].kind == Kind::ordinary) continue;
    output.line(std::to_string(i + 1) + ',' + std::string{kKinds[static_cast<std::size_t>(roles[i].kind)]} +
                ',' + std::to_string(roles[i].group) + '\n');
  }
  output.finish();
}

void generate(const Options& options) {
  const auto users =
      options.users.value_or(std::max<std::uint64_t>(1, options.rows * kRealUsers / kRealRows));
  if (users > options.rows) throw UsageError{"--users: more users than rows"};
  Random random{options.seed};
  const Films films{options.seed};
  Accounts accounts{films, options.seed};
  const auto population = populate(options, users, accounts, random);
  DoublesShare share{options.doubles};
  FilmPicker picker;
  Output output{options.out};
  std::string line;
  output.line("userId,movieId,rating,timestamp\n");
  for (std::uint64_t user = 1; user <= users; ++user) {
    const std::uint64_t rows = population.rows[user - 1];
    const auto role = population.roles[user - 1];
    if (role.kind != Kind::ordinary && role.kind != Kind::honest_heavy) {
      for (const auto& vote : accounts.votes(user, role)) write_row(output, line, user, vote);
      // Bots keep the rows they were made with; people get their doubles, too.
      share.owe_for(rows);
      continue;
    }
    const auto doubles = share.of(rows);
    const auto different = rows - doubles;
    Diary diary{rows, random};
    std::optional<Viewer> viewer;
    if (options.bots) viewer.emplace(random);
    std::uint64_t row = 0;
    for (const auto film : picker.pick(different, random)) {
      const auto score = viewer ? viewer->score(films, film, random) : pick_score(random);
      const Vote vote{.film = film, .score = score, .time = diary.time()};
      write_row(output, line, user, vote);
      // Spread evenly over the user's rows.
      for (auto left = (row + 1) * doubles / different - row * doubles / different; left > 0; --left)
        output.line(line);
      ++row;
    }
  }
  output.finish();
  if (!options.bots_list.empty()) write_list(options.bots_list, population.roles);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const auto options = parse_arguments({argv + 1, argv + argc});
    if (!options) {
      std::fputs(kHelp, stdout);
      return 0;
    }
    generate(*options);
    return 0;
  } catch (const UsageError& error) {
    std::fprintf(stderr, "ratings-generate: %s\nTry: ratings-generate --help\n", error.what());
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "ratings-generate: %s\n", error.what());
    return 1;
  }
}
