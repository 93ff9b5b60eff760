#include <fmt/format.h>

#include "cli/command_line/command.hpp"
#include "cli/command_line/options.hpp"
#include "cli/output/context.hpp"
#include "core/actions/outcome.hpp"
#include "core/fleet/fleet.hpp"
#include "core/records/hold.hpp"

namespace cdctl::cli {

namespace {

Json hold_record(Context& context, const std::string& service, const std::optional<Hold>& hold,
                 bool changed, bool dry_run) {
  records::HoldRecord record;
  record.service = service;
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
  return records::encode(record);
}

/// Said again in the same words a freeze stays as it is; another reason or another time takes its
/// place.
Result<> set_hold(Context& context, const ServiceConfig& service, std::optional<Hold> wanted,
                  bool dry_run, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(auto* const memory, context.memory(context.memory_name(service)));
  CDCTL_TRY(memory->read(service.name, deadline));  // a freeze that could not be read is not "none"
  CDCTL_TRY_ASSIGN(const auto there, fleet::hold_of(*memory, service.name, deadline));
  const bool same =
      wanted ? there && there->why == wanted->why && !there->until && !wanted->until : !there;
  if (same && wanted) wanted = there;
  if (!same && !dry_run) {
    CDCTL_TRY(memory->put_hold(service.name, wanted, deadline));
    const bool bounded = wanted && wanted->until;
    actions::keep_in_log(
        context, {wanted ? "hold" : "resume",
                  service.name,
                  {},
                  wanted ? wanted->why : "",
                  bounded ? Json::object({{"until", to_rfc3339(*wanted->until)}}) : Json()});
  }
  context.out.write(hold_record(context, service.name, wanted, !same, dry_run));
  return {};
}

Result<> set_holds(Context& context, const Arguments& args, const std::optional<Hold>& wanted) {
  CDCTL_TRY_ASSIGN(const auto timeout, duration_option(args, "timeout", std::chrono::seconds(30)));
  std::vector<const ServiceConfig*> services;
  for (const auto& word : args.words) {  // all words before the first act
    CDCTL_TRY_ASSIGN(services.emplace_back(), fleet::find_service(context, word));
  }
  for (const auto* service : services)
    if (auto done = set_hold(context, *service, wanted, args.has("dry-run"), Deadline(timeout));
        !done)
      context.report(done.error().in(service->name));
  return {};
}

}  // namespace

int run_hold(Context& context, const Arguments& args) {
  return complete(context, [&]() -> Result<> {
    if (args.words.empty())
      return fail(ExitCode::usage,
                  "hold: name a SERVICE, such as: cdctl hold thumbs --for 2h --why 'the sale'");
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
    if (args.words.empty())
      return fail(ExitCode::usage,
                  "resume: name a SERVICE whose deploys are held; cdctl ls shows them");
    return set_holds(context, args, {});
  });
}

}  // namespace cdctl::cli
