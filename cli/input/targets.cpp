#include "cli/input/targets.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/set_name.hpp>
#include <cdctl/text.hpp>

#include "cli/input/record_reader.hpp"
#include "core/fleet/fleet.hpp"
#include "core/fleet/selector.hpp"

namespace cdctl::cli {

namespace {

struct Picked {
  std::vector<std::vector<SetName>> sets;  ///< of each selector
  bool all_asked = true;
};

/// `missing`: a selector that means no set is told of.
Result<Picked> pick(Context& context, const std::vector<fleet::Selector>& selectors, bool missing,
                    const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto services, fleet::services_of(context, selectors));
  Picked out;
  fleet::Fleet fleet(context);
  fleet.load(services, deadline);
  fleet::load_roles(fleet, selectors, deadline);
  for (auto& view : fleet.services()) {
    if (!view.error) continue;
    context.report_record(view.config->name, "listing sets", *view.error);
    out.all_asked = false;
    view.sets.clear();  // what cannot be read is not acted on
  }
  for (const auto& selector : selectors) {
    CDCTL_TRY_ASSIGN(const auto picked, selector.pick(fleet));
    if (picked.empty() && missing)
      fleet::report_missing(context, fleet, selector, fleet::Asker::acts);
    auto& names = out.sets.emplace_back();
    for (const auto* set : picked) names.push_back(set->name);
  }
  return out;
}

}  // namespace

Result<std::vector<SetName>> targets_of(Context& context, const Arguments& args,
                                        const Deadline& deadline) {
  std::vector<SetName> out;
  const auto add = [&](const SetName& name) {
    if (std::ranges::find(out, name) == out.end()) out.push_back(name);
  };
  std::vector<fleet::Selector> selectors;
  for (const auto& word : args.words) {
    if (word == "-") {
      CDCTL_TRY_ASSIGN(const auto names, read_names(context));
      for (const auto& name : names) add(*parse_set_name(name));
      continue;
    }
    CDCTL_TRY_ASSIGN(auto selector, fleet::Selector::parse(word));
    if (selector.whole)
      add({selector.service, selector.revision});
    else
      selectors.push_back(std::move(selector));
  }
  if (selectors.empty()) return out;
  CDCTL_TRY_ASSIGN(const auto picked, pick(context, selectors, true, deadline));
  for (const auto& names : picked.sets)
    for (const auto& name : names) add(name);
  return out;
}

Result<std::vector<SetName>> even_last_of(Context& context, const Arguments& args,
                                          const std::vector<SetName>& targets,
                                          const Deadline& deadline) {
  std::vector<SetName> out;
  for (const auto& word : args.values("even-last")) {
    CDCTL_TRY_ASSIGN(const auto selector, fleet::Selector::parse(word));
    if (selector.whole) {
      out.push_back({selector.service, selector.revision});
    } else {
      CDCTL_TRY_ASSIGN(const auto picked, pick(context, {selector}, false, deadline));
      const auto& sets = picked.sets.front();
      if (!picked.all_asked)
        return fail(ExitCode::unknown, fmt::format("--even-last {}: which set that is could not be "
                                                   "asked; give its whole name",
                                                   word));
      if (sets.size() != 1)
        return fail(ExitCode::usage, fmt::format("--even-last {}: that is {}; name one", word,
                                                 plural(std::ssize(sets), "set")));
      out.push_back(sets.front());
    }
    if (!targets.empty() && std::ranges::find(targets, out.back()) == targets.end())
      return fail(ExitCode::usage, fmt::format("--even-last {}: {} is not among the sets that are "
                                               "named",
                                               word, out.back().str()));
  }
  return out;
}

}  // namespace cdctl::cli
