#include "core/fleet/late_cut.hpp"

#include <cerrno>
#include <string>

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

#include <cdctl/fs.hpp>
#include <cdctl/json.hpp>
#include <cdctl/text.hpp>

namespace cdctl::fleet {

namespace {

std::string file_of(const SetName& set) { return "late-" + set.str() + ".lock"; }

std::filesystem::path note_of(app::Context& context, const SetName& set) {
  return context.home() / ("late-" + set.str() + ".json");
}

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

std::string UnfinishedCut::text(const SetName& set) const {
  return fmt::format(
      "a cut of it was begun by {}{}, and its broker never took it; cdctl break {} "
      "finishes it, cdctl mend {} takes it back",
      by.empty() ? "somebody" : by, why.empty() ? "" : " (" + printable(why, 120) + ")", set.str(),
      set.str());
}

Result<> note_unfinished_cut(app::Context& context, const SetName& set, const UnfinishedCut& cut) {
  auto json = Json::object({{"by", cut.by}, {"why", cut.why}, {"at", to_rfc3339(cut.at)}});
  if (cut.last_evidence) json.set("last_evidence", to_rfc3339(*cut.last_evidence));
  return write_file_atomically(note_of(context, set), json.dump() + "\n", 0600);
}

std::optional<UnfinishedCut> unfinished_cut(app::Context& context, const SetName& set,
                                            const MemoryEntry& entry) {
  const auto text = read_file_if_there(note_of(context, set));
  if (text && !*text) return std::nullopt;
  const auto json = text ? Json::parse(**text) : Result<Json>(std::unexpected(text.error()));
  if (!json) return UnfinishedCut{};
  const auto at = parse_rfc3339((*json)["at"].view());
  const auto over = [&](const std::optional<Time>& time) { return at && time && *at < *time; };
  if (entry.cut_memo && over(entry.cut_memo->mended_at)) return std::nullopt;
  if (entry.set && over(entry.set->deployed_at)) return std::nullopt;
  return UnfinishedCut{(*json)["by"].as_string(), (*json)["why"].as_string(), at.value_or(Time()),
                       parse_rfc3339((*json)["last_evidence"].view())};
}

void forget_unfinished_cut(app::Context& context, const SetName& set) {
  ::unlink(note_of(context, set).c_str());
}

}  // namespace cdctl::fleet
