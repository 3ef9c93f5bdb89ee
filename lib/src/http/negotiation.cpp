#include "http/negotiation.hpp"

#include "http/text.hpp"

#include <algorithm>
#include <optional>

namespace ratings::http {
namespace {

/// Thousandths of a weight "0.8"; 1000 without one, 0 (do not use) for one that cannot be read.
int weight(std::string_view parameters) {
  const auto parameter = take_item(parameters, ';');
  if (parameter.empty()) return 1000;
  if (parameter.size() < 3 || !same_word(parameter.substr(0, 2), "q=")) return 0;
  const auto value = parameter.substr(2);
  if (value.size() > 5 || (value[0] != '0' && value[0] != '1') || (value.size() > 1 && value[1] != '.'))
    return 0;
  int thousandths = (value[0] - '0') * 1000;
  int unit = 100;
  for (const char c : value.substr(std::min<std::size_t>(2, value.size()))) {
    if (c < '0' || c > '9') return 0;
    thousandths += (c - '0') * unit;
    unit /= 10;
  }
  return std::min(thousandths, 1000);
}

}  // namespace

bool accepts_gzip(std::string_view accept_encoding) {
  std::optional<int> gzip;
  std::optional<int> any;
  std::optional<int> identity;
  while (!accept_encoding.empty()) {
    auto item = take_item(accept_encoding, ',');
    const auto coding = take_item(item, ';');
    if (same_word(coding, "gzip") || same_word(coding, "x-gzip")) gzip = weight(item);
    if (same_word(coding, "identity")) identity = weight(item);
    if (coding == "*") any = weight(item);
  }
  const int wanted = gzip.value_or(any.value_or(0));
  return wanted > 0 && wanted >= identity.value_or(0);
}

bool matches(std::string_view if_none_match, std::string_view etag) {
  const auto opaque = [](std::string_view tag) { return tag.starts_with("W/") ? tag.substr(2) : tag; };
  if (trimmed(if_none_match) == "*") return true;
  // Our tags hold no comma, so one that does is cut into pieces that match nothing.
  while (!if_none_match.empty()) {
    const auto tag = take_item(if_none_match, ',');
    if (!tag.empty() && opaque(tag) == opaque(etag)) return true;
  }
  return false;
}

}  // namespace ratings::http
