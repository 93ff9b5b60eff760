#include "plugins/juju/engine/doctor.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>

#include <fmt/format.h>

#include <cdctl/child.hpp>
#include <cdctl/set_name.hpp>
#include <cdctl/text.hpp>

#include "plugins/juju/client/access.hpp"
#include "plugins/juju/client/settings.hpp"
#include "plugins/juju/model/models.hpp"
#include "plugins/juju/world/border.hpp"

namespace cdctl::juju {

namespace fs = std::filesystem;

namespace {

using State = Check::State;

constexpr Millis k_patience = std::chrono::seconds(5);
constexpr ClientVersion k_oldest{2, 9};

Check check(std::string what, State state, std::string found, std::string cure = {}) {
  return {std::move(what), state, std::move(found), std::move(cure)};
}

/// A reason of juju's, and its advice, which follows the last semicolon.
Check unanswered(std::string what, const Error& error) {
  const auto semicolon = error.what.rfind("; ");
  const auto found = error.what.substr(0, semicolon);
  return check(std::move(what), error.exit == ExitCode::config ? State::bad : State::unknown, found,
               semicolon == std::string::npos ? "look with juju, and run cdctl doctor again"
                                              : error.what.substr(semicolon + 2));
}

/// Versions of the facade `Client` that each side speaks (Juju's own tables of facades).
std::pair<int, int> facades(ClientVersion version) {
  if (version < ClientVersion{3, 3}) return {6, 6};
  if (version < ClientVersion{3, 6}) return {6, 7};
  if (version < ClientVersion{4, 0}) return {6, 8};
  return {8, 8};
}

struct Service {
  const ServiceConfig* config;
  JujuSettings settings;
};

/// One round of checks.
class Examination {
 public:
  Examination(Host& host, const Deadline& deadline) : host_(host), deadline_(deadline) {}

  std::vector<Check> run() {
    if (!wanted()) return {};
    if (client() && data()) controller();
    return std::move(checks_);
  }

 private:
  bool wanted() {
    bool any = host_.config().table["juju"].is_object();
    for (const auto& service : host_.config().services) {
      if (service.engine != "juju") continue;
      any = true;
      auto settings = settings_of(service.table["juju"]);
      if (settings)
        services_.push_back({&service, std::move(*settings)});
      else
        checks_.push_back(check("juju service " + service.name, State::bad,
                                fmt::format("{}: {}", service.file.string(), settings.error().what),
                                "correct the file"));
    }
    return any;
  }

  bool client() {
    const auto program = find_program("juju");
    if (!program) {
      checks_.push_back(
          check("juju client", State::bad, "there is no juju in PATH", "snap install juju"));
      return false;
    }
    const auto text = client_version(deadline_);
    client_ = parse_client_version(text);
    if (client_ == ClientVersion{})
      checks_.push_back(
          check("juju client", State::unknown,
                fmt::format("{} does not say its version within 5s", program->string()),
                "run juju version by hand"));
    else if (client_ < k_oldest)
      checks_.push_back(check("juju client", State::bad, text, "use 2.9 or later"));
    else
      checks_.push_back(check("juju client", State::ok, text));
    snap(*program);
    return client_ != ClientVersion{};
  }

  /// A snap sees no hidden folder of the home and nothing outside it: no charm of the workspace
  /// there.
  void snap(const fs::path& program) {
    const auto text = program.string();
    if (!text.starts_with("/snap/") && !text.starts_with("/var/lib/snapd/")) return;
    const char* home = std::getenv("HOME");
    const fs::path user = home ? home : "";
    std::error_code error;
    if (!fs::is_directory(user / "snap/juju/common", error)) {
      checks_.push_back(
          check("juju snap", State::bad,
                fmt::format("{} is not there yet, and juju sees no other temporary folder",
                            (user / "snap/juju/common").string()),
                "run juju version once as this user"));
      return;
    }
    const auto inside = host_.home().lexically_relative(user);
    const bool hidden = inside.empty() || std::ranges::any_of(inside, [](const fs::path& part) {
                          return part.string().starts_with('.');
                        });
    if (hidden)
      checks_.push_back(
          check("juju snap", State::warning,
                fmt::format("a snap cannot read charms below {}", host_.home().string()),
                "charms from Charmhub work; for local ones set [local] home to a folder of your "
                "home that is not hidden"));
    else
      checks_.push_back(check("juju snap", State::ok, "it can read what cdctl builds"));
  }

  bool data() {
    auto access = read_access(host_, {});
    if (!access) {
      checks_.push_back(
          check("juju data", State::bad, access.error().what, "correct the table [juju]"));
      return false;
    }
    access_ = std::move(*access);
    access_.timeout = k_patience;
    std::error_code error;
    if (fs::exists(access_.data / "controllers.yaml", error)) {
      checks_.push_back(check("juju data", State::ok, access_.data.string()));
      return true;
    }
    checks_.push_back(check("juju data", State::bad,
                            fmt::format("{} knows no controller", access_.data.string()),
                            "juju login or juju register, or set [juju] data"));
    return false;
  }

  void controller() {
    const auto answer = ask({"controllers"}, "reading the controllers of this machine");
    if (!answer) return;
    const bool makes_models = std::ranges::any_of(
        services_, [](const Service& one) { return one.settings.isolation == Isolation::model; });
    auto found = check_controller(answer->json, access_.controller, client_, makes_models);
    const bool good =
        std::ranges::none_of(found, [](const Check& one) { return one.state == State::bad; });
    std::ranges::move(found, std::back_inserter(checks_));
    if (!good) return;
    if (access_.controller.empty())
      access_.controller = answer->json["current-controller"].as_string();
    models();
  }

