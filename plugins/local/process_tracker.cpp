#include "plugins/local/process_tracker.hpp"

#include <algorithm>
#include <charconv>
#include <csignal>
#include <map>
#include <set>
#include <thread>

#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "plugins/local/cgroup.hpp"

namespace cdctl::local {

namespace {

constexpr std::string_view k_tracker_head = "cdctl-fence 1\n";

template <class Number>
Number number(std::string_view text) {
  Number out{};
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

/// A pause between two looks at processes that are about to end or to stop: grows from 0.2 ms to 10
/// ms.
class Pause {
 public:
  void take() {
    std::this_thread::sleep_for(std::chrono::microseconds(next_));
    next_ = std::min(next_ * 2, 10'000);
  }

 private:
  int next_ = 200;
};

}  // namespace

std::string to_text(const TrackerRecord& record) {
  return fmt::format("{}set {}\nhome {}\nboot {}\nsupervisor {} {}\ncgroup {}\n", k_tracker_head,
                     record.set, record.home_id, record.boot, record.supervisor.pid,
                     record.supervisor.start, record.cgroup.string());
}

std::optional<TrackerRecord> parse_tracker(std::string_view text) {
  if (!text.starts_with(k_tracker_head) || !text.ends_with('\n')) return {};
  text.remove_prefix(k_tracker_head.size());
  TrackerRecord record;
  for (auto value : lines(text)) {
    if (!value.contains(' ')) return {};
    const auto key = take_until(value, ' ');
    if (key == "set") record.set = value;
    if (key == "home") record.home_id = value;
    if (key == "boot") record.boot = value;
    if (key == "cgroup") record.cgroup = value;
    if (key == "supervisor") {
      const auto pid = take_until(value, ' ');
      record.supervisor = {number<pid_t>(pid), number<unsigned long long>(value)};
    }
  }
  if (record.set.empty() || record.home_id.empty()) return {};
  return record;
}

bool ProcessTracker::has_cgroup() const {
  return !record_.cgroup.empty() && Cgroup(record_.cgroup).there();
}

std::vector<ProcessInfo> ProcessTracker::members() const {
  const auto all = all_processes();
  std::set<pid_t> ours;
  if (has_cgroup())
    std::ranges::copy(Cgroup(record_.cgroup).members(), std::inserter(ours, ours.end()));
  const auto supervisor = look_at(record_.supervisor.pid);
  const bool supervised = supervisor && supervisor->start == record_.supervisor.start;
  std::multimap<pid_t, pid_t> children;
  for (const auto& process : all) children.emplace(process.parent, process.pid);
  const auto add_below = [&](auto&& self, pid_t parent) -> void {
    const auto [first, last] = children.equal_range(parent);
    for (auto child = first; child != last; ++child) {
      ours.insert(child->second);
      self(self, child->second);
    }
  };
  if (supervised) add_below(add_below, record_.supervisor.pid);
  const auto set_line = fmt::format("{}={}", k_set_variable, record_.set);
  const auto home_line = fmt::format("{}={}", k_home_variable, record_.home_id);
  std::vector<ProcessInfo> out;
  for (const auto& process : all) {
    if (process.dead() || process.pid == record_.supervisor.pid) continue;
    if (process.start < record_.supervisor.start)
      continue;  // older than the set: spares us its environment
    if (ours.contains(process.pid) || has_in_environment(process.pid, set_line, home_line))
      out.push_back(process);
  }
  return out;
}

Result<> ProcessTracker::freeze(const Deadline& deadline) const {
  if (has_cgroup()) return Cgroup(record_.cgroup).freeze(true, deadline);
  // A round that found everything stopped already is the last one: what runs nowhere cannot have
  // forked meanwhile. One that waits in the kernel (state D: for the child it has vforked, which we
  // have stopped) stops as it comes back.
  std::vector<ProcessId> told;
  for (Pause pause;; pause.take()) {
    bool all_stopped = true;
    std::vector<ProcessInfo> denied;
    for (const auto& process : members()) {
      if (process.stopped() ||
          (process.state == 'D' && std::ranges::find(told, ProcessId(process)) != told.end()))
        continue;
      all_stopped = false;
      if (send_signal(process, SIGSTOP) == Sent::denied) denied.push_back(process);
      told.push_back(process);
    }
    if (all_stopped) return {};
    if (!denied.empty())
      return fail(
          fmt::format("freezing {}: we may not stop process {}", record_.set, name_them(denied)));
    if (deadline.passed())
      return fail(ExitCode::timeout,
                  fmt::format("freezing {}: its processes did not stop in time", record_.set));
  }
}

Result<> ProcessTracker::thaw(const Deadline& deadline) const {
  if (has_cgroup()) return Cgroup(record_.cgroup).freeze(false, deadline);
  // First all of them: a stop may still wait for one that waits in the kernel
  for (const auto& process : members()) send_signal(process, SIGCONT);
  for (Pause pause;; pause.take()) {
    bool any_stopped = false;
    for (const auto& process : members()) {
      if (!process.stopped()) continue;
      any_stopped = true;
      send_signal(process, SIGCONT);
    }
    if (!any_stopped) return {};
    if (deadline.passed())
      return fail(ExitCode::timeout,
                  fmt::format("thawing {}: its processes did not go on in time", record_.set));
  }
}

std::size_t ProcessTracker::count() const {
  return has_cgroup() ? Cgroup(record_.cgroup).members().size() : members().size();
}

bool ProcessTracker::frozen() const {
  if (has_cgroup()) return Cgroup(record_.cgroup).frozen().value_or(false);
  const auto all = members();
  return std::ranges::any_of(all, &ProcessInfo::stopped) &&
         std::ranges::all_of(all,
                             [](const ProcessInfo& p) { return p.stopped() || p.state == 'D'; });
}

void ProcessTracker::terminate(const std::function<bool(const ProcessInfo&)>& told) const {
  for (const auto& process : members())
    if (!told || !told(process)) send_signal(process, SIGTERM);
}

Result<> ProcessTracker::kill(const Deadline& deadline) const {
  if (has_cgroup()) {
    if (const auto killed = Cgroup(record_.cgroup).kill(deadline); !killed && members().empty())
      return killed;
  }
  for (Pause pause;; pause.take()) {
    const auto left = members();
    if (left.empty()) return {};
    // Stopped first, so that a forking one cannot outrun us
    for (const auto& process : left) send_signal(process, SIGSTOP);
    bool denied = false;
    for (const auto& process : left)
      denied = send_signal(process, SIGKILL) == Sent::denied || denied;
    if (denied || deadline.passed()) {
      return fail(fmt::format("ending {}: process {} {}", record_.set, name_them(left),
                              denied ? "may not be killed by us; kill it as its owner"
                                     : "does not go away; see /proc/PID/stack"));
    }
  }
}

bool ProcessTracker::wait_empty(const Deadline& deadline) const {
  for (Pause pause; !members().empty(); pause.take())
    if (deadline.passed()) return false;
  return true;
}

std::vector<ProcessInfo> suspects_in(const std::filesystem::path& folder) {
  std::vector<ProcessInfo> out;
  const auto below = [prefix = folder.string()](const std::string& path) {
    return path == prefix || path.starts_with(prefix + "/");
  };
  for (const auto& process : all_processes()) {
    if (process.dead() || process.pid == ::getpid()) continue;
    if (below(link_of(process.pid, "cwd")) || below(link_of(process.pid, "exe")))
      out.push_back(process);
  }
  return out;
}

std::vector<ProcessInfo> strays_since(const ProcessId& supervisor, uid_t owner) {
  constexpr std::string_view k_supervisor = "cdctl-supervise";
  const auto all = all_processes();
  std::map<pid_t, const ProcessInfo*> by_pid;
  for (const auto& process : all) by_pid.emplace(process.pid, &process);
  const auto older = [&](pid_t pid) {
    const auto at = by_pid.find(pid);
    return at != by_pid.end() && at->second->start < supervisor.start;
  };
  std::vector<ProcessInfo> out;
  for (const auto& process : all) {
    if (process.dead() || process.start < supervisor.start || process.session == 0) continue;
    // Its parent is one that has adopted it; a session of before was none of a unit's
    if (!older(process.parent) || older(process.session)) continue;
    struct stat info{};
    if (::stat(fmt::format("/proc/{}", process.pid).c_str(), &info) != 0) continue;
    if (owner != 0 && info.st_uid != owner) continue;
    // What says whose it is, is not ours
    if (process.name == k_supervisor || has_variable(process.pid, k_set_variable)) continue;
    out.push_back(process);
  }
  return out;
}

std::string name_them(const std::vector<ProcessInfo>& processes) {
  std::vector<std::string> shown;
  for (std::size_t i = 0; i < processes.size() && i < 5; ++i) {
    auto name = processes[i].name;
    std::ranges::replace_if(name, [](char c) { return !(c >= ' ' && c < 0x7f); }, '?');
    shown.push_back(fmt::format("{} ({})", processes[i].pid, name));
  }
  const auto more = processes.size() - shown.size();
  return joined(shown) + (more > 0 ? fmt::format(" and {} more", more) : "");
}

}  // namespace cdctl::local
