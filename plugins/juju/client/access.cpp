#include "plugins/juju/client/access.hpp"

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>

#include <cdctl/child.hpp>
#include <cdctl/text.hpp>

#include "plugins/juju/client/private_data.hpp"
#include "plugins/juju/model/models.hpp"

namespace cdctl::juju {

namespace fs = std::filesystem;

namespace {

constexpr Millis k_longest =
    std::chrono::minutes(10);  // so that no call outlives its private folder's sweep

fs::path environment_path(const char* name) {
  const char* value = std::getenv(name);
  return value && *value == '/' ? fs::path(value) : fs::path();
}

fs::path juju_data() {
  if (auto path = environment_path("JUJU_DATA"); !path.empty()) return path;
  if (const auto path = environment_path("XDG_DATA_HOME"); !path.empty()) return path / "juju";
  return environment_path("HOME") / ".local/share/juju";
}

/// A snap may read what is in its own folder of the home, and nothing of the machine's temporary
/// folder.
void place_private_data(Access& access) {
  std::error_code error;
  const auto program = find_program("juju");
  const auto common = environment_path("HOME") / "snap/juju/common";
  access.snap = program &&
                (program->string().starts_with("/snap/") ||
                 program->string().starts_with("/var/lib/snapd/")) &&
                fs::is_directory(common, error);
  access.private_parent = access.snap ? common : fs::temp_directory_path(error);
}

Result<std::string> text_of(const Config& config, std::string_view key) {
  const auto& value = config.table["juju"][key];
  if (!value.is_null() && value.view().empty())
    return fail(ExitCode::config,
                fmt::format("{}: [juju] {} must be a string", config.file.string(), key));
  return value.as_string();
}

}  // namespace

Result<Access> read_access(const Host& host, const Arguments& args) {
  const auto& config = host.config();
  Access access;
  CDCTL_TRY_ASSIGN(access.controller, text_of(config, "controller"));
  if (!access.controller.empty() && !valid_controller_name(access.controller)) {
    return fail(ExitCode::config,
                fmt::format("{}: [juju] controller '{}' is not the name of a controller",
                            config.file.string(), printable(access.controller, 80)));
  }
  if (args.has("controller")) {
    access.controller = args.value("controller");
    if (!valid_controller_name(access.controller))
      return fail(ExitCode::usage, fmt::format("--controller '{}' is not the name of a controller",
                                               printable(access.controller, 80)));
  }
  CDCTL_TRY_ASSIGN(const auto data, text_of(config, "data"));
  access.data = data.empty() ? juju_data() : config.file.parent_path() / data;
  if (args.has("timeout")) {
    const auto given = parse_duration(args.value("timeout"));
    if (!given) return fail(ExitCode::usage, fmt::format("--timeout: {}", given.error().what));
    if (*given <= Millis(0) || *given > k_longest)
      return fail(ExitCode::usage, "--timeout: say more than 0 and at most 10m");
    access.timeout = *given;
  }
  place_private_data(access);
  sweep_private_data(access.private_parent);
  return access;
}

Result<Access> access_within(const Access& access, const Deadline& deadline,
                             std::string_view attempt) {
  if (deadline.passed())
    return fail(
        ExitCode::timeout,
        fmt::format("{}: no time is left; look with cdctl inspect, and try again", attempt));
  auto out = access;
  out.timeout = std::min(out.timeout, deadline.left());
  return out;
}

}  // namespace cdctl::juju
