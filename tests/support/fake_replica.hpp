#pragma once

#include "support/fake_history_reader.hpp"

#include "ratings/error.hpp"
#include "ratings/replicas.hpp"

#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace ratings::test {

/// A standby: a store of its own that is what the primary was when it replayed last. open() gives what reads
/// from it and looks at it; both must not outlive it. `Reader`: how histories are read from a FakeStore.
template <typename Reader = FakeHistoryReader>
class FakeReplica {
 public:
  explicit FakeReplica(FakeStore& standby) : store{standby}, reader{standby} {}

  void replay(const FakeStore& primary) { store.restore(primary.backup()); }
  [[nodiscard]] Replica open(const char* name) {
    return {
        .name = name, .histories = std::make_unique<Reads>(reader), .probe = std::make_unique<Looks>(store)};
  }

  FakeStore& store;
  Reader reader;

 private:
  class Reads final : public HistoryReader {
   public:
    explicit Reads(Reader& reader) : reader_{reader} {}
    History history(UserId user, Instant deadline) override { return reader_.history(user, deadline); }
    std::vector<History> histories(std::span<const UserId> users, Instant deadline) override {
      return reader_.histories(users, deadline);
    }

   private:
    Reader& reader_;
  };

  class Looks final : public ReplicaProbe {
   public:
    explicit Looks(FakeStore& store) : store_{store} {}
    ReplicaState look(Instant) override {
      if (store_.away) throw Error{Kind::unreachable, "looking at the fake replica: it is away"};
      return {.standby = true, .now = store_.now(), .replayed = std::chrono::seconds{7}};
    }

   private:
    FakeStore& store_;
  };
};

}  // namespace ratings::test
