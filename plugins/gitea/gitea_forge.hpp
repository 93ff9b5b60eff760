#pragma once

#include <cdctl/host.hpp>

#include "plugins/forges/forge_doctor.hpp"
#include "plugins/forges/review_forge.hpp"
#include "plugins/gitea/gitea_server.hpp"

namespace cdctl::gitea {

/// Pull requests of Gitea and Forgejo.
class GiteaForge final : public forges::ReviewForge {
 public:
  explicit GiteaForge(Host& host) : ReviewForge(host, k_kind) {}
};

class GiteaDoctor final : public forges::ForgeDoctor {
 public:
  explicit GiteaDoctor(Host& host) : ForgeDoctor(host, k_kind) {}
};

}  // namespace cdctl::gitea
