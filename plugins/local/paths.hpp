#pragma once

#include <unistd.h>

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include <cdctl/digest.hpp>
#include <cdctl/release.hpp>
#include <cdctl/set_name.hpp>

// Every path below a local home is built, and parsed, here. All folders are 0700.
//
//   sets/NAME/set.json       what the set is made from, and by which names of the home
//             lock           held by whoever deploys or reaps it
//             op             held for one short step: start, cut, mend, stop
//             alive          held by the supervisor for its whole life
//             run            what to run, secrets included (0600, run_plan.hpp)
//             scale.json     units by process, where people have asked for other numbers than the
//                            deploy (scaling.hpp)
//             fence          how to find every process of the set (process_tracker.hpp); there from
//                            before the first unit until all are proven gone
//             status         what the supervisor saw last (status.hpp); status.new while it is
//             written ctl            the supervisor's socket frozen         cut from the world:
//             `asked`, `done` or `mending` finished       the deploy is complete served         it
//             once was reaping        stop() has begun attempts.json units/N.log, units/N.log.1,
//             units/release.log
//             secrets/KEY
//             work/
//   logs/NAME/N.log, processes   of a set that was reaped (kept_logs.hpp)
//   memory/sets/NAME.json, memory/cuts/NAME.json
//   memory/forces/NAME.json    of a set or a service
//   memory/holds/NAME.json     of a service or a set
//   memory/locks/SERVICE, memory/locks/SERVICE.release, memory/lock
//   feed/YYYYMMDDTHH.ndjson, feed/lock

namespace cdctl::local {

/// Names inside a set's folder, for those who hold the folder open.
constexpr const char* k_record = "set.json";
constexpr const char* k_lock = "lock";
constexpr const char* k_op = "op";
constexpr const char* k_alive = "alive";
constexpr const char* k_run = "run";
constexpr const char* k_scale = "scale.json";
constexpr const char* k_tracker = "fence";
constexpr const char* k_status = "status";
constexpr const char* k_status_new = "status.new";
constexpr const char* k_socket = "ctl";
constexpr const char* k_frozen = "frozen";
constexpr const char* k_finished = "finished";
constexpr const char* k_served = "served";
constexpr const char* k_reaping = "reaping";
constexpr const char* k_attempts = "attempts.json";
constexpr const char* k_units = "units";
constexpr const char* k_secrets = "secrets";
constexpr const char* k_work = "work";

/// What a unit is called: its place, or `release` of the command that runs before there are units.
[[nodiscard]] inline std::string unit_name(std::size_t index, std::string_view process) {
  return process == k_release ? std::string(process) : std::to_string(index);
}
/// `units/0.log` below a set's folder.
[[nodiscard]] inline std::string unit_log(std::string_view unit) {
  return std::string(k_units) + "/" + std::string(unit) + ".log";
}

/// One set's folder.
struct SetPaths {
  std::filesystem::path folder;
  [[nodiscard]] std::filesystem::path operator/(std::string_view name) const {
    return folder / name;
  }
};

class HomePaths {
 public:
  explicit HomePaths(const std::filesystem::path& root)
      : root_(std::filesystem::absolute(root).lexically_normal()) {
    if (!root_.has_filename()) root_ = root_.parent_path();
  }
  [[nodiscard]] const std::filesystem::path& root() const { return root_; }
  [[nodiscard]] std::filesystem::path sets() const { return root_ / "sets"; }
  [[nodiscard]] SetPaths set(const SetName& name) const { return {sets() / name.str()}; }

  [[nodiscard]] std::filesystem::path logs() const { return root_ / "logs"; }
  [[nodiscard]] std::filesystem::path kept_logs(const SetName& name) const {
    return logs() / name.str();
  }

