#include "core/fleet/notes.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace cdctl::fleet {

namespace {

constexpr Millis k_clock_slack(30'000);

/// The later of both. A wrong clock has noted what is still to come. On a machine whose own clock
/// is ahead, evidence may have come by the right one: `break` says then that it cannot know, and
/// hears of it.
std::optional<Time> begun_of(const MemoryEntry& entry, Millis ahead) {
  std::optional<Time> out;
  const auto add = [&](const std::optional<Time>& time) {
    if (time && *time - now() <= k_clock_slack) out = std::max(out.value_or(*time), *time);
  };
  if (entry.set) add(entry.set->deployed_at);
  if (entry.cut_memo && !entry.cut_memo->cut) add(entry.cut_memo->mended_at);
  if (out && ahead > k_clock_slack) *out -= ahead;
  return out;
}

}  // namespace

Result<const Notes::Known*> Notes::ask(Memory& memory, const SetName& set, Service& known,
                                       Clock::duration age, bool one, const Deadline& deadline) {
  const auto asked = Clock::now();
  const auto at = now();
  if (asked >= known.tidy_at) {
    std::erase_if(known.sets,
                  [&](const auto& entry) { return asked - entry.second.asked >= k_remembered; });
    known.tidy_at = asked + k_remembered;
  }
  const auto note = [&](const std::string& name, const MemoryEntry& entry) {
    Known noted{
        asked, entry.force, {begun_of(entry, memory.clock_ahead(set.service)), at}, moment_};
    return &known.sets.insert_or_assign(name, std::move(noted)).first->second;
  };
  const bool many = known.sets.size() >= k_one_by_one;
  if (many && asked - known.whole.asked >= age) {
    CDCTL_TRY_ASSIGN(const auto entries, memory.read(set.service, deadline));
    known.whole = {asked, {}, {{}, at}, moment_};
    for (const auto& [name, entry] : entries) note(name, entry);
    if (const auto found = known.sets.find(set.str());
        found != known.sets.end() && found->second.asked == asked)
      return &found->second;
  }
  if (many && !one) return &known.whole;
  CDCTL_TRY_ASSIGN(const auto entry, memory.notes_of(set, deadline));
  return note(set.str(), entry);
}

const ServiceConfig* Notes::configured(const SetName& set) {
  if (!looked_) {  // with --rule nobody has read the configuration; without one there is nothing to
                   // ask
    looked_ = true;
    if (auto loaded = context_.load_config(); !loaded)
      context_.out.debug("what is noted of sets is not known: " + loaded.error().what);
  }
  return context_.has_config() ? context_.config().service(set.service) : nullptr;
}

const Notes::Known* Notes::find(const SetName& set, Clock::duration age, bool one) {
  const auto* service = configured(set);
  if (!service) return nullptr;
  auto& known = known_[service->name];
  const auto begun = Clock::now();
  const auto at = known.sets.find(set.str());
  if (at != known.sets.end() && begun - at->second.asked < age) return &at->second;
  if (begun < known.silent_until) return nullptr;
  const auto name = context_.memory_name(*service);
  auto& patience = patience_[name];
  if (begun >= patience.until) patience.left = k_timeout;
  auto memory = context_.memory(name);
  const auto answer =
      memory ? ask(**memory, set, known, age, one, Deadline(std::max(patience.left, k_glance)))
             : Result<const Known*>(std::unexpected(memory.error()));
  if (answer) return *answer;
  context_.out.debug(fmt::format("{}: what is noted could not be read, so break will look: {}",
                                 service->name, answer.error().what));
  known.silent_until = Clock::now() + k_remembered;
  if (patience.left == k_timeout) patience.until = known.silent_until;
  patience.left -= std::min(patience.left, std::chrono::ceil<Millis>(Clock::now() - begun));
  return nullptr;
}

std::optional<Force> Notes::force_of(const SetName& set) {
  const auto* known = find(set, k_remembered, true);
  return known ? known->force : std::nullopt;
}

breaker::Begun Notes::begun(const SetName& set) {
  const auto* known = find(set, k_moment, false);
  if (!known) return {};
  auto out = known->begun;
  out.fresh = known->moment == moment_;
  return out;
}

}  // namespace cdctl::fleet
