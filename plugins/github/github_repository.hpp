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

namespace cdctl::github {

/// A repository on GitHub, or GitHub Enterprise, as one token sees it.
class GithubRepository {
 public:
  GithubRepository(Host& host, ForgeAccess access);

  [[nodiscard]] Rest& rest() { return rest_; }
  [[nodiscard]] const ForgeAccess& access() const { return access_; }
  /// `/repos/team/thumbs` and what follows.
  [[nodiscard]] std::string path(std::string_view rest) const;
  /// Who the token is; empty for that of an app, which GitHub does not tell.
  [[nodiscard]] Result<std::string> me(const Deadline& deadline);
  /// The newest commit of a branch; empty where there is none.
  [[nodiscard]] Result<std::string> tip(const std::string& branch, const Deadline& deadline);
  /// A pull request as it is now. Reason::not_there where there is none.
  [[nodiscard]] Result<Json> pull(const std::string& id, const Deadline& deadline);
  /// GraphQL, which alone tells some things.
  [[nodiscard]] Result<Json> query(const std::string& text, Json variables,
                                   const Deadline& deadline);

 private:
  ForgeAccess access_;
  Rest rest_, graph_;
  std::optional<std::string> me_;
};

/// Those of the targets, each made once.
class GithubRepositories {
 public:
  explicit GithubRepositories(Host& host) : host_(host) {}
  [[nodiscard]] Result<GithubRepository*> of(const TargetConfig& target);

 private:
  Host& host_;
  std::map<std::string, std::unique_ptr<GithubRepository>> all_;
};

}  // namespace cdctl::github
