#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "cli/output/context.hpp"
#include "cli/setup/procfile_look.hpp"

namespace cdctl::cli {

/// What a folder tells about the service that is worked on in it, by the front end and by the
/// plugins that have the role `setup`. What could not be found is empty.
struct FolderFacts {
  std::filesystem::path folder;
  std::string name;  ///< a service's name made from the repository's or the folder's
  SourceClue source;
  ProcfileLook procfile;
  std::string spec_question;    ///< it is a spec: what to ask for it
  std::string engine, because;  ///< made for this engine, and the file that says so
};

/// The plugins that help `init`. Each is opened; one that cannot be is left out with a warning.
class SetupPlugins {
 public:
  explicit SetupPlugins(Context& context);

  /// Reads files and asks local programs; no network.
  [[nodiscard]] FolderFacts look_at(const std::filesystem::path& folder) const;
  /// The kind of source that an address is; empty when no plugin knows it.
  [[nodiscard]] std::string kind_of_address(const std::string& address) const;
  /// Each plugin's part of the new files, one after the other.
  [[nodiscard]] Result<SetupText> interview(Dialogue& dialogue, const SetupService& service) const;
  /// The part of the plugin for this kind of repository alone: for a target.
  [[nodiscard]] Result<SetupText> interview(std::string_view kind, Dialogue& dialogue,
                                            const SetupService& service) const;

 private:
  struct Helper {
    std::string kind;
    Setup* setup;
  };
  std::vector<Helper> helpers_;
};

/// A valid service name close to `text`: `My_Thumbs.git` → `my-thumbs`. Empty when nothing is left.
[[nodiscard]] std::string service_name_from(std::string_view text);

}  // namespace cdctl::cli
