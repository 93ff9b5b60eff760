#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "plugins/juju/sets/tags.hpp"

namespace cdctl::juju {

/// The tags of one model, and the lock that keeps this machine's writers apart.
struct TagSite {
  std::string model;           ///< as `-m` takes it
  std::filesystem::path lock;  ///< Place::tags_lock
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
