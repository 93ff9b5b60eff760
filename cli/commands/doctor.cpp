#include <algorithm>

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "cli/command_line/command.hpp"
#include "cli/output/context.hpp"
#include "cli/output/screen_text.hpp"
#include "cli/setup/doctor_machine.hpp"
#include "cli/setup/doctor_plugins.hpp"
#include "core/actions/outcome.hpp"
#include "core/records/check.hpp"

namespace cdctl::cli {

namespace {

constexpr std::string_view name_of(Check::State state) {
  switch (state) {
    case Check::State::ok:
      return "ok";
    case Check::State::warning:
      return "warning";
    case Check::State::bad:
      return "bad";
    case Check::State::unknown:
      return "unknown";
  }
  return "unknown";
}

/// A check for people: the state first, the cure below. A table of such long cells would fit no
/// terminal.
std::string lines_of(const Check& check, bool colour, std::size_t columns) {
  const auto code = check.state == Check::State::ok    ? "32"
                    : check.state == Check::State::bad ? "31"
                                                       : "35";  // yellow cannot be read on white
  const auto state = fmt::format("{:<8}", name_of(check.state));
  const auto cure = check.cure.empty()
                        ? std::string()
                        : fmt::format("         cure: {}\n", wrapped(check.cure, 15, columns));
  const auto line = wrapped(check.what + ": " + check.found, 9, columns);
  return fmt::format("{} {}\n{}", colour ? fmt::format("\x1b[{}m{}\x1b[0m", code, state) : state,
                     line, cure);
}

/// Writes what was found, and counts: what is bad is exit 1, what could not be looked at exit 4.
void tell(Context& context, std::string_view plugin, const Check& check) {
  if (context.out.format() == Format::table)
    context.out.text(lines_of(check, context.out.colour(), Output::columns()));
  else
    context.out.write(
        records::encode(records::CheckRecord{.what = check.what,
                                             .state = std::string(name_of(check.state)),
                                             .found = printable(check.found, 500),
                                             .plugin = std::string(plugin),
                                             .cure = check.cure,
                                             .time = now()}));
  if (check.state == Check::State::bad) context.note_exit(ExitCode::failed);
  if (check.state == Check::State::unknown) context.note_exit(ExitCode::unknown);
}

void tell_all(Context& context, std::string_view plugin, const std::vector<Check>& checks) {
  for (const auto& check : checks) tell(context, plugin, check);
}

bool check_config(Context& context) {
  if (auto loaded = context.load_config(); !loaded) {
    const auto& what = loaded.error().what;
    const auto remedy =
        what.find("; cdctl init makes one");  // none was found: the error says the cure itself
    tell(context, "",
         {"configuration", Check::State::bad, what.substr(0, remedy),
          remedy == what.npos
              ? "cdctl config check shows all that is wrong with it, --config FILE names another"
              : what.substr(remedy + 2)});
    return false;
  }
  const auto& config = context.config();
  tell(context, "",
       {"configuration", Check::State::ok,
        fmt::format("{}, {} service{}", config.file.string(), config.services.size(),
                    config.services.size() == 1 ? "" : "s"),
        ""});
  for (const auto& [name, error] : config.broken)
    tell(context, "",
         {"service " + name, Check::State::bad, error.what,
          "correct its file (cdctl config check shows all); it is left out until then"});
  if (config.services.empty() && config.broken.empty()) {
    tell(context, "",
         {"services", Check::State::warning, "there is none",
          "cdctl init " + config.file.parent_path().string() + " adds one"});
  }
  return true;
}

void check_plugins(Context& context) {
  for (const auto& plugin : context.plugin_host().plugins()) {
    const auto refused = plugins::PluginHost::inspect(plugin);
    if (!refused.empty())
      tell(context, plugin.name,
           {"plugin", Check::State::bad, refused,
            "install the plugin of this version, or remove " + plugin.manifest.string()});
  }
}

/// Whether the configuration has a use for the plugin: a table of its own, or a service that names
/// it.
bool in_use(const Config& config, const plugins::PluginInfo& plugin) {
  if (config.table[plugin.name].is_object()) return true;
  const auto offers = [&](std::string_view role, std::string_view kind) {
    return std::ranges::any_of(plugin.roles, [&](const plugins::RoleInfo& row) {
      return row.role == role && row.kind == kind;
    });
  };
  return std::ranges::any_of(config.services, [&](const ServiceConfig& service) {
    return offers("engine", service.engine) || offers("deployer", service.deployer) ||
           std::ranges::any_of(service.switches,
                               [&](const auto& name) { return offers("switch", name); }) ||
           std::ranges::any_of(service.sources, [&](const SourceConfig& source) {
             return offers("source", source.kind);
           });
  });
}

void ask_plugins(Context& context, Millis timeout) {
  std::vector<Examination> all;
  for (const auto& plugin : context.plugin_host().plugins()) {
    if (!plugin.refused.empty() || !in_use(context.config(), plugin)) continue;
    for (const auto& row : plugin.roles) {
      if (row.role != "doctor") continue;
      all.push_back({plugin.name, [&context, kind = row.kind, timeout]() -> std::vector<Check> {
                       auto doctor = context.doctor(kind);
                       if (!doctor)
                         return {{"plugin", Check::State::bad, doctor.error().what,
                                  "see cdctl plugins --check"}};
                       return (*doctor)->examine(Deadline(timeout));
                     }});
    }
  }
  const auto found = examine_all(all, timeout);
  for (std::size_t i = 0; i < all.size(); ++i) tell_all(context, all[i].plugin, found[i]);
}

}  // namespace

int run_doctor(Context& context, const Arguments& args) {
  return actions::complete(context, [&]() -> Result<> {
    CDCTL_TRY_ASSIGN(const auto timeout,
                     actions::duration_option(args, "timeout", std::chrono::seconds(15)));
    check_plugins(context);
    const bool configured = check_config(context);
    tell_all(context, "", look_at_home(context.home()));
    tell_all(context, "", look_at_limits());
    if (!configured) return {};
    tell_all(context, "", look_at_files(context.config()));
    tell_all(context, "", look_at_services(context.config()));
    context.out.flush();
    ask_plugins(context, timeout);
    return {};
  });
}

}  // namespace cdctl::cli
