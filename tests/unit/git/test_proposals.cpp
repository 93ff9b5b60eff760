#include <catch2/catch.hpp>

#include <vector>

#include <cdctl/reviewers.hpp>

#include "plugins/git/git_repository.hpp"
#include "plugins/git/proposal_commits.hpp"
#include "plugins/git/proposal_memory.hpp"
#include "plugins/git/proposal_refs.hpp"
#include "plugins/git/review_tag.hpp"

using namespace cdctl;
using namespace cdctl::git;

namespace {

ProposalRefs refs(std::string_view branch, std::string_view pattern = k_default_proposals) {
  auto out = ProposalRefs::parse(pattern, branch);
  REQUIRE(out);
  return *out;
}

}  // namespace

TEST_CASE("a proposal is named by its target's branch and a topic") {
  const auto main = refs("main");
  CHECK(main.ref("fix") == "refs/heads/propose/main/fix");
  CHECK(main.topic("refs/heads/propose/main/alice/fix") == "alice/fix");
  CHECK_FALSE(main.topic("refs/heads/propose/main/"));
  CHECK_FALSE(main.topic("refs/heads/propose/mainline/fix"));
  CHECK(refs("main", "refs/heads/land/TOPIC").ref("x") == "refs/heads/land/x");
}

TEST_CASE("the longest target wins") {
  const std::vector<ProposalRefs> all{refs("main"), refs("main/next"), refs("release")};
  CHECK(owner_of("refs/heads/propose/main/next/fix", all) == 1u);
  CHECK(owner_of("refs/heads/propose/main/next", all) == 0u);
  CHECK(owner_of("refs/heads/propose/main/fix", all) == 0u);
  CHECK_FALSE(owner_of("refs/heads/propose/other/fix", all));
}

TEST_CASE("a pattern that means no branches of their own is refused") {
  for (const auto* pattern : {"", "propose/TARGET/TOPIC", "refs/heads/TOPIC", "refs/tags/x/TOPIC",
                              "refs/heads/propose/TARGET", "refs/heads/a b/TOPIC"}) {
    INFO(pattern);
    CHECK_FALSE(ProposalRefs::parse(pattern, "main"));
  }
}

TEST_CASE("a topic is what a branch could be called") {
  for (const auto* topic : {"alice/fix-1", "\xc3\xbc", "a+b", "1.2_x", "a=b,c"})
    CHECK(check_topic(topic));
  CHECK_FALSE(check_topic(std::string(201, 'x')));
  for (const auto* topic : {"", "-x", "a b", "a..b", "x.lock", "a;b$(id)", "../x", "a\nb",
                            "c1\xc2\x9b"
                            "31m",
                            "\xff", "a&b", "a//b", "x/"}) {
    INFO(topic);
    CHECK_FALSE(check_topic(topic));
  }
}

TEST_CASE("a review says what is voted on, in what is signed") {
  const auto text =
      "object " + std::string(40, 'a') +
      "\ntype commit\ntag x\ntagger B <b@e> 1700000000 +0100\n\n" +
      review_message("/srv/thumbs.git", "main", "fix", "Needs Fixing",
                     "Review-vote: Approve\n\nno test") +
      "-----BEGIN SSH SIGNATURE-----\nReview-vote: Approve\n-----END SSH SIGNATURE-----\n";
  const auto tag = parse_tag(text);
  CHECK(tag.object == std::string(40, 'a'));
  CHECK(tag.type == "commit");
  CHECK(tag.signature == TagText::Signature::ssh);
  CHECK(text.substr(tag.payload).starts_with("-----BEGIN SSH SIGNATURE-----\nReview-vote"));
  CHECK(tag.trailer("Review-vote") == "Needs Fixing");
  CHECK(tag.trailer("Review-repository") == "/srv/thumbs.git");
  CHECK(tag.trailer("Review-target") == "main");
  CHECK(tag.trailer("Review-topic") == "fix");
  REQUIRE(tag.at);
  CHECK(to_rfc3339(*tag.at) == "2023-11-14T22:13:20.000Z");
}

TEST_CASE("a tag without a signature, or without a vote, says so") {
  CHECK(parse_tag("object x\ntype commit\n\nReview-vote: Approve\n").signature ==
        TagText::Signature::none);
  CHECK(parse_tag("object x\ntype commit\n\nhello\n").trailer("Review-vote").empty());
  CHECK(parse_tag("").object.empty());
  CHECK_FALSE(parse_tag("tagger B <b@e> 99999999999999999999 +0000\n\n").at);
}

