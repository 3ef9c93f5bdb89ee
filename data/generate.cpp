// ratings-generate: a ratings.csv of the real file's shape and of any size. The same arguments give the same
// bytes on every machine: random numbers and distributions are our own, and nothing is computed in floating
// point.
#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr const char* kHelp =
    "Usage: ratings-generate [--rows N] [--users N] [--seed N] [--doubles PERCENT] [--out FILE]\n"
    "\n"
    "Writes made-up ratings in the shape of The Movies Dataset's ratings.csv: "
    "userId,movieId,rating,timestamp,\n"
    "sorted by user and movie, a few users with very many ratings, many equal timestamps inside a user.\n"
    "The same arguments give the same bytes everywhere.\n"
    "\n"
    "  --rows N           ratings to write, 1 to 500000000 (100000)\n"
    "  --users N          users, numbered from 1; at most one a row (one for every 96 ratings)\n"
    "  --seed N           another number, other ratings (1)\n"
    "  --doubles PERCENT  of the rows, exact doubles of the row before, 0 to 50, such as 1 or 0.25 (0)\n"
    "  --out FILE         where to (standard output)\n"
    "  --help             this text\n";

struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Options {
  std::uint64_t rows = 100'000;
  std::optional<std::uint64_t> users;
  std::uint64_t seed = 1;
  std::uint64_t doubles = 0;  ///< in hundredths of a percent
  std::string out;
};

// The real file: 26,024,289 ratings by 270,896 users on 45,115 films with ids up to 176,275.
constexpr std::uint64_t kRealRows = 26'024'289;
constexpr std::uint64_t kRealUsers = 270'896;
constexpr std::uint64_t kFilms = 45'115;
constexpr std::uint64_t kHighestFilm = 176'275;
constexpr std::uint64_t kMostOfOne = 30'000;  // the real file's busiest has 18,276
constexpr std::uint64_t kFirstTime = 789'652'009;
constexpr std::uint64_t kLastTime = 1'501'829'957;

// How often each rating from 0.5 to 5.0 occurs in it.
constexpr std::array<std::uint64_t, 10> kScoreCounts{404'897,   843'310,   403'607,   1'762'440, 1'255'358,
                                                     5'256'722, 3'116'213, 6'998'802, 2'170'441, 3'812'499};
constexpr std::array<const char*, 10> kScores{"0.5", "1.0", "1.5", "2.0", "2.5",
                                              "3.0", "3.5", "4.0", "4.5", "5.0"};

/// splitmix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_{seed} {}
  std::uint64_t next() noexcept {
    state_ += 0x9E3779B97F4A7C15U;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31U);
  }
  /// 0 … limit − 1, limit ≤ 2³². The bias is below limit / 2³²: nobody can see it in made-up data.
  std::uint64_t below(std::uint64_t limit) noexcept { return ((next() >> 32U) * limit) >> 32U; }

 private:
  std::uint64_t state_;
};

