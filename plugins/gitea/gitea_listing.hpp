#pragma once

#include <set>
#include <string>
#include <vector>

#include "plugins/forges/pull_listing.hpp"

namespace cdctl::gitea {

/// One look at the pull requests of a repository on Gitea or Forgejo.
class GiteaListing final : public forges::PullListing {
 public:
  using PullListing::PullListing;

 protected:
  std::string list_path() const override;
  std::string_view commits_path() const override;
  Result<> complete(forges::Pull& pull) override;
  Result<> count_unresolved(forges::Pull& pull) override;
  Result<> ask(forges::Trust& trust, const std::set<std::string>& logins) override;
  std::string login_of(const Json& review) const override;
  bool is_bot(const Json& user) const override;
  bool is_draft(const Json& pull) const override;
  bool is_stale(const Json& review) const override;
  std::vector<std::string> pending(const forges::Pull& pull) const override;
};

}  // namespace cdctl::gitea
