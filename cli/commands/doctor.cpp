#include <algorithm>

#include <fmt/format.h>
#include <unistd.h>

#include <cdctl/fs.hpp>

#include "../command.hpp"
#include "../context.hpp"
#include "../outcome.hpp"

namespace cdctl::cli {

namespace {

constexpr std::string_view name_of(Check::State state) {
  switch (state) {
    case Check::State::ok: return "ok";
    case Check::State::warning: return "warning";
    case Check::State::bad: return "bad";
    case Check::State::unknown: return "unknown";
  }
  return "unknown";
}

/// Writes what was found, and counts: what is bad is exit 1, what could not be looked at exit 4.
void tell(Context& context, std::string_view plugin, const Check& check) {
  auto record = Json::object({{"schema", "cdctl.check/1"}, {"what", check.what}, {"state", name_of(check.state)}, {"found", printable(check.found, 500)}});
  if (!plugin.empty()) record.set("plugin", plugin);
  if (!check.cure.empty()) record.set("cure", check.cure);
  context.out.write(record.set("time", to_rfc3339(now())));
  if (check.state == Check::State::bad) context.note_exit(ExitCode::failed);
  if (check.state == Check::State::unknown) context.note_exit(ExitCode::unknown);
}

bool check_config(Context& context) {
  if (auto loaded = context.load_config(); !loaded) {
    tell(context, "", {"configuration", Check::State::bad, loaded.error().what, "write a cdctl.toml, or name one with --config"});
    return false;
  }
  const auto& config = context.config();
  tell(context, "", {"configuration", Check::State::ok, fmt::format("{}, {} service{}", config.file.string(), config.services.size(), config.services.size() == 1 ? "" : "s"), ""});
  for (const auto& [name, error] : config.broken) tell(context, "", {"service " + name, Check::State::bad, error.what, "correct its file; it is left out until then"});
  if (config.services.empty() && config.broken.empty()) {
    tell(context, "", {"services", Check::State::warning, "there is none", "put a file into " + (config.file.parent_path() / "services.d").string()});
  }
  return true;
}

void check_plugins(Context& context) {
  for (const auto& plugin : context.plugin_host().plugins()) {
    const auto refused = PluginHost::inspect(plugin);
    if (!refused.empty()) tell(context, plugin.name, {"plugin", Check::State::bad, refused, "install the plugin of this version, or remove " + plugin.manifest.string()});
  }
}

/// The home need not be there before the first deploy, but whoever makes it must be able to.
void check_home(Context& context) {
  auto folder = context.home();
  std::error_code error;
  while (!std::filesystem::exists(folder, error) && folder.has_relative_path()) folder = folder.parent_path();
  const bool writable = ::access(folder.c_str(), W_OK | X_OK) == 0;
  const auto cure = "set [local] home, or CDCTL_HOME, to a folder that you may write to";
  tell(context, "", {"home", writable ? Check::State::ok : Check::State::bad, fmt::format("{}{}", context.home().string(), writable ? "" : ": " + folder.string() + " may not be written to"), writable ? "" : cure});
}

/// Whether the configuration has a use for the plugin: a table of its own, or a service that names it.
bool in_use(const Config& config, const PluginInfo& plugin) {
  if (config.table[plugin.name].is_object()) return true;
  const auto offers = [&](std::string_view role, std::string_view kind) {
    return std::ranges::any_of(plugin.roles, [&](const RoleInfo& row) { return row.role == role && row.kind == kind; });
  };
  return std::ranges::any_of(config.services, [&](const ServiceConfig& service) {
    return offers("engine", service.engine) || offers("deployer", service.deployer) || std::ranges::any_of(service.switches, [&](const auto& name) { return offers("switch", name); }) ||
           std::ranges::any_of(service.sources, [&](const SourceConfig& source) { return offers("source", source.kind); });
  });
}

void ask_plugins(Context& context, Millis timeout) {
  for (const auto& plugin : context.plugin_host().plugins()) {
    if (!plugin.refused.empty() || !in_use(context.config(), plugin)) continue;
    for (const auto& row : plugin.roles) {
      if (row.role != "doctor") continue;
      auto doctor = context.doctor(row.kind);
      if (!doctor) {
        tell(context, plugin.name, {"plugin", Check::State::bad, doctor.error().what, "see cdctl plugins --check"});
        continue;
      }
      for (const auto& check : (*doctor)->examine(Deadline(timeout))) tell(context, plugin.name, check);
      context.out.flush();
    }
  }
}

}  // namespace

int run_doctor(Context& context, const Arguments& args) {
  return complete(context, [&]() -> Result<> {
    CDCTL_TRY_ASSIGN(const auto timeout, duration_option(args, "timeout", std::chrono::seconds(15)));
    check_plugins(context);
    const bool configured = check_config(context);
    check_home(context);
    if (configured) ask_plugins(context, timeout);
    return {};
  });
}

}  // namespace cdctl::cli
