#include "plugins/local/status.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include <cdctl/release.hpp>
#include <cdctl/text.hpp>

namespace cdctl::local {

namespace {

constexpr std::string_view k_status_head = "cdctl-status 1\n";
constexpr std::array<std::string_view, 7> k_states{"up",      "backoff", "frozen", "exited",
                                                   "leaving", "vacant",  "waiting"};

template <class Number>
bool take_number(std::string_view& rest, Number& out) {
  const auto word = take_until(rest, ' ');
  const auto [stop, error] = std::from_chars(word.data(), word.data() + word.size(), out);
  return error == std::errc() && stop == word.data() + word.size();
}

std::string one_line(std::string text) {
  std::ranges::replace_if(text, [](char c) { return c == '\n' || c == '\t' || c == '\0'; }, ' ');
  return text;
}

bool parse_unit(std::string_view line, UnitStatus& unit) {
  const auto state = std::ranges::find(k_states, take_until(line, ' '));
  std::int64_t since = 0;
  if (state == k_states.end() || !take_number(line, unit.id.pid) ||
      !take_number(line, unit.id.start) || !take_number(line, since) ||
      !take_number(line, unit.restarts))
    return false;
  unit.state = static_cast<UnitState>(state - k_states.begin());
  unit.since = Time(Millis(since));
  unit.process = take_until(line, '\t');
  unit.last_exit = line;
  return true;
}

}  // namespace

std::string_view to_string(UnitState state) { return k_states[static_cast<std::size_t>(state)]; }

std::int64_t Status::up() const {
  return std::ranges::count_if(units, [](const UnitStatus& u) {
    return u.process != k_release && (u.state == UnitState::up || u.state == UnitState::frozen);
  });
}

std::int64_t Status::want() const {
  return std::ranges::count_if(units, [](const UnitStatus& u) {
    return u.process != k_release && u.wanted() && u.state != UnitState::waiting;
  });
}

std::int64_t Status::waiting() const {
  return std::ranges::count(units, UnitState::waiting, &UnitStatus::state);
}

std::map<std::string, std::int64_t> Status::processes() const {
  std::map<std::string, std::int64_t> out;
  for (const auto& unit : units)
    if (unit.process != k_release) out[unit.process] += unit.wanted() ? 1 : 0;
  return out;
}

std::string to_text(const Status& status) {
  auto out = fmt::format("{}supervisor {} {}\nflags {} {} {}\ncgroup {}\n", k_status_head,
                         status.supervisor.pid, status.supervisor.start, int(status.frozen),
                         int(status.stopping), int(status.lived), status.cgroup);
  if (status.until)
    fmt::format_to(std::back_inserter(out), "until {}\n", status.until->time_since_epoch().count());
  if (!status.warning.empty())
    fmt::format_to(std::back_inserter(out), "warning {}\n", one_line(status.warning));
  for (const auto& unit : status.units) {
    fmt::format_to(std::back_inserter(out), "unit {} {} {} {} {} {}\t{}\n", to_string(unit.state),
                   unit.id.pid, unit.id.start, unit.since.time_since_epoch().count(), unit.restarts,
                   one_line(unit.process), one_line(unit.last_exit));
  }
  return out + "end\n";
}

std::optional<Status> parse_status(std::string_view text) {
  if (!text.starts_with(k_status_head) || !text.ends_with("\nend\n")) return {};
  text.remove_prefix(k_status_head.size());
  Status status;
  for (auto line : lines(text)) {
    const auto key = take_until(line, ' ');
    int flags[3] = {};
    if (key == "supervisor") {
      if (!take_number(line, status.supervisor.pid) || !take_number(line, status.supervisor.start))
        return {};
    } else if (key == "flags") {
      for (int& flag : flags)
        if (!take_number(line, flag)) return {};
      status.frozen = flags[0];
      status.stopping = flags[1];
      status.lived = flags[2];
    } else if (key == "cgroup") {
      status.cgroup = line;
    } else if (key == "warning") {
      status.warning = line;
    } else if (key == "until") {
      std::int64_t until = 0;
      if (!take_number(line, until)) return {};
      status.until = Time(Millis(until));
    } else if (key == "unit") {
      if (!parse_unit(line, status.units.emplace_back())) return {};
    }
  }
  return status;
}

}  // namespace cdctl::local
