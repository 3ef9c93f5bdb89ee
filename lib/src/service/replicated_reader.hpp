#pragma once

#include "ratings/replicas.hpp"

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <vector>

namespace ratings {

/// The ReplicatedReader. A request is sent to one replica at most, then to the primary, so that a fleet of
/// dead replicas costs it one attempt. A replica that fails is left alone until the thread that looks at them
/// has found it answering: no request pays for finding out. So is one that was too late three times in a row;
/// as it may answer whoever looks and still be too slow for reads, for a second, then for two, up to thirty,
/// until a read succeeds.
///
/// As of when is what a replica answered judged? As of `asked`, the clock read before the read is sent. A
/// value that is usable as of t comes with a check sent at t − Δ or later (in strict mode: at t or later); a
/// writer that committed at c reported success after c + Δ, so the check has seen every change that was
/// reported before t. Whoever gets this answer arrived at or before `asked`: single flight shares a read only
/// with requests from before it began, and asks about the others again. So `asked` is late enough for all of
/// them, and any later moment would only ask for a newer check than anybody needs. (A value read at a point
/// that the check has not reached makes Coherence ask once more; see Validator::catch_up.)
class CheckedReplicas final : public ReplicatedReader {
 public:
  enum class Background { thread, none };  ///< none: the owner calls look() (tests, which own time)

  CheckedReplicas(HistoryReader& primary, std::unique_ptr<PositionReader> positions,
                  std::vector<Replica> replicas, Coherence& coherence, Clock& clock, Background background);
  ~CheckedReplicas() override;
  CheckedReplicas(const CheckedReplicas&) = delete;
  CheckedReplicas& operator=(const CheckedReplicas&) = delete;

  History history(UserId user, Instant deadline) override;
  std::vector<History> histories(std::span<const UserId> users, Instant deadline) override;
  std::optional<History> spare_history(UserId user, Instant deadline) override;
  [[nodiscard]] std::optional<PoolFigures> figures() const override { return primary_.figures(); }
  [[nodiscard]] std::vector<ReplicaFigures> replicas() const override;

  /// One round of the background thread.
  void look();

 private:
  struct Member;

  /// nullptr: the primary is read.
  [[nodiscard]] Member* choose(Instant asked);
  /// nullopt: counted as `wanted` histories that it did not give.
  template <typename Read>
  [[nodiscard]] auto attempt(Member& member, std::size_t wanted, Read read)
      -> std::optional<decltype(read())>;
  void count_late(Member& member);
  void look_at(Member& member);
  void run(const std::stop_token& stop);

  HistoryReader& primary_;
  const std::unique_ptr<PositionReader> positions_;  ///< look()'s alone
  Coherence& coherence_;
  Clock& clock_;
  std::vector<std::unique_ptr<Member>> members_;
  std::atomic<std::size_t> next_{0};
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread thread_;  // last: it ends before what it uses
};

}  // namespace ratings
