#pragma once

#include <optional>
#include <string>
#include <vector>

#include <cdctl/time.hpp>

namespace cdctl {

struct Person {
  std::string name, email;
  friend bool operator==(const Person&, const Person&) = default;
};

/// What a reviewer said of a proposal, the last word of each.
struct Vote {
  std::string who;       ///< by what the forge trusts: the principal of a key, a login
  std::string value;     ///< Approve, Needs Fixing, Disapprove, Abstain, …
  std::string head;      ///< the commit that was reviewed
  bool trusted = false;  ///< the forge vouches for who said it, and that their word counts here
  std::string why;       ///< why it is not trusted
  std::optional<Time> at;
};

/// What a CI says of a commit, under one name, newest word only.
struct CommitStatus {
  enum class State { pending, passed, failed };
  std::string name;
  State state = State::pending;
  std::string text, link;
};

/// A proposal that has to land first.
struct Prerequisite {
  enum class State { open, landed, gone };  ///< gone: neither proposed nor on the target
  std::string id;
  State state = State::gone;
};

/// A branch that is offered for a target.
struct Proposal {
  std::string target;   ///< the name of its file in targets.d
  std::string id;       ///< as its forge knows it: a topic, a number
  std::string kind;     ///< of the repository that has it, and so who merges it: git
  std::string url;      ///< where its head is fetched from; empty = the target's repository
  std::string ref;      ///< its branch there
  std::string head;     ///< its newest commit
  std::string base;     ///< the newest commit of the target, as it was when this was read
  bool merged = false;  ///< the target has its head already
  std::string title, description;
  std::vector<Person> authors;  ///< of all its commits that the target does not have
  std::vector<Vote> votes;
  std::vector<Prerequisite> after;
  std::vector<std::string> labels;
  bool draft = false;  ///< not meant to land yet
  std::string link;    ///< its page, for people
  std::optional<Time> created;
};

}  // namespace cdctl
