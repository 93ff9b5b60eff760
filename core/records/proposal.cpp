#include "core/records/proposal.hpp"

namespace cdctl::records {

namespace {

std::string_view to_string(Prerequisite::State state) {
  switch (state) {
    case Prerequisite::State::open:
      return "open";
    case Prerequisite::State::landed:
      return "landed";
    case Prerequisite::State::gone:
      break;
  }
  return "gone";
}

}  // namespace

Proposal proposal_record(const cdctl::Proposal& from) {
  Proposal out;
  out.target = from.target;
  out.proposal = from.id;
  out.kind = from.kind;
  out.url = from.url;
  out.ref = from.ref;
  out.head = from.head;
  out.base = from.base;
  out.merged = from.merged;
  out.title = from.title;
  out.description = from.description;
  for (const auto& person : from.authors) out.authors.push_back({person.name, person.email});
  for (const auto& vote : from.votes)
    out.votes.push_back({vote.who, vote.value, vote.head, vote.trusted, vote.why, vote.at});
  for (const auto& one : from.after)
    out.after.push_back({one.id, std::string(to_string(one.state))});
  out.labels = from.labels;
  out.draft = from.draft;
  out.link = from.link;
  out.created = from.created;
  out.time = now();
  return out;
}

}  // namespace cdctl::records
