#pragma once

#include <string>
#include <string_view>

namespace ratings {

/// What has become of a batch, in the words of BatchInfo::state. `held`: rows of it are in quarantine.
/// `superseded`: it belongs to an older generation.
struct BatchFacts {
  std::string_view kind;
  bool undone = false;
  bool superseded = false;
  bool held = false;
  bool pruned = false;  ///< its rows in quarantine were erased by age
};

/// Its users are not excluded by it any more, and what it had taken does not come back.
[[nodiscard]] inline bool only_lifted(const BatchFacts& batch) {
  if (!batch.undone || batch.kind == "dedupe") return false;
  return batch.pruned || batch.kind == "hard-purge" || (batch.superseded && batch.held);
}

[[nodiscard]] inline std::string batch_state(const BatchFacts& batch) {
  if (only_lifted(batch)) return "lifted";
  if (batch.pruned) return "pruned";
  if (batch.superseded && (!batch.undone || batch.held)) return "superseded";
  if (batch.undone) return batch.held ? "partly-undone" : "undone";
  return batch.kind == "hard-purge" ? "erased" : "active";
}

/// What comes after the last slash: folders are nobody's business outside.
[[nodiscard]] inline std::string without_folders(std::string_view path) {
  return std::string{path.substr(path.rfind('/') + 1)};
}

}  // namespace ratings
