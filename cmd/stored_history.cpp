#include "stored_history.hpp"

#include "common_options.hpp"

#include "ratings/clock.hpp"

namespace ratings::cmd {

History read_stored_history(const Settings& settings, const std::string& command, UserId user) {
  // Somebody sits and waits, and can press Ctrl-C: as long as other commands wait for a lock, and as long
  // again for tens of millions of ratings, of which a million takes about a second.
  constexpr std::chrono::seconds patience{60};
  auto store = store_options(settings, command);
  store.connections = 1;
  store.patient = true;
  return open_history_reader(store)->history(user, boot_clock().now() + patience);
}

}  // namespace ratings::cmd
