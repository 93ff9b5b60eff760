#include "core/fleet/selector.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "core/fleet/known_service.hpp"

namespace cdctl::fleet {

namespace {

constexpr std::pair<std::string_view, Selector::Role> k_roles[] = {
    {"newest", Selector::Role::newest},
    {"previous", Selector::Role::previous},
    {"proven", Selector::Role::proven}};

}  // namespace

Result<Selector> Selector::parse(std::string_view text) {
  Selector out;
  out.text = text;
  const auto refuse = [&] {
    return fail(ExitCode::usage, fmt::format("'{}' names no set; say SERVICE, SERVICE@PREFIX, "
                                             "SERVICE@newest, SERVICE@previous, SERVICE@proven, "
                                             "SERVICE-REVISION or a glob",
                                             printable(text, 80)));
  };
  if (const auto set = parse_set_name(text)) {
    out.service = set->service;
    out.revision = set->revision;
    out.whole = true;
    return out;
  }
  if (text.find_first_of("*?") != std::string_view::npos) {
    if (text.size() > 100 ||
        text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-*?") != std::string_view::npos)
      return refuse();
    out.glob = true;
    return out;
  }
  const auto at = std::min(text.find('@'), text.size());
  out.service = text.substr(0, at);
  if (!valid_service_name(out.service)) return refuse();
  if (at == text.size()) return out;
  const auto rest = text.substr(at + 1);
  for (const auto& [word, role] : k_roles) {
    if (rest != word) continue;
    out.role = role;
    return out;
  }
  if (rest.size() < 2 || rest.size() > 11 || rest.front() != 'r' ||
      rest.substr(1).find_first_not_of("0123456789abcdef") != std::string_view::npos)
    return refuse();
  out.revision = rest;
  return out;
}

bool Selector::matches(const SetName& name) const {
  if (glob) return glob_match(text, name.str());
  return name.service == service && name.revision.starts_with(revision);
}

void load_roles(Fleet& fleet, const std::vector<Selector>& selectors, const Deadline& deadline) {
  // What is held out is nobody's previous set.
  if (std::ranges::find(selectors, Selector::Role::previous, &Selector::role) != selectors.end())
    fleet.load_holds(deadline);
}

const SetView* previous_set(const ServiceView& view) {
  const auto first = [](const SetView* set) {
    return set->first_deployed_at.value_or(set->deployed_at.value_or(Time()));
  };
  std::vector<const SetView*> sets;
  for (const auto& set : view.sets) sets.push_back(&set);
  std::ranges::stable_sort(sets, std::ranges::greater(), first);
  for (std::size_t i = 1; i < sets.size(); ++i)
    if (!sets[i]->cut.value_or(true) && !sets[i]->held_out) return sets[i];
  return nullptr;
}

const SetView* proven_set(const ServiceView& view) {
  const auto at = std::ranges::find(view.sets, true, &SetView::proven);
  return at == view.sets.end() ? nullptr : &*at;
}

bool Selector::means(const ServiceView& view, const SetView& set) const {
  if (!matches(set.name)) return false;
  switch (role) {
    case Role::newest:
      return set.newest;
    case Role::previous:
      return &set == previous_set(view);
    case Role::proven:
      return &set == proven_set(view);
    case Role::any:
      break;
  }
  return true;
}

Result<std::vector<SetView*>> Selector::pick(Fleet& fleet) const {
  std::vector<SetView*> out;
  for (auto& view : fleet.services())
    for (auto& set : view.sets)
      if (means(view, set)) out.push_back(&set);
  if (!revision.empty() && out.size() > 1) {
    return fail(fmt::format("{}: {} sets begin with {}; write more of the revision", text,
                            out.size(), revision));
  }
  return out;
}

Result<std::vector<std::string>> services_of(app::Context& context,
                                             const std::vector<Selector>& selectors) {
  std::vector<std::string> out;
  for (const auto& selector : selectors) {
    if (selector.glob) return std::vector<std::string>();
    // A whole name may be of a service whose file is broken: that stops no cut.
    const auto broken = context.config().broken.find(selector.service);
    if (!selector.whole && broken != context.config().broken.end())
      return std::unexpected(broken->second);
    if (std::ranges::find(out, selector.service) == out.end()) out.push_back(selector.service);
  }
  return out;
}

namespace {

void add_names(const ServiceView& view, std::vector<std::string>& names) {
  for (const auto& set : view.sets) names.push_back(set.name.str());
  for (const auto& [name, entry] : view.gone) names.push_back(name);
}

/// Whether it means a set that was reaped, or, without a revision, a service that had one.
bool is_gone(const ServiceView& view, const Selector& selector) {
  return std::ranges::any_of(view.gone, [&](const auto& entry) {
    const auto set = parse_set_name(entry.first);
    return set && selector.matches(*set);
  });
}

Error no_match(Fleet& fleet, const Selector& glob) {
  std::vector<std::string> names;
  for (const auto& view : fleet.services()) add_names(view, names);
  return {ExitCode::failed, fmt::format("there is no such set and never was{}; see cdctl ls",
                                        did_you_mean(glob.text, names))};
}

}  // namespace

Error never_was(app::Context& context, const ServiceView* view, const SetName& set) {
  std::vector<std::string> names;
  if (view) add_names(*view, names);
  auto hint = did_you_mean(set.str(), names);
  const bool stranger = !context.config().service(set.service);
  if (hint.empty() && stranger) hint = nearest_service(context.config(), set.service);
  return {ExitCode::failed,
          stranger ? fmt::format(
                         "there is no such set and never was, as far as this configuration knows "
                         "({} is not in {}){}; see cdctl ls",
                         set.service, context.config().file.string(), hint)
                   : fmt::format("there is no such set and never was{}; see cdctl ls", hint)};
}

void report_missing(app::Context& context, Fleet& fleet, const Selector& selector, Asker asker) {
  const auto report = [&](const Error& error) { context.report(error.in(selector.text)); };
  const auto gone = [&] { context.out.note(selector.text + ": it is gone already"); };
  if (selector.glob) {
    const bool all_asked = std::ranges::none_of(
        fleet.services(), [](const ServiceView& view) { return view.error.has_value(); });
    const bool was = std::ranges::any_of(
        fleet.services(), [&](const ServiceView& view) { return is_gone(view, selector); });
    if (was && asker == Asker::acts) return gone();
    if (all_asked && asker == Asker::acts) report(no_match(fleet, selector));
    return;
  }
  const auto* view = fleet.service(selector.service);
  if (view && view->error) return;
  const bool was = view && is_gone(*view, selector);
  if (!selector.revision.empty())
    return was ? gone() : report(never_was(context, view, {selector.service, selector.revision}));
  if (const auto known = configured_service(context, selector.service); !known && !was)
    return report(known.error());
  // All sets of a service may be gone: its name is right. Who says which one of them means one,
  // and that is a mistake while there are others, or never were any.
  const bool all_gone = was && view->sets.empty();
  if (selector.role != Selector::Role::any && all_gone)
    gone();
  else if (selector.role != Selector::Role::any)
    report({ExitCode::failed, "there is no such set; see cdctl ls " + selector.service});
  else if (asker == Asker::acts)
    context.out.note(selector.text + ": no such set");
}

void check_names(app::Context& context, const std::vector<Selector>& selectors,
                 const Deadline& deadline) {
  std::vector<Selector> doubtful;
  for (const auto& selector : selectors) {
    const bool known = selector.revision.empty() && context.config().service(selector.service);
    if (!selector.glob && !known) doubtful.push_back(selector);
  }
  if (doubtful.empty()) return;
  const auto services = services_of(context, doubtful);
  if (!services) return context.report(services.error());
  Fleet fleet(context);
  fleet.load(*services, deadline);
  for (const auto& view : fleet.services())
    if (view.error)
      context.out.debug(fmt::format("{}: whether the name is right could not be asked: {}",
                                    view.config->name, view.error->what));
  for (const auto& selector : doubtful) {
    const auto* view = fleet.service(selector.service);
    if (view && is_gone(*view, selector)) continue;  // there is still something to read of it
    if (const auto picked = selector.pick(fleet); picked && picked->empty())
      report_missing(context, fleet, selector, Asker::looks);
  }
}

}  // namespace cdctl::fleet
