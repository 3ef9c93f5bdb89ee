#include "csv_support.hpp"

#include "csv/block_parser.hpp"
#include "csv/block_reader.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace ratings::test {
namespace {

class Keeper final : public csv::BadRowSink {
 public:
  explicit Keeper(Outcome& outcome) : outcome_{outcome} {}
  void bad_row(const csv::BadRow& row) override {
    outcome_.bad.push_back({row.line, row.byte_offset, csv::code(row.fault), {}});
    outcome_.reasons.push_back(row.reason);
  }
  void bad_bytes(std::string_view bytes) override { outcome_.bad.back().bytes += bytes; }

 private:
  Outcome& outcome_;
};

}  // namespace

TempFolder::TempFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "ratings-test-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error{"mkdtemp " + name};
  folder_ = name;
}

TempFolder::~TempFolder() {
  std::error_code ignored;  // a destructor must not throw; the folder is under the temporary one
  std::filesystem::remove_all(folder_, ignored);
}

std::string TempFolder::write(const std::string& name, const std::string& bytes) const {
  std::ofstream{folder_ / name, std::ios::binary} << bytes;
  return path(name);
}

std::vector<std::string> TempFolder::names() const {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator{folder_})
    names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

std::string read_whole(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  if (!file) throw std::runtime_error{"cannot read " + path};
  return {std::istreambuf_iterator<char>{file}, {}};
}

std::size_t ChunkSource::read(std::span<char> into) {
  const auto wanted = std::uniform_int_distribution<std::size_t>{1, largest_}(random_);
  const auto size = std::min({wanted, into.size(), text_.size() - given_});
  std::memcpy(into.data(), text_.data() + given_, size);
  given_ += size;
  return size;
}

Outcome read_csv(std::string_view text, std::size_t largest, unsigned seed, char delimiter) {
  Outcome outcome;
  Keeper keeper{outcome};
  ChunkSource source{text, largest, seed};
  try {
    csv::BlockReader reader{source, "f", delimiter};
    csv::BlockParser parser{reader.layout()};
    csv::Block block;
    while (reader.next(block)) {
      const auto rows = parser.parse(block);
      outcome.rows.insert(outcome.rows.end(), rows.begin(), rows.end());
      parser.report(reader.first_line() + outcome.lines, keeper);
      outcome.lines += parser.lines();
    }
    outcome.hash = reader.hash();
    outcome.header = reader.header();
  } catch (const Error& error) {
    outcome.error = error.what();
  }
  return outcome;
}

}  // namespace ratings::test
