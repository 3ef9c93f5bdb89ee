#pragma once

#include "clean_up_report.hpp"
#include "json_output.hpp"

#include "ratings/loader.hpp"

#include <string>

namespace ratings::cmd {

enum class LoadKind { stored, dry_run };

/// What a dry run cannot know, because it does not look at the store, is null.
[[nodiscard]] Json load_json(const LoadReport& report, const Times& times, LoadKind kind);
[[nodiscard]] std::string load_text(const LoadReport& report, const Times& times, LoadKind kind);

}  // namespace ratings::cmd
