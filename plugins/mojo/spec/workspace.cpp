#include "plugins/mojo/spec/workspace.hpp"

#include <cstdlib>

#include <fmt/format.h>

#include <cdctl/fs.hpp>
#include <cdctl/secret.hpp>
#include <cdctl/url.hpp>

#include "plugins/mojo/spec/stage.hpp"

namespace cdctl::mojo {

Workspace::Workspace(std::filesystem::path where)
    : root(std::move(where)),
      spec(root / "spec"),
      sources(root / "sources"),
      build(root / "build"),
      repo(root / "repo"),
      local(root / "local"),
      log(root / "log") {}

Result<> Workspace::make() const {
  for (const auto& folder : {spec, sources, build, repo, local, log})
    CDCTL_TRY(remove_tree(folder));
  for (const auto& folder : {sources, build, repo}) CDCTL_TRY(make_directories(folder));
  for (const auto& folder : {local, log}) CDCTL_TRY(make_directories(folder, 0700));
  return {};
}

std::filesystem::path mojo_root(const Config& config, const std::filesystem::path& home) {
  const auto root = config.table["mojo"]["root"].as_string();
  return root.starts_with('/') ? std::filesystem::path(root) : home / "mojo";
}

std::filesystem::path secrets_folder(const std::filesystem::path& root, const std::string& project,
                                     const std::string& stage) {
  const auto folder = root / "LOCAL" / project;
  return stage.empty() ? folder : folder / stage;
}

Result<MojoOptions> mojo_options(const ServiceConfig& service) {
  MojoOptions options;
  const auto& table = service.table["mojo"];
  const auto take = [&](const char* key, std::string& into) -> Result<> {
    const auto& value = table[key];
    if (value.is_null()) return {};
    const auto context = fmt::format("{}: mojo.{}", service.file.string(), key);
    if (!value.is_string()) return fail(ExitCode::config, context + " must be a string");
    CDCTL_TRY(check_relative(value.view(), context));
    into = value.as_string();
    while (into.ends_with('/')) into.pop_back();
    return {};
  };
  CDCTL_TRY(take("stage", options.stage));
  CDCTL_TRY(take("manifest", options.manifest));
  CDCTL_TRY(take("series", options.series));
  const auto& runner = table["runner"];
  if (!runner.is_null() && runner.view() != "mojo" && runner.view() != "native") {
    return fail(ExitCode::config,
                fmt::format("{}: mojo.runner is neither native nor mojo", service.file.string()));
  }
  options.external = runner.view() == "mojo";
  return options;
}

std::map<std::string, std::string> mojo_environment(const Identity& identity,
                                                    const Workspace& workspace) {
  std::map<std::string, std::string> env{{"MOJO_ROOT", identity.root.string()},
                                         {"MOJO_PROJECT", identity.project},
                                         {"MOJO_WORKSPACE", identity.workspace},
                                         {"MOJO_STAGE", identity.stage},
                                         {"MOJO_SPEC", shown_address(identity.spec)},
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

std::optional<std::string> environment_value(const std::map<std::string, std::string>& env,
                                             const std::string& name) {
  if (const auto at = env.find(name); at != env.end()) return at->second;
  // Only the units get the broker's password, and what is cdctl's own is nobody's
  const char* value =
      name == "AMQP_URL" || hidden_from_children(name) ? nullptr : std::getenv(name.c_str());
  return value ? std::optional<std::string>(value) : std::nullopt;
}

}  // namespace cdctl::mojo
