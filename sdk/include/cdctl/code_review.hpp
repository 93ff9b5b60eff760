#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <cdctl/child.hpp>
#include <cdctl/config.hpp>
#include <cdctl/error.hpp>
#include <cdctl/proposal.hpp>
#include <cdctl/rest.hpp>
#include <cdctl/roles/forge.hpp>
#include <cdctl/target.hpp>
#include <cdctl/time.hpp>

// What the servers for code reviews have in common, for the plugins that are their Forge.

namespace cdctl {

/// A repository on a server, by its address: of `git@git.example:team/thumbs.git` host
/// `git.example`, path `team/thumbs`, scheme `ssh`.
struct ServedRepository {
  std::string scheme, host, port, path;
};
[[nodiscard]] std::optional<ServedRepository> served_repository(std::string_view address);

/// Where a target's server is and who we are there.
struct ForgeAccess {
  std::string api;         ///< without a slash at the end
  std::string repository;  ///< owner/name
  std::string token;
};
/// By the table of the target's file, `[github]`: `api` or what `api_of` makes of the repository's
/// address, `repository` or its path, and the token that the table, or the same one of cdctl.toml,
/// gives. Exit code `config` where one is missing, or would cross a network that anybody can read.
[[nodiscard]] Result<ForgeAccess> forge_access(const Config& config, const TargetConfig& target,
                                               const std::string& table,
                                               std::string (*api_of)(const ServedRepository&));

/// A branch as the path of a call has it, its slashes kept.
[[nodiscard]] std::string ref_path(std::string_view name);
/// Whether two logins, or repositories, are one: their case does not count.
[[nodiscard]] bool same_name(std::string_view one, std::string_view other);
/// Whether a target's votes say how many of these there may be.
[[nodiscard]] bool asks_for(const TargetConfig& target, std::string_view vote);

/// What a comment of ours begins with; nobody sees it.
[[nodiscard]] std::string land_marker(const TargetConfig& target);
/// The comment that tells how far a proposal has come, in Markdown. What others have written, such
/// as a log, is in a fence that it cannot close: it mentions nobody, links nothing, shows no
/// picture. At most `most` bytes; of a longer log the end.
[[nodiscard]] std::string land_comment(const TargetConfig& target, const ProposalReport& report,
                                       std::size_t most = 60'000);
/// The context of our status of a head: `cdctl/NAME`.
[[nodiscard]] std::string land_context(const TargetConfig& target);
/// One line for it.
[[nodiscard]] std::string land_status(const ProposalReport& report, std::size_t most = 140);

/// How a server keeps the comments of one proposal.
struct CommentCalls {
  std::string all;                  ///< the path of its list, where a new one is posted, too
  std::string one;                  ///< the path of one, without the id at the end
  std::string change;               ///< PATCH, PUT
  std::string author, author_name;  ///< the members with who wrote it: user, login
  std::string me;                   ///< who we are; empty = it does not tell
};
/// Makes the comment of ours say this, or makes it. Of two, as two landers at once can leave, the
/// first stays. False when it said so already.
[[nodiscard]] Result<bool> upsert_comment(Rest& rest, const CommentCalls& calls,
                                          const std::string& marker, const std::string& text,
                                          const Deadline& deadline);

/// The description of a proposal, as a commit's message can have it: without what HTML comments of
/// a template say.
[[nodiscard]] std::string description_text(std::string_view markdown);
/// What `Depends-On:` lines of a description name: `#12`, `!12` and the address of one of ours
/// (`https://…/team/thumbs/pull/12`) as `12`, anything else as it stands.
[[nodiscard]] std::vector<std::string> depends_on(std::string_view description,
                                                  std::string_view repository);
/// The description with such a line for each that it does not name yet; `sign` is # or !.
[[nodiscard]] std::string with_prerequisites(std::string description,
                                             const std::vector<std::string>& after,
                                             std::string_view repository, char sign = '#');
/// Those of `Co-authored-by:` lines of a commit's message.
[[nodiscard]] std::vector<Person> co_authors(std::string_view message);
void add_person(std::vector<Person>& people, Person person);

/// git in the folder of whoever proposes or reviews, with their settings and keys.
class Clone {
 public:
  Clone(std::filesystem::path folder, Deadline deadline)
      : folder_(std::move(folder)), deadline_(deadline) {}

  /// The id of what a revision says. Exit code `usage` where there is none.
  [[nodiscard]] Result<std::string> commit(const std::string& revision) const;
  [[nodiscard]] Result<bool> has(const std::string& commit) const;
  /// What is checked out; empty for a detached head.
  [[nodiscard]] Result<std::string> branch() const;
  /// The subject and body of a commit.
  [[nodiscard]] Result<std::pair<std::string, std::string>> message(
      const std::string& commit) const;
  /// The name of the remote that a branch is pushed to; its address may hold a token.
  [[nodiscard]] Result<std::string> push_remote(const std::string& branch) const;
  [[nodiscard]] Result<std::string> address_of(const std::string& remote) const;
  /// The commit of a branch there; empty when it has none.
  [[nodiscard]] Result<std::string> remote_tip(const std::string& remote,
                                               const std::string& branch) const;
  /// Moves a branch there from `before` (empty: it is not there) to a commit of ours.
  [[nodiscard]] Result<> push(const std::string& remote, const std::string& commit,
                              const std::string& branch, const std::string& before) const;

 private:
  [[nodiscard]] Result<Finished> git(std::vector<std::string> words) const;
  [[nodiscard]] Result<std::string> line(std::vector<std::string> words) const;

  std::filesystem::path folder_;
  Deadline deadline_;
};

/// A branch that was pushed to be proposed.
struct PushedBranch {
  std::string branch, owner;  ///< whose repository it is in: `alice`
  std::string path;           ///< of that: `alice/thumbs`
  std::string head, title, description;
  bool moved = false;
};
/// Pushes what a request is about to where the folder's branches are pushed: the target's
/// repository, or a fork of it on the same server. Exit code `refused` when that would lose what
/// somebody else has pushed.
[[nodiscard]] Result<PushedBranch> push_proposal(const TargetConfig& target,
                                                 const ForgeAccess& access,
                                                 const ProposeRequest& request,
                                                 const Deadline& deadline);
/// Refuses a review of what is not the newest, or was never fetched. `ref`: how to fetch it.
[[nodiscard]] Result<> check_reviewed(const TargetConfig& target, const ReviewRequest& request,
                                      const std::string& head, const std::string& ref,
                                      const Deadline& deadline);

}  // namespace cdctl
