#include "core/actions/gone_home.hpp"

#include <algorithm>
#include <filesystem>
#include <vector>

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "core/fleet/unconnected.hpp"

namespace cdctl::actions {

namespace {

/// The folder of a home that is on this machine; empty for any other.
std::filesystem::path folder_here(app::Context& context, const std::string& home) {
  const auto engine = context.engine(k_embedded);
  const auto colon = home.find(':');
  if (!engine || colon == std::string::npos) return {};
  const std::filesystem::path folder = home.substr(colon + 1);
  std::error_code error;
  const bool ours = (*engine)->home().starts_with(home.substr(0, colon + 1));
  return ours && std::filesystem::is_directory(folder, error) ? folder : std::filesystem::path();
}

}  // namespace

Result<> GoneHome::check_named(const fleet::SetView& set) const {
  if (set.here() || set.ghost || set.leftover)
    return fail(ExitCode::refused,
                fmt::format("refused: this home has it, or had it last; --gone-home is for what "
                            "lives elsewhere: cdctl reap {}",
                            set_.str()));
  if (set.home != named_)
    return fail(ExitCode::refused, fmt::format("refused: it lives in home {}, and {} was given up",
                                               set.home, printable(named_, 120)));
  return {};
}

Result<> GoneHome::check_silent(const fleet::SetView& set) {
  if (const auto folder = folder_here(context_, set.home); !folder.empty())
    return fail(ExitCode::refused,
                fmt::format("refused: home {} is a folder of this machine, and it is there; reap "
                            "it with CDCTL_HOME={}",
                            set.home, folder.string()));
  CDCTL_TRY_ASSIGN(const auto all, transaction_.memory().read({}, deadline_));
  std::vector<SetName> neighbours;
  for (const auto& [name, entry] : all)
    if (entry.set && !entry.set->reaped_at && entry.set->home == set.home)
      neighbours.push_back(entry.set->name);
  CDCTL_TRY_ASSIGN(const auto busy, transaction_.connected(neighbours));
  if (busy)
    return fail(ExitCode::refused,
                fmt::format("refused: home {} is not gone: {} holds a connection to the broker; "
                            "end it there, or cut it first: cdctl break {}",
                            set.home, busy->str(), busy->str()));
  CDCTL_TRY_ASSIGN(const auto since, transaction_.up_since());
  const auto quiet = now() - std::max({since.value_or(Time()), set.deployed_at.value_or(Time()),
                                       set.mended_at.value_or(Time())});
  if (quiet < fleet::k_settled)
    return fail(ExitCode::refused,
                fmt::format("refused: its units may be about to connect, since the broker or the "
                            "set is up for {} only; run it again in a minute",
                            to_age(quiet)));
  return {};
}

}  // namespace cdctl::actions
