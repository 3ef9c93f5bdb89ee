#include "postgres/child_load.hpp"

#include "core/log.hpp"

namespace ratings::postgres {
namespace {

using namespace std::chrono_literals;

// Measured with 26 million rows: sorted by user, an index takes the same time with 64 MB as with 2 GB, which
// the kernel has to find first; in random order 10 % more. It is the server's own default, and the bound is
// this times the connections.
constexpr const char* kIndexMemory = "SET LOCAL maintenance_work_mem = '64MB'";

// The statements that give a child every index of ratings, the operator's own too: ATTACH takes an index that
// is there, and would build a missing one while readers wait for its lock.
constexpr const char* kIndexes =
    "SELECT regexp_replace(pg_get_indexdef(indexrelid), "
    "         '^(CREATE (?:UNIQUE )?INDEX) .* ON (?:ONLY )?public\\.ratings USING', '\\1 ON ' || $1 || ' "
    "USING') "
    "FROM pg_index WHERE indrelid = 'public.ratings'::regclass ORDER BY indexrelid";

}  // namespace

ChildLoad::ChildLoad(const std::string& conninfo, std::size_t modulus, std::size_t remainder)
    : connection_{conninfo, boot_clock().now() + 5s} {
  connection_.execute("loading", "BEGIN");
  connection_.execute("loading", kIndexMemory);
  // Each child has a process of its own already.
  if (modulus > 1) connection_.execute("loading", "SET LOCAL max_parallel_maintenance_workers = 0");
  // A crash that forgets this commit forgets the later one that makes use of it, too.
  connection_.execute("loading", "SET LOCAL synchronous_commit = off");
  const Param numbers[] = {std::to_string(modulus), std::to_string(remainder)};
  name_ = connection_
              .execute("making a table to load into",
                       "SELECT ratingsctl.make_child($1::integer, $2::integer)::text", numbers, kNoDeadline)
              .text(0, 0);
  copy_.emplace(connection_, name_, kCopiedColumns, ", FREEZE");
}

std::uint64_t ChildLoad::finish_copy() {
  const auto stored = copy_->finish();
  copy_.reset();
  return stored;
}

void ChildLoad::index() {
  const Param child[] = {name_};
  const auto statements = connection_.execute("indexing " + name_, kIndexes, child, kNoDeadline);
  for (int row = 0; row < statements.rows(); ++row)
    connection_.execute("indexing " + name_, statements.text(row, 0).c_str());
}

void ChildLoad::analyse() { connection_.execute("analysing " + name_, "ANALYZE " + name_); }
void ChildLoad::commit() { connection_.execute("finishing " + name_, "COMMIT"); }

void analyse_ratings(Connection& connection) noexcept try {
  if (connection.broken()) return;
  // A sample, while the servers have to be waited for anyway. Of the children a second one, which they did
  // not need: ANALYZE without them (ONLY) comes with PostgreSQL 18.
  connection.execute("analysing ratings", "ANALYZE public.ratings", {}, boot_clock().now() + 10s);
} catch (const std::exception& error) {
  log::warn("ratings has no statistics yet, run ANALYZE ratings reason={}", log::quoted(error.what()));
}

}  // namespace ratings::postgres
