#include "plugins/git/http_refs.hpp"

#include "plugins/git/pkt_line.hpp"

namespace cdctl::git {

namespace {

constexpr Millis k_patience(10'000);

std::string trimmed_url(std::string_view url) {
  while (url.ends_with('/')) url.remove_suffix(1);
  return std::string(url);
}

HttpRequest version0_request(const HttpQuestion& question, const Deadline& deadline) {
  HttpRequest request;
  request.url = trimmed_url(question.url) + "/info/refs?service=git-upload-pack";
  request.headers = {{"Accept", "application/x-git-upload-pack-advertisement"}};
  request.deadline = deadline.at_most(k_patience);
  request.max_bytes = 64u << 20;
  return request;
}

using ReadRefs = Result<> (*)(std::string_view body, const TakeRef& take);

/// A ref that is not there is left to the git program, which then lists everything to say why.
Result<std::optional<std::string>> commit_in(std::string_view body, const Want& want,
                                             ReadRefs read) {
  Choice choice(want);
  CDCTL_TRY(read(body, [&](const Ref& ref) {
    choice.add(ref);
    return true;
  }));
  return choice.commit();
}

/// Whether another request over http may still help; without an answer, or with 401, only git
/// itself can.
bool worth_version0(const Result<HttpResponse>& response) {
  return response && response->status != 401 && response->status != 404 &&
         response->status != 301 && response->status != 302 && response->status != 307 &&
         response->status != 308;
}

}  // namespace

HttpRequest upload_pack_request(std::string_view url, std::string body, const Deadline& deadline) {
  HttpRequest request;
  request.method = "POST";
  request.url = trimmed_url(url) + "/git-upload-pack";
  request.headers = {{"Git-Protocol", "version=2"},
                     {"Content-Type", "application/x-git-upload-pack-request"},
                     {"Accept", "application/x-git-upload-pack-result"}};
  request.body = std::move(body);
  request.deadline = deadline.at_most(k_patience);
  request.max_bytes = 64u << 20;
  return request;
}

std::string list_all_request() {
  const std::vector<std::string> prefixes{"HEAD", "refs/heads/", "refs/tags/"};
  return ls_refs_request(prefixes, true);
}

std::vector<Ref> few_refs(std::string_view body) {
  std::vector<Ref> out;
  const auto read = read_ls_refs(body, [&](const Ref& ref) {
    out.push_back(ref);
    return out.size() <= k_most_refs;
  });
  if (!read || out.size() > k_most_refs) out.clear();
  return out;
}

std::vector<HttpAnswer> ask_over_http(Http& http, std::span<const HttpQuestion> questions,
                                      const Deadline& deadline) {
  std::vector<HttpAnswer> out(questions.size());
  std::vector<HttpRequest> requests;
  for (const auto& question : questions) {
    auto body = question.all ? list_all_request() : ls_refs_request(question.want.prefixes());
    requests.push_back(upload_pack_request(question.url, std::move(body), deadline));
  }
  auto first = http.send_all(requests);
  std::vector<std::size_t> again;
  requests.clear();
  for (std::size_t i = 0; i < questions.size(); ++i) {
    auto commit = first[i] && first[i]->status == 200
                      ? commit_in(first[i]->body, questions[i].want, read_ls_refs)
                      : fail("no list");
    if (commit) {
      out[i].commit = std::move(*commit);
      if (questions[i].all) out[i].refs = few_refs(first[i]->body);
    } else if (worth_version0(first[i])) {
      again.push_back(i);
      requests.push_back(version0_request(questions[i], deadline));
    }
  }
  first.clear();  // the next answers may be as long
  if (again.empty()) return out;
  const auto second = http.send_all(requests);
  for (std::size_t k = 0; k < again.size(); ++k) {
    if (!second[k] || second[k]->status != 200) continue;
    if (auto commit = commit_in(second[k]->body, questions[again[k]].want, read_advertisement))
      out[again[k]].commit = std::move(*commit);
  }
  return out;
}

}  // namespace cdctl::git
