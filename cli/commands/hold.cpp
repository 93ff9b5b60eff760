#include <string>
#include <vector>

#include <fmt/format.h>

#include <cdctl/set_name.hpp>
#include <cdctl/text.hpp>

#include "cli/command_line/command.hpp"
#include "cli/command_line/options.hpp"
#include "cli/output/context.hpp"
#include "core/actions/outcome.hpp"
#include "core/fleet/fleet.hpp"
#include "core/fleet/known_service.hpp"
#include "core/fleet/revisions.hpp"
#include "core/land/freeze.hpp"
#include "core/land/targets.hpp"
#include "core/records/hold.hpp"

namespace cdctl::cli {

namespace {

/// What is held: a service, or one revision of it.
struct Held {
  const ServiceConfig* service;
  std::string name;  ///< of the service, or the set

  [[nodiscard]] bool revision() const { return name != service->name; }
};

records::HoldRecord hold_record(Context& context, const std::optional<Hold>& hold, bool changed,
                                bool dry_run) {
  records::HoldRecord record;
  record.held = hold.has_value();
  record.changed = changed;
  if (hold) {
    record.since = hold->at;
    record.until = hold->until;
    record.why = hold->why;
  }
  record.by = hold ? hold->by : context.actor();
  record.dry_run = dry_run;
  record.time = now();
  return record;
}

/// Whether what is there already is what is wanted.
bool says_the_same(const std::optional<Hold>& there, const std::optional<Hold>& wanted) {
  return wanted ? there && there->why == wanted->why && !there->until && !wanted->until : !there;
}

/// Said again in the same words a freeze stays as it is; another reason or another time takes its
/// place.
Result<> set_hold(Context& context, Memory& memory, const Held& held, std::optional<Hold> wanted,
                  bool dry_run, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto there, fleet::hold_of(memory, held.name, deadline));
  const bool same = says_the_same(there, wanted);
  if (same && wanted) wanted = there;
  if (!same && !dry_run) {
    CDCTL_TRY(memory.put_hold(held.name, wanted, deadline));
    const bool bounded = wanted && wanted->until;
    actions::keep_in_log(
        context,
        {wanted ? "hold" : "resume", held.service->name,
         held.revision() ? parse_set_name(held.name) : std::nullopt, wanted ? wanted->why : "",
         bounded ? Json::object({{"until", to_rfc3339(*wanted->until)}}) : Json()});
  }
  auto record = hold_record(context, wanted, !same, dry_run);
  record.service = held.service->name;
  if (held.revision()) record.set = held.name;
  context.out.write(records::encode(record));
  return {};
}

/// A service is resumed with all revisions of it that are held out.
Result<std::vector<Held>> meant(Memory& memory, const Held& named, bool resume,
                                const Deadline& deadline) {
  std::vector<Held> out{named};
  if (!resume || named.revision()) return out;
  CDCTL_TRY_ASSIGN(const auto holds, memory.holds(deadline));
  for (const auto& [name, hold] : holds)
    if (const auto set = parse_set_name(name); set && set->service == named.name)
      out.push_back({named.service, name});
  return out;
}

Result<> set_all(Context& context, const Held& named, const std::optional<Hold>& wanted,
                 bool dry_run, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(auto* const memory, context.memory(context.memory_name(*named.service)));
  // A freeze that could not be read is not "none".
  CDCTL_TRY(memory->read(named.service->name, deadline));
  if (const auto set = parse_set_name(named.name)) {
    CDCTL_TRY_ASSIGN(const auto holds, memory->holds(deadline));
    if (!holds.contains(named.name))
      CDCTL_TRY(fleet::check_revision(context, *named.service, *set, deadline));
  }
  CDCTL_TRY_ASSIGN(const auto all, meant(*memory, named, !wanted, deadline));
  for (const auto& held : all)
    CDCTL_TRY(set_hold(context, *memory, held, wanted, dry_run, deadline));
  return {};
}

/// Nothing lands on a target: kept where the freezes of services are, so that all landers see it.
Result<> set_target_hold(Context& context, const std::string& name, std::optional<Hold> wanted,
                         bool dry_run, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto* target, land::find_target(context, name));
  CDCTL_TRY_ASSIGN(const auto key, land::freeze_name(target->name));
  CDCTL_TRY_ASSIGN(auto* const memory, context.memory(context.memory_name()));
  CDCTL_TRY(memory->read(key, deadline));
  CDCTL_TRY_ASSIGN(const auto there, fleet::hold_of(*memory, key, deadline));
  const bool same = says_the_same(there, wanted);
  if (same && wanted) wanted = there;
  auto record = hold_record(context, wanted, !same, dry_run);
  record.target = target->name;
  if (!same && !dry_run) {
    CDCTL_TRY(memory->put_hold(key, wanted, deadline));
    auto more = Json::object({{"target", target->name}});
    if (wanted && wanted->until) more.set("until", to_rfc3339(*wanted->until));
    actions::keep_in_log(context, {.action = wanted ? "hold" : "resume",
                                   .service = {},
                                   .why = wanted ? wanted->why : "",
                                   .more = std::move(more)});
  }
  context.out.write(records::encode(record));
  return {};
}

