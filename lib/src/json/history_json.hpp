#pragma once

#include "ratings/model.hpp"

#include <string>

namespace ratings::json {

/// {"movie_id":31,"rating":2.5,"timestamp":"2009-12-14 02:52:24"}
void append_record(std::string& text, const Rating& rating);
/// The longest record: ten digits of a movie, fifteen of a score, nineteen of a time, and the names.
inline constexpr std::size_t kRecordLength = 90;

}  // namespace ratings::json
