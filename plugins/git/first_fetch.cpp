#include "first_fetch.hpp"

#include <algorithm>

#include "address.hpp"
#include "http_refs.hpp"
#include "pkt_line.hpp"

namespace cdctl::git {

namespace {

constexpr std::size_t k_largest_pack = 16u << 20;  // held in memory, several at a time
constexpr std::size_t k_most_refs = 2000;

/// Whether we can make a repository of these alone.
bool usable(const std::vector<Ref>& refs) {
  const auto fits = [](const Ref& ref) { return ref.id.size() == 40 && (ref.name == "HEAD" || valid_ref_name(ref.name)); };
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

}  // namespace

std::vector<std::optional<WholeRepository>> fetch_whole(Http& http, std::span<const std::string> urls, const Deadline& deadline) {
  const std::vector<std::string> prefixes{"HEAD", "refs/heads/", "refs/tags/"};
  std::vector<std::optional<WholeRepository>> out(urls.size());
  std::vector<HttpRequest> requests;
  for (const auto& url : urls) requests.push_back(upload_pack_request(url, ls_refs_request(prefixes, true), deadline));
  const auto listings = http.send_all(requests);
  std::vector<std::size_t> asked;
  requests.clear();
  for (std::size_t i = 0; i < urls.size(); ++i) {
    if (!listings[i] || listings[i]->status != 200) continue;
    auto refs = parse_ls_refs(listings[i]->body);
    if (!refs || !usable(*refs)) continue;
    asked.push_back(i);
    requests.push_back(upload_pack_request(urls[i], fetch_request(distinct_ids(*refs)), deadline));
    requests.back().max_bytes = k_largest_pack;
    out[i].emplace();
    if (const auto head = std::ranges::find(*refs, "HEAD", &Ref::name); head != refs->end()) out[i]->head = head->target;
    std::erase_if(*refs, [](const Ref& ref) { return ref.name == "HEAD"; });
    out[i]->refs = std::move(*refs);
  }
  const auto packs = http.send_all(requests);
  for (std::size_t k = 0; k < asked.size(); ++k) {
    auto pack = packs[k] && packs[k]->status == 200 ? parse_fetch(packs[k]->body) : fail("no answer");
    if (pack && pack->size() > 32) out[asked[k]]->pack = std::move(*pack);
    else out[asked[k]].reset();
  }
  return out;
}

}  // namespace cdctl::git
