#include "plugins/local/engine.hpp"

#include <algorithm>
#include <cerrno>

#include <dirent.h>

#include <fmt/format.h>

#include <cdctl/fs.hpp>
#include <cdctl/set_name.hpp>
#include <cdctl/source.hpp>

#include "plugins/local/claim.hpp"
#include "plugins/local/client.hpp"

namespace cdctl::local {

namespace {

/// The names of the set folders. Exit code `unknown` when the folder is there and cannot be read.
Result<std::vector<SetName>> names_in(const std::filesystem::path& sets,
                                      std::optional<std::string_view> service) {
  std::vector<SetName> out;
  DIR* const dir = ::opendir(sets.c_str());
  if (!dir && errno == ENOENT) return out;
  if (!dir)
    return fail(ExitCode::unknown,
                fmt::format("listing the sets in {}: {}", sets.string(), errno_text(errno)));
  errno = 0;
  while (const auto* entry = ::readdir(dir)) {
    auto name = parse_set_name(entry->d_name);
    if (name && (!service || name->service == *service)) out.push_back(std::move(*name));
    errno = 0;
  }
  const int error = errno;
  ::closedir(dir);
  if (error != 0)
    return fail(ExitCode::unknown,
                fmt::format("listing the sets in {}: {}", sets.string(), errno_text(error)));
  std::ranges::sort(out);
  return out;
}

}  // namespace

Result<std::vector<SetStatus>> LocalEngine::do_list(std::optional<std::string_view> service,
                                                    const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto names, names_in(home_.sets(), service));
  const auto home = home_.home();
  std::vector<SetStatus> out;
  out.reserve(names.size());
  for (const auto& name : names) {
    if (deadline.passed())
      return fail(ExitCode::timeout,
                  fmt::format("listing the sets in {}: the deadline passed", home));
    CDCTL_TRY_ASSIGN(const auto reading, read_set(home_.set(name)));
    if (reading.there && !reading.debris()) out.push_back(to_set_status(name, reading, home));
  }
  return out;
}

Result<SetStatus> LocalEngine::do_describe(const SetName& set, const Deadline& deadline) {
  const auto paths = home_.set(set);
  CDCTL_TRY_ASSIGN(auto reading, read_set(paths));
  if (reading.alive) {
    // Fresher than the file on a full disk; a supervisor that hangs costs us half a second
    if (const auto text = ask(paths, "status", deadline.at_most(Millis(500)))) {
      if (auto status = parse_status(*text)) reading.status = std::move(status);
    }
  }
  auto out = to_set_status(set, reading, home_.home());
  if (out.state == "absent") return out;
  out.detail.set("folder", paths.folder.string());
  out.detail.set("supervisor_pid",
                 reading.alive && reading.status ? Json(reading.status->supervisor.pid) : Json());
  out.detail.set("cgroup", reading.status && !reading.status->cgroup.empty()
                               ? Json(reading.status->cgroup)
                               : Json());
  out.detail.set("units", reading.status ? units_detail(paths, *reading.status) : Json::array());
  if (reading.attempts["why"].is_string()) out.detail.set("last_failure", reading.attempts["why"]);
  if (!reading.alive) {  // what its last supervisor wrote down is no longer so
    Json units = Json::array();
    for (auto unit : out.detail["units"].items())
      units.push_back(unit.set("state", "exited").set("pid", Json()));
    out.detail.set("units", std::move(units));
  }
  return out;
}

Result<std::unique_ptr<Claim>> LocalEngine::do_claim(const SetName& set, const Sources& sources,
                                                     Time deployed_at, const Deadline& deadline) {
  return LocalClaim::make(host_, home_, set, sources, deployed_at, deadline);
}

}  // namespace cdctl::local