TEST_CASE("only a good signature of a known key has a signer") {
  CHECK(good_signer("Good \"git\" signature for bob@example.com with ED25519 key SHA256:abc\n") ==
        "bob@example.com");
  CHECK(good_signer("Good \"git\" signature for a with b with RSA key SHA256:abc\n") == "a with b");
  CHECK(good_signer("Good \"git\" signature with ED25519 key SHA256:abc\nNo principal matched.\n")
            .empty());
  CHECK(good_signer("").empty());
}

TEST_CASE("what a server says of a push") {
  const auto said = [](std::string_view out, std::string_view err, bool ok) {
    return read_push(out, err, ok, "refs/heads/main");
  };
  const auto stale = said(
      "To /x\n!\tabc:refs/heads/main\t[rejected] (stale info)\n"
      "!\t:refs/heads/propose/main/fix\t[rejected] (atomic push failed)\nDone\n",
      "", false);
  CHECK_FALSE(stale.done);
  CHECK_FALSE(stale.moved);
  CHECK(stale.answered);
  CHECK(stale.why == "[rejected] (stale info)");
  CHECK(
      said("!\t:refs/heads/p/x\t[remote rejected] (deletion prohibited)\n", "", false).no_deletion);
  CHECK(said("", "fatal: the receiving end does not support --atomic push\n", false).no_atomic);
  CHECK_FALSE(said("", "ssh: connect to host x: Connection refused\n", false).answered);
  const auto done = said("To /x\n \tabc:refs/heads/main\ta..b\nDone\n", "", true);
  CHECK(done.done);
  CHECK(done.moved);
}

TEST_CASE("of two that push the same commit one has moved the target") {
  const auto late =
      read_push("To /x\n=\tabc:refs/heads/main\t[up to date]\nDone\n", "", true, "refs/heads/main");
  CHECK(late.done);
  CHECK_FALSE(late.moved);
}

TEST_CASE("what is signed ends where git says that the signature begins: at the last such line") {
  const std::string two =
      "object x\ntype commit\n\nReview-vote: Disapprove\n-----BEGIN PGP SIGNATURE-----\n\n"
      "Review-vote: Approve\n-----BEGIN SSH SIGNATURE-----\nabc\n";
  const auto tag = parse_tag(two);
  CHECK(tag.signature == TagText::Signature::ssh);
  CHECK(tag.payload == two.find("-----BEGIN SSH"));
  CHECK(tag.trailer("Review-vote") == "Approve");  // all of it is signed, by the second
  const auto pgp = parse_tag("object x\n\nA: b\n-----BEGIN PGP SIGNATURE-----\nabc");
  CHECK(pgp.signature == TagText::Signature::openpgp);
  CHECK(pgp.trailer("A") == "b");
  const auto quoted = parse_tag("object x\n\n> -----BEGIN SSH SIGNATURE-----\n\nA: b\n");
  CHECK(quoted.signature == TagText::Signature::none);
  CHECK(quoted.trailer("A") == "b");
  // All of it a signature, from the first byte on.
  CHECK(parse_tag("-----BEGIN SSH SIGNATURE-----\n\nReview-vote: Approve\n").trailers.empty());
}

TEST_CASE("only one good OpenPGP signature of a key that still counts has a signer") {
  const std::string good = "[GNUPG:] NEWSIG\n[GNUPG:] GOODSIG 1A2B Bob B <bob@example.com>\n";
  CHECK(good_openpgp_signer(good + "[GNUPG:] VALIDSIG 00 2026 0 4 0 1 10 00 00\n") ==
        "bob@example.com");
  CHECK(good_openpgp_signer("[GNUPG:] GOODSIG 1A2B bob\n") == "bob");
  CHECK(good_openpgp_signer(good + good).empty());
  for (const auto* bad : {"EXPKEYSIG 1A2B Bob <bob@example.com>", "REVKEYSIG 1A2B Bob",
                          "BADSIG 1A2B Bob", "ERRSIG 1A2B 1 10 00 1700000000 9"})
    CHECK(good_openpgp_signer(good + "[GNUPG:] " + bad + "\n").empty());
  CHECK(good_openpgp_signer("gpgv: [GNUPG:] GOODSIG 1A2B Bob\n").empty());
}

