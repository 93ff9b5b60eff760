#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <cdctl/code_review.hpp>
#include <cdctl/host.hpp>
#include <cdctl/rest.hpp>
#include <cdctl/target.hpp>
#include <cdctl/time.hpp>

namespace cdctl::gitea {

/// A repository on Gitea or Forgejo, as one token sees it.
class GiteaRepository {
 public:
  GiteaRepository(Host& host, ForgeAccess access);

  [[nodiscard]] Rest& rest() { return rest_; }
  [[nodiscard]] const ForgeAccess& access() const { return access_; }
  /// `/repos/team/thumbs` and what follows.
  [[nodiscard]] std::string path(std::string_view rest) const;
  /// Who the token is; empty where its scopes do not tell.
  [[nodiscard]] Result<std::string> me(const Deadline& deadline);
  /// The newest commit of a branch; empty where there is none.
  [[nodiscard]] Result<std::string> tip(const std::string& branch, const Deadline& deadline);
  /// A pull request as it is now. Reason::not_there where there is none.
  [[nodiscard]] Result<Json> pull(const std::string& id, const Deadline& deadline);

 private:
  ForgeAccess access_;
  Rest rest_;
  std::optional<std::string> me_;
};

/// Those of the targets, each made once.
class GiteaRepositories {
 public:
  explicit GiteaRepositories(Host& host) : host_(host) {}
  [[nodiscard]] Result<GiteaRepository*> of(const TargetConfig& target);

 private:
  Host& host_;
  std::map<std::string, std::unique_ptr<GiteaRepository>> all_;
};

}  // namespace cdctl::gitea
