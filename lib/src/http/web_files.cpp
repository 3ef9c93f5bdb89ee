#include "http/web_files.hpp"

#include "ratings/version.hpp"

#include <array>
#include <string>

namespace ratings::http {

namespace web {

// Named after their files.
// NOLINTBEGIN(readability-identifier-naming)
extern const std::string_view index_html;
extern const std::string_view ops_html;
extern const std::string_view style_css;
extern const std::string_view common_js;
extern const std::string_view charts_js;
extern const std::string_view table_js;
extern const std::string_view history_js;
extern const std::string_view ops_js;
extern const std::string_view icon_svg;
extern const std::string_view openapi_json;
// NOLINTEND(readability-identifier-naming)

}  // namespace web

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

std::span<const WebContent> web_files() {
  constexpr const char* kHtml = "text/html; charset=utf-8";
  constexpr const char* kScript = "text/javascript; charset=utf-8";
  static const std::array files{
      WebContent{"/", kHtml, web::index_html},
      WebContent{"/ops", kHtml, web::ops_html},
      WebContent{"/web/style.css", "text/css; charset=utf-8", web::style_css},
      WebContent{"/web/common.js", kScript, web::common_js},
      WebContent{"/web/charts.js", kScript, web::charts_js},
      WebContent{"/web/table.js", kScript, web::table_js},
      WebContent{"/web/history.js", kScript, web::history_js},
      WebContent{"/web/ops.js", kScript, web::ops_js},
      WebContent{"/web/icon.svg", "image/svg+xml", web::icon_svg},
      WebContent{"/openapi.json", "application/json", web::openapi_json},
  };
  return files;
}

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
