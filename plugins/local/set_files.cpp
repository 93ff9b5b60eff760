#include "plugins/local/set_files.hpp"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include <cdctl/lock.hpp>
#include <cdctl/set_name.hpp>
#include <cdctl/source.hpp>
#include <cdctl/text.hpp>

#include "plugins/local/log_lines.hpp"

namespace cdctl::local {

namespace {

/// The folder, held open: it stays the same one while we read, even if its name is given to
/// another.
class Folder {
 public:
  explicit Folder(const SetPaths& paths)
      : path_(paths.folder),
        fd_(::open(paths.folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)) {}
  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] bool has(const char* name) const { return ::faccessat(fd(), name, F_OK, 0) == 0; }
  [[nodiscard]] Result<std::string> read(const char* name) const {
    const Fd file(::openat(fd(), name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (!file.valid()) {
      if (errno == ENOENT) return std::string();
      return trouble("opening", name);
    }
    std::string out;
    char buffer[4096];
    for (;;) {
      const auto got = ::read(file.get(), buffer, sizeof buffer);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return trouble("reading", name);
      out.append(buffer, static_cast<std::size_t>(got));
      if (got < static_cast<ssize_t>(sizeof buffer)) return out;
      if (out.size() > k_largest)
        return fail(ExitCode::unknown, fmt::format("reading {}/{}: larger than {} bytes",
                                                   path_.string(), name, k_largest));
    }
  }
  [[nodiscard]] std::unexpected<Error> trouble(std::string_view doing, const char* name) const {
    return fail(ExitCode::unknown,
                fmt::format("{} {}/{}: {}", doing, path_.string(), name, errno_text(errno)));
  }

 private:
  static constexpr std::size_t k_largest = 4u << 20;

  std::filesystem::path path_;
  Fd fd_;
};

Json json_or_null(const std::string& text) {
  if (text.empty()) return {};
  auto json = Json::parse(text);
  return json ? std::move(*json) : Json::object();
}

/// Of a log, those that were begun at `since` or later where that is given.
Json last_lines(const std::filesystem::path& path, std::optional<Time> since = {}) {
  constexpr std::int64_t k_tail = 16 << 10;
  constexpr std::size_t k_lines = 10, k_longest = 1000;
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  Json out = Json::array();
  struct stat info{};
  if (!fd.valid() || ::fstat(fd.get(), &info) != 0) return out;
  std::string text(k_tail, '\0');
  const auto from = std::max<std::int64_t>(info.st_size - k_tail, 0);
  const auto got = ::pread(fd.get(), text.data(), text.size(), from);
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  auto all = lines(text);
  if (from > 0 && !all.empty()) all.erase(all.begin());  // began in its middle
  for (std::size_t i = all.size() > k_lines ? all.size() - k_lines : 0; i < all.size(); ++i) {
    const auto line = parse_logged_line(all[i]);
    if (since && line.time.value_or(*since) < *since) continue;
    out.push_back(line.engine ? fmt::format("[cdctl {}] {}", to_rfc3339(*line.time), line.text)
                              : std::string(line.text.substr(0, k_longest)));
  }
  return out;
}

}  // namespace

Result<SetFiles> read_set(const SetPaths& paths, bool ours) {
  SetFiles out;
  const Folder folder(paths);
  if (folder.fd() < 0) {
    if (errno == ENOENT) return out;
    return fail(ExitCode::unknown,
                fmt::format("opening {}: {}", paths.folder.string(), errno_text(errno)));
  }
  out.there = true;
  CDCTL_TRY_ASSIGN(const auto record, folder.read(k_record));
  out.record = json_or_null(record);
  if (!ours) {
    CDCTL_TRY_ASSIGN(out.claimed, OfdLock::held(folder.fd(), k_lock));
  }
  CDCTL_TRY_ASSIGN(out.alive, OfdLock::held(folder.fd(), k_alive));
  CDCTL_TRY_ASSIGN(const auto status, folder.read(k_status));
  out.status = parse_status(status);
  CDCTL_TRY_ASSIGN(out.frozen, folder.read(k_frozen));
  CDCTL_TRY_ASSIGN(const auto attempts, folder.read(k_attempts));
  out.attempts = json_or_null(attempts);
  out.finished = folder.has(k_finished);
  out.served = folder.has(k_served);
  out.reaping = folder.has(k_reaping);
  return out;
}

SetStatus to_set_status(const SetName& name, const SetFiles& r, const std::string& home) {
  SetStatus out;
  out.name = name;
  out.engine = "local";
  out.home = home;
  out.state = !r.there || r.debris() ? "absent"
              : r.reaping            ? "reaping"
              : r.claimed            ? "deploying"
              : !r.finished          ? "partial"
              : r.live()             ? "live"
                                     : "down";
  out.want = r.status ? r.status->want() : 0;
  if (r.status) out.processes = r.status->processes();
  out.up = r.alive && r.status ? r.status->up() : 0;
  if (r.alive && !r.status) out.want = out.up = std::nullopt;
  out.deployed_at = parse_rfc3339(r.record["deployed_at"].view());
  if (auto sources = sources_from_json(r.record["sources"])) out.sources = std::move(*sources);
  out.served = r.served;
  for (const auto& other : r.record["homes"].items()) out.homes.push_back(other.as_string());
  if (out.homes.empty()) out.homes.push_back(r.record["home"].as_string(home));
  if (r.status) out.lived = r.status->lived;
  out.world_cut = false;
  if (r.frozen == k_cut_done || (r.alive && r.status && r.status->frozen)) {
    out.world_cut = true;
  } else if (!r.frozen.empty()) {
    out.world_cut = std::nullopt;
  }
  // Ten minutes of life end the row of attempts
  if (!(r.live() && r.status && r.status->lived)) {
    out.attempts = r.attempts["attempts"].as_int();
    out.retry_at = parse_rfc3339(r.attempts["retry_at"].view());
  }
  return out;
}

namespace {

/// The last line that the unit itself has written.
std::string last_words(const std::filesystem::path& log) {
  std::string out;
  const auto written = last_lines(log);
  for (const auto& line : written.items())
    if (const auto text = trimmed(line.view()); !text.empty() && !text.starts_with("[cdctl "))
      out = printable(text, 200);
  return out;
}

}  // namespace

std::string why_down(const SetPaths& paths, const SetFiles& files) {
  if (files.reaping || files.claimed || !files.frozen.empty()) return {};
  const auto failed = files.attempts["why"].as_string();
  if (!files.finished && !failed.empty()) return failed;
  const auto& units = files.status ? files.status->units : std::vector<UnitStatus>();
  for (std::size_t i = 0; i < units.size(); ++i) {
    const bool well = units[i].state == UnitState::up || units[i].state == UnitState::waiting;
    if (units[i].last_exit.empty() || !units[i].wanted() || (files.alive && well)) continue;
    const auto name = unit_name(i, units[i].process);
    const auto said = last_words(paths / unit_log(name));
    const auto who = name == units[i].process ? name + " command"
                                              : fmt::format("unit {} ({})", i, units[i].process);
    return fmt::format("{}: {}{}{}", who, units[i].last_exit, said.empty() ? "" : ": ", said);
  }
  return files.finished && !files.alive ? "its supervisor is gone; deploy it again" : "";
}

std::vector<std::string> said_since(const SetPaths& paths, std::string_view unit, Time since) {
  std::vector<std::string> out;
  const auto all = last_lines(paths / unit_log(unit), since);
  for (const auto& line : all.items())
    if (!line.view().starts_with("[cdctl ")) out.push_back(line.as_string());
  return out;
}

Result<std::optional<TrackerRecord>> read_tracker(const SetPaths& paths) {
  auto text = read_file_if_there(paths / k_tracker);
  if (!text) return fail(ExitCode::unknown, text.error().what);
  if (!*text) return std::optional<TrackerRecord>();
  if (auto record = parse_tracker(**text)) return record;
  return std::optional(TrackerRecord{});
}

Json units_detail(const SetPaths& paths, const Status& status) {
  Json out = Json::array();
  for (std::size_t i = 0; i < status.units.size(); ++i) {
    const auto& unit = status.units[i];
    if (unit.state == UnitState::vacant) continue;
    out.push_back(
        Json::object({{"unit", unit_name(i, unit.process)},
                      {"process", unit.process},
                      {"pid", unit.id.pid > 0 ? Json(unit.id.pid) : Json()},
                      {"state", to_string(unit.state)},
                      {"restarts", unit.restarts},
                      {"last_exit", unit.last_exit.empty() ? Json() : Json(unit.last_exit)},
                      {"since", to_rfc3339(unit.since)},
                      {"log", last_lines(paths / unit_log(unit_name(i, unit.process)))}}));
  }
  return out;
}

}  // namespace cdctl::local
