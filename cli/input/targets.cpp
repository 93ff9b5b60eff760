#include "cli/input/targets.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/set_name.hpp>

#include "cli/input/record_reader.hpp"
#include "core/fleet/fleet.hpp"
#include "core/fleet/selector.hpp"

namespace cdctl::cli {

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
  CDCTL_TRY_ASSIGN(const auto services, fleet::services_of(context, selectors));
  fleet::Fleet fleet(context);
  fleet.load(services, deadline);
  bool all_asked = true;
  for (auto& view : fleet.services()) {
    if (!view.error) continue;
    context.report_record(view.config->name, "listing sets", *view.error);
    all_asked = false;
    view.sets.clear();  // what cannot be read is not acted on
  }
  for (const auto& selector : selectors) {
    CDCTL_TRY_ASSIGN(const auto picked, selector.pick(fleet));
    if (picked.empty() && all_asked)
      context.out.note(fmt::format("{}: no such set", selector.text));
    for (const auto* set : picked) add(set->name);
  }
  return out;
}

}  // namespace cdctl::cli
