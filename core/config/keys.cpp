#include "core/config/keys.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include <cdctl/time.hpp>

namespace cdctl::config {

namespace {

using enum KeyPlace;

constexpr std::array k_keys{
    // what shapes a service
    ConfigKey{both, "", "engine", "word", "local", "\"juju\"", "all",
              "What a set is made of: processes of this machine, or Juju applications"},
    ConfigKey{both, "", "deployer", "word", "mojo", "\"mojo\"", "deploy",
              "Who makes a set of a revision: by a Mojo manifest, else by the Procfile"},
    ConfigKey{service, "", "units", "table", "one of each", "{ worker = 3 }", "deploy",
              "How many units of each process; a process that is not named gets none"},
    ConfigKey{service, "", "units.*", "count", "", "3", "deploy",
              "Units of this process of the Procfile"},
    ConfigKey{service, "", "switches", "list", "all it has", "[\"rabbit\", \"local\"]",
              "break mend reap",
              "What cuts a set off, in the order of a cut; the engine comes last"},
    ConfigKey{both, "", "min_live", "share", "1", "\"50%\"", "break reap",
              "Units, or the share of what was live, that a cut or a reap must leave"},
    ConfigKey{both, "", "max_sets", "count", "10", "5", "outdated",
              "No revision is offered beyond so many sets, cut ones left out; 0 = no bound"},
    ConfigKey{both, "", "max_verdict_age", "duration", "5m", "\"10m\"", "break",
              "A verdict whose last evidence is older is ignored"},
    ConfigKey{service, "", "accept_loss", "flag", "false", "true", "deploy",
              "Deploy although a queue drops messages on the n-th cut"},
    ConfigKey{service, "", "sources", "table", "",
              "{ trunk = { git = \"https://git.example/thumbs.git\" } }", "outdated deploy",
              "What a revision is made of; a newer revision of any of them ships"},
    ConfigKey{service, "", "sources.*", "table", "",
              "{ git = \"https://git.example/thumbs.git\", branch = \"main\" }", "outdated deploy",
              "git (with branch, or tag = \"v*\"), bzr, or file; the name trunk has the Procfile, "
              "spec the Mojo manifest"},
    ConfigKey{both, "", "breaker", "table", "", "{ rules = [\"critical >= 1\"] }", "trip",
              "When a set is called unhealthy"},
    ConfigKey{both, "", "breaker.rules", "list", "six rules",
              "[\"critical >= 1\", \"errors >= 5 in 1m\"]", "trip",
              "One that holds is enough: docs/breakers.md"},
    ConfigKey{both, "", "reaper", "table", "", "{ keep = 2 }", "stale reap",
              "When a set is no longer needed"},
    ConfigKey{both, "", "reaper.keep", "count", "2", "3", "stale",
              "Live sets to keep, the newest among them"},
    ConfigKey{both, "", "reaper.min_age", "duration", "1h", "\"2h\"", "stale reap",
              "A younger set is kept"},
    ConfigKey{both, "", "reaper.prove_for", "duration", "24h", "\"12h\"", "stale reap",
              "Live and uncut for so long, a set counts as proven"},
    ConfigKey{both, "", "reaper.cut_grace", "duration", "min_age", "\"4h\"", "stale reap",
              "So long a cut set stays for an autopsy"},
    ConfigKey{both, "", "reaper.failed_grace", "duration", "30m, at most min_age", "\"10m\"",
              "stale reap", "So long a set stays that never served"},
    ConfigKey{both, "", "reaper.max_reaps", "count", "10", "20", "reap",
              "A run that marks more sets is refused whole"},
    ConfigKey{service, "", "checks", "list", "none",
              "[{ name = \"front\", http = \"http://127.0.0.1:8080/health\" }]", "probe",
              "[[checks]]: looks of your own, with name, http or command, expect, contains, "
              "timeout, severity: docs/probes.md"},
    // cdctl.toml alone
    ConfigKey{file, "", "defaults", "table", "", "{ min_live = 2 }", "all",
              "Keys of a service that hold for each service that does not say otherwise"},
    ConfigKey{file, "", "plugins", "table", "", "{ path = \"/opt/cdctl/plugins\" }", "all",
              "Of a configuration that you name or own, not of one found by walking up"},
    ConfigKey{file, "", "plugins.path", "text", "", "\"/opt/cdctl/plugins\"", "none yet",
              "Kept for folders of plugins; use --plugin-path or $CDCTL_PLUGIN_PATH"},
    ConfigKey{file, "", "signals", "table", "", "{ spool = true }", "signal signals",
              "How signals are taken and kept"},
    ConfigKey{file, "", "signals.spool", "flag", "false", "true", "signal signals probe",
              "Keep signals in the home while the feed is out of reach"},
    ConfigKey{file, "", "signals.token_file", "file", "", "\"listen.token\"", "signals",
              "A file of mode 0600 with the token of --listen"},
    ConfigKey{file, "", "signals.token_env", "text", "", "\"CDCTL_TOKEN\"", "signals",
              "The environment variable with the token of --listen"},
    ConfigKey{file, "", "signals.token_command", "list", "", "[\"pass\", \"cdctl-token\"]",
              "signals", "A program, without a shell, that prints the token of --listen"},
    // plugin local
    ConfigKey{file, "local", "local", "table", "", "{ home = \"/var/lib/cdctl\" }", "all",
              "The engine of this machine"},
    ConfigKey{file, "local", "local.home", "text", "~/.local/state/cdctl; root: /var/lib/cdctl",
              "\"/srv/cdctl\"", "all",
              "Where the sets of this machine, caches and positions are; $CDCTL_HOME goes first"},
    // plugin mojo
    ConfigKey{both, "mojo", "mojo", "table", "", "{ stage = \"production\" }", "deploy",
              "How Mojo specs are run"},
    ConfigKey{file, "mojo", "mojo.root", "text", "mojo in the home", "\"/srv/mojo\"", "deploy mojo",
              "Of projects' secrets: ROOT/LOCAL/SERVICE/STAGE"},
    ConfigKey{service, "mojo", "mojo.stage", "text", "", "\"production\"", "deploy",
              "The part of the spec to deploy by, looked up from SPEC/STAGE towards SPEC"},
    ConfigKey{service, "mojo", "mojo.manifest", "text", "manifest", "\"manifest-small\"", "deploy",
              "The manifest's file name"},
    ConfigKey{service, "mojo", "mojo.series", "text", "", "\"noble\"", "deploy",
              "$MOJO_SERIES of its scripts and templates"},
    ConfigKey{service, "mojo", "mojo.runner", "word", "native", "\"mojo\"", "deploy",
              "native, or mojo: one that is installed"},
    // plugin rabbit
    ConfigKey{both, "rabbit", "rabbit", "table", "",
              "{ queues = { thumbs = { type = \"quorum\" } } }", "all",
              "In cdctl.toml the broker; in a service's file what its sets need of it"},
    ConfigKey{file, "rabbit", "rabbit.management", "address", "", "\"http://127.0.0.1:15672\"",
              "all", "The broker's management API, without credentials"},
    ConfigKey{file, "rabbit", "rabbit.amqp", "address", "", "\"amqp://127.0.0.1:5672\"", "all",
              "The broker's address for cdctl and for the workers, without credentials"},
    ConfigKey{both, "rabbit", "rabbit.vhost", "text", "/", "\"jobs\"", "all",
              "The virtual host of the queues; a service's own goes before its broker's"},
    ConfigKey{file, "rabbit", "rabbit.brokers", "table", "none",
              "{ batch = { management = \"http://batch:15672\", amqp = \"amqp://batch\", user = "
              "\"cdctl\", password_file = \"batch.password\" } }",
              "all", "Further brokers by name, each with the keys of [rabbit]"},
    ConfigKey{service, "rabbit", "rabbit.broker", "word", "that of [rabbit]", "\"batch\"", "all",
              "The broker that the service lives on: docs/rabbitmq.md"},
    ConfigKey{file, "rabbit", "rabbit.user", "text", "", "\"cdctl\"", "all",
              "An administrator of the broker"},
    ConfigKey{file, "rabbit", "rabbit.password_file", "file", "", "\"secrets/rabbit.password\"",
              "all", "A file of mode 0600 with its password"},
    ConfigKey{file, "rabbit", "rabbit.password_env", "text", "", "\"CDCTL_RABBIT_PASSWORD\"", "all",
              "The environment variable with its password"},
    ConfigKey{file, "rabbit", "rabbit.password_command", "list", "", "[\"pass\", \"cdctl\"]", "all",
              "A program, without a shell, that prints its password"},
    ConfigKey{file, "rabbit", "rabbit.ca_file", "file", "the system's", "\"broker-ca.pem\"", "all",
              "Who signed the broker's certificate"},
    ConfigKey{file, "rabbit", "rabbit.feed_max_age", "duration", "24h", "\"7d\"", "signal signals",
              "How long the broker keeps signals"},
    ConfigKey{file, "rabbit", "rabbit.feed_max_bytes", "count", "no bound", "1000000000",
              "signal signals", "How many bytes of signals the broker keeps"},
    ConfigKey{service, "rabbit", "rabbit.queues", "table", "none",
              "{ thumbs = { type = \"quorum\" } }", "deploy",
              "Queues that the workers read, declared by deploy; with type, durable, arguments, "
              "bindings"},
    ConfigKey{service, "rabbit", "rabbit.exchanges", "table", "none",
              "{ jobs = { type = \"topic\" } }", "deploy", "Exchanges that deploy declares"},
    ConfigKey{service, "rabbit", "rabbit.publish", "list", "none", "[\"results\"]", "deploy",
              "Exchanges that the workers may publish to; \"\" is the default exchange"},
    ConfigKey{service, "rabbit", "rabbit.max_connections", "count", "no bound", "20", "deploy mend",
              "Connections that the user of a set may have"},
    // plugin juju
    ConfigKey{both, "juju", "juju", "table", "", "{ amqp = \"worker:amqp-url\" }", "all",
              "docs/juju.md"},
    ConfigKey{file, "juju", "juju.controller", "text", "the one that Juju has chosen", "\"attic\"",
              "all", "The controller of the sets"},
    ConfigKey{file, "juju", "juju.data", "text", "where Juju looks", "\"/srv/deploy/juju\"", "all",
              "Juju's own folder: its login"},
    ConfigKey{service, "juju", "juju.isolation", "word", "model", "\"application\"", "deploy",
              "A model for each set, or an application in a shared model"},
    ConfigKey{service, "juju", "juju.model", "text", "", "\"attic:admin/shared\"", "deploy",
              "With isolation by application: the shared model"},
    ConfigKey{service, "juju", "juju.application", "text", "its only one", "\"worker\"", "deploy",
              "With isolation by application: which one of the bundle becomes the set"},
    ConfigKey{service, "juju", "juju.cloud", "text", "the controller's", "\"maas/default\"",
              "deploy", "CLOUD[/REGION] of new models"},
    ConfigKey{service, "juju", "juju.credential", "text", "the cloud's default", "\"deployer\"",
              "deploy", "The credential of new models"},
    ConfigKey{service, "juju", "juju.model_config", "table", "",
              "{ logging-config = \"<root>=INFO\" }", "deploy", "Settings of new models"},
    ConfigKey{service, "juju", "juju.amqp", "text", "", "\"worker:amqp-url\"", "deploy",
              "[APPLICATION:]OPTION that takes AMQP_URL"},
    ConfigKey{service, "juju", "juju.amqp_as", "word", "overlay", "\"secret\"", "deploy",
              "How it gets there: overlay, option, secret"},
    ConfigKey{service, "juju", "juju.storage", "word", "release", "\"destroy\"", "reap",
              "What becomes of the disks of a reaped set: release leaves them, destroy wipes them"},
    ConfigKey{service, "juju", "juju.cut", "list", "relations and expose",
              "[\"relations\", \"scale\"]", "break mend",
              "What a cut does: relations, expose, scale"},
    ConfigKey{service, "juju", "juju.force_after", "duration", "5m", "\"10m\"", "reap",
              "From here on a reap says --force"},
    ConfigKey{service, "juju", "juju.no_wait_after", "duration", "15m", "\"20m\"", "reap",
              "From here on a reap says --no-wait, too"},
    ConfigKey{service, "juju", "juju.give_up_after", "duration", "30m", "\"1h\"", "reap",
              "From here on a reap ends with a line for a person"},
};

/// A service's own keys stand in cdctl.toml under [defaults] alone; a plugin has a table in either
/// file.
bool stands(const ConfigKey& key, bool service_file) {
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

std::span<const ConfigKey> config_keys() { return k_keys; }

std::vector<std::string> known_keys(bool service_file, std::string_view prefix) {
  std::vector<std::string> out;
  const bool defaults = !service_file && (prefix == "defaults" || prefix.starts_with("defaults."));
  if (defaults) prefix.remove_prefix(std::min<std::size_t>(prefix.size(), 9));
  for (const auto& key : k_keys) {
    if (!key.plugin.empty() || key.name.ends_with('*')) continue;
    if (defaults ? key.place != both : service_file ? !stands(key, true) : key.place != file)
      continue;
    const auto dot = key.name.rfind('.');
    const auto table = dot == key.name.npos ? std::string_view() : key.name.substr(0, dot);
    if (table == prefix) out.emplace_back(key.name.substr(dot == key.name.npos ? 0 : dot + 1));
  }
  return out;
}

const ConfigKey* find_key(bool service_file, std::string_view dotted) {
  const bool defaults = !service_file && dotted.starts_with("defaults.");
  if (defaults) dotted.remove_prefix(9);
  for (const auto& key : k_keys)
    if ((defaults ? key.place == both : stands(key, service_file)) && fits(key.name, dotted))
      return &key;
  return nullptr;
}

std::string wrong_type(const ConfigKey& key, const Json& value) {
  const auto must = [&](std::string_view what) {
    return fmt::format("'{}' must be {}, such as {}", key.name, what, key.example);
  };
  const auto& type = key.type;
  if ((type == "text" || type == "word" || type == "file" || type == "address") &&
      value.view().empty())
    return must("text that is not empty");
  if (type == "address" && !value.view().contains("://")) return must("an address");
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
  }
  return "";
}

}  // namespace cdctl::config
