#include "core/fleet/selector.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/text.hpp>

namespace cdctl::fleet {

Result<Selector> Selector::parse(std::string_view text) {
  Selector out;
  out.text = text;
  const auto refuse = [&] {
    return fail(ExitCode::usage, fmt::format("'{}' names no set; say SERVICE, SERVICE@PREFIX, "
                                             "SERVICE@newest, SERVICE-REVISION or a glob",
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
  if (rest == "newest") {
    out.newest = true;
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

Result<std::vector<SetView*>> Selector::pick(Fleet& fleet) const {
  std::vector<SetView*> out;
  for (auto& view : fleet.services())
    for (auto& set : view.sets)
      if (matches(set.name) && (!newest || set.newest)) out.push_back(&set);
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
    if (!selector.whole)
      CDCTL_TRY(find_service(context,
                             selector.service));  // a whole name may be of a service that has left
    if (std::ranges::find(out, selector.service) == out.end()) out.push_back(selector.service);
  }
  return out;
}

}  // namespace cdctl::fleet
