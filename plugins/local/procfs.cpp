#include "plugins/local/procfs.hpp"

#include <cerrno>
#include <charconv>
#include <cstdlib>

#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <fmt/format.h>

#include <cdctl/fs.hpp>

namespace cdctl::local {

namespace {

/// Files in /proc show size 0 and are read until they end. Empty when gone or denied.
std::string slurp(const std::string& path) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string out;
  char buffer[4096];
  while (fd.valid()) {
    const auto got = ::read(fd.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    out.append(buffer, static_cast<std::size_t>(got));
  }
  return out;
}

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
  for (std::string_view rest = text; !rest.empty();) {
    const auto line = rest.substr(0, rest.find('\0'));
    found_first = found_first || line == first;
    found_second = found_second || line == second;
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
  }
  return found_first && found_second;
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

std::string boot_id() {
  auto text = slurp("/proc/sys/kernel/random/boot_id");
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

}  // namespace cdctl::local
