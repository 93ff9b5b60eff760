#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "plugins/juju/client/call.hpp"

// What is known of a set lives in its model's `resource-tags`: read back from Juju alone, by any
// machine.

namespace cdctl::juju {

/// Key → value. Values of our own keys (`cdctl-…`) are as we mean them; all others are as Juju has
/// them, and are kept.
using Tags = std::map<std::string, std::string>;

/// `model-config resource-tags` of one model (`CONTROLLER:UUID`). Reads the object of some clients
/// and the `k=v k=v` of others.
[[nodiscard]] Asked<Tags> read_tags(const Access& access, std::string_view model,
                                    std::string_view attempt);

/// The question that read_tags asks, and what it makes of the answer: for many models at once.
[[nodiscard]] Question tags_question(std::string_view model);
[[nodiscard]] Result<Tags> parse_tags(const Json& answer);
[[nodiscard]] Asked<Tags> take_tags(const Asked<JujuAnswer>& answer, std::string_view attempt);

/// `k=v k=v`, sorted; our own values percent-encoded. Exit code `failed` for what Juju would not
/// take.
[[nodiscard]] Result<std::string> tags_text(const Tags& tags);
[[nodiscard]] Tags tags_from_text(std::string_view text);

/// The tags of one model, and the lock that keeps this machine's writers apart.
struct TagSite {
  std::string model;           ///< as `-m` takes it
  std::filesystem::path lock;  ///< ControllerHome::tags_lock
};

/// Makes of the tags what they should be; leaves them as they are when nothing is to be written. An
/// error is the caller's own refusal.
using TagEdit = std::function<Result<>(Tags&)>;

/// The one way in which tags are changed: Juju only knows how to set all of them, so they are read,
/// edited and written under this machine's lock, and read back. When what was changed is not there
/// then, another machine wrote at the same moment: the edit is made again of what is there now, up
/// to five times. Returns what is there afterwards. Exit code `unknown` when it does not stay,
/// `timeout` when the lock is not free by the access's deadline.
[[nodiscard]] Result<Tags> change_tags(const Access& access, const TagSite& site,
                                       const TagEdit& edit, std::string_view attempt);

}  // namespace cdctl::juju
