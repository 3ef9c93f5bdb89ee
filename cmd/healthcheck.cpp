// ratingsctl healthcheck: asks /ready, for containers and load balancers.
#include "commands.hpp"
#include "json_output.hpp"
#include "option_types.hpp"
#include "values.hpp"

#include "ratings/clock.hpp"
#include "ratings/http_server.hpp"

namespace ratings::cmd {
namespace {

struct Target {
  std::string host = "127.0.0.1";
  int port = 5001;
  std::string path = "/ready";
};

struct HealthcheckOptions {
  Target target;
  std::optional<Target> url;
  std::optional<Format> format;
};

/// http://host[:port][/path]; an IPv6 address in brackets.
Target parse_url(const std::string& text) {
  constexpr std::string_view scheme = "http://";
  // Somebody may have put a password into it, which no message may repeat.
  if (!text.starts_with(scheme)) throw Error{Kind::usage, "the address is not http://host:port"};
  if (text.find('@') != std::string::npos)
    throw Error{Kind::usage, "the address names a user; a server of ours has no login"};
  auto authority = text.substr(scheme.size());
  Target target;
  if (const auto slash = authority.find('/'); slash != std::string::npos) {
    if (slash + 1 < authority.size()) target.path = authority.substr(slash);
    authority.resize(slash);
  }
  const auto bracket = authority.rfind(']');
  const auto colon = authority.find(':', bracket == std::string::npos ? 0 : bracket);
  target.host = authority.substr(0, colon);
  if (target.host.starts_with('[')) target.host = target.host.substr(1, target.host.size() - 2);
  if (target.host.empty()) throw Error{Kind::usage, "'" + text + "' names no host"};
  constexpr int kHttp = 80;
  target.port = colon == std::string::npos ? kHttp : parse_port(authority.substr(colon + 1));
  return target;
}

/// Silence lasts as long as we are patient; a refusal comes at once.
std::string no_answer(const std::string& place, bool silence) {
  return silence ? "no answer from " + place + " within 2 s; look into the server's log, it may be stuck"
                 : "nobody answers at " + place +
                       ": there is no such host, or it refused or closed the connection; start 'ratingsctl "
                       "serve', or say with --host and --port where it listens";
}

ExitCode run_healthcheck(const HealthcheckOptions& options) {
  constexpr std::chrono::seconds kPatience{2};
  const auto target = options.url.value_or(options.target);
  auto& clock = boot_clock();
  const auto started = clock.now();
  const int status = http_status(target.host, target.port, target.path, kPatience);
  const bool silence = clock.now() - started >= kPatience;
  constexpr int kOk = 200;
  if (options.format == Format::json)
    print(to_line(Json{{"ready", status == kOk}, {"status", status == 0 ? Json() : Json(status)}}));
  if (status == kOk) return ExitCode::done;
  const auto place = target.host + ":" + std::to_string(target.port) + target.path;
  complain(status == 0 ? no_answer(place, silence) : place + " answered " + std::to_string(status));
  return ExitCode::failed;
}

}  // namespace

void add_healthcheck(CLI::App& app, Selected& selected) {
  auto options = std::make_shared<HealthcheckOptions>();
  auto* command = app.add_subcommand("healthcheck", "Ask a running server whether it is ready");
  auto* host = command->add_option("--host", options->target.host, "where it listens")
                   ->type_name("HOST")
                   ->default_str("127.0.0.1");
  auto* port = add_value(*command, "--port", options->target.port, parse_port, "on which port")
                   ->type_name("PORT")
                   ->default_str("5001");
  add_value(*command, "--url", options->url, parse_url, "instead of host and port")
      ->type_name("URL")
      ->excludes(host)
      ->excludes(port);
  add_output_option(*command, options->format, {"json"}, "nothing");
  add_epilogue(*command, "  ratingsctl healthcheck --url http://127.0.0.1:5001/ready\n",
               "0 ready, 1 not ready, 2 usage");
  command->callback([&selected, options] {
    selected.run = [options](const Settings&) { return run_healthcheck(*options); };
  });
}

}  // namespace ratings::cmd
