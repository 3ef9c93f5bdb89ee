#include "load/bad_row_keeper.hpp"

#include "ratings/error.hpp"

namespace ratings {
namespace {

constexpr std::uint64_t kTold = 100;  // LoadObserver::bad_row

}  // namespace

void check_stop(const std::atomic<bool>& stop) {
  if (stop) throw Error{Kind::interrupted, "loading: interrupted, nothing was loaded", Outcome::told};
}

BadRowKeeper::BadRowKeeper(const LoaderOptions& options, LoadObserver& observer,
                           const std::atomic<bool>& stop)
    : limit_{options.max_errors}, observer_{observer}, stop_{stop} {
  if (!options.rejects.empty()) rejects_.emplace(options.rejects);
}

void BadRowKeeper::set_aside(std::size_t inputs) const {
  if (rejects_) rejects_->set_aside(inputs);
}

void BadRowKeeper::begin_input(const std::string& name, const std::string& header) {
  input_ = name;
  if (rejects_) rejects_->begin_input(name, header);
}

void BadRowKeeper::bad_row(const csv::BadRow& row) {
  // A file may hold nothing but bad rows.
  check_stop(stop_);
  ++count_;
  const auto message = input_ + ":" + std::to_string(row.line) + ": " + row.reason;
  if (count_ > limit_) throw Error{Kind::input, message};
  if (count_ <= kTold) observer_.bad_row(message);
  if (rejects_) rejects_->add(row);
}

void BadRowKeeper::bad_bytes(std::string_view bytes) {
  check_stop(stop_);
  if (rejects_) rejects_->add_bytes(bytes);
}

void BadRowKeeper::finish() {
  if (rejects_) rejects_->finish();
}

void BadRowKeeper::publish() {
  if (rejects_) rejects_->publish();
}

std::vector<std::string> BadRowKeeper::keep() {
  return rejects_ ? rejects_->keep() : std::vector<std::string>{};
}

}  // namespace ratings
