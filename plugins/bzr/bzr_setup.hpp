#pragma once

#include <cdctl/host.hpp>
#include <cdctl/roles.hpp>

namespace cdctl::bzr {

/// Where a branch comes from, for `cdctl init`.
class BzrSetup final : public Setup {
 public:
  explicit BzrSetup(Host&) {}
  FolderClue do_look(const std::filesystem::path& folder) override;
  int do_knows(const std::string& address) const override;
};

}  // namespace cdctl::bzr
