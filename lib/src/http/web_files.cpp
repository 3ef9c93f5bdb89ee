#include "http/web_files.hpp"

#include <array>

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

std::span<const WebContent> web_files() {
  constexpr const char* kHtml = "text/html; charset=utf-8";
  constexpr const char* kScript = "text/javascript; charset=utf-8";
  static const std::array kFiles{
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
  return kFiles;
}

}  // namespace ratings::http
