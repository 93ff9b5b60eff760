#include <algorithm>

#include <fmt/format.h>

#include "cli/command_line/command.hpp"
#include "cli/command_line/completion/names.hpp"
#include "cli/command_line/options.hpp"
#include "cli/output/context.hpp"
#include "core/fleet/commit_notes.hpp"
#include "core/fleet/commits.hpp"
#include "core/fleet/fleet.hpp"
#include "core/fleet/known_service.hpp"
#include "core/fleet/selector.hpp"

namespace cdctl::cli {

int run_ls(Context& context, const Arguments& args) {
  return complete(context, [&]() -> Result<> {
    CDCTL_TRY_ASSIGN(const auto timeout,
                     duration_option(args, "timeout", std::chrono::seconds(30)));
    std::vector<fleet::Selector> selectors;
    for (const auto& word : args.words) {
      CDCTL_TRY_ASSIGN(auto selector, fleet::Selector::parse(word));
      selectors.push_back(std::move(selector));
    }
    CDCTL_TRY_ASSIGN(const auto services, fleet::services_of(context, selectors));
    fleet::Fleet fleet(context);
    const Deadline deadline(timeout);
    fleet.load(services, deadline);
    fleet.load_holds(deadline);
    fleet.load_outages(deadline);
    fleet.load_rights(deadline);
    fleet.load_work(deadline);
    const fleet::CommitNotes notes(context);
    for (auto& view : fleet.services()) {
      if (view.error) context.report_record(view.config->name, "listing sets", *view.error);
      if (view.unsure)
        context.out.debug(fmt::format(
            "{}: whether jobs wait for it, its rights and its work could not be asked: {}",
            view.config->name, view.unsure->what));
      if (!view.outage.empty())
        context.out.warning(
            fmt::format("{}: nobody works on it: {}", view.config->name, view.outage));
      for (auto& set : view.sets) {
        const auto wanted = [&](const fleet::Selector& selector) {
          return selector.means(view, set);
        };
        if (!selectors.empty() && std::ranges::none_of(selectors, wanted)) continue;
        if (args.has("units")) fleet.read_units(set, deadline);
        auto record = records::encode(set.record());
        fleet::add_commits(record, notes.of(set.name));
        context.out.write(record);
      }
    }
    for (const auto& selector : selectors)
      if (const auto picked = selector.pick(fleet); picked && picked->empty())
        fleet::report_missing(context, fleet, selector, fleet::Asker::looks);
    if (selectors.empty()) {
      fleet::report_broken(context);
      completion::remember(context, fleet);
    }
    if (context.out.tabular() && !context.out.any() && context.exit_code() == 0)
      context.out.note(selectors.empty() ? "no sets; cdctl outdated | cdctl deploy puts some out"
                                         : "no set matches");
    return {};
  });
}

}  // namespace cdctl::cli
