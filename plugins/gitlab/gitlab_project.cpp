#include "plugins/gitlab/gitlab_project.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <sha1.h>

#include <fmt/format.h>

#include <cdctl/digest.hpp>
#include <cdctl/text.hpp>
#include <cdctl/url.hpp>

namespace cdctl::gitlab {

namespace {

std::string api_of(const ServedRepository& repository) {
  const bool http = repository.scheme == "http" || repository.scheme == "https";
  return fmt::format("{}://{}{}{}/api/v4", http ? repository.scheme : "https", repository.host,
                     http && !repository.port.empty() ? ":" : "", http ? repository.port : "");
}

RestServer server(std::string api, const std::string& token) {
  return {"GitLab", std::move(api), {{"PRIVATE-TOKEN", token}, {"Accept", "application/json"}}};
}

std::string sha1_hex(std::string_view bytes) {
  SHA1_CTX context;
  SHA1Init(&context);
  SHA1Update(&context, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  std::array<std::uint8_t, SHA1_DIGEST_LENGTH> digest{};
  SHA1Final(digest.data(), &context);
  std::string out;
  for (const auto byte : digest) fmt::format_to(std::back_inserter(out), "{:02x}", byte);
  return out;
}

/// The bytes of an id in hex; empty for what is none.
std::string bytes_of(std::string_view hex) {
  if (hex.size() != 40 && hex.size() != 64) return {};
  const auto value = [](char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
  };
  std::string out;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    const int high = value(hex[i]), low = value(hex[i + 1]);
    if (high < 0 || low < 0) return {};
    out += static_cast<char>(high * 16 + low);
  }
  return out;
}

}  // namespace

std::string tree_id(const Json::Array& entries) {
  std::vector<std::pair<std::string, std::string>> all;  // as git sorts them, and as it writes them
  bool sha256 = false;
  for (const auto& entry : entries) {
    auto mode = entry["mode"].view();
    const auto name = entry["name"].as_string();
    const auto id = bytes_of(entry["id"].view());
    while (mode.starts_with('0')) mode.remove_prefix(1);
    if (mode.empty() || name.empty() || id.empty()) return {};
    sha256 = id.size() > 20;
    auto line = fmt::format("{} {}", mode, name);
    line += '\0';
    all.emplace_back(name + (mode == "40000" ? "/" : ""), line + id);
  }
  std::ranges::sort(all);
  std::string body;
  for (const auto& [name, line] : all) body += line;
  auto text = fmt::format("tree {}", body.size());
  text += '\0';
  text += body;
  return sha256 ? sha256_hex(text) : sha1_hex(text);
}

GitlabProject::GitlabProject(Host& host, ForgeAccess access)
    : access_(std::move(access)), rest_(host, server(access_.api, access_.token)) {}

std::string GitlabProject::path(std::string_view rest) const {
  return fmt::format("/projects/{}{}", url_encode(access_.repository), rest);
}

Result<std::string> GitlabProject::me(const Deadline& deadline) {
  if (!me_.empty()) return me_;
  CDCTL_TRY_ASSIGN(const auto user, rest_.get("/user", deadline));
  me_ = user["username"].as_string();
  if (me_.empty()) return fail(ExitCode::unknown, "GitLab does not tell who the token is");
  return me_;
}

Result<std::string> GitlabProject::tip(const std::string& branch, const Deadline& deadline) {
  const auto found = rest_.get(path("/repository/branches/" + url_encode(branch)), deadline);
  if (found) return (*found)["commit"]["id"].as_string();
  if (found.error().reason == Reason::not_there) return std::string();
  return fail(found.error());
}

Result<Json> GitlabProject::request(const std::string& id, const Deadline& deadline) {
  if (id.empty() || id.size() > 18 ||
      !std::ranges::all_of(id, [](char c) { return c >= '0' && c <= '9'; }))
    return fail(ExitCode::usage,
                fmt::format("'{}' is not the number of a merge request", printable(id, 40)));
  return rest_.get(path("/merge_requests/" + id), deadline);
}

Result<std::string> GitlabProject::tree(const std::string& commit, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto entries,
                   rest_.list({path("/repository/tree?ref=" + url_encode(commit)), {}}, deadline));
  auto out = tree_id(entries);
  if (out.empty()) return fail(ExitCode::unknown, "GitLab does not tell what is in " + commit);
  return out;
}

Result<GitlabProject*> GitlabProjects::of(const TargetConfig& target) {
  CDCTL_TRY_ASSIGN(auto access, forge_access(host_.config(), target, "gitlab", api_of));
  auto& one = all_[fmt::format("{}\n{}\n{}", access.api, access.repository, access.token)];
  if (!one) one = std::make_unique<GitlabProject>(host_, std::move(access));
  return one.get();
}

}  // namespace cdctl::gitlab
