#include "plugins/juju/sets/tag_change.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/fs.hpp>
#include <cdctl/lock.hpp>
#include <cdctl/stop.hpp>

#include "plugins/juju/client/process.hpp"
#include "plugins/juju/sets/set_lock.hpp"

namespace cdctl::juju {

namespace {

constexpr int k_most_tries = 5;

Result<OfdLock> lock_tags(const Access& access, const std::filesystem::path& path,
                          std::string_view attempt) {
  CDCTL_TRY(make_directories(path.parent_path(), 0700));
  for (;;) {
    // In slices, so that a Ctrl-C is heard
    CDCTL_TRY_ASSIGN(auto lock, OfdLock::acquire(path, access.until.at_most(Millis(100))));
    if (lock && lock->still_at(path)) return std::move(*lock);
    if (Stop::requested() && !access.last_words) return fail(stopped(attempt));
    if (access.until.passed())
      return fail(
          ExitCode::timeout,
          fmt::format("{}: another cdctl of this machine changes the tags of that model; try again",
                      attempt));
  }
}

/// What the edit changed is there. What others changed meanwhile does not matter.
bool holds(const Tags& there, const Tags& before, const Tags& wanted) {
  const auto value = [](const Tags& tags, const std::string& key) {
    const auto at = tags.find(key);
    return at == tags.end() ? nullptr : &at->second;
  };
  const auto same = [](const std::string* a, const std::string* b) {
    return a && b ? *a == *b : a == b;
  };
  const auto stays = [&](const auto& tag) {
    const auto* now = value(there, tag.first);
    const auto* then = value(wanted, tag.first);
    return same(value(before, tag.first), then) || same(now, then);
  };
  return std::ranges::all_of(before, stays) && std::ranges::all_of(wanted, stays);
}

}  // namespace

Result<Tags> change_tags(const Access& access, const TagSite& site, const TagEdit& edit,
                         std::string_view attempt) {
  CDCTL_TRY_ASSIGN(const auto held, lock_tags(access, site.lock, attempt));
  for (int tries = 1;; ++tries) {
    const auto before = read_tags(access, site.model, attempt);
    if (!before) return fail(before.error().error);
    auto wanted = *before;
    CDCTL_TRY(edit(wanted));
    if (wanted == *before) return wanted;
    auto there = write_tags(access, site.model, wanted, attempt);
    if (!there) return fail(std::move(there.error().error));
    if (holds(*there, *before, wanted)) return std::move(*there);
    if (tries < k_most_tries && pause_before_repeat(tries - 1, access.until)) continue;
    return fail(ExitCode::unknown,
                fmt::format("{}: the tags that Juju has are not those that were set; somebody else "
                            "writes them at this moment, or Juju does not keep them; try again",
                            attempt));
  }
}

}  // namespace cdctl::juju
