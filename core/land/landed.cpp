#include "core/land/landed.hpp"

#include <algorithm>
#include <ctime>
#include <set>

#include <sys/stat.h>

#include <cdctl/fs.hpp>
#include <cdctl/text.hpp>

namespace cdctl::land {

namespace fs = std::filesystem;

namespace {

constexpr auto k_kept = std::chrono::hours(24 * 366);
constexpr std::size_t k_most = 100;  ///< of one revision

fs::path landed(const app::Context& context) { return context.home() / "land" / "landed"; }
fs::path with_sets(const app::Context& context) { return context.home() / "land" / "sets"; }

/// A file of ours in a folder: by a commit's id, or a set's name. Best effort: it serves people.
void put(const fs::path& folder, const std::string& name, const Json& json) {
  if (!make_directories(folder, 0700)) return;
  (void)write_file_atomically(folder / (name + ".json"), json.dump() + "\n", 0600);
}

Json get(const fs::path& folder, const std::string& name) {
  const bool plain = !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
  if (!plain) return {};
  const auto text = read_file_if_there(folder / (name + ".json"));
  if (!text || !*text) return {};
  auto json = Json::parse(**text);
  return json ? std::move(*json) : Json();
}

void forget_old(const fs::path& folder) {
  std::error_code error;
  const auto oldest = std::time(nullptr) - std::chrono::seconds(k_kept).count();
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    struct stat info{};
    if (::lstat(at->path().c_str(), &info) == 0 && info.st_mtime < oldest)
      fs::remove(at->path(), error);
  }
}

}  // namespace

void note_landing(const app::Context& context, const records::Candidate& candidate,
                  const std::string& commit, Time at) {
  std::vector<std::string> authors;
  for (const auto& person : candidate.authors)
    authors.push_back(person.email.empty() ? person.name : person.email);
  put(landed(context), commit,
      Json::object({{"proposal", candidate.proposal},
                    {"target", candidate.target},
                    {"title", candidate.title},
                    {"authors", Json::strings(authors)},
                    {"reviewers", Json::strings(candidate.reviewers)},
                    {"base", candidate.base},
                    {"commit", commit},
                    {"landed_at", to_rfc3339(at)}}));
  forget_old(landed(context));
  forget_old(with_sets(context));
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
      auto one = get(landed(context), at);
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
  put(with_sets(context), set, landings);
}

Json landings_of(const app::Context& context, const std::string& set) {
  auto out = get(with_sets(context), set);
  return out.is_array() && !out.items().empty() ? out : Json();
}

}  // namespace cdctl::land
