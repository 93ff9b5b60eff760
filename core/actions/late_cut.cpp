#include "core/actions/late_cut.hpp"

#include <cerrno>
#include <string>

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

#include <cdctl/fs.hpp>

namespace cdctl::actions {

namespace {

std::string file_of(const SetName& set) { return "late-" + set.str() + ".lock"; }

}  // namespace

Result<LateCut> LateCut::begin(app::Context& context, const SetName& set) {
  const auto path = context.home() / file_of(set);
  for (;;) {
    CDCTL_TRY_ASSIGN(auto lock, OfdLock::acquire(path, Deadline(Millis(0))));
    if (!lock) return fail(ExitCode::timeout, "another cdctl cuts it in this home");
    if (lock->still_at(path)) return LateCut(path, std::move(*lock));
  }
}

Result<bool> LateCut::goes_on(app::Context& context, const SetName& set) {
  const Fd home(::open(context.home().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!home.valid() && errno == ENOENT) return false;
  if (!home.valid())
    return fail(ExitCode::unknown,
                fmt::format("opening {}: {}", context.home().string(), errno_text(errno)));
  return OfdLock::held(home.get(), file_of(set).c_str());
}

/// Removed while it is still ours: who has waited for it sees that, and makes it anew.
LateCut::~LateCut() {
  if (!path_.empty()) ::unlink(path_.c_str());
}

}  // namespace cdctl::actions
