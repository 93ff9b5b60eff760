#include <algorithm>

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "cli/command_line/command.hpp"
#include "cli/command_line/options.hpp"
#include "cli/output/context.hpp"
#include "cli/output/screen_text.hpp"
#include "cli/setup/doctor_machine.hpp"
#include "cli/setup/doctor_plugins.hpp"
#include "cli/setup/doctor_services.hpp"
#include "cli/setup/doctor_sets.hpp"
#include "cli/setup/target_check.hpp"
#include "core/config/place.hpp"
#include "core/notify/receiver.hpp"
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
  if (check.state == Check::State::bad && context.check_home()) context.note_exit(ExitCode::failed);
  if (check.state == Check::State::unknown) context.note_exit(ExitCode::unknown);
}

void tell_all(Context& context, std::string_view plugin, const std::vector<Check>& checks) {
  for (const auto& check : checks) tell(context, plugin, check);
}

bool check_config(Context& context) {
  if (auto loaded = context.load_config(); !loaded && !context.has_config()) {
    const bool none = loaded.error().reason == Reason::no_configuration;
    tell(
        context, "",
        {"configuration", Check::State::bad,
         none ? std::string(config::k_no_configuration) : loaded.error().what,
         none ? std::string(config::k_no_configuration_cure)
              : "cdctl config check shows all that is wrong with it, --config FILE names another"});
    return false;
  }
  const auto& config = context.config();
  tell(context, "",
       {"configuration", Check::State::ok,
        fmt::format("{}, {}", config.file.string(),
                    plural(static_cast<std::int64_t>(config.services.size()), "service")),
        ""});
  for (const auto& [name, error] : config.broken)
    tell(context, "",
         {"service " + name, Check::State::bad, error.what,
          "correct its file (cdctl config check shows all); it is left out until then"});
  const bool lands = !config.targets.empty() || !config.broken_targets.empty();
  if (config.services.empty() && config.broken.empty() && !lands) {
    tell(context, "",
         {"services", Check::State::warning, "there is none",
          "cdctl init " + config.file.parent_path().string() + " adds one"});
  }
  return true;
}

/// What is wrong with whom `notify` tells: it is found here before somebody misses a page.
std::vector<Check> look_at_receivers(Context& context) {
  std::vector<Check> out;
  for (const auto& problem : notify::receiver_problems(context))
    out.push_back({"receivers", problem.doubt ? Check::State::warning : Check::State::bad,
                   problem.what,
                   "correct it (cdctl config check says where); what is for a receiver of a wrong "
                   "table is kept until then"});
  return out;
}

}  // namespace

int run_doctor(Context& context, const Arguments& args) {
  return complete(context, [&]() -> Result<> {
    CDCTL_TRY_ASSIGN(const auto timeout,
                     duration_option(args, "timeout", std::chrono::seconds(15)));
    for (const auto& [plugin, checks] : look_at_plugins(context)) tell_all(context, plugin, checks);
    const bool configured = check_config(context);
    if (auto home = context.check_home(); !home) {
      tell(context, "", {"home", Check::State::bad, home.error().what, ""});
      return home;
    }
    tell_all(context, "", look_at_home(context.home()));
    const auto actor = context.actor();  // user@host
    tell_all(context, "", look_at_name(std::string_view(actor).substr(actor.find('@') + 1)));
    tell_all(context, "", look_at_limits());
    if (!configured) return {};
    tell_all(context, "", look_at_files(context.config(), context.plugin_host()));
    tell_all(context, "", look_at_services(context.config()));
    tell_all(context, "", look_at_receivers(context));
    tell_all(context, "", look_at_work(context, Deadline(timeout)));
    context.out.flush();
    tell_all(context, "", look_at_targets(context, Deadline(timeout)));
    for (const auto& [plugin, checks] : ask_doctors(context, timeout))
      tell_all(context, plugin, checks);
    tell_all(context, "", look_at_sets(context, timeout));
    return {};
  });
}

}  // namespace cdctl::cli
