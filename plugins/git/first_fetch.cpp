#include "plugins/git/first_fetch.hpp"

#include <algorithm>

#include "plugins/git/address.hpp"
#include "plugins/git/http_refs.hpp"
#include "plugins/git/pkt_line.hpp"

namespace cdctl::git {

namespace {

constexpr std::size_t k_largest_pack = 16u << 20;  // held in memory, several at a time
constexpr Millis k_patience(60'000);               // for a pack; then git gets the rest of the time

/// Whether we can make a repository of these alone.
bool usable(const std::vector<Ref>& refs) {
  const auto fits = [](const Ref& ref) {
    return ref.id.size() == 40 && (ref.name == "HEAD" || valid_ref_name(ref.name));
  };
  return !refs.empty() && refs.size() <= k_most_refs && std::ranges::all_of(refs, fits);
}

std::vector<std::string> distinct_ids(const std::vector<Ref>& refs) {
  std::vector<std::string> ids;
  for (const auto& ref : refs) ids.push_back(ref.id);
  std::ranges::sort(ids);
  const auto same = std::ranges::unique(ids);
  ids.erase(same.begin(), same.end());
  return ids;
}

/// Asks for the refs that are not known.
void list(Http& http, std::vector<FirstFetch>& fetches, const Deadline& deadline) {
  std::vector<FirstFetch*> asked;
  std::vector<HttpRequest> requests;
  for (auto& fetch : fetches) {
    if (!fetch.refs.empty()) continue;
    asked.push_back(&fetch);
    requests.push_back(upload_pack_request(fetch.url, list_all_request(), deadline));
  }
  if (asked.empty()) return;
  const auto answers = http.send_all(requests);
  for (std::size_t i = 0; i < asked.size(); ++i) {
    if (!answers[i] || answers[i]->status != 200) continue;
    asked[i]->refs = few_refs(answers[i]->body);
  }
}

}  // namespace

std::vector<std::optional<WholeRepository>> fetch_whole(Http& http, std::vector<FirstFetch> fetches,
                                                        const Deadline& deadline) {
  list(http, fetches, deadline);
  std::vector<std::optional<WholeRepository>> out(fetches.size());
  std::vector<HttpRequest> requests;
  std::vector<std::size_t> asked;
  for (std::size_t i = 0; i < fetches.size(); ++i) {
    auto& refs = fetches[i].refs;
    if (!usable(refs)) continue;
    asked.push_back(i);
    requests.push_back(
        upload_pack_request(fetches[i].url, fetch_request(distinct_ids(refs)), deadline));
    requests.back().max_bytes = k_largest_pack;
    requests.back().deadline = deadline.at_most(k_patience);
    out[i].emplace();
    if (const auto head = std::ranges::find(refs, "HEAD", &Ref::name); head != refs.end())
      out[i]->head = head->target;
    std::erase_if(refs, [](const Ref& ref) { return ref.name == "HEAD"; });
    out[i]->refs = std::move(refs);
  }
  if (asked.empty()) return out;
  auto packs = http.send_all(requests);
  for (std::size_t k = 0; k < asked.size(); ++k) {
    auto pack =
        packs[k] && packs[k]->status == 200 ? parse_fetch(packs[k]->body) : fail("no answer");
    packs[k] = fail("taken");  // it is as long as the pack
    if (pack && pack->size() > 32)
      out[asked[k]]->pack = std::move(*pack);
    else
      out[asked[k]].reset();
  }
  return out;
}

}  // namespace cdctl::git
