#pragma once

#include <cdctl/host.hpp>

#include "plugins/forges/forge_doctor.hpp"
#include "plugins/forges/review_forge.hpp"
#include "plugins/gitlab/gitlab_server.hpp"

namespace cdctl::gitlab {

/// Merge requests of GitLab.
class GitlabForge final : public forges::ReviewForge {
 public:
  explicit GitlabForge(Host& host) : ReviewForge(host, k_kind) {}
};

class GitlabDoctor final : public forges::ForgeDoctor {
 public:
  explicit GitlabDoctor(Host& host) : ForgeDoctor(host, k_kind) {}
};

}  // namespace cdctl::gitlab
