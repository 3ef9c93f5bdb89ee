#include "csv/block_parser.hpp"
#include "csv/block_reader.hpp"
#include "unit/csv_reference.hpp"

#include "ratings/history_view.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <iomanip>
#include <iostream>
#include <limits>
#include <map>
#include <new>
#include <numeric>
#include <sanitizer/asan_interface.h>
#include <sstream>
#include <tuple>

// The CSV reader against the slow reference, for libFuzzer; of NDJSON, which that does not know, that every
// line is told of once and that a row is what the library's tree of its line says. An input is two bytes that
// say how its text is made and given (see Input), then the text.
namespace ratings::test {
namespace {

const std::string kHeader = "userId,movieId,rating,timestamp\n";
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

/// A text, and the size of the pieces in which it is read.
class Input {
 public:
  explicit Input(std::string_view bytes) : bytes_{bytes} {
    // A stretched text takes a hundred times as long as another, and those made from it would be stretched
    // too: one in 64 may.
    const bool stretched = std::accumulate(bytes.begin(), bytes.end(), 0U) % 64 == 0;
    const auto pieces = next_byte();
    largest_piece = pieces < 200 ? pieces + 1 : std::size_t{1} << pieces % 20;
    // The seeds have a digit here: 0 and 1 bring their own first line, 1 and 2 are stretched.
    const auto shape = next_byte() % 8;
    if (shape >= 2) text = kHeader;
    if ((shape == 1 || shape == 2) && stretched) {
      largest_piece *= 256;
      stretch();
    } else {
      text += bytes_;
    }
  }

  std::size_t largest_piece = 1;
  std::string text;

 private:
  unsigned next_byte() {
    if (bytes_.empty()) return 0;
    const auto value = static_cast<unsigned char>(bytes_.front());
    bytes_.remove_prefix(1);
    return value;
  }

  /// So that few bytes make long lines and reach the ends of blocks: the bytes 1 and 2 stand for many, how
  /// many exactly says the byte behind them.
  void stretch() {
    constexpr std::size_t kEnough = 2 * csv::kBlockSize;
    while (!bytes_.empty() && text.size() < kEnough) {
      const auto byte = next_byte();
      if (byte == 1) {
        text.append(csv::kMaxLine - 128 + next_byte(), '0');
      } else if (byte == 2) {
        text.append(csv::kBlockSize - 128 + next_byte(), 'x');
      } else {
        text += static_cast<char>(byte);
      }
    }
  }

  std::string_view bytes_;
};

/// Text in pieces of 1 … `largest` bytes.
class PieceSource final : public csv::ByteSource {
 public:
  PieceSource(std::string_view text, std::size_t largest) : text_{text}, largest_{largest} {}
  std::size_t read(std::span<char> into) override {
    random_ = random_ * 6364136223846793005U +
              1442695040888963407U;  // Knuth's; a mt19937 takes longer than the text
    const std::size_t wanted = 1 + (random_ >> 33U) % largest_;
    const auto got = text_.substr(given_, std::min(wanted, into.size()));
    std::copy(got.begin(), got.end(), into.begin());
    given_ += got.size();
    return got.size();
  }
  std::uint64_t consumed() const noexcept override { return given_; }
  std::optional<std::uint64_t> total() const noexcept override { return text_.size(); }

 private:
  std::string_view text_;
  std::size_t largest_;
  std::uint64_t random_ = 1;
  std::size_t given_ = 0;
};

class Keeper final : public csv::BadRowSink {
 public:
  explicit Keeper(Outcome& outcome) : outcome_{outcome} {}
  void bad_row(const csv::BadRow& row) override {
    outcome_.bad.push_back({row.line, row.byte_offset, csv::code(row.fault), {}});
  }
  void bad_bytes(std::string_view bytes) override { outcome_.bad.back().bytes += bytes; }

