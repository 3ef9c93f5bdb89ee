#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

namespace ratings::model {

/// The protocol as it is (DESIGN §6, lib/src/coherence), in strict mode: positions, salts, the user's own
/// position as tag, a timeline of what the validator has seen, one check shared by those who wait, questions
/// about older values. One user whose rows are followed, changes of that user and of others, and a store that
/// may be restored to any older state at any moment. Two requests on one server. Caches are taken at their
/// worst: whatever was ever true may be found in them, since another server may have read it, however late,
/// and Redis may have kept it.
///
/// The lie: an answer from a cache shows rows that were replaced before its request had arrived. (A miss is
/// read after the arrival.)
///
/// A commit is a node of a tree: its parent is the state it changed. A restore goes back to an ancestor, and
/// what is committed then is another branch: the same position again, another salt. So a commit's number is
/// its salt.
struct Positions {
  bool compare_own = true;    ///< the tag's own position with what the timeline knows
  bool compare_salts = true;  ///< else a point in history is known by its position alone
  bool restores = true;

  static constexpr std::uint8_t kCommits = 5;  // the first is the store as it was
  static constexpr std::uint8_t kNone = 255;

  enum Step : std::uint8_t { idle, waiting, asking, judging, looking_up };
  struct Request {
    std::uint8_t step = idle;
    std::uint8_t allowed = 0;        ///< bit v: version v was current at or after the arrival
    std::uint8_t snapshot = kNone;   ///< asking: what the store said
    std::uint8_t candidate = kNone;  ///< looking up: the commit at which the value was read
    std::uint8_t shares = 0;         ///< waiting: the question under way was sent after the arrival
    friend bool operator==(const Request&, const Request&) = default;
  };
  struct State {
    std::uint8_t commits = 1;
    std::array<std::uint8_t, kCommits> parent{};
    std::uint8_t moves_user = 1;  ///< bit c: commit c changed our user
    std::uint8_t current = 0;
    // The timeline.
    std::uint8_t last = 0;       ///< the newest point seen
    std::uint8_t start = 0;      ///< from which position it watches
    std::uint8_t moved = kNone;  ///< own position of our user, if it moved since `start`
    std::uint8_t points = 1;     ///< bit c: commit c is known to be part of history
    std::uint8_t adopted = kNone;
    std::array<Request, 2> request{};
    friend bool operator==(const State&, const State&) = default;
  };

  [[nodiscard]] static State initial() { return {}; }

  template <class To>
  std::optional<std::string> steps(const State& now, To&& to) const {
    change(now, to);
    for (std::size_t i = 0; i < now.request.size(); ++i) {
      if (auto lie = serve(now, i, to)) return lie;
    }
    return std::nullopt;
  }

 private:
  static std::uint8_t bit(std::uint8_t commit) { return static_cast<std::uint8_t>(1U << commit); }
  static bool has(std::uint8_t bits, std::uint8_t commit) { return (bits >> commit & 1U) != 0; }
  static std::uint8_t position(const State& s, std::uint8_t commit) {
    std::uint8_t depth = 0;
    for (; commit != 0; commit = s.parent.at(commit)) ++depth;
    return depth;
  }
  /// The commit that gave our user the rows seen at `commit`: their version.
  static std::uint8_t version(const State& s, std::uint8_t commit) {
    while (!has(s.moves_user, commit)) commit = s.parent.at(commit);
    return commit;
  }
  static std::uint8_t own(const State& s, std::uint8_t commit) { return position(s, version(s, commit)); }
  /// The commit at that position in the history of `commit`; kNone beyond its end.
  static std::uint8_t at_position(const State& s, std::uint8_t commit, std::uint8_t wanted) {
    if (wanted > position(s, commit)) return kNone;
    while (position(s, commit) > wanted) commit = s.parent.at(commit);
    return commit;
  }
  [[nodiscard]] bool known_point(const State& s, std::uint8_t point, std::uint8_t now) const {
    const auto found = at_position(s, now, position(s, point));
    return found != kNone && (!compare_salts || found == point);
  }

  static void become(State& next, std::uint8_t commit) {
    next.current = commit;
    for (auto& request : next.request) {
      if (request.step != idle) request.allowed |= bit(version(next, commit));
    }
  }

  template <class To>
  void change(const State& now, To&& to) const {
    if (now.commits < kCommits) {
      for (const bool ours : {true, false}) {
        auto next = now;
        const auto commit = next.commits++;
        next.parent.at(commit) = now.current;
        if (ours) next.moves_user |= bit(commit);
        become(next, commit);
        to(next, "store: commit " + std::to_string(commit) + " at position " +
                     std::to_string(position(next, commit)) +
                     (ours ? " changes the user" : " changes others"));
      }
    }
    if (!restores) return;
    for (auto back = now.current; back != 0;) {
      back = now.parent.at(back);
      auto next = now;
      become(next, back);
      to(next, "store: restored to commit " + std::to_string(back) + ", position " +
                   std::to_string(position(now, back)));
    }
  }

