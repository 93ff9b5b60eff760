#include <algorithm>
#include <array>
#include <vector>

#include <cdctl/code_review.hpp>
#include <cdctl/reviewers.hpp>
#include <cdctl/text.hpp>

#include "plugins/git/proposal_memory.hpp"
#include "plugins/git/proposal_refs.hpp"
#include "plugins/git/review_tag.hpp"
#include "tests/fuzz/host.hpp"

using namespace cdctl;
using namespace cdctl::git;
using cdctl::fuzz::must;

namespace {

/// An annotated tag: what is signed ends where the last signature begins.
void tag(std::string_view raw) {
  const auto read = parse_tag(raw);
  must(read.payload <= raw.size(), "what is signed is a part of the tag");
  if (read.signature != TagText::Signature::none) {
    must(raw.substr(read.payload).starts_with("-----BEGIN "), "a signature begins with its line");
    must(read.payload == 0 || raw[read.payload - 1] == '\n', "and at the beginning of one");
    const auto above = parse_tag(raw.substr(0, read.payload));  // may hold another, that is text
    must(above.payload < read.payload || above.trailers == read.trailers,
         "what is below a signature says nothing");
  }
  for (const auto& [name, value] : read.trailers)
    must(raw.substr(0, read.payload).contains(value), "what a trailer says is signed");
  const auto message = review_message("/srv/thumbs.git", "main", "fix", "Approve", raw);
  const auto own = parse_tag("object 0\n\n" + message);
  if (own.signature == TagText::Signature::none && own.payload == message.size() + 10)
    must(own.trailer("Review-vote") == "Approve" && own.trailer("Review-topic") == "fix" &&
             own.trailer("Review-target") == "main",
         "whatever a reviewer says beside it, the vote is the vote");
}

/// What programs say of signatures: nothing but a good one has a signer.
void signers(std::string_view said) {
  if (const auto who = good_signer(said); !who.empty())
    must(said.contains("Good \"git\" signature for " + who), "who signed is named by ssh-keygen");
  if (const auto who = good_openpgp_signer(said); !who.empty()) {
    must(said.contains("GOODSIG") && said.contains(who), "who signed is named by gpgv");
    for (const auto* bad : {"BADSIG", "ERRSIG", "EXPSIG", "EXPKEYSIG", "REVKEYSIG"})
      must(good_openpgp_signer(std::string(said) + "\n[GNUPG:] " + bad + " 0 x").empty(),
           "beside a bad signature a good one is none");
  }
}

/// A file of allowed signers: the same person, whichever of their names is asked for.
void reviewers(std::string_view text) {
  const auto people = Reviewers::parse(text);
  std::vector<std::string> names;
  for (const auto line : lines(text))
    for (auto word : words(line))
      for (const auto part : split(word, ','))
        if (!trimmed(part).empty()) names.emplace_back(trimmed(part));
  if (names.size() > 16) names.resize(16);
  for (const auto& name : names) {
    const auto all = people.names_of(name);
    const auto is = [&](const std::string& one) { return same_name(one, name); };
    must(std::ranges::any_of(all, is), "a person has the name that was asked for");
    for (const auto& other : all) {
      must(people.names_of(other) == all, "whoever has a name has all that belong to it");
      const Person author{{}, other};
      must(!people.among(name, std::span(&author, 1)).empty(),
           "nobody is somebody else under another of their names");
    }
  }
}

/// A pattern, a branch and refs, each a line.
void refs(std::string_view text) {
  const auto pattern = take_until(text, '\n'), branch = take_until(text, '\n');
  const auto read = ProposalRefs::parse(pattern, branch);
  if (!read) return must(fuzz::one_line(read.error().what), "a bad pattern is told in one line");
  for (const auto ref : lines(text)) {
    if (const auto topic = read->topic(ref)) {
      must(read->ref(*topic) == ref, "a topic's branch is the one that it was read from");
      must(owner_of(ref, std::span(&*read, 1)) == 0,
           "its target is the one that it is proposed for");
    }
    if (const auto good = check_topic(ref); !good)
      must(fuzz::one_line(good.error().what), "a bad topic is told in one line");
    else
      must(!ref.starts_with('-') && !ref.contains(".."), "a topic is no option and no path");
  }
}

void remembered(std::string_view text) {
  const auto json = Json::parse(text);
  if (!json) return;
  const auto first = to_json(proposal_of(*json));
  must(to_json(proposal_of(first)).dump() == first.dump(),
       "a proposal that was kept reads as it was");
}

}  // namespace

/// Reviews in a git repository: who said what of which branch, and who they are. The first byte
/// says what the rest is.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto text = cdctl::fuzz::as_text(data + 1, size - 1);
  switch (data[0]) {
    case 't':
      tag(text);
      break;
    case 's':
      signers(text);
      break;
    case 'a':
      reviewers(text);
      break;
    case 'r':
      refs(text);
      break;
    case 'm':
      remembered(text);
      break;
    default:
      break;
  }
  return 0;
}
