#include "plugins/local/procfs.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>

#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <fmt/format.h>

#include <cdctl/fs.hpp>
#include <cdctl/text.hpp>

namespace cdctl::local {

namespace {

/// Empty when gone or denied.
std::string slurp(const std::string& path) { return read_file(path).value_or(std::string()); }

}  // namespace

std::optional<ProcessInfo> look_at(pid_t pid) {
  const auto text = slurp(fmt::format("/proc/{}/stat", pid));
  // `pid (name) S ppid …`: the name may hold blanks and brackets, so count from its last bracket
  const auto open = text.find('('), close = text.rfind(')');
  if (open == std::string::npos || close == std::string::npos || close + 2 >= text.size())
    return {};
  ProcessInfo info;
  info.pid = pid;
  info.name = text.substr(open + 1, close - open - 1);
  info.state = text[close + 2];
  const char* at = text.data() + close + 3;
  const char* const end = text.data() + text.size();
  for (int field = 4; field <= 22; ++field) {
    while (at < end && *at == ' ') ++at;
    long long value = 0;
    const auto [stop, error] = std::from_chars(at, end, value);
    if (error != std::errc()) return {};
    at = stop;
    if (field == 4) info.parent = static_cast<pid_t>(value);
    if (field == 5) info.group = static_cast<pid_t>(value);
    if (field == 6) info.session = static_cast<pid_t>(value);
    if (field == 22) info.start = static_cast<unsigned long long>(value);
  }
  return info;
}

std::vector<ProcessInfo> all_processes() {
  std::vector<ProcessInfo> out;
  DIR* const dir = ::opendir("/proc");
  if (!dir) return out;
  while (const auto* entry = ::readdir(dir)) {
    if (entry->d_name[0] < '1' || entry->d_name[0] > '9') continue;
    if (auto info = look_at(static_cast<pid_t>(std::atoi(entry->d_name))))
      out.push_back(std::move(*info));
  }
  ::closedir(dir);
  return out;
}

bool runs(const ProcessId& process) {
  if (process.pid <= 0) return false;
  const auto info = look_at(process.pid);
  return info && info->start == process.start && !info->dead();
}

bool has_in_environment(pid_t pid, std::string_view first, std::string_view second) {
  const auto text = slurp(fmt::format("/proc/{}/environ", pid));
  bool found_first = false, found_second = false;
  for (const auto line : split(text, '\0')) {
    found_first = found_first || line == first;
    found_second = found_second || line == second;
  }
  return found_first && found_second;
}

bool has_variable(pid_t pid, std::string_view name) {
  const auto text = slurp(fmt::format("/proc/{}/environ", pid));
  return std::ranges::any_of(split(text, '\0'), [&](std::string_view line) {
    return line.starts_with(name) && line.substr(name.size()).starts_with('=');
  });
}

bool catches(pid_t pid, int signal) {
  constexpr std::string_view k_caught = "SigCgt:\t";
  const auto text = slurp(fmt::format("/proc/{}/status", pid));
  const auto at = text.find(k_caught);
  if (at == std::string::npos) return false;
  const auto* const digits = text.data() + at + k_caught.size();
  unsigned long long mask = 0;
  std::from_chars(digits, text.data() + text.size(), mask, 16);
  return (mask >> (signal - 1) & 1) != 0;
}

std::string link_of(pid_t pid, const char* name) {
  char buffer[4096];
  const auto got = ::readlink(fmt::format("/proc/{}/{}", pid, name).c_str(), buffer, sizeof buffer);
  return got > 0 ? std::string(buffer, static_cast<std::size_t>(got)) : std::string();
}

Sent send_signal(const ProcessId& process, int signal) {
  // By number: sys/pidfd.h of glibc 2.36 lacks its extern "C"
  const Fd fd(static_cast<int>(::syscall(SYS_pidfd_open, process.pid, 0)));
  if (!fd.valid()) return errno == ESRCH || errno == EINVAL ? Sent::gone : Sent::denied;
  const auto info = look_at(process.pid);  // after the pidfd: what it names can no longer change
  if (!info || info->start != process.start) return Sent::gone;
  if (::syscall(SYS_pidfd_send_signal, fd.get(), signal, nullptr, 0) == 0) return Sent::sent;
  return errno == ESRCH ? Sent::gone : Sent::denied;
}

std::string boot_id() { return std::string(trimmed(slurp("/proc/sys/kernel/random/boot_id"))); }

}  // namespace cdctl::local
