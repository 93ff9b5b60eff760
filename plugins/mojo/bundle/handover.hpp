#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <cdctl/error.hpp>
#include <cdctl/json.hpp>
#include <cdctl/roles.hpp>

#include "plugins/mojo/bundle/bundle.hpp"
#include "plugins/mojo/spec/procfile.hpp"

namespace cdctl::mojo {

/// Where a bundle that is handed over may find its local charms.
struct CharmFolders {
  std::vector<std::filesystem::path> from;  ///< `./NAME` is looked for in these, in order
  std::filesystem::path repo;               ///< `local:SERIES/NAME` is below it
  std::filesystem::path within;             ///< nothing outside is ever given away
};

/// A bundle as an engine of charms takes it: one JSON document, which is YAML too. The counts of
/// `units` (by application) replace the bundle's, 0 included; local charms are named by their
/// absolute path. Scalars without quotes get the type that juju's own reader gives them (YAML 1.1:
/// `yes` is true). Exit code `config` for a unit count or a local charm that is not there.
[[nodiscard]] Result<Json> bundle_to_hand_over(const Bundle& bundle,
                                               const std::map<std::string, std::int64_t>& units,
                                               const CharmFolders& folders,
                                               const std::string& shown);

/// The value of a plain or quoted YAML value.
[[nodiscard]] Json to_json(const Yaml& value);

/// The annotation by which an application names its process.
constexpr std::string_view k_process_annotation = "cdctl-process";

/// What an engine of processes runs of a bundle. An application's process is the type of the
/// Procfile that its annotation `cdctl-process` names, or else the one that is called like itself.
/// How many: `units` of that type when `units` is not empty, else the application's own count, 1
/// without; 0 is not run. Applications without a process are left out, with a note each. `shown` is
/// the bundle's name in messages. Exit code `config` when nothing would run, an annotation or
/// `units` names a type that the Procfile lacks, or two applications mean the same one.
[[nodiscard]] Result<std::vector<Process>> processes_of(
    const Bundle& bundle, const std::vector<ProcfileEntry>& entries,
    const std::map<std::string, std::int64_t>& units, const std::string& shown,
    std::vector<std::string>& notes);

}  // namespace cdctl::mojo
