#include "plugins/launchpad/web_service.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include <cdctl/http.hpp>
#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>
#include <cdctl/url.hpp>

#include "plugins/launchpad/oauth.hpp"

namespace cdctl::launchpad {

namespace {

constexpr std::size_t k_most_pages = 200;
constexpr unsigned k_tries = 4;
constexpr Millis k_first_pause(500), k_one_try(30'000);

std::string form_of(std::string_view operation, const Parameters& parameters) {
  auto out = fmt::format("ws.op={}", url_encode(operation));
  for (const auto& [name, value] : parameters)
    out += fmt::format("&{}={}", url_encode(name), url_encode(value.dump()));
  return out;
}

bool says_later(int status) {
  return status == 429 || status == 500 || status == 502 || status == 503 || status == 504;
}

}  // namespace

std::string api_of(const ServedRepository& repository) {
  auto host = repository.host;
  if (host == "lp") host = "launchpad.net";
  for (const std::string_view part : {"git.", "bazaar.", "code."})
    if (host.starts_with(part)) host.erase(0, part.size());
  return fmt::format("https://api.{}/devel", host);
}

std::string asking(std::string_view path, std::string_view operation,
                   const Parameters& parameters) {
  return fmt::format("{}?{}", path, form_of(operation, parameters));
}

std::string name_in(std::string_view link) {
  const auto tilde = link.rfind("/~");
  if (tilde == link.npos) return {};
  auto name = link.substr(tilde + 2);
  return std::string(name.substr(0, name.find_first_of("/?#")));
}

WebService::WebService(Host& host, ForgeAccess access, std::string authorization)
    : host_(host),
      access_(std::move(access)),
      authorization_(std::move(authorization)),
      rest_(host, {"Launchpad",
                   access_.api,
                   {{"Authorization", authorization_}, {"Accept", "application/json"}}}) {}

Result<std::string> WebService::path_of(const Json& link) const {
  const auto text = link.view();
  const bool ours = text.starts_with(access_.api) && text.size() > access_.api.size() &&
                    text[access_.api.size()] == '/';
  if (ours) return std::string(text.substr(access_.api.size()));
  return fail(ExitCode::unknown,
              text.empty() ? std::string("Launchpad does not tell all of a merge proposal: the "
                                         "token may not see what it belongs to")
                           : fmt::format("Launchpad names {}, which is not below {}: correct "
                                         "'launchpad.api'",
                                         printable(shown_address(text), 120), access_.api));
}

Result<Json> WebService::get(const std::string& path, const Deadline& deadline) {
  return rest_.get(path, deadline);
}

std::vector<Result<Json>> WebService::get_all(std::span<const std::string> paths,
                                              const Deadline& deadline) {
  return rest_.get_all(paths, deadline);
}

/// The first page and all that follow it. What moves on to the next page while we read comes twice.
Result<Json::Array> WebService::follow(Json page, const Deadline& deadline) {
  Json::Array out;
  std::set<std::string> seen, asked;
  for (std::size_t pages = 1;; ++pages) {
    const auto* entries = page.find("entries");
    if (!entries || !entries->is_array())
      return fail(ExitCode::unknown, "Launchpad answers with something that is no collection");
    for (const auto& entry : entries->items())
      if (seen.insert(entry["self_link"].as_string(entry.dump())).second) out.push_back(entry);
    const auto& next = page["next_collection_link"];
    if (next.is_null()) break;
    CDCTL_TRY_ASSIGN(const auto path, path_of(next));
    if (pages == k_most_pages || !asked.insert(path).second)
      return fail(ExitCode::unknown, "a collection of Launchpad's does not end");
    CDCTL_TRY_ASSIGN(page, rest_.get(path, deadline));
  }
  const auto& total = page["total_size"];
  if (total.is_int() && static_cast<std::int64_t>(out.size()) < total.as_int())
    return fail(ExitCode::unknown, fmt::format("Launchpad tells {} of {} entries of a collection",
                                               out.size(), total.as_int()));
  return out;
}

std::vector<Result<Json::Array>> WebService::collections(std::span<const std::string> paths,
                                                         const Deadline& deadline) {
  std::vector<Result<Json::Array>> out;
  for (auto& page : rest_.get_all(paths, deadline))
    out.push_back(page ? follow(std::move(*page), deadline)
                       : Result<Json::Array>(fail(std::move(page.error()))));
  return out;
}

Result<Json::Array> WebService::collection(const std::string& path, const Deadline& deadline) {
  return std::move(collections(std::span(&path, 1), deadline).front());
}

/// Its errors are text, not JSON, with the number of a report where it is Launchpad's own fault.
Error WebService::refusal(std::string_view operation, const std::string& path, int status,
                          std::string_view said,
                          const std::map<std::string, std::string>& headers) const {
  auto text = std::string(said.substr(0, 2000));
  for (const auto& part : {authorization_, access_.token})
    for (auto at = text.find(part); at != text.npos; at = text.find(part))
      text.replace(at, part.size(), "***");
  std::string_view rest = text;
  const auto first = printable(trimmed(take_until(rest, '\n')), 300);
  Error out{ExitCode::unknown,
            fmt::format("Launchpad answers {} to {} of {}{}{}", status, operation,
                        printable(path, 160), first.empty() || first.starts_with('<') ? "" : ": ",
                        first.starts_with('<') ? "" : first)};
  if (const auto oops = headers.find("x-lazr-oopsid"); oops != headers.end())
    out.what += fmt::format(" ({})", printable(oops->second, 80));
  if (status == 404) out.reason = Reason::not_there;
  // 401 is also who may not do it, and not only a token that nobody knows.
  if (status >= 400 && status < 500 && status != 404 && status != 429) out.exit = ExitCode::refused;
  return out;
}

Result<std::string> WebService::post(const std::string& path, std::string_view operation,
                                     const Parameters& parameters, bool repeatable,
                                     const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(auto* const http, host_.http());
  HttpRequest request;
  request.method = "POST";
  request.url = access_.api + path;
  request.headers = {{"Authorization", authorization_},
                     {"Accept", "application/json"},
                     {"Content-Type", "application/x-www-form-urlencoded"},
                     {"User-Agent", "cdctl"}};
  request.body = form_of(operation, parameters);
  request.max_bytes = 16u << 20;
  for (unsigned tries = 1;; ++tries) {
    request.deadline = deadline.at_most(k_one_try);
    const auto answer = http->send(request);
    const bool again = repeatable && tries < k_tries && (!answer || says_later(answer->status));
    if (answer && answer->status >= 200 && answer->status < 300) {
      const auto at = answer->headers.find("location");
      return at == answer->headers.end() ? std::string() : at->second;
    }
    const auto pause = k_first_pause * (1 << (tries - 1));
    if (again && pause < deadline.left()) {
      if (!pause_for(pause, deadline)) return fail(ExitCode::interrupted, "interrupted");
      continue;
    }
    if (!answer) return fail(answer.error());
    return fail(refusal(operation, path, answer->status, answer->body, answer->headers));
  }
}

/// `/people/+me` is a redirection to a person.
Result<std::string> WebService::me(const Deadline& deadline) {
  if (!me_.empty()) return me_;
  const RestRequest request{"GET", "/people/+me", {}, true};
  CDCTL_TRY_ASSIGN(const auto answer, rest_.ask(request, deadline));
  const auto at = answer.headers.find("location");
  if (answer.status >= 300 && answer.status < 400 && at != answer.headers.end())
    me_ = name_in(at->second);
  else if (answer.ok())
    me_ = answer.body["name"].as_string();
  else
    return fail(rest_.refusal(request, answer));
  if (me_.empty()) return fail(ExitCode::unknown, "Launchpad does not tell who the token is");
  return me_;
}

Result<WebService*> WebServices::of(const TargetConfig& target) {
  CDCTL_TRY_ASSIGN(auto access, forge_access(host_.config(), target, "launchpad", api_of));
  auto& one = all_[fmt::format("{}\n{}\n{}", access.api, access.repository, access.token)];
  if (!one) {
    auto header = authorization(access.token);
    if (!header) return fail(header.error().in(target.file.string()));
    one = std::make_unique<WebService>(host_, std::move(access), std::move(*header));
  }
  return one.get();
}

}  // namespace cdctl::launchpad
