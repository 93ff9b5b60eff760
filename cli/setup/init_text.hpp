#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <cdctl/config.hpp>
#include <cdctl/roles.hpp>

#include "cli/setup/procfile_look.hpp"

namespace cdctl::cli {

/// Everything that `init` has to know before it writes.
struct InitAnswers {
  std::string service, engine = k_embedded;
  std::string trunk_kind, trunk;
  std::string branch;           ///< of a kind of source that has branches
  std::string spec_kind, spec;  ///< empty = the trunk's Procfile
  bool work_tree = false;       ///< the trunk is a folder of this machine, with its files
  ProcfileLook procfile;        ///< of the trunk, where that could be looked at
  SetupText plugins;            ///< what the plugins put into the files
};

/// `cdctl.toml` and `services.d/SERVICE.toml`, with comments. The same answers give the same bytes.
[[nodiscard]] std::string configuration_text(const InitAnswers& answers);
[[nodiscard]] std::string service_text(const InitAnswers& answers);

/// A TOML basic string: its escapes are those of JSON.
[[nodiscard]] std::string toml_text(std::string_view text);

}  // namespace cdctl::cli