 private:
  Outcome& outcome_;
};

/// Used again for text after text, as for block after block: making one takes longer than most texts.
csv::BlockParser& parser_for(const csv::Layout& layout) {
  constexpr std::size_t kKept = 32;  // 1 MB each
  using Key = std::tuple<csv::Syntax, std::size_t, std::array<std::size_t, csv::kColumns>>;
  static std::map<Key, csv::BlockParser> parsers;
  if (parsers.size() > kKept) parsers.clear();
  return parsers.try_emplace({layout.syntax, layout.fields, layout.at}, layout).first->second;
}

/// Reads all blocks. Behind a block's zeros nothing may be touched.
void read_blocks(csv::BlockReader& reader, Outcome& outcome) {
  static csv::Block block;
  auto& parser = parser_for(reader.layout());
  Keeper keeper{outcome};
  ASAN_UNPOISON_MEMORY_REGION(block.bytes.data(), block.bytes.size());
  while (reader.next(block)) {
    const auto used = block.size + csv::kReadAhead;
    ASAN_POISON_MEMORY_REGION(block.bytes.data() + used, block.bytes.size() - used);
    const auto rows = parser.parse(block);
    outcome.rows.insert(outcome.rows.end(), rows.begin(), rows.end());
    parser.report(reader.first_line() + outcome.lines, keeper);
    outcome.lines += parser.lines();
    ASAN_UNPOISON_MEMORY_REGION(block.bytes.data(), block.bytes.size());
  }
}

/// The reference wants a header: it gets one, and what it says is moved back by that.
Outcome read_slowly_without_header(const std::string& text) {
  const auto start = text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
  auto outcome = read_csv_slowly(text.substr(0, start) + kHeader + text.substr(start));
  for (auto& bad : outcome.bad) {
    bad.line -= 1;
    bad.byte_offset -= kHeader.size();
  }
  return outcome;
}

void print(const Rating* row) {
  if (row == nullptr) {
    std::cerr << "nothing";
  } else {
    std::cerr << *row << (std::signbit(row->score) ? " (rating below zero)" : "");
  }
}

void print(const SeenBad* bad) {
  if (bad == nullptr) {
    std::cerr << "nothing";
  } else {
    std::cerr << bad->code << " in line " << bad->line << " at byte " << bad->byte_offset << ", "
              << bad->bytes.size() << " bytes " << csv::shown(bad->bytes);
  }
}

[[noreturn]] void fail(const Input& input) {
  std::cerr << "\nthe text: " << input.text.size() << " bytes in pieces of at most " << input.largest_piece
            << ": " << csv::shown(input.text) << "\n";
  std::abort();
}

bool same(const Rating& a, const Rating& b) {
  return a == b && std::signbit(a.score) == std::signbit(b.score);
}
bool same(const SeenBad& a, const SeenBad& b) { return a == b; }

template <typename Item>
void compare(const char* what, const std::vector<Item>& read, const std::vector<Item>& wanted,
             const Input& input) {
  for (std::size_t i = 0; i < std::max(read.size(), wanted.size()); ++i) {
    const auto* one = i < read.size() ? &read[i] : nullptr;
    const auto* other = i < wanted.size() ? &wanted[i] : nullptr;
    if (one != nullptr && other != nullptr && same(*one, *other)) continue;
    std::cerr << std::setprecision(std::numeric_limits<float>::max_digits10) << what << " " << i
              << " differs: read ";
    print(one);
    std::cerr << ", the reference has ";
    print(other);
    fail(input);
  }
}

void compare(const char* what, std::uint64_t read, std::uint64_t wanted, const Input& input) {
  if (read == wanted) return;
  std::cerr << what << ": read " << read << ", the reference has " << wanted;
  fail(input);
}

bool same(const Rating& row, const nlohmann::json& tree) {
  if (!tree.is_object() || tree.size() != csv::kColumns) return false;
  const auto rating = static_cast<float>(tree.at("rating").get<double>());  // rounded twice
  return tree.at("user_id") == row.user.value && tree.at("movie_id") == row.movie.value &&
         tree.at("timestamp") == format_time(row.timestamp) &&
         std::abs(rating - row.score) <= std::numeric_limits<float>::epsilon() * std::max(row.score, 1.0F);
}

/// Lines that are not bad are rows, in their order.
void compare_objects(const Outcome& outcome, const Input& input) {
  compare("lines", outcome.lines, outcome.rows.size() + outcome.bad.size(), input);
  auto bad = outcome.bad.begin();
  auto row = outcome.rows.begin();
  std::istringstream lines{input.text};
  std::string line;
  for (std::uint64_t number = 1; std::getline(lines, line); ++number) {
    if (bad != outcome.bad.end() && bad->line == number) {
      ++bad;
    } else if (row == outcome.rows.end() || !same(*row, nlohmann::json::parse(line, nullptr, false))) {
      std::cerr << "line " << number << " was read as ";
      print(row == outcome.rows.end() ? nullptr : &*row);
      fail(input);
    } else {
      ++row;
    }
  }
}

void check(const Input& input) {
  PieceSource source{input.text, input.largest_piece};
  Outcome outcome;
  bool has_header = false;
  bool objects = false;
  try {
    csv::BlockReader reader{source, "f", ','};
    has_header = reader.first_line() == 2;
    objects = reader.layout().syntax == csv::Syntax::ndjson;
    read_blocks(reader, outcome);
    compare("bytes", reader.bytes(), input.text.size(), input);
  } catch (const Error& error) {
    if (error.kind() == Kind::input && !input.text.starts_with(kHeader)) return;
    std::cerr << "refused: " << error.what();
    fail(input);
  }
  if (objects) return compare_objects(outcome, input);
  const auto wanted = has_header ? read_csv_slowly(input.text) : read_slowly_without_header(input.text);
  compare("row", outcome.rows, wanted.rows, input);
  compare("bad row", outcome.bad, wanted.bad, input);
  compare("lines", outcome.lines, wanted.lines, input);
}

}  // namespace
}  // namespace ratings::test

// A reader makes a buffer as large as a block. Fresh from the kernel for each text, its pages would take
// longer than all the rest: one is kept.
namespace {

alignas(std::max_align_t) char buffer[ratings::csv::kBlockSize];
bool buffer_lent = false;

}  // namespace

// NOLINTBEGIN(cppcoreguidelines-no-malloc): this is what new and delete are made of
void* operator new(std::size_t size) {
  if (size == sizeof buffer && !buffer_lent) {
    buffer_lent = true;
    ASAN_UNPOISON_MEMORY_REGION(buffer, sizeof buffer);
    return buffer;
  }
  if (void* const memory = std::malloc(size)) return memory;
  throw std::bad_alloc{};
}

void* operator new(std::size_t size, const std::nothrow_t& /*tag*/) noexcept { return std::malloc(size); }

void operator delete(void* memory) noexcept {
  if (memory != buffer) return std::free(memory);
  ASAN_POISON_MEMORY_REGION(buffer, sizeof buffer);
  buffer_lent = false;
}

void operator delete(void* memory, std::size_t /*size*/) noexcept { operator delete(memory); }
// NOLINTEND(cppcoreguidelines-no-malloc)

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer calls it so
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ratings::test;
  check(Input{{reinterpret_cast<const char*>(data), size}});
  return 0;
}
