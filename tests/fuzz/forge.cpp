#include <algorithm>
#include <cstdlib>
#include <memory>

#include <cdctl/text.hpp>

#include "plugins/gitea/gitea_forge.hpp"
#include "plugins/github/github_forge.hpp"
#include "plugins/gitlab/gitlab_forge.hpp"
#include "tests/fuzz/answers.hpp"
#include "tests/fuzz/host.hpp"

using namespace cdctl;
using cdctl::fuzz::must;

namespace {

const std::string k_head = "0123456789abcdef0123456789abcdef01234567";
const std::string k_base = "1123456789abcdef0123456789abcdef01234567";
const std::string k_tree = "2123456789abcdef0123456789abcdef01234567";

/// No time for pauses: whoever is to wait says when to come back instead.
Deadline soon() { return Deadline(Millis(0)); }

/// A target on each kind of server, whose token is the secret.
struct Stand {
  fuzz::Answers answers;
  fuzz::FuzzHost host;
  TargetConfig target;

  Stand() {
    ::setenv("CDCTL_FUZZ_TOKEN", "open-sesame", 1);
    host.client = &answers;
    host.secret = "open-sesame";
    host.home_folder = "/dev/null/home";
    host.config_value.file = "/nowhere/cdctl.toml";
    host.config_value.trusted = true;
    host.config_value.table = Json::object();
    target.name = "main";
    target.file = "/nowhere/targets.d/main.toml";
    target.repository = "https://127.0.0.1:1/team/thumbs.git";
    target.votes = "Approve >= 1, Unresolved == 0";
    target.land_by_forge = true;
    const auto table = *Json::parse(
        R"({"api":"http://127.0.0.1:1/api/v3","repository":"team/thumbs","token_env":"CDCTL_FUZZ_TOKEN"})");
    target.table = Json::object({{"github", table}, {"gitlab", table}, {"gitea", table}});
  }
  void check(const Error& error) const { host.check(error.what); }
};

void proposals(Stand& stand, Forge& forge) {
  const auto* const target = &stand.target;
  const auto lists = forge.proposals(std::span(&target, 1), soon());
  must(lists.size() == 1, "each target has its answer");
  if (!lists[0]) return stand.check(lists[0].error());
  for (const auto& one : *lists[0]) {
    must(one.target == "main" && one.id.find_first_not_of("0123456789") == one.id.npos,
         "a proposal is known by its number");
    must(!one.head.empty() && !one.base.empty(), "it has a head, and so has its target");
    must(one.ref.ends_with("/head") && one.ref.starts_with("refs/"),
         "its head is fetched by a ref");
    for (const auto& vote : one.votes) {
      must(vote.trusted == vote.why.empty(), "a word that does not count says why");
      must(vote.value != "Approve" || !vote.trusted || !vote.who.empty(),
           "an approval that counts is somebody's");
    }
  }
}

void statuses(Stand& stand, Forge& forge) {
  const auto all = forge.statuses(stand.target, k_head, soon());
  if (!all) return stand.check(all.error());
  must(stand.answers.bad == 0, "statuses that were not all told are an error");
  for (std::size_t i = 0; i < all->size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      must((*all)[i].name != (*all)[j].name, "each name has one status");
}

void land(Stand& stand, Forge& forge) {
  const auto answer = forge.land(stand.target, "7",
                                 {.commit = k_head,
                                  .tree = k_tree,
                                  .base = k_base,
                                  .ref = "refs/pull/7/head",
                                  .head = k_head,
                                  .remove_branch = false},
                                 soon());
  if (!answer) return stand.check(answer.error());
  must(answer->has_value(), "a target that the forge lands on is landed on by it");
  const auto& what = **answer;
  must(what.state != LandAnswer::State::landed || (!what.tip.empty() && !what.tree.empty()),
       "what has landed was read back");
  must(fuzz::one_line(what.why), "why it has not is one line");
}

void report(Stand& stand, Forge& forge) {
  const ProposalReport told{
      ProposalReport::State::rejected, k_head, {}, "the test failed", "log\n```\n@alice\n"};
  if (const auto said = forge.report(stand.target, "7", told, soon()); !said)
    stand.check(said.error());
  if (const auto done = forge.clear(stand.target, "7", k_head, soon()); !done)
    stand.check(done.error());
}

std::unique_ptr<Forge> forge_of(Stand& stand, std::uint8_t kind) {
  stand.target.forge = kind == 'g' ? "github" : kind == 'l' ? "gitlab" : "gitea";
  if (kind == 'g') return std::make_unique<github::GithubForge>(stand.host);
  if (kind == 'l') return std::make_unique<gitlab::GitlabForge>(stand.host);
  return std::make_unique<gitea::GiteaForge>(stand.host);
}

}  // namespace

/// What GitHub (`g`), GitLab (`l`) and Gitea (`t`) answer, an answer behind each line of %%. The
/// second byte says to what.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  static Stand stand;
  const auto forge = forge_of(stand, data[0]);
  stand.answers.begin(cdctl::fuzz::as_text(data + 2, size - 2));
  switch (data[1]) {
    case 'p':
      proposals(stand, *forge);
      break;
    case 's':
      statuses(stand, *forge);
      break;
    case 'l':
      land(stand, *forge);
      break;
    case 'r':
      report(stand, *forge);
      break;
    default:
      break;
  }
  return 0;
}
