#include "plugins/local/run_once.hpp"

#include <algorithm>
#include <csignal>
#include <optional>

#include <fmt/format.h>

#include <cdctl/stop.hpp>

#include "plugins/local/client.hpp"
#include "plugins/local/set_files.hpp"

namespace cdctl::local {

namespace {

constexpr Millis k_first_pause(10), k_longest_pause(500), k_ask(500);

/// How it ended; empty while it runs.
std::optional<Ran> look(const SetPaths& paths) {
  const auto files = read_set(paths, true);
  if (!files) return Ran{files.error().exit, files.error().what, {}};
  auto status = files->status;
  if (files->alive)  // fresher than the file on a full disk
    if (const auto text = ask(paths, "status", Deadline(k_ask)))
      if (auto told = parse_status(*text)) status = std::move(told);
  if (!files->frozen.empty() || (status && status->frozen))
    return Ran{ExitCode::refused, "the set was cut while it ran", {}};
  if (status && !status->units.empty()) {
    const auto& unit = status->units.front();
    if (unit.state == UnitState::exited && !unit.last_exit.empty())
      return Ran{
          unit.last_exit == k_ended_well ? ExitCode::done : ExitCode::failed, unit.last_exit, {}};
  }
  if (!files->alive) return Ran{ExitCode::failed, "its supervisor is gone", {}};
  return std::nullopt;
}

}  // namespace

Ran wait_for_end(const SetPaths& paths, const Deadline& deadline) {
  for (auto pause = k_first_pause;; pause = std::min(pause * 2, k_longest_pause)) {
    if (auto ran = look(paths)) return std::move(*ran);
    if (deadline.passed())
      return {ExitCode::timeout, fmt::format("it was not done within {}", deadline.given()), {}};
    if (!pause_for(pause, deadline) && Stop::requested())
      return {Stop::signal() == SIGINT ? ExitCode::interrupted : ExitCode::terminated,
              "asked to stop, it was ended",
              {}};
  }
}

}  // namespace cdctl::local
