#pragma once

#include <cdctl/host.hpp>
#include <cdctl/roles.hpp>

namespace cdctl::juju {

/// A folder with a bundle is made for this engine, for `cdctl init`.
class JujuSetup final : public Setup {
 public:
  explicit JujuSetup(Host&) {}
  FolderClue do_look(const std::filesystem::path& folder) override;
};

}  // namespace cdctl::juju
