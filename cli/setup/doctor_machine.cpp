#include "cli/setup/doctor_machine.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cdctl/text.hpp>

#include "core/config/keys.hpp"

namespace cdctl::cli {

namespace fs = std::filesystem;

namespace {

using State = Check::State;

constexpr std::uintmax_t k_mib = 1 << 20;
constexpr std::uintmax_t k_least_room = 100 * k_mib,
                         k_little_room = 1024 * k_mib;  // a checkout and a build are soon as large
constexpr rlim_t k_few_files = 1024, k_few_processes = 512;

std::string size(std::uintmax_t bytes) {
  return bytes >= 1024 * k_mib
             ? fmt::format("{:.1f} GiB", static_cast<double>(bytes) / (1024.0 * k_mib))
             : fmt::format("{} MiB", bytes / k_mib);
}

Check room(const fs::path& folder) {
  struct statvfs disk{};
  if (::statvfs(folder.c_str(), &disk) != 0)
    return {"room", State::unknown, folder.string() + " cannot be asked",
            "see that the disk is mounted"};
  const auto free = static_cast<std::uintmax_t>(disk.f_bavail) * disk.f_frsize;
  const bool none = disk.f_files > 0 && disk.f_favail < 1000;
  const auto state = free < k_least_room || none ? State::bad
                     : free < k_little_room      ? State::warning
                                                 : State::ok;
  return {"room", state,
          fmt::format("{} free{}", size(free), none ? ", but hardly a file more may be made" : ""),
          state == State::ok
              ? ""
              : fmt::format("free room on the disk of {}: a deploy needs a checkout and a build",
                            folder.string())};
}

/// Who else may write there could put a unit of theirs into a set.
Check modes(const fs::path& home) {
  struct stat info{};
  if (::stat(home.c_str(), &info) != 0 || (info.st_mode & 0022) == 0)
    return {"home's mode", State::ok, "nobody else may write to it", ""};
  return {"home's mode", State::bad,
          fmt::format("{} is open to others ({:o})", home.string(), info.st_mode & 07777),
          "chmod go-w " + home.string()};
}

Check limit(std::string what, decltype(RLIMIT_NOFILE) which, rlim_t few, std::string cure) {
  struct rlimit is{};
  if (::getrlimit(which, &is) != 0) return {std::move(what), State::unknown, "cannot be asked", ""};
  if (is.rlim_cur == RLIM_INFINITY || is.rlim_cur >= few)
    return {std::move(what), State::ok,
            is.rlim_cur == RLIM_INFINITY ? "no limit" : fmt::format("{}", is.rlim_cur), ""};
  return {std::move(what), State::warning, fmt::format("{} at most", is.rlim_cur), std::move(cure)};
}

void look_at_mode(std::vector<Check>& out, const fs::path& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0 || (info.st_mode & 0022) == 0) return;
  out.push_back(
      {"mode of " + path.filename().string(), (info.st_mode & 0002) ? State::bad : State::warning,
       fmt::format("{}: others may write to it, and so decide what is deployed", path.string()),
       "chmod go-w " + path.string()});
}

void look_at_secret(std::vector<Check>& out, const Config& config, std::string_view key) {
  const auto given = config::value_at(config.table, key).as_string();
  if (given.empty()) return;
  const auto path = config.file.parent_path() / given;
  struct stat info{};
  const auto what =
      fmt::format("[{}] {}", key.substr(0, key.rfind('.')), key.substr(key.rfind('.') + 1));
  if (::stat(path.c_str(), &info) != 0)
    out.push_back({what, State::bad, path.string() + " is not there",
                   fmt::format("(umask 077; cat >{}) and type the secret", path.string())});
  else if ((info.st_mode & 0077) != 0)
    out.push_back({what, State::bad,
                   fmt::format("others may read {} ({:o})", path.string(), info.st_mode & 07777),
                   "chmod 600 " + path.string()});
  else
    out.push_back({what, State::ok, path.string() + ", for its owner alone", ""});
}

}  // namespace

std::vector<Check> look_at_home(const fs::path& home) {
  auto folder = home;
  std::error_code error;
  while (!fs::exists(folder, error) && folder.has_relative_path()) folder = folder.parent_path();
  // The home need not be there before the first deploy, but whoever makes it must be able to.
  const bool writable =
      fs::is_directory(folder, error) && ::access(folder.c_str(), W_OK | X_OK) == 0;
  std::vector<Check> out{
      {"home", writable ? State::ok : State::bad,
       fmt::format("{}{}", home.string(),
                   writable ? "" : ": " + folder.string() + " may not be written to"),
       writable ? ""
                : fmt::format("set [{}] home, or CDCTL_HOME, to a folder that you may write to",
                              k_embedded)}};
  if (!writable) return out;
  out.push_back(room(folder));
  out.push_back(modes(home));
  return out;
}

std::vector<Check> look_at_name(std::string_view host) {
  if (!host.empty() && host != "localhost" && !host.starts_with("localhost.")) return {};
  return {
      {"host name", Check::State::warning,
       fmt::format("this machine is called '{}'; the homes of two machines of one name are taken "
                   "for one",
                   printable(host, 60)),
       "give it a name of its own (hostnamectl set-hostname) before its first deploy"}};
}

std::vector<Check> look_at_limits() {
  return {
      limit("open files", RLIMIT_NOFILE, k_few_files,
            "ulimit -n 4096, or LimitNOFILE= of the systemd unit"),
      limit("processes", RLIMIT_NPROC, k_few_processes,
            "ulimit -u 4096, or LimitNPROC= of the systemd unit: each unit is a process and more")};
}

std::vector<Check> look_at_files(const Config& config, plugins::PluginHost& plugins) {
  std::vector<Check> out;
  look_at_mode(out, config.file.parent_path() / "services.d");
  look_at_mode(out, config.file);
  for (const auto& service : config.services) look_at_mode(out, service.file);
  const config::Keys keys(plugins);
  for (const auto key : keys.secret_files()) look_at_secret(out, config, key);
  return out;
}

std::vector<Check> look_at_services(const Config& config) {
  std::vector<Check> out;
  for (const auto& service : config.services) {
    std::int64_t units = 0;
    for (const auto& [process, count] : service.units) units += count;
    if (service.units.empty() || service.min_live.percent ||
        units * service.reaper.keep >= service.min_live.amount)
      continue;
    out.push_back({"min_live of " + service.name, State::warning,
                   fmt::format("{}, but a set has {} and {} kept: no cut would ever be allowed",
                               service.min_live.amount, plural(units, "unit"),
                               plural(service.reaper.keep, "set is", "sets are")),
                   fmt::format("lower min_live, or raise units or [reaper] keep in {}",
                               service.file.string())});
  }
  return out;
}

}  // namespace cdctl::cli
