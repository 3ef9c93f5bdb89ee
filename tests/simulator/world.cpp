#include "simulator/world.hpp"

#include "visibility.hpp"

#include <algorithm>

namespace ratings::simulator {
namespace {

using namespace std::chrono_literals;

constexpr Instant kLife = 500ms;
constexpr int kClients = 6;
constexpr int kServers = 3;
constexpr int kWorkers = 3;  ///< of each, for clients that wait for the store at the same time
/// Nobody's group is frozen but a server's.
constexpr Fibers::Group kOutside = 0;

}  // namespace

Figures& Figures::operator+=(const Figures& other) {
  steps += other.steps;
  answers += other.answers;
  hits += other.hits;
  errors += other.errors;
  commands += other.commands;
  edits += other.edits;
  faults += other.faults;
  time += other.time;
  return *this;
}

World::World(std::uint64_t seed, Trace trace)
    : trace_{trace}, dice_{seed}, clock_{seed ^ 0x9E3779B97F4A7C15U}, end_{clock_.now() + kLife} {
  // A third each: one Δ for all its life, strict mode, and Δ that changes while everything runs.
  const auto kind = seed % 3;
  store_.delta = 0ms;
  if (kind != 1) store_.delta = wait_ = std::chrono::milliseconds{5 + 15 * dice_.below(3)};
  delta_changes_ = kind == 2;
  store_.users_listed = static_cast<std::size_t>(1 + dice_.below(4));  // so few that the limits are met
  store_.points_listed = static_cast<std::size_t>(1 + dice_.below(6));
  if (dice_.one_in(5)) memory_bytes_ = 0;  // no memory tier
  has_standby_ = dice_.one_in(2);
}

std::optional<std::string> World::run() {
  clock_.spawn(kOutside, [this] { boot(); });
  clock_.run();
  figures_.steps = clock_.switches();
  figures_.time = clock_.now();
  return violation_;
}

void World::boot() {
  for (int i = 0; i < kServers; ++i) servers_.push_back(start_server());
  for (int i = 0; i < kClients; ++i) clock_.spawn(kOutside, [this] { ask_and_judge(); });
  for (int i = 0; i < 2; ++i) clock_.spawn(kOutside, [this] { operate(); });
  clock_.spawn(kOutside, [this] { edit(); });
  clock_.spawn(kOutside, [this] { meddle(); });
  if (delta_changes_) clock_.spawn(kOutside, [this] { change_delta(); });
  if (has_standby_) clock_.spawn(kOutside, [this] { replay(); });
}

std::shared_ptr<Server> World::start_server() {
  auto server = std::make_shared<Server>(
      ++groups_, store_, has_standby_ ? &standby_ : nullptr, redis_, clock_, dice_, memory_bytes_,
      [this](Server& one) { to_store(one); }, [this] { to_standby(); }, [this] { travel(); });
  clock_.spawn(server->group, [this, server] { validate(server); });
  clock_.spawn(server->group, [server] { server->loop->run(); });
  for (int i = 0; i < kWorkers; ++i)
    clock_.spawn(server->group, [server] { http::work(server->data, *server->answering); });
  return server;
}

/// The background thread of PositionCoherence. A hint wakes it; hints may be lost, and are not needed.
void World::validate(const std::shared_ptr<Server>& server) {
  while (!over() && !server->killed) {
    const auto pause = server->coherence->tick();
    if (server->replicas) server->replicas->look();
    clock_.park(server.get(), clock_.now() + pause);
  }
  server->end();
}

void World::travel() {
  // Now and then longer than Δ, so that a stamp from the wrong end of the wire shows.
  rest(dice_.one_in(40) ? Instant{60ms} : dice_.one_in(4) ? Instant{3ms} : Instant{300us});
}

void World::to_store(Server& server) {
  travel();
  if (!store_.away && server.cut_off <= clock_.now() && !dice_.one_in(400)) return;
  server.last_refusal = clock_.now();
  throw Error{Kind::unreachable, "the simulated store cannot be reached"};
}

/// Any answer of a replica may fail, and nobody may see that.
void World::to_standby() {
  travel();
  if (standby_.away) throw Error{Kind::unreachable, "the simulated standby cannot be reached"};
  if (dice_.one_in(40)) throw Error{Kind::store, "the simulated standby ends the read for its replay"};
}

std::shared_ptr<Server>& World::any_server() {
  return servers_[static_cast<std::size_t>(dice_.below(std::ssize(servers_)))];
}

// ---- changes ----

void World::write(UserId user, std::int64_t version, Changed& changed) {
  if (user.value == kStranger) return;
  store_.write(user, version);
  changed.emplace_back(user, truth_.changed(user, version, clock_.now() + wait_));
  note("store: user ", user.value, " is version ", version, ", position ", store_.now().position);
}

/// purge-user, undo, dedupe, load: one transaction, then what cmd/ does after COMMIT. No lock is held while
/// it waits, so several commands wait at the same time.
void World::run_command() {
  if (store_.away) return;
  Changed changed;
  std::vector<UserId> users{any_user()};
  if (dice_.one_in(3)) users.push_back(any_user());
  const auto wait = wait_;  // read in the transaction, behind the position's row lock
  if (dice_.one_in(6)) {    // load --replace: the floor rises
    users.clear();
    for (std::int64_t user = 0; user < kStranger; ++user) users.push_back(UserId{user});
    store_.write_all(users, ++version_);
    for (const auto user : users)
      changed.emplace_back(user, truth_.changed(user, version_, clock_.now() + wait));
    note("store: everybody is version ", version_, ", floor ", store_.now().position);
  } else {
    const bool purge = dice_.one_in(2);
    for (const auto user : users) write(user, purge ? Truth::kNoRows : ++version_, changed);
  }
  if (dice_.one_in(2)) travel();  // COMMIT's answer is on its way, or is lost and asked for
  const auto committed = clock_.now();
  send_hints();
  if (!redis_.away) {
    travel();
    for (const auto user : users) redis_.content.erase(user);
  }
  cmd::wait_until_visible(clock_, committed, wait);
  for (const auto& [user, number] : changed) truth_.reported(user, number, clock_.now());
  ++figures_.commands;
  note("command: success is reported, committed at ", committed.count() / 1000, " us");
}

void World::operate() {
  while (!over()) {
    rest(60ms);
    run_command();
  }
}

/// NOTIFY: each server's may be lost, late, or come before the validator could make use of it.
void World::send_hints() {
  for (const auto& server : servers_) {
    if (dice_.one_in(2)) clock_.wake_all(server.get());
  }
}

/// Plain psql: no wait, no notification.
void World::edit() {
  while (!over()) {
    rest(40ms);
    if (store_.away) continue;
    Changed changed;
    write(any_user(), dice_.one_in(4) ? Truth::kNoRows : ++version_, changed);
    ++figures_.edits;
  }
}

/// As StoreAdmin::set_delta(): what validators use first, what writers wait out when nobody can use the old
/// one.
void World::set_delta(std::chrono::milliseconds delta) {
  const auto old = wait_;
  store_.delta = delta;
  wait_ = std::max(wait_, delta);
  note("delta: validators use ", delta.count(), " ms, writers wait ", wait_.count(), " ms");
  if (old <= delta) return;
  clock_.sleep_until(clock_.now() + old + old / 1000 + 50ms);
  if (store_.delta == delta) wait_ = delta;
  note("delta: writers wait ", wait_.count(), " ms");
}

void World::change_delta() {
  constexpr std::array kDeltas{0ms, 2ms, 20ms, 50ms};
  while (!over()) {
    rest(40ms);
    if (!store_.away) set_delta(kDeltas[static_cast<std::size_t>(dice_.below(std::ssize(kDeltas)))]);
  }
}

/// Back to an older state: a change of everybody like any other, but for the salt.
void World::restore() {
  if (!backup_ || store_.away) return;
  store_.away = true;
  // A backup with a smaller Δ: servers that are cut off go on with the larger one, which no writer knows of
  // any more. Restoring takes longer than that, or must (ARCHITECTURE.md): the simulator finds that out in
  // 1,000 seeds.
  const bool shorter = backup_->wait < wait_ || backup_->delta < store_.delta;
  const auto least = shorter ? Instant{wait_} + 1ms : Instant{0};
  clock_.sleep_until(clock_.now() + least + dice_.up_to(5ms));
  const auto until = clock_.now() + wait_;
  store_.restore(backup_->content);
  store_.delta = backup_->delta;
  wait_ = backup_->wait;
  for (std::int64_t user = 0; user < kStranger; ++user) {
    const auto version = store_.version(UserId{user});
    if (version != truth_.now(UserId{user})) truth_.changed(UserId{user}, version, until);
  }
  store_.away = false;
  note("store: restored to position ", store_.now().position);
}

/// The standby follows, stands still for longer than Δ, or is away; after a restore of the store it may keep
/// what has been lost for a while.
void World::replay() {
  while (!over()) {
    rest(dice_.one_in(5) ? 120ms : 3ms);
    standby_.away = dice_.one_in(30);
    if (store_.away) continue;
    standby_.restore(store_.backup());
    note("standby: replayed up to position ", standby_.now().position, standby_.away ? ", away" : "");
  }
}

// ---- faults ----

void World::meddle() {
  while (!over()) {
    rest(40ms);
    ++figures_.faults;
    auto& server = any_server();
    switch (dice_.below(10)) {
      case 0:
        note("store: away");
        store_.away = true;
        rest(dice_.one_in(4) ? 60ms : 5ms);
        store_.away = false;
        note("store: back");
        break;
      case 1:
        server->cut_off = clock_.now() + dice_.up_to(dice_.one_in(2) ? 80ms : 20ms);
        note("server ", server->group, ": cut off from the store until ", server->cut_off.count() / 1000);
        break;
      case 2:
        redis_.away = !redis_.away;
        note("redis: ", redis_.away ? "away" : "back");
        break;
      case 3:
        dumps_.push_back(redis_.content);
        break;
      case 4:
        redis_.content = dumps_.empty() ? SharedRedis::Content{}
                                        : dumps_[static_cast<std::size_t>(dice_.below(std::ssize(dumps_)))];
        redis_.away = false;
        note("redis: restarted with an older content");
        break;
      case 5:
        backup_ = Backup{.content = store_.backup(), .delta = store_.delta, .wait = wait_};
        note("store: backup at position ", store_.now().position);
        break;
      case 6:
        restore();
        break;
      case 7:
        clock_.freeze(server->group, clock_.now() + dice_.up_to(80ms));
        note("server ", server->group, ": stopped");
        break;
      case 8:
        if (!dice_.one_in(4)) break;
        note("server ", server->group, ": killed");
        server->end();
        server = start_server();
        break;
      default:
        redis_.away = false;
    }
  }
  store_.away = false;
}

// ---- requests ----

void World::ask_and_judge() {
  Client client{clock_, dice_};
  Etags etags;
  while (!over()) {
    rest(dice_.one_in(4) ? 6ms : 1ms);
    const auto server = any_server();
    dice_.one_in(5) ? ask_batch(client, server) : ask_one(client, server, etags);
  }
}

void World::ask_one(Client& client, const std::shared_ptr<Server>& server, Etags& etags) {
  const auto user = any_user();
  auto& seen = etags.at(static_cast<std::size_t>(user.value));
  const auto condition = dice_.one_in(3) ? seen.etag : std::string{};
  const auto answer = client.get(server, "/rates/" + std::to_string(user.value), condition);
  if (!answer || !answered(*server, *answer)) return;
  if (answer->status == 304) return judge(user, seen.version, *answer, *server);
  judge(user, answer->body, *answer, *server);
  const auto rows = from_json(user, answer->body);
  seen = {.etag = answer->header("ETag"), .version = rows.empty() ? Truth::kNoRows : rows.front().timestamp};
}

void World::ask_batch(Client& client, const std::shared_ptr<Server>& server) {
  const auto count = 2 + dice_.below(2);
  const auto first = dice_.below(kUsers);
  std::string target = "/rates?uid=";
  for (std::int64_t i = 0; i < count; ++i)
    target += (i > 0 ? "," : "") + std::to_string((first + i) % kUsers);
  const auto answer = client.get(server, target, {});
  if (!answer || !answered(*server, *answer)) return;
  for (std::int64_t i = 0; i < count; ++i) {
    const UserId user{(first + i) % kUsers};
    const auto key = '"' + std::to_string(user.value) + "\":[";
    const auto at = answer->body.find(key);
    if (at == std::string::npos) return violated("a batch leaves a user out: " + answer->body);
    const auto from = at + key.size() - 1;
    judge(user, answer->body.substr(from, answer->body.find(']', from) + 1 - from), *answer, *server);
  }
}

bool World::answered(const Server& server, const HttpAnswer& answer) {
  if (answer.status == 200 || answer.status == 304) {
    const auto source = answer.header("X-Cache");
    ++figures_.answers;
    figures_.hits += source == "memory" || source == "redis";
    return true;
  }
  ++figures_.errors;
  // Redis may be in any state: an error needs a store that refused while the request was there.
  if (answer.status != 503 || server.last_refusal < answer.asked) {
    violated("status " + std::to_string(answer.status) +
             " though the store could be reached: " + answer.body);
  }
  return false;
}

void World::judge(UserId user, const std::string& body, const HttpAnswer& answer, const Server& server) {
  const auto rows = from_json(user, body);
  const auto version = rows.empty() ? Truth::kNoRows : rows.front().timestamp;
  for (const auto& row : rows) {
    if (row.movie.value / 10 != user.value)
      return violated("user " + std::to_string(user.value) + " is shown another user's rows: " + body);
    if (row.timestamp != version || std::ssize(rows) != 1 + version % 3)
      return violated("a torn answer: " + body);
  }
  judge(user, version, answer, server);
}

void World::judge(UserId user, std::int64_t version, const HttpAnswer& answer, const Server& server) {
  note("server ", server.group, ": user ", user.value, " version ", version, " from ",
       answer.header("X-Cache"), answer.status == 304 ? " (304)" : "", ", asked at ",
       answer.asked.count() / 1000, " us");
  if (truth_.allows(user, version, answer.asked)) return;
  violated("server " + std::to_string(server.group) + " says that user " + std::to_string(user.value) +
           " is version " + std::to_string(version) + " (now " + std::to_string(truth_.now(user)) +
           ", X-Cache: " + answer.header("X-Cache") + "), asked at " +
           std::to_string(answer.asked.count() / 1000) + " us, after that had been changed and reported");
}

void World::violated(const std::string& what) {
  note("VIOLATION: ", what);
  if (!violation_) violation_ = what;
}

}  // namespace ratings::simulator