/// A point of the curve "how many ratings has the user at this quantile", as drawn from the real file.
struct Knot {
  std::uint64_t quantile;  ///< in millionths
  std::uint64_t ratings;
};
constexpr std::array<Knot, 12> kActivity{{{0, 1},
                                          {100'000, 6},
                                          {250'000, 14},
                                          {500'000, 30},
                                          {750'000, 80},
                                          {900'000, 195},
                                          {950'000, 340},
                                          {990'000, 860},
                                          {999'000, 2'200},
                                          {999'900, 4'900},
                                          {999'990, 11'000},
                                          {1'000'000, 20'250}}};

/// Ratings of the user at rank `rank` of `users`, before the sum is fitted.
std::uint64_t activity(std::uint64_t rank, std::uint64_t users) {
  // The middle of the user's slice, in billionths, so that a million users still differ.
  const std::uint64_t quantile = (2 * rank + 1) * 500'000'000U / users;
  std::size_t right = 1;
  while (quantile > kActivity[right].quantile * 1000 && right + 1 < kActivity.size()) ++right;
  const auto& low = kActivity[right - 1];
  const auto& high = kActivity[right];
  const auto width = (high.quantile - low.quantile) * 1000;
  return low.ratings + (high.ratings - low.ratings) * (quantile - low.quantile * 1000) / width;
}

/// How many rows each user has: the curve in random order, stretched so that the sum is exactly `rows`.
std::vector<std::uint32_t> rows_of_users(std::uint64_t rows, std::uint64_t users, Random& random) {
  std::vector<std::uint32_t> counts;
  std::uint64_t sum = 0;
  for (std::uint64_t rank = 0; rank < users; ++rank) {
    counts.push_back(static_cast<std::uint32_t>(activity(rank, users)));
    sum += counts.back();
  }
  for (std::uint64_t i = users; i > 1; --i) std::swap(counts[i - 1], counts[random.below(i)]);
  // One row each, and a share of the rest; running totals, so that rounding never adds up.
  const std::uint64_t rest = rows - users;
  std::uint64_t running = 0;
  std::uint64_t given = 0;
  for (auto& count : counts) {
    running += count;
    const auto until = running * rest / sum;
    count = static_cast<std::uint32_t>(1 + until - given);
    given = until;
  }
  return counts;
}

/// Popular films have low numbers, and the numbers get sparser.
std::uint64_t film_id(std::uint64_t index) {
  constexpr std::uint64_t kDense = 9'000;
  if (index < kDense) return index + 1;
  return kDense + (index - kDense + 1) * (kHighestFilm - kDense) / (kFilms - kDense);
}

/// Distinct films, ascending.
class FilmPicker {
 public:
  const std::vector<std::uint64_t>& pick(std::uint64_t count, Random& random) {
    films_.clear();
    for (std::uint64_t left = std::min(count, kFilms); left > 0;) {
      const auto index = skewed(random);
      auto& word = chosen_[index / 64];
      const auto bit = std::uint64_t{1} << (index % 64);
      if ((word & bit) != 0) continue;
      word |= bit;
      --left;
    }
    for (std::uint64_t index = 0; index < kFilms; ++index) {
      if (index % 64 == 0 && chosen_[index / 64] == 0) {
        index += 63;
      } else if ((chosen_[index / 64] >> (index % 64) & 1U) != 0) {
        films_.push_back(film_id(index));
      }
    }
    chosen_.fill(0);
    return films_;
  }

 private:
  /// The cube of a uniform number: the first tenth of the films gets nearly half of the ratings.
  static std::uint64_t skewed(Random& random) noexcept {
    const std::uint64_t uniform = random.next() >> 32U;
    const std::uint64_t cube = (((uniform * uniform) >> 32U) * uniform) >> 32U;
    return (cube * kFilms) >> 32U;
  }

  std::array<std::uint64_t, kFilms / 64 + 1> chosen_{};
  std::vector<std::uint64_t> films_;
};

const char* pick_score(Random& random) {
  auto left = random.below(kRealRows);
  std::size_t score = 0;
  while (left >= kScoreCounts[score]) left -= kScoreCounts[score++];
  return kScores[score];
}

/// Times of one user: evenings of rating one film after the other, so that seconds coincide, some years
/// apart.
class Diary {
 public:
  Diary(std::uint64_t ratings, Random& random) : random_{random} {
    // A hundred ratings an evening, two seconds each: about a fifth of them come in the second of another, as
    // in the real file.
    const std::uint64_t evenings = 1 + ratings / 100;
    span_ = 1 + 2 * ratings / evenings;
    for (std::uint64_t i = 0; i < evenings; ++i) {
      starts_.push_back(kFirstTime + random_.below(kLastTime - kFirstTime - span_ + 1));
    }
  }
  std::uint64_t time() { return starts_[random_.below(starts_.size())] + random_.below(span_); }

 private:
  Random& random_;
  std::uint64_t span_ = 1;
  std::vector<std::uint64_t> starts_;
};

struct CloseFile {
  void operator()(std::FILE* file) const noexcept {
    if (file != stdout) std::fclose(file);
  }
};

/// Lines to a file, through a buffer.
class Output {
 public:
  explicit Output(const std::string& path) : file_{path.empty() ? stdout : std::fopen(path.c_str(), "wb")} {
    if (!file_) fail();
    buffer_.reserve(kBufferSize + 128);
  }
  void line(std::string_view text) {
    buffer_ += text;
    if (buffer_.size() >= kBufferSize) flush();
  }
  void finish() {
    flush();
    if (std::fflush(file_.get()) != 0) fail();
  }

 private:
  static constexpr std::size_t kBufferSize = 64UL * 1024;
  void flush() {
    if (std::fwrite(buffer_.data(), 1, buffer_.size(), file_.get()) != buffer_.size()) fail();
    buffer_.clear();
  }
  [[noreturn]] static void fail() {
    throw std::runtime_error{std::string{"writing the ratings: "} + std::strerror(errno)};
  }

  std::unique_ptr<std::FILE, CloseFile> file_;
  std::string buffer_;
};

void append_number(std::string& text, std::uint64_t number) {
  std::array<char, 20> digits{};  // 2⁶⁴ has 20
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  text.append(digits.data(), end);
}

void format_line(std::string& line, std::uint64_t user, std::uint64_t film, const char* score,
                 std::uint64_t time) {
  line.clear();
  append_number(line, user);
  line += ',';
  append_number(line, film);
  line += ',';
  line += score;
  line += ',';
  append_number(line, time);
  line += '\n';
}

/// Decides how many of a user's rows are doubles; what does not fit in one user is carried to the next.
class DoublesShare {
 public:
  explicit DoublesShare(std::uint64_t hundredths) : hundredths_{hundredths} {}
  std::uint64_t of(std::uint64_t rows) {
    owed_ += rows * hundredths_;
    const auto doubles = std::min(owed_ / 10'000, rows / 2);
    owed_ -= doubles * 10'000;
    return doubles;
  }

 private:
  std::uint64_t hundredths_;
  std::uint64_t owed_ = 0;
};

void generate(const Options& options) {
  const auto users =
      options.users.value_or(std::max<std::uint64_t>(1, options.rows * kRealUsers / kRealRows));
  if (users > options.rows) throw UsageError{"--users: more users than rows"};
  Random random{options.seed};
  const auto counts = rows_of_users(options.rows, users, random);
  if (*std::max_element(counts.begin(), counts.end()) > kMostOfOne) {
    throw UsageError{"--users: too few users for so many rows, nobody can rate so many films"};
  }
  DoublesShare share{options.doubles};
  FilmPicker films;
  Output output{options.out};
  std::string line;
  output.line("userId,movieId,rating,timestamp\n");
  for (std::uint64_t user = 1; user <= users; ++user) {
    const std::uint64_t rows = counts[user - 1];
    const auto doubles = share.of(rows);
    const auto different = rows - doubles;
    Diary diary{rows, random};
    std::uint64_t row = 0;
    for (const auto film : films.pick(different, random)) {
      const auto* score = pick_score(random);
      format_line(line, user, film, score, diary.time());
      output.line(line);
      // Spread evenly over the user's rows.
      for (auto left = (row + 1) * doubles / different - row * doubles / different; left > 0; --left)
        output.line(line);
      ++row;
    }
  }
  output.finish();
}

std::uint64_t parse_number(std::string_view name, std::string_view text, std::uint64_t min,
                           std::uint64_t max) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < min || value > max) {
    throw UsageError{std::string{name} + ": '" + std::string{text} + "' is not a whole number from " +
                     std::to_string(min) + " to " + std::to_string(max)};
  }
  return value;
}

/// "1", "0.25" or "1%" in hundredths of a percent.
std::uint64_t parse_percent(std::string_view text) {
  const std::string shown{text};
  if (text.ends_with('%')) text.remove_suffix(1);
  const auto point = text.find('.');
  std::string fraction{point == std::string_view::npos ? "" : text.substr(point + 1)};
  const bool broken = fraction.size() > 2 || (point != std::string_view::npos && fraction.empty());
  fraction.resize(2, '0');
  const auto digits = std::string{text.substr(0, point)} + fraction;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (broken || digits.size() < 3 || error != std::errc{} || end != digits.data() + digits.size() ||
      value > 5'000) {
    throw UsageError{"--doubles: '" + shown + "' is not a percentage from 0 to 50 with at most two decimals"};
  }
  return value;
}

void set_option(Options& options, std::string_view name, std::string_view value) {
  constexpr std::uint64_t kMost =
      500'000'000;  // beyond it the products in rows_of_users() would not fit 64 bits
  if (name == "--rows") {
    options.rows = parse_number(name, value, 1, kMost);
  } else if (name == "--users") {
    options.users = parse_number(name, value, 1, kMost);
  } else if (name == "--seed") {
    options.seed = parse_number(name, value, 0, std::numeric_limits<std::uint64_t>::max());
  } else if (name == "--doubles") {
    options.doubles = parse_percent(value);
  } else if (name == "--out") {
    options.out = value;
  } else {
    throw UsageError{"unknown option " + std::string{name}};
  }
}

/// nullopt: help was asked for.
std::optional<Options> parse_arguments(const std::vector<std::string_view>& arguments) {
  Options options;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    auto name = arguments[i];
    if (name == "--help" || name == "-h") return std::nullopt;
    if (const auto equals = name.find('='); equals != std::string_view::npos) {
      set_option(options, name.substr(0, equals), name.substr(equals + 1));
      continue;
    }
    if (i + 1 == arguments.size()) throw UsageError{std::string{name} + ": unknown, or its value is missing"};
    set_option(options, name, arguments[++i]);
  }
  return options;
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
