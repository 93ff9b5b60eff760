#pragma once

#include <set>
#include <span>
#include <string>
#include <vector>

#include "plugins/forges/pull_listing.hpp"
#include "plugins/github/github_server.hpp"

namespace cdctl::github {

/// One look at the pull requests of a repository on GitHub.
class GithubListing final : public forges::PullListing {
 public:
  GithubListing(GithubServer& server, std::span<const TargetConfig* const> targets,
                const Deadline& deadline)
      : PullListing(server, targets, deadline), github_(server) {}

 protected:
  std::string list_path() const override;
  std::string_view commits_path() const override;
  Result<> complete(forges::Pull& pull) override;
  Result<> count_unresolved(forges::Pull& pull) override;
  Result<> ask(forges::Trust& trust, const std::set<std::string>& logins) override;
  std::string login_of(const Json& review) const override;
  bool is_bot(const Json& user) const override;
  bool is_draft(const Json& pull) const override;
  bool is_server(std::string_view login) const override;
  std::vector<std::string> pending(const forges::Pull& pull) const override;

 private:
  GithubServer& github_;
};

}  // namespace cdctl::github
