#include "postgres/clean_up.hpp"
#include "postgres/conninfo.hpp"
#include "postgres/double_scan.hpp"
#include "postgres/sql.hpp"

#include "ratings/error.hpp"

#include <algorithm>
#include <optional>

namespace ratings::postgres {
namespace {

// Beyond it the list of what was taken goes to disk.
constexpr const char* kDedupeMemory = "SET LOCAL work_mem = '64MB'";
// The planner takes every place for a page read at random, and would rather read the whole table; they come
// in the order of the table.
constexpr const char* kByPlace = "SET LOCAL enable_seqscan = off";

/// A statement's list of places: 3 MB of text, and as much for each copy that libpqxx and libpq make of it.
constexpr std::size_t kTakenAtOnce = 250'000;

/// Takes doubles into quarantine, as a batch that begins with the first.
class Taking {
 public:
  explicit Taking(pqxx::work& work) : work_{work} {}

  void take(const DoubleScan& scan, std::vector<std::int64_t>& places);
  [[nodiscard]] const std::optional<Batch>& batch() const noexcept { return batch_; }
  [[nodiscard]] int statements() const noexcept { return statements_; }

 private:
  pqxx::work& work_;
  std::optional<Batch> batch_;
  int statements_ = 0;
};

void Taking::take(const DoubleScan& scan, std::vector<std::int64_t>& places) {
  if (places.empty()) return;
  if (!batch_) batch_ = make_batch(work_, "dedupe", "");
  std::sort(places.begin(), places.end());
  std::uint64_t taken = 0;
  std::string tids;
  for (std::size_t i = 0, listed = 0; i < places.size(); ++i) {
    const auto place = scan.place(places[i]);
    tids += (listed++ == 0 ? "{\"(" : ",\"(") + std::to_string(place.block) + "," +
            std::to_string(place.offset) + ")\"";
    if (listed < kTakenAtOnce && i + 1 < places.size() && scan.place(places[i + 1]).home == place.home)
      continue;
    tids += '}';
    taken += exec_bound(work_, sql::dedupe_take, place.home, tids, batch_->seq, batch_->generation)[0][0]
                 .as<std::uint64_t>();
    ++statements_;
    tids.clear();
    listed = 0;
  }
  if (taken != places.size())
    throw Error{Kind::internal,
                "deduping: " + std::to_string(taken) + " of " + std::to_string(places.size()) +
                    " doubles were where they had been found; nothing was changed",
                Outcome::told};
  places.clear();
}

}  // namespace

DedupeResult dedupe(Session& session, const DedupeRequest& request) {
  DedupeResult result;
  const auto give_up = [&session] {
    if (session.cancelled())
      throw Error{Kind::interrupted, "deduping: interrupted, nothing was changed", Outcome::told};
  };
  std::vector<std::int64_t> places;
  /// `found` is called whenever there are new places.
  const auto search = [&](pqxx::work& work, const std::function<void(const DoubleScan&)>& found) {
    work.exec(kPatient);
    DoubleScan scan{work, session.conninfo_text(), give_up};
    DoubleFinder finder{[&](std::int64_t place) { places.push_back(place); }};
    const auto examine = [&](std::vector<PlacedRating>& records, DoubleScan::Portion portion) {
      portion == DoubleScan::Portion::last ? finder.examine(records) : finder.thin(records);
      found(scan);
    };
    if (request.users.empty()) {
      scan.everybody(examine);
    } else {
      scan.users(request.users, examine);
    }
    finder.report(result);
  };

  if (request.dry_run) {
    session.read("rehearsing dedupe", [&](pqxx::work& work) {
      search(work, [&](const DoubleScan& /*scan*/) { places.clear(); });
      return 0;
    });
    return result;
  }
  const auto committed = session.change("deduping", [&](pqxx::work& work) {
    work.exec(kDedupeMemory);
    work.exec(kByPlace);
    work.exec(kHoldWriters);  // what is found must still be there when it is taken
    Taking taking{work};
    // Translated here: a reader's thread that takes would hand on what libpqxx throws as a fault of ours.
    search(work,
           [&](const DoubleScan& scan) { session.guarded("deduping", [&] { taking.take(scan, places); }); });
    if (!taking.batch()) {
      result.wait = present_wait(work);
      return false;
    }
    result.batch = taking.batch()->name;
    result.wait = finish(work, "dedupe", *taking.batch(), result, taking.statements());
    return true;
  });
  result.committed = committed;
  return result;
}

}  // namespace ratings::postgres
