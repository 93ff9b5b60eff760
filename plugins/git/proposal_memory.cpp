#include "plugins/git/proposal_memory.hpp"

#include <cdctl/fs.hpp>
#include <cdctl/module.hpp>

namespace cdctl::git {

namespace {

Json time_json(const std::optional<Time>& time) {
  return time ? Json(time->time_since_epoch() / std::chrono::milliseconds(1)) : Json();
}
std::optional<Time> time_of(const Json& json) {
  if (!json.is_int()) return {};
  return Time(std::chrono::milliseconds(json.as_int()));
}

std::string_view to_string(Prerequisite::State state) {
  using enum Prerequisite::State;
  return state == landed ? "landed" : state == open ? "open" : "gone";
}
Prerequisite::State state_of(std::string_view word) {
  using enum Prerequisite::State;
  return word == "landed" ? landed : word == "open" ? open : gone;
}

}  // namespace

Json to_json(const Proposal& from) {
  auto out = Json::object({{"target", from.target},
                           {"id", from.id},
                           {"kind", from.kind},
                           {"ref", from.ref},
                           {"head", from.head},
                           {"base", from.base},
                           {"merged", from.merged},
                           {"title", from.title},
                           {"description", from.description},
                           {"created", time_json(from.created)}});
  auto authors = Json::array(), votes = Json::array(), after = Json::array();
  for (const auto& person : from.authors)
    authors.push_back(Json::object({{"name", person.name}, {"email", person.email}}));
  for (const auto& vote : from.votes)
    votes.push_back(Json::object({{"who", vote.who},
                                  {"value", vote.value},
                                  {"head", vote.head},
                                  {"trusted", vote.trusted},
                                  {"why", vote.why},
                                  {"at", time_json(vote.at)}}));
  for (const auto& one : from.after)
    after.push_back(Json::object({{"id", one.id}, {"state", to_string(one.state)}}));
  out.set("authors", std::move(authors));
  out.set("votes", std::move(votes));
  out.set("after", std::move(after));
  return out;
}

Proposal proposal_of(const Json& json) {
  Proposal out;
  out.target = json["target"].as_string();
  out.id = json["id"].as_string();
  out.kind = json["kind"].as_string();
  out.ref = json["ref"].as_string();
  out.head = json["head"].as_string();
  out.base = json["base"].as_string();
  out.merged = json["merged"].as_bool();
  out.title = json["title"].as_string();
  out.description = json["description"].as_string();
  out.created = time_of(json["created"]);
  for (const auto& one : json["authors"].items())
    out.authors.push_back({one["name"].as_string(), one["email"].as_string()});
  for (const auto& one : json["votes"].items())
    out.votes.push_back({one["who"].as_string(), one["value"].as_string(), one["head"].as_string(),
                         one["trusted"].as_bool(), one["why"].as_string(), time_of(one["at"])});
  for (const auto& one : json["after"].items())
    out.after.push_back({one["id"].as_string(), state_of(one["state"].view())});
  return out;
}

ProposalMemory ProposalMemory::read(const std::filesystem::path& path) {
  ProposalMemory out;
  const auto text = read_file_if_there(path);
  if (!text || !*text || !only_ours_to_write(path)) return out;
  const auto json = Json::parse(**text);
  if (!json) return out;
  out.key = (*json)["key"].as_string();
  out.trusted = (*json)["trusted"].as_string();
  for (const auto& one : (*json)["proposals"].items()) out.proposals.push_back(proposal_of(one));
  for (const auto& [id, signer] : (*json)["signers"].members())
    out.signers.emplace(id, Signer{signer["who"].as_string(), signer["why"].as_string()});
  return out;
}

Result<> ProposalMemory::write(const std::filesystem::path& path) const {
  auto all = Json::array();
  for (const auto& proposal : proposals) all.push_back(to_json(proposal));
  Json::Object known;
  for (const auto& [id, signer] : signers)
    known.emplace_back(id, Json::object({{"who", signer.who}, {"why", signer.why}}));
  CDCTL_TRY(make_directories(path.parent_path(), 0700));
  return write_file_atomically(path,
                               Json::object({{"key", key},
                                             {"trusted", trusted},
                                             {"proposals", std::move(all)},
                                             {"signers", Json(std::move(known))}})
                                       .dump() +
                                   "\n",
                               0600);
}

}  // namespace cdctl::git