  void install_check(State& next, std::uint8_t snapshot) const {
    const auto last_position = position(next, next.last);
    if (!known_point(next, next.last, snapshot)) {  // another history: forget everything
      next.start = position(next, snapshot);
      next.moved = next.adopted = kNone;
      next.points = bit(snapshot);
    } else {
      for (auto passed = snapshot; position(next, passed) > last_position; passed = next.parent.at(passed))
        next.points |= bit(passed);
      if (own(next, snapshot) > last_position) next.moved = own(next, snapshot);
    }
    next.last = snapshot;
  }

  enum class Verdict { yes, no, ask };
  /// Timeline::Shard::judge(), line by line.
  [[nodiscard]] Verdict verdict(const State& s, std::uint8_t value) const {
    const auto read_at = position(s, value);
    const auto tag = own(s, value);
    if (read_at > position(s, s.last)) return Verdict::no;
    if (compare_own && s.moved != kNone && s.moved != tag) return Verdict::no;
    if (s.adopted == value) return Verdict::yes;
    std::uint8_t point = kNone;
    for (std::uint8_t commit = 0; commit < s.commits; ++commit) {
      if (has(s.points, commit) && position(s, commit) == read_at) point = commit;
    }
    if (point == kNone) return Verdict::ask;
    if (compare_salts && point != value) return Verdict::no;
    if (s.moved != kNone) return Verdict::yes;
    if (read_at < s.start) return Verdict::ask;
    return tag <= s.start || !compare_own ? Verdict::yes : Verdict::no;
  }

  template <class To>
  std::optional<std::string> serve(const State& now, std::size_t i, To&& to) const {
    auto next = now;
    auto& request = next.request.at(i);
    auto& other = next.request.at(1 - i);
    const auto name = [i](const std::string& what) { return "request " + std::to_string(i) + ": " + what; };
    switch (request.step) {
      case idle:
        request.allowed = bit(version(now, now.current));
        request.step = waiting;
        to(next, name("arrives"));
        break;
      case waiting:
        if (other.step == asking) break;  // one question at a time
        request.snapshot = now.current;
        request.step = asking;
        if (other.step == waiting) other.shares = 1;
        to(next, name("its question sees commit " + std::to_string(now.current)));
        break;
      case asking:
        install_check(next, request.snapshot);
        request.snapshot = kNone;
        request.step = judging;
        if (other.shares != 0) other.step = judging;
        other.shares = 0;
        to(next, name("the answer is installed"));
        break;
      case judging:
        for (std::uint8_t value = 0; value < now.commits; ++value) {
          if (auto lie = judge(now, i, value, to)) return lie;
        }
        break;
      default: {
        if (other.step == asking) break;
        const auto value = request.candidate;
        const bool confirmed = known_point(now, value, now.current) &&
                               (!compare_own || own(now, now.current) == own(now, value));
        if (confirmed && position(now, now.current) >= position(now, now.last)) next.adopted = value;
        if (confirmed) return answer(next, i, value, to);
        request = {};
        to(next, name("the store does not confirm the value"));
      }
    }
    return std::nullopt;
  }

  template <class To>
  std::optional<std::string> judge(const State& now, std::size_t i, std::uint8_t value, To&& to) const {
    auto next = now;
    switch (verdict(now, value)) {
      case Verdict::yes:
        return answer(next, i, value, to);
      case Verdict::ask:
        next.request.at(i).step = looking_up;
        next.request.at(i).candidate = value;
        to(next,
           "request " + std::to_string(i) + ": asks about a value read at commit " + std::to_string(value));
        break;
      case Verdict::no:
        next.request.at(i) = {};
        to(next, "request " + std::to_string(i) + ": refuses what it found, and reads the store");
    }
    return std::nullopt;
  }

  template <class To>
  static std::optional<std::string> answer(State& next, std::size_t i, std::uint8_t value, To&& to) {
    const auto shown = version(next, value);
    const auto what = "request " + std::to_string(i) + ": answers the rows of commit " +
                      std::to_string(shown) + ", read at commit " + std::to_string(value) + ", from a cache";
    if (!has(next.request.at(i).allowed, shown)) return what + ", and they were replaced before it arrived";
    next.request.at(i) = {};
    to(next, what);
    return std::nullopt;
  }
};

}  // namespace ratings::model
