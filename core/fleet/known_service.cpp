#include "core/fleet/known_service.hpp"

#include <set>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cdctl/set_name.hpp>
#include <cdctl/text.hpp>

#include "core/fleet/fleet.hpp"

namespace cdctl::fleet {

Result<const ServiceConfig*> configured_service(app::Context& context, std::string_view name) {
  if (const auto* config = context.config().service(name)) return config;
  if (const auto broken = context.config().broken.find(std::string(name));
      broken != context.config().broken.end())
    return std::unexpected(broken->second);
  return fail(fmt::format("no service '{}' in {}{}", printable(name, 60),
                          (context.config().file.parent_path() / "services.d").string(),
                          nearest_service(context.config(), name)));
}

namespace {

constexpr Millis k_who_is_that{3000};

/// `, its sets live in home web1:/var/lib/cdctl`
std::string where_it_lives(const ServiceView& view) {
  std::set<std::string> homes;
  for (const auto& set : view.sets)
    if (!set.home.empty()) homes.insert(set.home);
  if (homes.empty()) return view.sets.empty() ? ", and its sets were reaped" : "";
  return fmt::format(", its sets live in home {}", fmt::join(homes, ", "));
}

}  // namespace

Result<const ServiceConfig*> find_service(app::Context& context, std::string_view name) {
  auto found = configured_service(context, name);
  if (found || found.error().exit != ExitCode::failed) return found;
  if (!valid_service_name(name))
    return fail(ExitCode::usage,
                fmt::format("'{}' is no service; see cdctl ls", printable(name, 60)));
  Fleet fleet(context);
  fleet.load({std::string(name)}, Deadline(k_who_is_that));
  const auto* view = fleet.service(name);
  if (!view || (view->sets.empty() && view->gone.empty())) return found;
  return fail(ExitCode::config,
              fmt::format("{} is not configured in {}{}; do it with the configuration that has {}",
                          name, context.config().file.string(), where_it_lives(*view), name));
}

std::string nearest_service(const Config& config, std::string_view name) {
  std::vector<std::string> names;
  for (const auto& service : config.services) names.push_back(service.name);
  return did_you_mean(name, names);
}

Result<> refuse_foreign(const app::Context& context, const SetView& set) {
  if (!set.foreign || set.memory.set) return {};
  return fail(ExitCode::refused,
              fmt::format("refused: {} is not configured in {}, and what is remembered of the set "
                          "is kept elsewhere; do it with the configuration that has {}",
                          set.name.service, context.config().file.string(), set.name.service));
}

void report_broken(app::Context& context) {
  for (const auto& [name, error] : context.config().broken)
    context.report_record(name, "reading its file", error);
}

}  // namespace cdctl::fleet
