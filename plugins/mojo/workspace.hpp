#pragma once

#include <filesystem>
#include <map>
#include <string>

#include <cdctl/config.hpp>
#include <cdctl/error.hpp>

namespace cdctl::mojo {

/// The folders of one deploy, below the workspace of its claim.
struct Workspace {
  std::filesystem::path root;
  std::filesystem::path spec, sources, build, repo, local, log;

  explicit Workspace(std::filesystem::path where);
  /// Makes all but spec/, emptied of what an earlier try left. local/ and log/ are private: they may hold secrets.
  [[nodiscard]] Result<> make() const;
  /// The file that receives the output of every phase (MOJO_LOGFILE).
  [[nodiscard]] std::filesystem::path log_file() const { return log / "mojo.log"; }
};

/// `CDCTL_SOURCE_` and the name in capitals, `-` as `_`.
[[nodiscard]] std::string source_variable(std::string_view name);

/// The mojo table of a service, checked: names that reach paths.
struct MojoOptions {
  std::string stage;                  ///< empty: the spec's top
  std::string manifest = "manifest";
  std::string series;
};
/// Exit code `config`.
[[nodiscard]] Result<MojoOptions> mojo_options(const ServiceConfig& service);

}  // namespace cdctl::mojo
