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

[[nodiscard]] inline std::string batch_state(const BatchFacts& batch) {
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
