#include "stored_history.hpp"

#include "common_options.hpp"

#include "ratings/clock.hpp"

namespace ratings::cmd {

History read_stored_history(const Settings& settings, const std::string& command, UserId user) {
  // A history of a million ratings takes about a second; somebody sits and waits.
  constexpr std::chrono::seconds patience{10};
  auto store = store_options(settings, command);
  store.connections = 1;
  return open_history_reader(store)->history(user, boot_clock().now() + patience);
}

}  // namespace ratings::cmd
