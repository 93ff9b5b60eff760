#include "core/actions/absent.hpp"

#include "core/fleet/selector.hpp"

namespace cdctl::actions {

Result<> check_was_there(app::Context& context, const fleet::ServiceView* view,
                         const SetName& set) {
  if (view && view->gone.contains(set.str())) return {};
  return std::unexpected(fleet::never_was(context, view, set));
}

}  // namespace cdctl::actions
