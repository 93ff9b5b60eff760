#pragma once

#include <cdctl/host.hpp>

#include "plugins/forges/forge_doctor.hpp"
#include "plugins/forges/review_forge.hpp"
#include "plugins/github/github_server.hpp"

namespace cdctl::github {

/// Pull requests of GitHub.
class GithubForge final : public forges::ReviewForge {
 public:
  explicit GithubForge(Host& host) : ReviewForge(host, k_kind) {}
};

class GithubDoctor final : public forges::ForgeDoctor {
 public:
  explicit GithubDoctor(Host& host) : ForgeDoctor(host, k_kind) {}
};

}  // namespace cdctl::github
