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

namespace cdctl::gitlab {

/// A project on GitLab, as one token sees it.
class GitlabProject {
 public:
  GitlabProject(Host& host, ForgeAccess access);

  [[nodiscard]] Rest& rest() { return rest_; }
  [[nodiscard]] const ForgeAccess& access() const { return access_; }
  /// `/projects/team%2Fthumbs` and what follows.
  [[nodiscard]] std::string path(std::string_view rest) const;
  /// Who the token is.
  [[nodiscard]] Result<std::string> me(const Deadline& deadline);
  /// The newest commit of a branch; empty where there is none.
  [[nodiscard]] Result<std::string> tip(const std::string& branch, const Deadline& deadline);
  /// A merge request as it is now. Reason::not_there where there is none.
  [[nodiscard]] Result<Json> request(const std::string& id, const Deadline& deadline);
  /// The tree of a commit. GitLab does not tell it: it is the digest of what is in it.
  [[nodiscard]] Result<std::string> tree(const std::string& commit, const Deadline& deadline);

 private:
  ForgeAccess access_;
  Rest rest_;
  std::string me_;
};

/// Those of the targets, each made once.
class GitlabProjects {
 public:
  explicit GitlabProjects(Host& host) : host_(host) {}
  [[nodiscard]] Result<GitlabProject*> of(const TargetConfig& target);

 private:
  Host& host_;
  std::map<std::string, std::unique_ptr<GitlabProject>> all_;
};

/// The id of a git tree by its entries, each with `mode`, `type`, `name` and `id`; empty where one
/// is not of that form.
[[nodiscard]] std::string tree_id(const Json::Array& entries);

}  // namespace cdctl::gitlab
