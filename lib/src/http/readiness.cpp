#include "http/readiness.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace ratings::http {

bool vital(const Check& check) {
  return check.blocks_cache || check.name == "store" || check.name == "schema" || check.name == "triggers";
}

Response readiness(std::span<const Check> checks, std::optional<bool> redis_usable, Draining draining) {
  auto listed = nlohmann::ordered_json::object();
  const auto list = [&listed](const std::string& name, bool ok, const std::string& detail) {
    listed[name] = {{"ok", ok}, {"detail", detail}};
  };
  for (const auto& check : checks) list(check.name, check.ok, check.detail);
  if (checks.empty()) list("store", false, "not checked yet");
  if (redis_usable)
    list("redis", *redis_usable,
         *redis_usable ? "usable" : "not usable, or not all of it; answers come without it");
  if (draining == Draining::yes) list("serving", false, "shutting down");

  const bool lost =
      std::any_of(checks.begin(), checks.end(), [](const Check& c) { return !c.ok && vital(c); });
  const bool short_of = std::any_of(checks.begin(), checks.end(), [](const Check& c) { return !c.ok; });
  const bool unavailable = checks.empty() || lost || draining == Draining::yes;
  const bool degraded = short_of || !redis_usable.value_or(true);

  const char* status = unavailable ? "unavailable" : degraded ? "degraded" : "ok";
  const nlohmann::ordered_json body{{"status", status}, {"checks", listed}};
  using nlohmann::json;
  return transient_response(unavailable ? 503 : 200,
                            body.dump(-1, ' ', false, json::error_handler_t::replace));
}

}  // namespace ratings::http
