#pragma once

#include "http/gate.hpp"
#include "http/inbox.hpp"
#include "http/responder.hpp"

#include "ratings/clock.hpp"

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>

namespace ratings::http {

/// A request that may wait, on its way to a worker, and where its reply goes.
struct Job {
  std::string head;  ///< the bytes of one request, as they passed the gate
  Instant arrived{};
  std::uint64_t connection = 0;
  Inbox* back = nullptr;  ///< of the loop that has the connection; outlives the job
};

/// Requests that wait for a worker, in their order, so many and no more. Thread-safe.
class JobQueue {
 public:
  explicit JobQueue(std::size_t most) : most_{most} {}

  /// False when it is full: the request is not taken on.
  [[nodiscard]] bool offer(Job job);
  /// The next job, waiting for one; nullopt once it is closed. What waited then is dropped.
  [[nodiscard]] std::optional<Job> take();
  void close();

  [[nodiscard]] std::size_t waiting() const;
  /// Jobs that were not taken on, so far.
  [[nodiscard]] std::uint64_t refused() const;

 private:
  const std::size_t most_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;
  std::uint64_t refused_ = 0;
  bool closed_ = false;
};

/// A worker's life: answers jobs until the queue is closed.
void work(JobQueue& jobs, const Answering& with);

}  // namespace ratings::http
