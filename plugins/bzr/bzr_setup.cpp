#include "plugins/bzr/bzr_setup.hpp"

#include <cdctl/fs.hpp>
#include <cdctl/text.hpp>

namespace cdctl::bzr {

namespace fs = std::filesystem;

/// Breezy keeps where a branch came from in `.bzr/branch/branch.conf`: parent_location = URL
FolderClue BzrSetup::do_look(const fs::path& folder) {
  const auto conf = read_file_if_there(folder / ".bzr/branch/branch.conf");
  if (!conf || !*conf) return {};
  SourceClue source{"bzr", folder.string(), "", false};
  for (const auto line : lines(**conf))
    if (line.starts_with("parent_location = ")) source.url = line.substr(line.find('=') + 2);
  FolderClue clue;
  clue.source = std::move(source);
  return clue;
}

int BzrSetup::do_knows(const std::string& address) const {
  std::error_code error;
  return address.starts_with("lp:") || address.starts_with("bzr:") || address.starts_with("bzr+") ||
                 fs::is_directory(fs::path(address) / ".bzr", error)
             ? 2
             : 0;
}

}  // namespace cdctl::bzr
