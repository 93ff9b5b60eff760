#include "plugins/local/kept_logs.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>

#include <fmt/format.h>

#include <cdctl/fs.hpp>
#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

#include "plugins/local/status.hpp"

namespace cdctl::local {

namespace fs = std::filesystem;

namespace {

constexpr Millis k_keep = std::chrono::hours(7 * 24);
constexpr std::uintmax_t k_most_bytes = 1u << 30;
constexpr const char* k_processes = "processes";

/// Which process each unit was: without it the logs are numbers.
void note_processes(const SetPaths& paths) {
  const auto text = read_file(paths / k_status, 4u << 20);
  const auto status = text ? parse_status(*text) : std::nullopt;
  if (!status) return;
  std::string out;
  for (std::size_t i = 0; i < status->units.size(); ++i)
    out += fmt::format("{} {}\n", unit_name(i, status->units[i].process), status->units[i].process);
  (void)write_file_atomically(paths / k_units / k_processes, out, 0600);
}

struct Kept {
  fs::path folder;
  Time since;
  std::uintmax_t bytes = 0;
};

std::vector<Kept> all_kept(const fs::path& logs) {
  std::vector<Kept> out;
  std::error_code error;
  for (fs::directory_iterator at(logs, error), end; !error && at != end; at.increment(error)) {
    struct stat info{};
    if (::lstat(at->path().c_str(), &info) != 0) continue;
    Kept kept{at->path(), Time(std::chrono::seconds(info.st_mtim.tv_sec)), 0};
    std::error_code gone;
    for (fs::directory_iterator file(at->path(), gone), last; !gone && file != last;
         file.increment(gone)) {
      std::error_code unknown;
      if (const auto size = file->file_size(unknown); !unknown) kept.bytes += size;
    }
    out.push_back(std::move(kept));
  }
  std::ranges::sort(out, {}, &Kept::since);
  return out;
}

void remove_old(const fs::path& logs, Millis keep) {
  const auto kept = all_kept(logs);
  std::uintmax_t bytes = 0;
  for (const auto& one : kept) bytes += one.bytes;
  for (const auto& one : kept) {
    if (now() - one.since < keep && bytes <= k_most_bytes) continue;
    if (remove_tree(one.folder)) bytes -= one.bytes;
  }
}

}  // namespace

Result<Millis> log_keep(const Config& config) {
  const auto& said = config.table["local"]["log_keep"];
  if (said.is_null()) return k_keep;
  auto keep = parse_duration(said.view());
  if (!keep)
    return fail(ExitCode::config, fmt::format("{}: local.log_keep must be a duration, such as "
                                              "\"7d\"; \"0\" keeps nothing",
                                              config.file.string()));
  return keep;
}

Result<> keep_logs(const HomePaths& home, const SetName& set, Millis keep) {
  remove_old(home.logs(), keep);
  const auto paths = home.set(set);
  const auto from = paths / k_units;
  std::error_code error;
  if (keep <= Millis(0) || !fs::is_directory(from, error)) return {};
  note_processes(paths);
  // From now on, however old its last line is
  ::utimensat(AT_FDCWD, from.c_str(), nullptr, 0);
  const auto to = home.kept_logs(set);
  CDCTL_TRY(make_directories(home.logs(), 0700));
  CDCTL_TRY(remove_tree(to));
  if (::rename(from.c_str(), to.c_str()) != 0)
    return fail(fmt::format("moving {} to {}: {}", from.string(), to.string(), errno_text(errno)));
  crash_point("local.destroy.logs");
  return {};
}

std::map<std::string, std::string> kept_processes(const fs::path& logs) {
  std::map<std::string, std::string> out;
  const auto text = read_file(logs / k_processes, 4u << 20);
  if (!text) return out;
  for (auto line : lines(*text)) {
    const std::string unit(take_until(line, ' '));
    out.emplace(unit, line);
  }
  return out;
}

}  // namespace cdctl::local
