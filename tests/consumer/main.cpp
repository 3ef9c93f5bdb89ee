// consumer STORE UID: how many ratings the user has, and the last of them; 4 when the store cannot be
// reached.
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <ratings/clock.hpp>
#include <ratings/error.hpp>
#include <ratings/log.hpp>
#include <ratings/store.hpp>
#include <ratings/version.hpp>

namespace {

int run(const char* store, const char* user) {
  const auto reader =
      ratings::open_history_reader({.url = store, .password = {}, .command = "consumer", .connections = 1});
  const auto deadline = ratings::boot_clock().now() + std::chrono::seconds{10};
  const auto history = reader->history(ratings::UserId{std::atoll(user)}, deadline);
  ratings::log_info("read a history");  // to stderr, though no level was ever chosen
  std::cout << ratings::kVersion << ' ' << history.ratings.size();
  if (!history.ratings.empty()) std::cout << ' ' << history.ratings.back().score;
  std::cout << '\n';
  return 0;
}

}  // namespace

int main(int count, char** words) {
  try {
    return count == 3 ? run(words[1], words[2]) : 2;
  } catch (const ratings::Error& error) {  // across the library's border: the class must be one
    std::cerr << error.what() << '\n';
    return error.kind() == ratings::Kind::unreachable ? 4 : 1;
  }
}
