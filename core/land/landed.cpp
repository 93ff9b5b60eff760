#include "core/land/landed.hpp"

#include <set>

#include <cdctl/digest.hpp>

#include "core/app/home_notes.hpp"

namespace cdctl::land {

namespace {

constexpr std::size_t k_most = 100;  ///< of one revision

app::HomeNotes landed(const app::Context& context) {
  return app::HomeNotes(context.home() / "land" / "landed");
}
app::HomeNotes heads(const app::Context& context) {
  return app::HomeNotes(context.home() / "land" / "heads");
}
app::HomeNotes with_sets(const app::Context& context) {
  return app::HomeNotes(context.home() / "land" / "sets");
}

std::string head_key(const records::Candidate& candidate) {
  return sha256_hex(
      Json::strings({candidate.target, candidate.ref, candidate.url, candidate.head}).canonical());
}

}  // namespace

bool landed_from_here(const app::Context& context, const records::Candidate& candidate) {
  return heads(context).get(head_key(candidate)).is_object();
}

void note_landing(const app::Context& context, const records::Candidate& candidate,
                  const std::string& commit, Time at) {
  std::vector<std::string> authors;
  for (const auto& person : candidate.authors)
    authors.push_back(person.email.empty() ? person.name : person.email);
  landed(context).put(commit, Json::object({{"proposal", candidate.proposal},
                                            {"target", candidate.target},
                                            {"title", candidate.title},
                                            {"authors", Json::strings(authors)},
                                            {"reviewers", Json::strings(candidate.reviewers)},
                                            {"base", candidate.base},
                                            {"commit", commit},
                                            {"landed_at", to_rfc3339(at)}}));
  heads(context).put(head_key(candidate), Json::object({{"commit", commit}}));
  landed(context).forget_old();
  heads(context).forget_old();
  with_sets(context).forget_old();
}

Json landings_in(const app::Context& context, const Sources& sources,
                 const std::vector<Sources>& before) {
  auto out = Json::array();
  for (const auto& [name, state] : sources) {
    std::vector<Json> found;  // the newest first
    std::set<std::string> known;
    for (const auto& other : before)
      if (const auto was = other.find(name); was != other.end()) known.insert(was->second.revision);
    auto at = state.revision;
    while (!known.empty() && !known.contains(at) && found.size() < k_most) {
      auto one = landed(context).get(at);
      if (!one.is_object()) break;
      at = one["base"].as_string();
      found.push_back(std::move(one));
    }
    for (auto one = found.rbegin(); one != found.rend(); ++one) {
      auto named = Json::object({});
      for (const auto* key :
           {"proposal", "target", "title", "authors", "reviewers", "commit", "landed_at"})
        named.set(key, (*one)[key]);
      out.push_back(std::move(named));
    }
  }
  return out;
}

void keep_landings(const app::Context& context, const std::string& set, const Json& landings) {
  with_sets(context).put(set, landings);
}

Json landings_of(const app::Context& context, const std::string& set) {
  auto out = with_sets(context).get(set);
  return out.is_array() && !out.items().empty() ? out : Json();
}

}  // namespace cdctl::land