Result<> set_target_holds(Context& context, const Arguments& args,
                          const std::optional<Hold>& wanted, const Deadline& deadline) {
  if (!args.words.empty())
    return fail(ExitCode::usage, "a SERVICE and --target are two things: say them one by one");
  for (const auto& name : args.values("target")) {
    if (auto done = set_target_hold(context, name, wanted, args.has("dry-run"), deadline); !done)
      context.report(done.error().in(name));
    const auto* target = context.config().target(name);
    if (!wanted && target && !target->frozen.empty())
      context.out.warning(
          fmt::format("{}: its file says frozen = \"{}\", too: nothing lands before "
                      "that line is gone",
                      name, printable(target->frozen, 80)));
  }
  return {};
}

Result<> set_holds(Context& context, const Arguments& args, const std::optional<Hold>& wanted) {
  CDCTL_TRY_ASSIGN(const auto timeout, duration_option(args, "timeout", std::chrono::seconds(30)));
  if (args.has("target")) return set_target_holds(context, args, wanted, Deadline(timeout));
  std::vector<Held> named;
  for (const auto& word : args.words) {  // all words before the first act
    const auto set = parse_set_name(word);
    if (!set && !valid_service_name(word))
      return fail(ExitCode::usage, fmt::format("'{}' is no SERVICE and no whole SERVICE-REVISION",
                                               printable(word, 60)));
    CDCTL_TRY_ASSIGN(const auto* service, fleet::find_service(context, set ? set->service : word));
    named.push_back({service, word});
  }
  for (const auto& one : named)
    if (auto done = set_all(context, one, wanted, args.has("dry-run"), Deadline(timeout)); !done)
      context.report(done.error().in(one.name));
  return {};
}

}  // namespace

int run_hold(Context& context, const Arguments& args) {
  return complete(context, [&]() -> Result<> {
    if (args.words.empty() && !args.has("target"))
      return fail(
          ExitCode::usage,
          "hold: name a SERVICE, such as: cdctl hold thumbs --for 2h --why 'the sale'; or the "
          "SET of one revision");
    CDCTL_TRY_ASSIGN(const auto length, duration_option(args, "for", Millis(0)));
    if (args.has("for") && length <= Millis(0))
      return fail(ExitCode::usage, "hold: --for must be longer than nothing");
    const auto at = now();
    return set_holds(context, args,
                     Hold{context.actor(), args.value("why", "by hand"), at,
                          args.has("for") ? std::optional(at + length) : std::nullopt});
  });
}

int run_resume(Context& context, const Arguments& args) {
  return complete(context, [&]() -> Result<> {
    if (args.words.empty() && !args.has("target"))
      return fail(ExitCode::usage,
                  "resume: name a SERVICE whose deploys are held; cdctl ls shows them");
    return set_holds(context, args, {});
  });
}

}  // namespace cdctl::cli