TEST_CASE("a reviewer's names in one line, or with one key, are one person's") {
  const auto all = Reviewers::parse(
      "# who counts\n"
      "bob@example.com,bob@home.example namespaces=\"git\" ssh-ed25519 AAAA bob\n"
      "\n"
      "\"Carol C\" ssh-ed25519 BBBB\n"
      "carol@example.com ssh-ed25519 BBBB\n"
      "bob@example.com ecdsa-sha2-nistp256 CCCC\n"
      "dave@example.com sk-ssh-ed25519@openssh.com CCCC\n");
  using Names = std::vector<std::string>;
  CHECK(all.names_of("bob@home.example") ==
        Names{"bob@example.com", "bob@home.example", "dave@example.com"});
  CHECK(all.names_of("carol@example.com") == Names{"Carol C", "carol@example.com"});
  CHECK(all.names_of("eve@example.com") == Names{"eve@example.com"});
  // ssh-keygen takes a tab for a blank; addresses have no case.
  const auto tabbed = Reviewers::parse(
      "bob@example.com,bob@home.example\tssh-ed25519\tAAAA\n"
      "Bob@Example.com ssh-ed25519 BBBB\n"
      "rob@example.com \tssh-ed25519 AAAA\n");
  CHECK(tabbed.names_of("BOB@home.example") ==
        Names{"bob@example.com", "bob@home.example", "Bob@Example.com", "rob@example.com"});
  const auto quoted = Reviewers::parse(
      "bob@example.com,bob@ho\"me.example\" namespaces=\"git ssh-x\" ssh-ed25519 AAAA\n"
      "rob@example.com\rssh-ed25519 AAAA\n");
  CHECK(quoted.names_of("bob@home.example") ==
        Names{"bob@example.com", "bob@home.example", "rob@example.com"});
  CHECK(names_one_person("bob@example.com"));
  CHECK_FALSE(names_one_person("*@example.com"));
  CHECK_FALSE(names_one_person(""));
}

namespace {

std::string told(std::string_view id, std::string_view parents, std::string_view author,
                 std::string_view title, std::string_view others = "") {
  std::string out;
  for (const auto field : {id, parents, author, std::string_view("a@e"), others,
                           std::string_view("1700000000"), title, std::string_view("why\n")})
    out.append(field).append(1, '\0');
  return out + "\n";
}

std::vector<std::string> ids(const std::vector<const CommitText*>& commits) {
  std::vector<std::string> out;
  for (const auto* commit : commits) out.push_back(commit->id);
  return out;
}

}  // namespace

TEST_CASE("one log tells the commits of all proposals") {
  // c on b on a on the target; d, a merge of a and of something that the target has
  auto all = ProposalCommits::parse(told("d", "a x", "D", "Dee") + told("c", "b", "C", "Cee") +
                                    told("b", "a", "B", "Bee", "E <e@e>\x1d F <f@e>") +
                                    told("a", "x", "A", "Ay"));
  REQUIRE(all);
  CHECK(ids(all->of("c")) == std::vector<std::string>{"c", "b", "a"});
  CHECK(ids(all->of("d")) == std::vector<std::string>{"d", "a"});
  CHECK(ids(all->of("c")) == std::vector<std::string>{"c", "b", "a"});
  CHECK(all->of("x").empty());
  CHECK(all->has("a"));
  const auto* b = all->of("b").front();
  CHECK(b->people == std::vector<Person>{{"B", "a@e"}, {"E", "e@e"}, {"F", "f@e"}});
  CHECK(b->title == "Bee");
  CHECK(b->description == "why");
  REQUIRE(ProposalCommits::parse(""));
  CHECK_FALSE(ProposalCommits::parse(told("c", "b", "C", "Cee").substr(0, 20)));
}

TEST_CASE("what was read of proposals is remembered as it was") {
  Proposal proposal;
  proposal.target = "main";
  proposal.id = "fix";
  proposal.kind = "git";
  proposal.head = "abc";
  proposal.title = "T";
  proposal.authors = {{"A", "a@e"}};
  proposal.votes = {{"bob", "Approve", "abc", true, "", Time(Millis(1'700'000'000'123))},
                    {"eve", "Approve", "abc", false, "not signed", {}}};
  proposal.after = {{"x", Prerequisite::State::open},
                    {"y", Prerequisite::State::landed},
                    {"z", Prerequisite::State::gone}};
  proposal.created = Time(Millis(1'700'000'000'000));
  const auto again = proposal_of(to_json(proposal));
  CHECK(to_json(again) == to_json(proposal));
  CHECK(again.votes[0].at == proposal.votes[0].at);
  CHECK(again.after[1].state == Prerequisite::State::landed);
  CHECK(ProposalMemory::read("/nowhere/at/all.json").key.empty());
}
