#include "plugins/mojo/run/sweep.hpp"

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <set>
#include <vector>

#include <poll.h>
#include <unistd.h>

#include <fmt/format.h>

#include <cdctl/fs.hpp>

namespace cdctl::mojo {

namespace fs = std::filesystem;

namespace {

bool marked(const fs::path& process, const std::string& entry) {
  const auto environment = read_file(process / "environ", 4u << 20);
  if (!environment) return false;  // another user's, or gone
  const auto text = '\0' + *environment;
  const auto at = text.find('\0' + entry);
  return at != std::string::npos &&
         (at + entry.size() + 1 == text.size() || text[at + entry.size() + 1] == '\0');
}

/// A zombie has no environment to read, so what is found here is alive.
std::vector<pid_t> find_marked(const std::string& entry) {
  std::vector<pid_t> out;
  std::error_code error;
  for (const auto& process : fs::directory_iterator("/proc", error)) {
    const auto name = process.path().filename().string();
    if (!std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; })) continue;
    const auto pid = static_cast<pid_t>(std::stol(name));
    if (pid != ::getpid() && marked(process.path(), entry)) out.push_back(pid);
  }
  return out;
}

}  // namespace

Result<int> kill_marked(const std::string& entry, const Deadline& deadline) {
  std::set<pid_t> killed;
  for (;;) {
    const auto found = find_marked(entry);
    if (found.empty()) return static_cast<int>(killed.size());
    if (deadline.passed())
      return fail(
          fmt::format("{} processes that a script left behind do not end, pid {} among them",
                      found.size(), found.front()));
    for (const auto pid : found) {
      ::kill(pid, SIGKILL);
      killed.insert(pid);
    }
    ::poll(nullptr, 0, 5);  // killed is not yet gone; a fork in between is found by the next look
  }
}

}  // namespace cdctl::mojo
