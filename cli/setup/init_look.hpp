#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace cdctl::cli {

/// What a folder tells about the service that is worked on in it. What could not be found is empty.
struct FolderFacts {
  std::string name;               ///< a service's name made from the repository's or the folder's
  std::string kind, url, branch;  ///< git or bzr; where it comes from, or the work tree itself
  bool own_work_tree = false;     ///< `url` is the work tree: it has no remote
  std::vector<std::string> processes;  ///< of its Procfile
  bool manifest = false;               ///< it is a Mojo spec
  bool bundle = false;                 ///< it holds a Juju bundle
};
/// Reads files and asks git; no network.
[[nodiscard]] FolderFacts look_at(const std::filesystem::path& folder);

/// The processes that a folder's Procfile names; none where there is no such file.
[[nodiscard]] std::vector<std::string> processes_in(const std::filesystem::path& folder);

/// git or bzr, from how an address looks and what is there.
[[nodiscard]] std::string kind_of_address(const std::string& url);
/// A valid service name close to `text`: `My_Thumbs.git` → `my-thumbs`. Empty when nothing is left.
[[nodiscard]] std::string service_name_from(std::string_view text);

}  // namespace cdctl::cli
