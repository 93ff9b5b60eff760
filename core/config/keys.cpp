#include "core/config/keys.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include <cdctl/config.hpp>
#include <cdctl/time.hpp>
#include <cdctl/url.hpp>

namespace cdctl::config {

namespace {

using plugin::KeyRow;
using enum KeyPlace;

constexpr std::array k_keys{
    // what shapes a service
    KeyRow{both, "engine", "word", k_embedded, "\"mine\"", "all",
           "What a set is made of: processes of this machine, or what a plugin's engine makes"},
    KeyRow{both, "deployer", "word", k_default_deployer, "\"mine\"", "deploy",
           "Who makes a set of a revision: by the manifest of its spec, else by the Procfile"},
    KeyRow{service, "units", "table", "one of each", "{ worker = 3 }", "deploy scale",
           "How many units of each process; a process that is not named gets none"},
    KeyRow{service, "units.*", "count-or-table", "", "3", "deploy scale",
           "Units of this process of the Procfile; { count = 1, across = \"service\" }: one of the "
           "service, in its newest live set, a scheduler say; an edit of that is a new revision"},
    KeyRow{service, "scale", "table", "", "{ worker = { min = 1, max = 8 } }", "want",
           "The processes of which want proposes another number of units, by what waits for them"},
    KeyRow{service, "scale.*", "table", "", "{ min = 1, max = 8, queues = [\"thumbs\"] }", "want",
           "min and max of its units; queues: whose work it does (all); drain: by when what waits "
           "shall be done (5m); settle: how long fewer must have been enough (10m)"},
    KeyRow{service, "memory", "table", "no limit", "{ worker = \"512M\" }", "deploy",
           "What a unit of each process may use, with all that it starts; beyond it the kernel "
           "kills it"},
    KeyRow{service, "memory.*", "text", "no limit", "\"512M\"", "deploy",
           "Of this process, in M or G; an edit is a new revision"},
    KeyRow{service, "cpu", "table", "no limit", "{ worker = 1.5 }", "deploy",
           "How many processors a unit of each process may keep busy"},
    KeyRow{service, "cpu.*", "share", "no limit", "1.5", "deploy",
           "Of this process, a number of processors; an edit is a new revision"},
    KeyRow{service, "stop_timeout", "table", "10s each", "{ worker = \"until done, at most 2h\" }",
           "reap", "How long the processes of a unit get to end, between TERM and KILL"},
    KeyRow{service, "stop_timeout.*", "text", "10s", "\"30s\"", "reap",
           "Of this process: a duration that reap waits for; until done, at most DURATION: reap "
           "tells it to end and leaves, a later reap removes it"},
    KeyRow{
        service, "stop", "text-or-table", "group", "{ worker = \"main\" }", "reap",
        "Who of a unit gets TERM: main, its main process alone, or group, each of its processes; "
        "for all, or by process"},
    KeyRow{service, "stop.*", "text", "group", "\"main\"", "reap",
           "Of this process: main or group"},
    KeyRow{service, "stop_again", "text-or-table", "none", "{ worker = \"QUIT after 30s\" }",
           "reap",
           "A second signal to those who got TERM, so long after it; for all, or by process"},
    KeyRow{service, "stop_again.*", "text", "none", "\"QUIT after 30s\"", "reap",
           "Of this process: a signal and when"},
    KeyRow{service, "switches", "list", "all it has", "[\"broker\", \"engine\"]", "break mend reap",
           "What cuts a set off, in the order of a cut; the engine comes last"},
    KeyRow{both, "min_live", "share", "1", "\"50%\"", "break reap",
           "Units, or the share of what was live, that a cut or a reap must leave"},
    KeyRow{both, "max_sets", "count", "10", "5", "outdated",
           "No revision is offered beyond so many sets, cut ones left out; 0 = no bound"},
    KeyRow{both, "max_verdict_age", "duration", "5m", "\"10m\"", "break",
           "A verdict whose last evidence is older is ignored"},
    KeyRow{service, "accept_loss", "flag", "false", "true", "deploy",
           "Deploy although a queue drops messages on the n-th cut"},
    KeyRow{service, "sources", "table", "",
           "{ trunk = { git = \"https://git.example/thumbs.git\" } }", "outdated deploy",
           "What a revision is made of; a newer revision of any of them ships"},
    KeyRow{
        service, "sources.*", "table", "",
        "{ git = \"https://git.example/thumbs.git\", branch = \"main\" }", "outdated deploy",
        "file, or the kind of a plugin's, such as git; the name trunk has the Procfile, spec the "
        "deployer's manifest"},
    KeyRow{both, "breaker", "table", "", "{ rules = [\"critical >= 1\"] }", "trip",
           "When a set is called unhealthy"},
    KeyRow{both, "breaker.rules", "list", "six rules", "[\"critical >= 1\", \"errors >= 5 in 1m\"]",
           "trip", "One that holds is enough: docs/breakers.md"},
    KeyRow{both, "breaker.overlap", "duration", "1h", "\"4h\"", "probe",
           "So long an older set may give back what a newer one takes: docs/kinds.md"},
    KeyRow{both, "reaper", "table", "", "{ keep = 2 }", "stale reap",
           "When a set is no longer needed"},
    KeyRow{both, "reaper.keep", "count", "2", "3", "stale",
           "Live sets to keep, the newest among them"},
    KeyRow{both, "reaper.min_age", "duration", "1h", "\"2h\"", "stale reap",
           "A younger set is kept"},
    KeyRow{both, "reaper.prove_for", "duration", "24h", "\"12h\"", "stale reap",
           "Live and uncut for so long, a set counts as proven"},
    KeyRow{both, "reaper.cut_grace", "duration", "min_age", "\"4h\"", "stale reap",
           "So long a cut set stays for an autopsy"},
    KeyRow{both, "reaper.failed_grace", "duration", "30m, at most min_age", "\"10m\"", "stale reap",
           "So long a set stays that never served"},
    KeyRow{both, "reaper.max_reaps", "count", "10", "20", "reap",
           "A run that marks more sets is refused whole"},
    KeyRow{service, "checks", "list", "none",
           "[{ name = \"front\", http = \"http://127.0.0.1:8080/health\" }]", "probe",
           "[[checks]]: looks of your own, with name, http or command or prometheus, expect, "
           "contains, query, timeout, severity: docs/probes.md"},
    // cdctl.toml alone
    KeyRow{file, "defaults", "table", "", "{ min_live = 2 }", "all",
           "Keys of a service that hold for each service that does not say otherwise"},
    KeyRow{file, "signals", "table", "", "{ spool = true }", "signal signals",
           "How signals are taken and kept"},
    KeyRow{file, "signals.spool", "flag", "false", "true", "signal signals probe",
           "Keep signals in the home while the feed is out of reach"},
    KeyRow{file, "signals.token_file", "file", "", "\"listen.token\"", "signals",
           "A file of mode 0600 with the token of --listen"},
    KeyRow{file, "signals.token_env", "text", "", "\"CDCTL_TOKEN\"", "signals",
           "The environment variable with the token of --listen"},
    KeyRow{file, "signals.token_command", "list", "", "[\"pass\", \"cdctl-token\"]", "signals",
           "A program, without a shell, that prints the token of --listen"},
    KeyRow{file, "land", "table", "the key of this home", "{ key_file = \"land.key\" }",
           "verify land", "How land knows what verify has said"},
    KeyRow{file, "land.key_file", "file", "", "\"land.key\"", "verify land",
           "A file of mode 0600 with the key that homes share which land what others verified"},
    KeyRow{file, "land.key_env", "text", "", "\"CDCTL_LAND_KEY\"", "verify land",
           "The environment variable with that key"},
    KeyRow{file, "land.key_command", "list", "", "[\"pass\", \"cdctl-land\"]", "verify land",
           "A program, without a shell, that prints that key"},
    KeyRow{file, "notify", "table", "each receiver gets what is for it",
           "{ routes = [{ to = [\"mine\"] }] }", "notify", "Who is told what: docs/notify.md"},
    KeyRow{file, "notify.routes", "list", "each receiver gets what is for it",
           "[{ to = [\"mine\"], actions = [\"break\", \"mend\"] }]", "notify",
           "[[notify.routes]]: records that receivers get, with to, records, services, actions, "
           "severity"},
    KeyRow{file, "notify.longest_pause", "duration", "60s", "\"10s\"", "notify",
           "A receiver that takes nothing is asked again after at most so long"},
    // a file of targets.d
    KeyRow{target, "repository", "text", "", "\"https://git.example/thumbs.git\"",
           "proposals propose review verify land", "Where the target is"},
    KeyRow{target, "branch", "text", "main", "\"main\"", "proposals propose review verify land",
           "The branch that proposals land on"},
    KeyRow{target, "forge", "word", "plain git", "\"mine\"", "proposals propose review land",
           "Who has proposals and votes: what a plugin offers. Plain git keeps them in refs"},
    KeyRow{target, "votes", "text", "Approve >= 1, Needs Fixing == 0, Disapprove == 0",
           "\"Approve >= 2, Disapprove == 0\"", "gate",
           "What reviewers must have said of the head that is proposed; all of it must hold"},
    KeyRow{target, "contributors", "list", "anybody", "[\"*@example.com\"]", "gate",
           "Whose commits may land: e-mail addresses, * for any part"},
    KeyRow{target, "message", "text", "Merge <topic>: <title>, and the description",
           "\"<title> (<topic>)\"", "gate verify",
           "Of the merge; <topic>, <title>, <description>, <author>, <reviewers> and others: "
           "docs/landing.md"},
    KeyRow{
        target, "method", "word", "merge", "\"squash\"", "verify land",
        "What a proposal becomes: merge, a merge commit; squash, one commit; rebase, its commits "
        "one by one"},
    KeyRow{target, "hold", "list", "hold", "[\"hold\", \"wip\"]", "gate",
           "Labels: a proposal that has one of them waits"},
    KeyRow{target, "frozen", "text", "", "\"the release of 24.04\"", "gate land",
           "Why nothing lands at present; cdctl hold --target does the same without the file"},
    KeyRow{target, "batch", "count", "1", "8", "verify land",
           "So many candidates are tested as one, and land as one"},
    KeyRow{target, "land_via", "word", "push", "\"forge\"", "land",
           "push, or forge: by its own call, where nobody may push to the branch"},
    KeyRow{target, "remove_branch", "flag", "true", "false", "land",
           "Remove the branch of a proposal that has landed, and its reviews"},
    KeyRow{target, "verify", "table", "", "{ command = \"make check\" }", "verify",
           "How the merge of a proposal is tested before it lands"},
    KeyRow{target, "verify.command", "text", "", "\"make check\"", "verify",
           "For sh -c, in a fresh checkout of the merge; exit status 75: it could not tell"},
    KeyRow{target, "verify.wrapper", "list", "namespaces of its own",
           "[\"bwrap\", \"--bind\", \"{work}\", \"{work}\"]", "verify",
           "A program, without a shell, that the command runs under, in place of our namespaces; "
           "{work} is its folder"},
    KeyRow{target, "verify.retries", "count", "0", "1", "verify",
           "More tries of a command that has failed; the record says how many it took"},
    KeyRow{target, "verify.statuses", "list", "none", "[\"ci/build\"]", "verify",
           "Names of statuses of a CI: each has to pass on exactly the commit that would land"},
    KeyRow{target, "verify.staging", "text", "refs/heads/staging", "\"refs/heads/ci\"", "verify",
           "Below which branch a CI is shown the candidates, each one of its own"},
    KeyRow{target, "verify.limit", "duration", "1h", "\"20m\"", "verify",
           "So long the command may take, and so long statuses are waited for"},
    KeyRow{target, "verify.silence", "duration", "15m", "\"5m\"", "verify",
           "So long it may say nothing before it counts as hung"},
    KeyRow{target, "verify.grace", "duration", "10s", "\"30s\"", "verify",
           "What it gets between TERM and KILL then"},
    KeyRow{target, "verify.network", "flag", "false", "true", "verify", "Let it use the network"},
};

/// A service's own keys stand in cdctl.toml under [defaults] alone; a plugin has a table in either
/// file.
bool stands(const ConfigKey& key, bool service_file) {
  if (key.place == target) return false;
  if (key.place == both) return service_file || !key.plugin.empty();
  return (key.place == service) == service_file;
}

/// `units.*` fits `units.worker`.
bool fits(std::string_view pattern, std::string_view dotted) {
  if (!pattern.ends_with(".*")) return pattern == dotted;
  const auto head = pattern.substr(0, pattern.size() - 1);
  return dotted.starts_with(head) && dotted.size() > head.size() &&
         !dotted.substr(head.size()).contains('.');
}

bool duration(const Json& value) { return value.is_string() && parse_duration(value.view()); }

}  // namespace

Keys::Keys(plugins::PluginHost& plugins) {
  for (const auto& key : k_keys) keys_.push_back({key, ""});
  for (auto plugin : plugins.plugins())
    if (plugin.refused.empty() && plugins::read_keys(plugin)) plugins_.push_back(std::move(plugin));
  for (const auto& plugin : plugins_)
    for (const auto& key : plugin.keys) keys_.push_back({key, plugin.name});
}

const ConfigKey* Keys::find(bool service_file, std::string_view dotted) const {
  const bool defaults = !service_file && dotted.starts_with("defaults.");
  if (defaults) dotted.remove_prefix(9);
  for (const auto& key : keys_)
    if ((defaults ? key.place == both : stands(key, service_file)) && fits(key.name, dotted))
      return &key;
  return nullptr;
}

const ConfigKey* Keys::find_in_target(std::string_view dotted) const {
  for (const auto& key : keys_)
    if (key.place == target && fits(key.name, dotted)) return &key;
  return nullptr;
}

std::vector<std::string_view> Keys::secret_files(bool of_target) const {
  constexpr std::string_view k_file = "_file";
  std::vector<std::string_view> out;
  for (const auto& key : keys_) {
    if (!key.name.ends_with(k_file) || (key.place == target) != of_target) continue;
    const auto command =
        std::string(key.name.substr(0, key.name.size() - k_file.size())) + "_command";
    if (std::ranges::find(keys_, command, &ConfigKey::name) != keys_.end()) out.push_back(key.name);
  }
  // A plugin's own go first: without them nothing works.
  std::ranges::stable_partition(out, [](std::string_view name) {
    return std::ranges::find(k_keys, name, &KeyRow::name) == k_keys.end();
  });
  return out;
}

const Json& value_at(const Json& table, std::string_view dotted) {
  const Json* at = &table;
  while (!dotted.empty()) {
    const auto dot = std::min(dotted.find('.'), dotted.size());
    at = &(*at)[dotted.substr(0, dot)];
    dotted.remove_prefix(std::min(dot + 1, dotted.size()));
  }
  return *at;
}

std::vector<std::string> known_keys(bool service_file, std::string_view prefix) {
  std::vector<std::string> out;
  const bool defaults = !service_file && (prefix == "defaults" || prefix.starts_with("defaults."));
  if (defaults) prefix.remove_prefix(std::min<std::size_t>(prefix.size(), 9));
  const auto place = defaults ? both : file;
  for (const auto& key : k_keys) {
    if (key.name.ends_with('*')) continue;
    if (service_file ? key.place == file || key.place == target : key.place != place) continue;
    const auto dot = key.name.rfind('.');
    const auto table = dot == key.name.npos ? std::string_view() : key.name.substr(0, dot);
    if (table == prefix) out.emplace_back(key.name.substr(dot == key.name.npos ? 0 : dot + 1));
  }
  return out;
}

std::vector<std::string> known_target_keys(std::string_view prefix) {
  std::vector<std::string> out;
  for (const auto& key : k_keys)
    if (const auto dot = key.name.rfind('.'); key.place == target)
      if ((dot == key.name.npos ? std::string_view() : key.name.substr(0, dot)) == prefix)
        out.emplace_back(key.name.substr(dot == key.name.npos ? 0 : dot + 1));
  return out;
}

std::string wrong_type(const ConfigKey& key, const Json& value) {
  if (key.type == "addresses") {
    auto one = key;
    one.type = "address";
    if (!value.is_array()) return wrong_type(one, value);
    if (value.items().empty())
      return fmt::format("'{}' must be an address or a list of them, such as {}", key.name,
                         key.example);
    for (const auto& item : value.items())
      if (auto wrong = wrong_type(one, item); !wrong.empty()) return wrong;
    return {};
  }
  const auto must = [&](std::string_view what) {
    return fmt::format("'{}' must be {}, such as {}", key.name, what, key.example);
  };
  const auto& type = key.type;
  if ((type == "text" || type == "word" || type == "file" || type == "address") &&
      value.view().empty())
    return must("text that is not empty");
  if (type == "address") {
    const auto url = parse_url(value.view());
    if (!value.view().contains("://") || !url) return must("an address");
    // Whom records are posted to, or who is asked over HTTP
    if (key.example.contains("http") && url->scheme != "http" && url->scheme != "https")
      return must("an http address");
  }
  if (type == "duration" && !duration(value)) return must("a duration");
  if (type == "count" && (!value.is_int() || value.as_int() < 0))
    return must("a whole number from 0");
  if (type == "flag" && !value.is_bool()) return must("true or false");
  if (type == "list" && !value.is_array()) return must("a list");
  if (type == "table" && !value.is_object()) return must("a table");
  return {};
}

std::string_view place_name(KeyPlace place) {
  switch (place) {
    case file:
      return "cdctl.toml";
    case service:
      return "a service's file";
    case both:
      return "a service's file; [defaults]";
    case target:
      return "a target's file";
  }
  return "";
}

}  // namespace cdctl::config
