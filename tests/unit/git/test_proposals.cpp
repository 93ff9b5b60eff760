#include <catch2/catch.hpp>

#include <vector>

#include "plugins/git/git_repository.hpp"
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
  CHECK(check_topic("alice/fix-1"));
  for (const auto* topic : {"", "-x", "a b", "a..b", "x.lock", "a;b$(id)", "../x"}) {
    INFO(topic);
    CHECK_FALSE(check_topic(topic));
  }
}

TEST_CASE("a review says what is voted on, in what is signed") {
  const auto text =
      "object " + std::string(40, 'a') +
      "\ntype commit\ntag x\ntagger B <b@e> 1700000000 +0100\n\n" +
      review_message("main", "fix", "Needs Fixing", "Review-vote: Approve\n\nno test") +
      "-----BEGIN SSH SIGNATURE-----\nReview-vote: Approve\n-----END SSH SIGNATURE-----\n";
  const auto tag = parse_tag(text);
  CHECK(tag.object == std::string(40, 'a'));
  CHECK(tag.type == "commit");
  CHECK(tag.ssh_signed);
  CHECK(tag.trailer("Review-vote") == "Needs Fixing");
  CHECK(tag.trailer("Review-target") == "main");
  CHECK(tag.trailer("Review-topic") == "fix");
  REQUIRE(tag.at);
  CHECK(to_rfc3339(*tag.at) == "2023-11-14T22:13:20.000Z");
}

TEST_CASE("a tag without a signature, or without a vote, says so") {
  CHECK_FALSE(parse_tag("object x\ntype commit\n\nReview-vote: Approve\n").ssh_signed);
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
