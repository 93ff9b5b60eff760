#include <map>
#include <optional>
#include <string>

#include <fmt/format.h>

#include <cdctl/set_name.hpp>
#include <cdctl/text.hpp>

#include "cli/command_line/command.hpp"
#include "cli/command_line/options.hpp"
#include "cli/output/context.hpp"
#include "core/actions/outcome.hpp"
#include "core/fleet/known_service.hpp"
#include "core/fleet/revisions.hpp"
#include "core/records/force.hpp"

namespace cdctl::cli {

namespace {

Result<std::optional<Force>> read_state(Context& context, const Arguments& args) {
  const auto& word = args.words.front();
  if (word == "none") return std::optional<Force>();
  for (const auto state : {Force::State::open, Force::State::closed, Force::State::observe})
    if (word == to_string(state))
      return std::optional(Force{state, context.actor(), args.value("why", "by hand"), now()});
  static const std::vector<std::string> k_states{"open", "closed", "observe", "none"};
  return fail(ExitCode::usage, fmt::format("force '{}': say open (stay cut), closed (never be "
                                           "cut), observe (be judged, not cut) or none{}",
                                           printable(word, 40), did_you_mean(word, k_states)));
}

/// A service, or one whole set of one: globs and prefixes would be forgotten sooner than what they
/// matched.
Result<std::string> service_of_target(const std::string& target) {
  if (const auto set = parse_set_name(target)) return set->service;
  if (valid_service_name(target)) return target;
  return fail(ExitCode::usage,
              fmt::format("force: '{}' is no SERVICE and no whole SERVICE-REVISION",
                          printable(target, 60)));
}

Result<> force_one(Context& context, const std::string& target, const std::optional<Force>& force,
                   bool dry_run, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto name, service_of_target(target));
  CDCTL_TRY_ASSIGN(const auto* service, fleet::find_service(context, name));
  CDCTL_TRY_ASSIGN(auto* const memory, context.memory(context.memory_name(*service)));
  if (const auto set = parse_set_name(target)) {
    CDCTL_TRY_ASSIGN(const auto said, memory->force_of(*set, deadline));
    // What was said of it is lifted by whatever name it was said
    if (force || !said || said->target != target)
      CDCTL_TRY(fleet::check_revision(context, *service, *set, deadline));
  }
  const auto state = force ? std::string(to_string(force->state)) : "none";
  if (!dry_run) {
    CDCTL_TRY(memory->put_force(target, force, deadline));
    actions::keep_in_log(context, {"force", name, parse_set_name(target), force ? force->why : "",
                                   Json::object({{"forced", state}})});
  }
  context.out.write(records::encode(records::ForceRecord{.target = target,
                                                         .service = name,
                                                         .state = state,
                                                         .by = force ? force->by : "",
                                                         .why = force ? force->why : "",
                                                         .dry_run = dry_run,
                                                         .time = now()}));
  return {};
}

records::ForceRecord record_of(const Force& force, const std::string& service) {
  return {.target = force.target,
          .service = service,
          .state = std::string(to_string(force.state)),
          .by = force.by,
          .why = force.why,
          .since = force.at,
          .time = now()};
}

/// What is forced on a service and on its sets, by the names that it was said of.
Result<std::map<std::string, Force>> forces_of(Context& context, const ServiceConfig& service,
                                               const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(auto* const memory, context.memory(context.memory_name(service)));
  CDCTL_TRY_ASSIGN(const auto known, memory->read(service.name, deadline));
  std::map<std::string, Force> out;
  bool asked = false;  // a set without a state of its own has told what is forced on its service
  for (const auto& [name, entry] : known) {
    if (entry.force) out.emplace(entry.force->target, *entry.force);
    asked = asked || !entry.force || entry.force->target == service.name;
  }
  if (asked) return out;
  CDCTL_TRY_ASSIGN(const auto all, memory->force_of({service.name, "r0000000000"}, deadline));
  if (all) out.emplace(all->target, *all);
  return out;
}

Result<> list_forces(Context& context, const Deadline& deadline) {
  fleet::report_broken(context);
  for (const auto& service : context.config().services) {
    const auto forces = forces_of(context, service, deadline);
    if (!forces) {
      context.report_record(service.name, "reading what is forced", forces.error());
      continue;
    }
    for (const auto& [target, force] : *forces)
      context.out.write(records::encode(record_of(force, service.name)));
  }
  if (context.out.tabular() && !context.out.any() && context.exit_code() == 0)
    context.out.note("nothing is forced");
  return {};
}

}  // namespace

int run_force(Context& context, const Arguments& args) {
  return complete(context, [&]() -> Result<> {
    CDCTL_TRY_ASSIGN(const auto timeout,
                     duration_option(args, "timeout", std::chrono::seconds(30)));
    if (args.words.empty()) return list_forces(context, Deadline(timeout));
    if (args.words.size() < 2)
      return fail(ExitCode::usage,
                  "force: give STATE and a SERVICE or SET, such as: cdctl force observe thumbs");
    CDCTL_TRY_ASSIGN(const auto force, read_state(context, args));
    for (std::size_t i = 1; i < args.words.size(); ++i)
      CDCTL_TRY(service_of_target(args.words[i]));  // all words before the first act
    for (std::size_t i = 1; i < args.words.size(); ++i)
      if (auto done =
              force_one(context, args.words[i], force, args.has("dry-run"), Deadline(timeout));
          !done)
        context.report(done.error().in(args.words[i]));
    return {};
  });
}

}  // namespace cdctl::cli