  void models() {
    const auto begun = now();
    const auto answer =
        ask({"models", "-c", access_.controller}, "asking the controller " + access_.controller);
    if (!answer) return;
    const auto list = parse_models(answer->json, answer->notes);
    if (!list) return checks_.push_back(unanswered("juju answers", list.error()));
    checks_.push_back(check(
        "juju answers", list->missing.empty() ? State::ok : State::warning,
        list->missing.empty()
            ? fmt::format("{} models within {}", list->models.size(), to_duration(now() - begun))
            : list->missing,
        list->missing.empty() ? ""
                              : "look with juju models: what is not listed is unknown to cdctl"));
    for (const auto& service : services_) {
      if (service.settings.isolation == Isolation::application)
        shared_model(service, list->models);
      else if (service.settings.cuts(CutMeans::relations))
        border(service, list->models);
    }
  }

  void shared_model(const Service& service, const std::vector<ModelItem>& models) {
    const auto what = "juju model of " + service.config->name;
    const auto address = parse_model_address(service.settings.model);
    if (!address)
      return checks_.push_back(
          check(what, State::bad, address.error().what, "correct [juju] model"));
    const auto found = models_called(models, *address);
    if (found.size() != 1)
      return checks_.push_back(
          check(what, State::bad,
                fmt::format("{} models are called {}", found.size(), service.settings.model),
                found.empty() ? "make it, or juju grant USER admin MODEL"
                              : "say OWNER/NAME in [juju] model"));
    const auto at = found.begin();
    if (at->access == "admin") return checks_.push_back(check(what, State::ok, at->name));
    // Remembering a cut writes the model's configuration
    checks_.push_back(check(what, at->access.empty() ? State::unknown : State::bad,
                            fmt::format("{}: the right is '{}'", at->name, at->access),
                            "juju grant USER admin " + at->name));
  }

  /// Tries one of its sets: whether the relations that a cut suspends can be seen where they are
  /// offered.
  void border(const Service& service, const std::vector<ModelItem>& models) {
    const auto of_service = [&](const ModelItem& one) {
      const auto set = parse_set_name(short_name(one));
      return set && set->service == service.config->name && !leaving(one.life);
    };
    const auto at = std::ranges::find_if(models, of_service);
    if (at == models.end()) return;  // nothing to try it with
    const WorldSet set{access_, std::string(short_name(*at)), at->uuid, service.settings, {}};
    BorderReader reader(set, {.relations = true, .expose = false, .scale = false});
    const auto what = "juju relations of " + service.config->name;
    const auto border = reader.read(deadline_);
    if (!border) return checks_.push_back(unanswered(what, border.error()));
    if (!border->forbidden.empty())
      return checks_.push_back(check(what, State::bad, border->forbidden.front().words(),
                                     border->forbidden.front().cure()));
    checks_.push_back(check(what, State::ok,
                            fmt::format("{} of {} can be read where they are offered",
                                        border->crossings.size(), set.set)));
  }

  std::optional<JujuAnswer> ask(const Question& question, const std::string& attempt) {
    const auto limited = access_within(access_, deadline_, attempt);
    auto answer = limited ? juju_call(*limited, question, attempt)
                          : Asked<JujuAnswer>(std::unexpected(
                                Failure{FailureKind::unreachable, limited.error()}));
    if (answer) return std::move(*answer);
    checks_.push_back(unanswered("juju answers", answer.error().error));
    return {};
  }

  Host& host_;
  const Deadline& deadline_;
  std::vector<Service> services_;
  std::vector<Check> checks_;
  ClientVersion client_;
  Access access_;
};

}  // namespace

bool versions_fit(ClientVersion client, ClientVersion controller) {
  const auto [client_from, client_to] = facades(client);
  const auto [from, to] = facades(controller);
  return client_from <= to && from <= client_to;
}

std::vector<Check> check_controller(const Json& controllers, const std::string& wanted,
                                    ClientVersion client, bool makes_models) {
  const auto name = wanted.empty() ? controllers["current-controller"].as_string() : wanted;
  if (name.empty())
    return {check("juju controller", State::bad, "Juju has chosen none",
                  "juju switch NAME, or set [juju] controller")};
  const auto& entry = controllers["controllers"][name];
  if (!entry.is_object())
    return {check("juju controller", State::bad,
                  fmt::format("this machine knows none called {}", printable(name, 60)),
                  "juju register, or set [juju] controller to one that juju controllers lists")};
  const auto version = entry["agent-version"].as_string();
  std::vector<Check> out{check("juju controller", State::ok,
                               version.empty() ? name : fmt::format("{} {}", name, version))};
  if (const auto parsed = parse_client_version(version);
      parsed != ClientVersion{} && !versions_fit(client, parsed)) {
    out.front() = check("juju controller", State::warning,
                        fmt::format("{} {}: this client, {}.{}, may not read its status", name,
                                    version, client.major, client.minor),
                        "snap refresh juju --channel to the controller's version");
  }
  const auto user = entry["user"].as_string(), access = entry["access"].as_string();
  if (user.empty()) {
    out.push_back(
        check("juju login", State::bad, "nobody is logged in to " + name, "juju login -c " + name));
    return out;
  }
  out.push_back(
      check("juju login", State::ok, access.empty() ? user : fmt::format("{}, {}", user, access)));
  if (!makes_models || access == "superuser" || access == "add-model") return out;
  out.push_back(
      check("juju add-model", State::warning,
            fmt::format("whether {} may make models is not known here", user),
            fmt::format("try juju add-model, or juju grant-cloud {} add-model CLOUD", user)));
  return out;
}

std::vector<Check> JujuDoctor::do_examine(const Deadline& deadline) {
  return Examination(host_, deadline).run();
}

}  // namespace cdctl::juju
