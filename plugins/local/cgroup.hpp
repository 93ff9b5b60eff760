#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <cdctl/fs.hpp>
#include <cdctl/time.hpp>
#include <cdctl/unit_limit.hpp>

namespace cdctl::local {

/// One cgroup v2 folder that holds the processes of one set. What counts is that a process cannot
/// leave it by forking or by setsid, that cgroup.freeze stops all of them and cgroup.kill ends all
/// of them. A controller is used only where units have limits.
class Cgroup {
 public:
  explicit Cgroup(std::filesystem::path path) : path_(std::move(path)) {}

  /// Where this process may make cgroups: its own cgroup in the mounted v2 tree (of a hybrid, the
  /// `unified` branch). Empty when there is none, or when $CDCTL_TEST_NO_CGROUP is set, by which
  /// tests force the way without cgroups.
  [[nodiscard]] static std::optional<std::filesystem::path> parent();
  /// The folder for children of the cgroup `own` (`/a/b` of /proc/self/cgroup), from the text of
  /// /proc/self/mountinfo.
  [[nodiscard]] static std::optional<std::filesystem::path> parse_parent(std::string_view mountinfo,
                                                                         std::string_view cgroup);

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] bool there() const;
  /// Beside that of a set: where its supervisor goes when the kernel is to count for the units.
  [[nodiscard]] Cgroup supervisors() const { return Cgroup(path_.string() + "-supervisor"); }
  /// Makes the folder, or takes an empty one that is there. Fails when it cannot freeze and kill.
  [[nodiscard]] Result<> create() const;
  /// A descriptor to write `0` to, by a process that enters.
  [[nodiscard]] Result<Fd> entrance() const;
  /// Freezes or thaws, and waits until the kernel says it is done. Exit code `timeout` at the
  /// deadline.
  [[nodiscard]] Result<> freeze(bool on, const Deadline& deadline) const;
  [[nodiscard]] std::optional<bool> frozen() const { return event("frozen"); }
  /// Whether a living process is in it or below it. Empty when the folder is gone or unreadable.
  [[nodiscard]] std::optional<bool> populated() const { return event("populated"); }
  /// Kills everything in it and waits until it is empty. A folder that is gone is empty.
  [[nodiscard]] Result<> kill(const Deadline& deadline) const;
  [[nodiscard]] std::vector<pid_t> members() const;
  /// Those in the cgroup itself, and not below it.
  [[nodiscard]] std::vector<pid_t> own_members() const;
  /// The controllers that the kernel gives it, and those that it gives to what is below it.
  [[nodiscard]] std::vector<std::string> controllers() const {
    return words_of("cgroup.controllers");
  }
  [[nodiscard]] std::vector<std::string> delegated() const {
    return words_of("cgroup.subtree_control");
  }
  [[nodiscard]] bool is_root() const;
  /// Gives these controllers to what is below it. The kernel refuses while a process is in it.
  [[nodiscard]] Result<> delegate(const std::vector<std::string>& controllers) const;
  /// What all of it may use together; out of memory, all of it is killed at once.
  [[nodiscard]] Result<> limit(const UnitLimit& limit) const;
  /// How often a process of it was killed for want of memory; 0 where nobody counts.
  [[nodiscard]] std::int64_t oom_kills() const;
  /// Removes the empty folder and those below it. Absent is fine.
  [[nodiscard]] Result<> remove() const;

 private:
  [[nodiscard]] std::optional<bool> event(std::string_view key) const;
  [[nodiscard]] Result<> wait_for(std::string_view key, bool value, const Deadline& deadline) const;
  [[nodiscard]] Result<> write(const char* file, std::string_view text) const;
  [[nodiscard]] std::vector<std::string> words_of(const char* file) const;
  std::filesystem::path path_;
};

}  // namespace cdctl::local
