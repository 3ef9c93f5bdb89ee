#include "output.hpp"

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <stdexcept>

namespace maker {
namespace {

constexpr std::size_t kBufferSize = 64UL * 1024;

}  // namespace

Output::Output(const std::string& path)
    : path_{path}, file_{path.empty() ? stdout : std::fopen(path.c_str(), "wb")} {
  if (!file_) fail();
  buffer_.reserve(kBufferSize + 128);
}

void Output::line(std::string_view text) {
  buffer_ += text;
  if (buffer_.size() >= kBufferSize) flush();
}

void Output::finish() {
  flush();
  if (std::fflush(file_.get()) != 0) fail();
}

void Output::flush() {
  if (std::fwrite(buffer_.data(), 1, buffer_.size(), file_.get()) != buffer_.size()) fail();
  buffer_.clear();
}

void Output::fail() const {
  throw std::runtime_error{"writing " + (path_.empty() ? "the ratings" : path_) + ": " +
                           std::strerror(errno)};
}

void append_number(std::string& text, std::uint64_t number) {
  std::array<char, 20> digits{};  // 2⁶⁴ has 20
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  text.append(digits.data(), end);
}

}  // namespace maker
