#include "plugins/git/own_review.hpp"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include <cdctl/child.hpp>
#include <cdctl/fs.hpp>
#include <cdctl/reviewers.hpp>
#include <cdctl/text.hpp>

#include "plugins/git/git_command.hpp"
#include "plugins/git/proposal_commits.hpp"
#include "plugins/git/review_tag.hpp"

namespace cdctl::git {

namespace fs = std::filesystem;

namespace {

/// What git says in the clone; what it cannot say, nobody is told of.
Finished ask(const OwnReview& review, std::vector<std::string> words, const Deadline& deadline,
             std::string input = {}) {
  auto said = run_git(
      {std::move(words), review.folder, true, 16u << 20, deadline, {}, std::move(input), {}});
  if (said) return std::move(*said);
  Finished nothing;
  nothing.status = 1;
  return nothing;
}

/// Who made what is proposed; of the newest commit alone where the clone has not seen the target as
/// it is now.
std::vector<Person> authors_of(const OwnReview& review, const Deadline& deadline) {
  auto words = ProposalCommits::words();
  auto asked = review.head + "\n";
  if (ask(review, {"cat-file", "-e", review.base + "^{commit}"}, deadline).ok())
    asked += "^" + review.base + "\n";
  else
    words.emplace_back("--max-count=1");
  const auto said = ask(review, std::move(words), deadline, std::move(asked));
  auto all =
      said.ok() ? ProposalCommits::parse(said.out) : Result<ProposalCommits>(fail("unknown"));
  std::vector<Person> out;
  if (!all) return out;
  for (const auto* commit : all->of(review.head))
    out.insert(out.end(), commit->people.begin(), commit->people.end());
  return out;
}

/// Where whose SSH keys count is written; empty where the target says so nowhere, or this machine
/// does not have the file.
fs::path reviewers_file(const Host& host, const TargetConfig& target) {
  const auto given = target.table["git"]["reviewers"].as_string();
  std::error_code error;
  const auto path = host.config().file.parent_path() / given;
  return !given.empty() && fs::exists(path, error) ? path : fs::path();
}

}  // namespace

std::string why_not_counted(const Host& host, const TargetConfig& target, const OwnReview& review,
                            const Deadline& deadline) {
  const auto& table = target.table["git"];
  if (table["reviewers"].is_null() && table["keyring"].is_null())
    return "the target's file names no git.reviewers";
  const auto path = reviewers_file(host, target);
  const auto text = path.empty() ? std::string() : read_file(path).value_or("");
  const auto tag =
      review.tag.empty() ? Finished() : ask(review, {"cat-file", "tag", review.tag}, deadline);
  auto who = review.who;
  if (!path.empty() && find_program("ssh-keygen") &&
      parse_tag(tag.out).signature == TagText::Signature::ssh) {
    const auto said = ask(review,
                          {"-c", "gpg.ssh.program=ssh-keygen", "-c",
                           "gpg.ssh.allowedSignersFile=" + path.string(), "verify-tag", review.tag},
                          deadline);
    who = said.ok() ? good_signer(said.err) : std::string();
    if (said.timed_out || said.interrupted) return {};
    if (who.empty())
      return fmt::format("the key that signed it is in no line of git.reviewers, {}",
                         path.string());
    if (const auto odd = odd_in_name(who); !odd.empty())
      return fmt::format("{} in git.reviewers, {}, has {}", printable(who, 80), path.string(), odd);
    if (!names_one_person(who))
      return fmt::format("{} in git.reviewers, {}, names no one person", printable(who, 80),
                         path.string());
  }
  const auto own = Reviewers::parse(text).among(who, authors_of(review, deadline));
  return own.empty() ? std::string()
                     : fmt::format("{} has made some of it, and an author's own does not count",
                                   printable(own, 80));
}

}  // namespace cdctl::git
