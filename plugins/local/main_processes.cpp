#include "plugins/local/main_processes.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <iterator>
#include <string>
#include <string_view>

namespace cdctl::local {

namespace {

constexpr std::array<std::string_view, 8> k_shells{"sh",      "dash", "bash", "ash",
                                                   "busybox", "ksh",  "mksh", "zsh"};

/// By its program, since a script bears the name of its file.
bool only_waits(const ProcessInfo& process) {
  const auto program = link_of(process.pid, "exe");
  const auto name = std::string_view(program).substr(program.rfind('/') + 1);
  return std::ranges::find(k_shells, name) != k_shells.end() && !catches(process.pid, SIGTERM);
}

bool is_pipe(std::string_view link) { return link.starts_with("pipe:"); }

/// Whether it reads what one of the others writes.
bool reads_from(const ProcessInfo& process, const std::vector<ProcessInfo>& others) {
  const auto input = link_of(process.pid, "fd/0");
  return is_pipe(input) && std::ranges::any_of(others, [&](const ProcessInfo& other) {
           return other != process &&
                  (link_of(other.pid, "fd/1") == input || link_of(other.pid, "fd/2") == input);
         });
}

void add(const ProcessInfo& process, const std::vector<ProcessInfo>& all,
         std::vector<ProcessInfo>& out) {
  out.push_back(process);
  if (!only_waits(process)) return;
  std::vector<ProcessInfo> children;
  std::ranges::copy_if(all, std::back_inserter(children), [&](const ProcessInfo& other) {
    return other.parent == process.pid && !other.dead();
  });
  for (const auto& child : children)
    if (!reads_from(child, children)) add(child, all, out);
}

}  // namespace

std::vector<ProcessInfo> main_processes(const ProcessInfo& first,
                                        const std::vector<ProcessInfo>& all) {
  std::vector<ProcessInfo> out;
  add(first, all, out);
  return out;
}

std::vector<ProcessInfo> main_processes(const std::vector<ProcessInfo>& unit) {
  std::vector<ProcessInfo> first, out;
  std::ranges::copy_if(unit, std::back_inserter(first), [&](const ProcessInfo& process) {
    return std::ranges::find(unit, process.parent, &ProcessInfo::pid) == unit.end();
  });
  for (const auto& process : first)
    if (!reads_from(process, first)) add(process, unit, out);
  return out;
}

}  // namespace cdctl::local
