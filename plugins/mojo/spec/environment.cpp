#include "plugins/mojo/spec/environment.hpp"

#include <cstdlib>

namespace cdctl::mojo {

std::map<std::string, std::string> mojo_environment(const Identity& identity,
                                                    const Workspace& workspace) {
  std::map<std::string, std::string> env{{"MOJO_ROOT", identity.root.string()},
                                         {"MOJO_PROJECT", identity.project},
                                         {"MOJO_WORKSPACE", identity.workspace},
                                         {"MOJO_STAGE", identity.stage},
                                         {"MOJO_SPEC", identity.spec},
                                         {"MOJO_SPEC_DIR", workspace.spec.string()},
                                         {"MOJO_BUILD_DIR", workspace.build.string()},
                                         {"MOJO_REPO_DIR", workspace.repo.string()},
                                         {"MOJO_LOCAL_DIR", workspace.local.string()},
                                         {"MOJO_LOGFILE", workspace.log_file().string()}};
  env["CDCTL_MOJO_RUN"] = workspace.root.string();
  if (!identity.series.empty()) env["MOJO_SERIES"] = identity.series;
  return env;
}

std::string run_marker(const Workspace& workspace) {
  return "CDCTL_MOJO_RUN=" + workspace.root.string();
}

std::map<std::string, std::string> source_environment(
    const std::map<std::string, Fetched>& sources) {
  std::map<std::string, std::string> env;
  for (const auto& [name, source] : sources) {
    env[source_variable(name)] = source.path.string();
    env[source_variable(name) + "_REVISION"] = source.revision;
  }
  return env;
}

std::optional<std::string> environment_value(const std::map<std::string, std::string>& env,
                                             const std::string& name) {
  if (const auto at = env.find(name); at != env.end()) return at->second;
  const char* value = name == "AMQP_URL"
                          ? nullptr
                          : std::getenv(name.c_str());  // only the units get the broker's password
  return value ? std::optional<std::string>(value) : std::nullopt;
}

}  // namespace cdctl::mojo
