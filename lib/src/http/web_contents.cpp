#include "http/web_contents.hpp"

#include "http/web_files.hpp"

#include "ratings/version.hpp"

#include <string>
#include <string_view>

namespace ratings::http {
namespace {

/// Nothing from elsewhere, nothing inline, in nobody's frame, no form that the browser sends by itself.
constexpr const char* kContentSecurityPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The description names the version of the program that it describes.
std::string with_version(std::string_view text) {
  constexpr std::string_view kPlace = "{version of ratingsctl}";
  std::string filled{text};
  if (const auto at = filled.find(kPlace); at != std::string::npos)
    filled.replace(at, kPlace.size(), kVersion);
  return filled;
}

}  // namespace

WebContents::WebContents() {
  for (const auto& file : web_files()) {
    contents_.push_back(std::make_shared<const CachedHistory>(UserId{}, Tag{}, with_version(file.text)));
    (void)contents_.back()->gzip();  // now, not while clients of an event loop wait
  }
}

Response WebContents::answer(std::size_t number, const Conditions& conditions) const {
  return content_response(
      contents_[number], web_files()[number].type,
      {{"Content-Security-Policy", kContentSecurityPolicy}, {"X-Content-Type-Options", "nosniff"}},
      conditions);
}

}  // namespace ratings::http
