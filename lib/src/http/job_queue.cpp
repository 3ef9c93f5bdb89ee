#include "http/job_queue.hpp"

#include "core/log.hpp"

#include <utility>

namespace ratings::http {

bool JobQueue::offer(Job job) {
  {
    const std::scoped_lock lock{mutex_};
    if (jobs_.size() >= most_) {
      ++refused_;
      return false;
    }
    jobs_.push_back(std::move(job));
  }
  changed_.notify_one();
  return true;
}

std::optional<Job> JobQueue::take() {
  std::unique_lock lock{mutex_};
  changed_.wait(lock, [this] { return closed_ || !jobs_.empty(); });
  if (closed_) return std::nullopt;
  auto job = std::move(jobs_.front());
  jobs_.pop_front();
  return job;
}

void JobQueue::close() {
  {
    const std::scoped_lock lock{mutex_};
    closed_ = true;
  }
  changed_.notify_all();
}

std::size_t JobQueue::waiting() const {
  const std::scoped_lock lock{mutex_};
  return jobs_.size();
}

std::uint64_t JobQueue::refused() const {
  const std::scoped_lock lock{mutex_};
  return refused_;
}

void work(JobQueue& jobs, const Answering& with) {
  Responder responder{with};
  while (const auto job = jobs.take()) {
    try {
      // It has passed before; the views of that time were of a buffer that others write to now.
      const auto gated = admit(job->head);
      if (const auto* request = std::get_if<Admitted>(&gated.verdict))
        job->back->put({.connection = job->connection, .reply = responder.answer(*request, job->arrived)});
    } catch (const std::exception& error) {
      log::error("a request was not answered error={}", log::quoted(error.what()));
      job->back->put({.connection = job->connection, .reply = {}});  // closes the connection
    }
  }
}

}  // namespace ratings::http