  [[nodiscard]] std::filesystem::path memory() const { return root_ / "memory"; }
  [[nodiscard]] std::filesystem::path memory_lock() const { return memory() / "lock"; }
  [[nodiscard]] std::filesystem::path set_memos() const { return memory() / "sets"; }
  [[nodiscard]] std::filesystem::path cut_memos() const { return memory() / "cuts"; }
  [[nodiscard]] std::filesystem::path set_memo(const SetName& name) const {
    return set_memos() / memo_file(name);
  }
  [[nodiscard]] std::filesystem::path cut_memo(const SetName& name) const {
    return cut_memos() / memo_file(name);
  }
  [[nodiscard]] std::filesystem::path forces() const { return memory() / "forces"; }
  [[nodiscard]] std::filesystem::path holds() const { return memory() / "holds"; }
  /// `name`: a valid name of a set or a service.
  [[nodiscard]] std::filesystem::path force(std::string_view name) const {
    return forces() / (std::string(name) + k_memo_suffix);
  }
  [[nodiscard]] std::filesystem::path hold(std::string_view name) const {
    return holds() / (std::string(name) + k_memo_suffix);
  }
  [[nodiscard]] std::filesystem::path service_locks() const { return memory() / "locks"; }
  /// `name`: a service, or a part of it behind a dot.
  [[nodiscard]] std::filesystem::path service_lock(std::string_view name) const {
    return service_locks() / name;
  }

  [[nodiscard]] std::filesystem::path feed() const { return root_ / "feed"; }
  [[nodiscard]] std::filesystem::path feed_lock() const { return feed() / "lock"; }
  [[nodiscard]] std::filesystem::path segment(std::string_view stamp) const {
    return feed() / (std::string(stamp) + k_segment_suffix);
  }

  /// The set that `NAME.json` of a memory folder speaks of.
  [[nodiscard]] static std::optional<SetName> parse_memo_file(std::string_view file) {
    if (!file.ends_with(k_memo_suffix)) return {};
    return parse_set_name(file.substr(0, file.size() - std::string_view(k_memo_suffix).size()));
  }
  /// The set or service that `NAME.json` speaks of.
  [[nodiscard]] static std::optional<std::string> parse_name_file(std::string_view file) {
    if (!file.ends_with(k_memo_suffix)) return {};
    const auto name = file.substr(0, file.size() - std::string_view(k_memo_suffix).size());
    return parse_set_name(name) || valid_service_name(name) ? std::optional(std::string(name))
                                                            : std::nullopt;
  }
  /// `20261123T07` of `20261123T07.ndjson`.
  [[nodiscard]] static std::optional<std::string> parse_segment_file(std::string_view file) {
    if (!file.ends_with(k_segment_suffix)) return {};
    const auto stamp = file.substr(0, file.size() - std::string_view(k_segment_suffix).size());
    return valid_stamp(stamp) ? std::optional(std::string(stamp)) : std::nullopt;
  }
  /// Eight digits, `T`, two digits.
  [[nodiscard]] static bool valid_stamp(std::string_view stamp) {
    if (stamp.size() != 11) return false;
    for (std::size_t i = 0; i < stamp.size(); ++i)
      if (i == 8 ? stamp[i] != 'T' : (stamp[i] < '0' || stamp[i] > '9')) return false;
    return true;
  }

  /// `web1:/var/lib/cdctl`
  [[nodiscard]] std::string home() const {
    std::array<char, 256> host{};
    ::gethostname(host.data(), host.size() - 1);
    return std::string(host.data()) + ":" + root_.string();
  }
  /// Tells the processes of this home from those of another on the same machine: 16 hex digits.
  [[nodiscard]] std::string id() const { return sha256_hex(home()).substr(0, 16); }

 private:
  static constexpr const char* k_memo_suffix = ".json";
  static constexpr const char* k_segment_suffix = ".ndjson";
  [[nodiscard]] static std::string memo_file(const SetName& name) {
    return name.str() + k_memo_suffix;
  }
  std::filesystem::path root_;
};

}  // namespace cdctl::local
