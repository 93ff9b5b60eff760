#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>

#include <cdctl/error.hpp>
#include <cdctl/json.hpp>
#include <cdctl/time.hpp>

#include "plugins/juju/client/call.hpp"
#include "plugins/juju/client/settings.hpp"

namespace cdctl::juju {

/// A bundle for one set.
struct Handover {
  Access access;
  std::string model;  ///< uuid: of the set's own model, or of the shared one
  std::string set;    ///< its name; isolation by application: of the application that is made, too
  JujuSettings settings;
  Json bundle;                             ///< complete; options may be secrets
  std::map<std::string, std::string> env;  ///< AMQP_URL goes to the charm; nothing else does
  std::filesystem::path
      folder;  ///< private, and where juju sees it: files with secrets are written into it, 0600
  std::filesystem::path remembered;  ///< as of WorldSet: what is cut stays cut
  std::function<void()>
      begins;  ///< called before the first change, when nothing speaks against it any more
};

/// Has Juju run the bundle, and gives the charm its AMQP_URL. Isolation by model: the whole bundle
/// in the set's own model. Isolation by application: the one application of it, under the set's
/// name, related to what the bundle relates it to in the shared model. Returns once Juju has taken
/// it, and does not wait for units. Repeatable, after a kill at any point, too: what is there
/// stays, what is missing is added. Waits until applications of an earlier try are gone.
///
/// Exit code `config`, before anything is made, for a bundle or a `[juju]` table that cannot be
/// served; `refused` where another charm already has the name.
[[nodiscard]] Result<> hand_over(const Handover& handover, const Deadline& deadline);

}  // namespace cdctl::juju
