#include "core/actions/absent.hpp"

#include <string>
#include <vector>

#include <fmt/format.h>

#include <cdctl/text.hpp>

namespace cdctl::actions {

Result<> check_was_there(app::Context& context, const fleet::ServiceView* view,
                         const SetName& set) {
  const auto name = set.str();
  if (view && view->gone.contains(name)) return {};
  std::vector<std::string> names;
  if (view) {
    for (const auto& other : view->sets) names.push_back(other.name.str());
    for (const auto& [gone, entry] : view->gone) names.push_back(gone);
  }
  auto hint = did_you_mean(name, names);
  if (hint.empty() && !context.config().service(set.service)) {
    names.clear();
    for (const auto& service : context.config().services) names.push_back(service.name);
    hint = did_you_mean(set.service, names);
  }
  return fail(ExitCode::failed,
              fmt::format("there is no such set and never was{}; see cdctl ls", hint));
}

}  // namespace cdctl::actions
