#pragma once

#include <cdctl/proposal.hpp>
#include <cdctl/record.hpp>

namespace cdctl::records {

struct PersonMember {
  std::string name, email;
  Json more = {};  ///< what a later version tells: it passes through, here and below

  static constexpr auto rows() {
    return std::tuple{required("name", &PersonMember::name, "text"),
                      required("email", &PersonMember::email, "text"),
                      further(&PersonMember::more)};
  }
};

/// The last word of a reviewer.
struct VoteMember {
  std::string who, value, head;
  bool trusted = false;
  std::string why;
  std::optional<Time> at;
  Json more = {};

  static constexpr auto rows() {
    return std::tuple{
        required("who", &VoteMember::who, "text"),
        required("value", &VoteMember::value, "text",
                 "Approve, Needs Fixing, Disapprove, …; Unknown, of nobody: it could not be read "
                 "what was said"),
        required("head", &VoteMember::head, "text", "the commit that was reviewed"),
        required("trusted", &VoteMember::trusted, "flag",
                 "the forge vouches for who said it, and that their word counts here"),
        optional("why", &VoteMember::why, "text", "why it is not trusted"),
        optional("at", &VoteMember::at, "time"),
        further(&VoteMember::more)};
  }
};

struct PrerequisiteMember {
  std::string proposal, state;
  Json more = {};

  static constexpr auto rows() {
    return std::tuple{required("proposal", &PrerequisiteMember::proposal, "text"),
                      required("state", &PrerequisiteMember::state, "one of open landed gone",
                               "gone: neither proposed nor on the target"),
                      further(&PrerequisiteMember::more)};
  }
};

/// What a proposal and a candidate have in common.
struct ProposalMembers {
  std::string target, proposal, kind, url, ref, head, base;
  bool merged = false;
  std::string title, description;
  std::vector<PersonMember> authors;
  std::vector<VoteMember> votes;
  std::vector<PrerequisiteMember> after;
  std::vector<std::string> labels;
  bool draft = false;
  std::string link;
  std::optional<Time> created;
  Time time;
  Json more = {};

  template <class Record>
  static consteval auto rows_of() {
    constexpr auto in = []<class Value>(Value ProposalMembers::* member) -> Value Record::* {
      return member;
    };
    return std::tuple{
        required("target", in(&ProposalMembers::target), "text", "its file in targets.d"),
        required("proposal", in(&ProposalMembers::proposal), "text",
                 "as its forge knows it: a topic, a number"),
        required("kind", in(&ProposalMembers::kind), "text", "of the repository: git"),
        optional("url", in(&ProposalMembers::url), "text",
                 "where its head is, if not in the target's repository"),
        required("ref", in(&ProposalMembers::ref), "text"),
        required("head", in(&ProposalMembers::head), "text", "its newest commit"),
        required("base", in(&ProposalMembers::base), "text",
                 "the target's newest commit; of a candidate that was merged: what it was merged "
                 "on"),
        optional("merged", in(&ProposalMembers::merged), "flag", "the target has its head already"),
        required("title", in(&ProposalMembers::title), "text"),
        optional("description", in(&ProposalMembers::description), "text"),
        required("authors", in(&ProposalMembers::authors), "list of object"),
        required("votes", in(&ProposalMembers::votes), "list of object"),
        required("after", in(&ProposalMembers::after), "list of object",
                 "what has to land before it"),
        optional("labels", in(&ProposalMembers::labels), "list of text"),
        optional("draft", in(&ProposalMembers::draft), "flag", "not meant to land yet"),
        optional("link", in(&ProposalMembers::link), "text", "its page, for people"),
        optional("created", in(&ProposalMembers::created), "time"),
        required("time", in(&ProposalMembers::time), "time"),
        further<Record>(in(&ProposalMembers::more))};
  }
};

/// `cdctl.proposal/1`: a branch that is offered for a target.
struct Proposal : ProposalMembers {
  static constexpr ColumnRow k_columns[] = {
      {"TARGET", "target"},
      {"PROPOSAL", "proposal"},
      {"HEAD", "head", Show::brief, true},
      {"AGE", "created", Show::age},
      {"TITLE", "title", Show::brief},
      {"NOTE", "", Show::note, false, 0, "merged: has landed"}};
  static constexpr RecordRow k_head =
      records::head("cdctl.proposal/1", "A branch that is offered for a target", k_columns);

  static constexpr auto rows() { return rows_of<Proposal>(); }
};

/// The record of what a forge told.
[[nodiscard]] Proposal proposal_record(const cdctl::Proposal& proposal);

}  // namespace cdctl::records
