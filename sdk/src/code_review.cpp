#include <cdctl/code_review.hpp>

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include <cdctl/text.hpp>
#include <cdctl/url.hpp>

namespace cdctl {

namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (auto& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  return out;
}

bool is_loopback(std::string_view host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

/// `/team/thumbs.git/` → `team/thumbs`
std::string repository_path(std::string_view path) {
  while (path.starts_with('/')) path.remove_prefix(1);
  while (path.ends_with('/')) path.remove_suffix(1);
  if (path.ends_with(".git")) path.remove_suffix(4);
  return std::string(path);
}

/// What may stand in the path of a call without a second look.
bool valid_repository(std::string_view path) {
  const auto parts = split(path, '/');
  return parts.size() >= 2 && std::ranges::all_of(parts, [](std::string_view part) {
           return !part.empty() && part != "." && part != ".." &&
                  std::ranges::all_of(part, [](char c) {
                    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '~' ||
                           c == '+';  // the last two are Launchpad's
                  });
         });
}

Result<> check_api(const TargetConfig& target, const std::string& table, const std::string& api) {
  const auto url = parse_url(api);
  const auto wrong = [&](std::string_view what) {
    return fail(ExitCode::config,
                fmt::format("{}: '{}.api' {}", target.file.string(), table, what));
  };
  if (api.empty())
    return wrong("is needed: the repository's address does not say where the server is");
  if (!url || (url->scheme != "http" && url->scheme != "https"))
    return wrong("must be an address such as \"https://git.example/api\"");
  if (!url->user.empty() || !url->password.empty() ||
      url->path.find_first_of("?#") != url->path.npos)
    return wrong("must hold no user, password or query: the token is given by token_file");
  if (url->scheme == "http" && !is_loopback(url->host))
    return wrong("must begin with https: anybody on the way could read the token");
  return {};
}

Result<std::string> read_token(const Config& config, const TargetConfig& target,
                               const std::string& table) {
  for (const auto* from : {&target.table[table], &config.table[table]}) {
    CDCTL_TRY_ASSIGN(auto token, read_secret(*from, "token", config));
    if (!token) continue;
    if (token->empty() || token->find_first_of(" \t\r\n") != token->npos)
      return fail(ExitCode::config, fmt::format("{}: its '{}' token is empty or not one word",
                                                target.file.string(), table));
    return std::move(*token);
  }
  return fail(ExitCode::config,
              fmt::format("{}: the server wants a token: give '{}.token_file', token_env or "
                          "token_command",
                          target.file.string(), table));
}

}  // namespace

std::optional<ServedRepository> served_repository(std::string_view address) {
  ServedRepository out;
  if (address.contains("://")) {
    const auto url = parse_url(address);
    if (!url) return {};
    out = {url->scheme, url->host, url->port, repository_path(url->path)};
  } else {  // host:path, as scp writes it
    const auto colon = address.find(':');
    if (colon == address.npos || address.find('/') < colon) return {};
    auto host = address.substr(0, colon);
    if (const auto at = host.rfind('@'); at != host.npos) host.remove_prefix(at + 1);
    out = {"ssh", std::string(host), {}, repository_path(address.substr(colon + 1))};
  }
  if (out.host.empty() || out.path.empty()) return {};
  return out;
}

Result<ForgeAccess> forge_access(const Config& config, const TargetConfig& target,
                                 const std::string& table,
                                 std::string (*api_of)(const ServedRepository&)) {
  ForgeAccess out;
  const auto& own = target.table[table];
  const auto served = served_repository(target.repository);
  out.api = own["api"].as_string(config.table[table]["api"].view());
  if (out.api.empty() && served) out.api = api_of(*served);
  while (out.api.ends_with('/')) out.api.pop_back();
  CDCTL_TRY(check_api(target, table, out.api));
  out.repository = own["repository"].as_string(served ? std::string_view(served->path) : "");
  if (!valid_repository(out.repository))
    return fail(ExitCode::config,
                fmt::format("{}: '{}.repository' is needed, such as \"team/thumbs\": the "
                            "repository's address does not say it",
                            target.file.string(), table));
  CDCTL_TRY_ASSIGN(out.token, read_token(config, target, table));
  return out;
}

std::string ref_path(std::string_view name) {
  std::string out;
  for (const auto part : split(name, '/')) {
    if (!out.empty()) out += '/';
    out += url_encode(part);
  }
  return out;
}

bool same_name(std::string_view one, std::string_view other) { return lower(one) == lower(other); }

bool asks_for(const TargetConfig& target, std::string_view vote) {
  return lower(target.votes).contains(lower(vote));
}

// What is told

std::string land_marker(const TargetConfig& target) {
  return fmt::format("<!-- cdctl-land {} -->", target.name);
}

std::string land_context(const TargetConfig& target) { return "cdctl/" + target.name; }

namespace {

std::string_view word_of(ProposalReport::State state) {
  using enum ProposalReport::State;
  return state == landed ? "Landed" : state == rejected ? "Not landed" : "Being tested";
}

/// Text as a fence can hold it: no control characters, and of a long one the end, from a line's
/// begin on.
std::string fenceable(std::string_view text, std::size_t most) {
  std::string out;
  for (const char c : text)
    if (c == '\n' || c == '\t' || static_cast<unsigned char>(c) >= 0x20) out += c;
  if (out.size() <= most) return out;
  const auto from = out.size() - most;
  const auto line = out.find('\n', from);
  return "…\n" + out.substr(line == out.npos ? from : line + 1);
}

/// A fence longer than any run of its character in the text.
std::string fence_for(std::string_view text) {
  std::size_t longest = 0, run = 0;
  for (const char c : text) {
    run = c == '`' ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  return std::string(std::max<std::size_t>(3, longest + 1), '`');
}

}  // namespace

std::string land_comment(const TargetConfig& target, const ProposalReport& report,
                         std::size_t most) {
  auto out = fmt::format("{}\n**{}**", land_marker(target), word_of(report.state));
  if (report.state == ProposalReport::State::landed && !report.commit.empty())
    fmt::format_to(std::back_inserter(out), " as {}", report.commit);
  fmt::format_to(std::back_inserter(out), ", at {}\n", report.head);
  auto text = std::string(trimmed(report.summary));
  if (!trimmed(report.text).empty()) text += fmt::format("\n\n{}", trimmed(report.text));
  // Half of it may be backticks, and then the fence is as long.
  text = fenceable(text, most / 3);
  if (text.empty()) return out;
  const auto fence = fence_for(text);
  return fmt::format("{}\n{}text\n{}\n{}\n", out, fence, text, fence);
}

std::string land_status(const ProposalReport& report, std::size_t most) {
  auto text = std::string(trimmed(report.summary));
  std::erase_if(text, [](char c) { return static_cast<unsigned char>(c) < 0x20; });
  if (text.empty()) text = word_of(report.state);
  return fit(text, most);
}

Result<bool> upsert_comment(Rest& rest, const CommentCalls& calls, const std::string& marker,
                            const std::string& text, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto all, rest.list({calls.all, {}}, deadline));
  const auto normal = [](std::string_view body) {
    std::string out;
    for (const char c : body)
      if (c != '\r') out += c;
    return std::string(trimmed(out));
  };
  std::vector<const Json*> ours;
  for (const auto& comment : all) {
    const auto& who = comment[calls.author][calls.author_name];
    if (normal(comment["body"].view()).starts_with(marker) &&
        (calls.me.empty() || lower(who.view()) == lower(calls.me)))
      ours.push_back(&comment);
  }
  const auto body = Json::object({{"body", text}});
  bool said = false, changed = false;
  for (const auto* comment : ours) {
    const auto path = fmt::format("{}{}", calls.one, (*comment)["id"].as_int());
    if (said) {
      if (!calls.me.empty()) (void)rest.ask({"DELETE", path, {}, true}, deadline);
      continue;
    }
    if (normal((*comment)["body"].view()) == normal(text)) {
      said = true;
      continue;
    }
    const RestRequest request{calls.change, path, body, true};
    CDCTL_TRY_ASSIGN(const auto answer, rest.ask(request, deadline));
    said = changed = answer.ok();
    // Anybody can write our marker; what is not ours cannot be changed.
    if (!said && answer.status != 403 && answer.status != 404)
      return fail(rest.refusal(request, answer));
  }
  if (said) return changed;
  // Not repeated: a comment whose answer is lost is found by the next run.
  const RestRequest request{"POST", calls.all, body, false};
  CDCTL_TRY_ASSIGN(const auto answer, rest.ask(request, deadline));
  if (!answer.ok()) return fail(rest.refusal(request, answer));
  return true;
}

// What is read

std::string description_text(std::string_view markdown) {
  std::string out;
  while (!markdown.empty()) {
    const auto open = std::min(markdown.find("<!--"), markdown.size());
    out += markdown.substr(0, open);
    markdown.remove_prefix(open);
    if (markdown.empty()) break;
    const auto close = markdown.find("-->");
    markdown.remove_prefix(close == markdown.npos ? markdown.size() : close + 3);
  }
  std::erase(out, '\r');
  return std::string(trimmed(out));
}

std::vector<std::string> depends_on(std::string_view description, std::string_view repository) {
  constexpr std::string_view k_word = "depends-on:";
  const auto digits = [](std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  };
  std::vector<std::string> out;
  for (const auto line : lines(description)) {
    const auto text = trimmed(line);
    if (!lower(text.substr(0, k_word.size())).starts_with(k_word)) continue;
    auto rest = std::string(text.substr(k_word.size()));
    std::ranges::replace(rest, ',', ' ');
    for (auto word : words(rest)) {
      auto id = word;
      if (word.contains("://")) {
        const auto slash = word.rfind('/');
        const bool own = word.contains(fmt::format("/{}/", repository));
        if (own && digits(word.substr(slash + 1))) id = word.substr(slash + 1);
      } else if (word.starts_with('#') || word.starts_with('!')) {
        id = word.substr(1);
      }
      if (std::ranges::find(out, id) == out.end()) out.emplace_back(id);
    }
  }
  return out;
}

std::string with_prerequisites(std::string description, const std::vector<std::string>& after,
                               std::string_view repository, char sign) {
  const auto there = depends_on(description, repository);
  for (const auto& id : after)
    if (std::ranges::find(there, id) == there.end())
      description += fmt::format("{}Depends-On: {}{}", description.empty() ? "" : "\n", sign, id);
  return description;
}

void add_person(std::vector<Person>& people, Person person) {
  if (std::ranges::find(people, person) == people.end()) people.push_back(std::move(person));
}

std::vector<Person> co_authors(std::string_view message) {
  constexpr std::string_view k_word = "co-authored-by:";
  std::vector<Person> out;
  for (const auto line : lines(message)) {
    if (!lower(line.substr(0, k_word.size())).starts_with(k_word)) continue;
    const auto text = trimmed(line.substr(k_word.size()));
    const auto open = text.find('<'), close = text.rfind('>');
    if (open == text.npos || close == text.npos || close < open)
      add_person(out, {std::string(text), {}});
    else
      add_person(out, {std::string(trimmed(text.substr(0, open))),
                       std::string(trimmed(text.substr(open + 1, close - open - 1)))});
  }
  return out;
}

// What people do

Result<Finished> Clone::git(std::vector<std::string> words) const {
  Program program;
  program.argv = {"git", "-C", folder_.string()};
  program.argv.insert(program.argv.end(), words.begin(), words.end());
  program.env = {
      {"GIT_TERMINAL_PROMPT", "0"}, {"LC_ALL", "C"}, {"GIT_ALLOW_PROTOCOL", "file:http:https:ssh"}};
  program.deadline = deadline_;
  auto finished = run(program);
  if (!finished)
    return fail(ExitCode::unknown, fmt::format("{}; install git", finished.error().what));
  if (finished->timed_out)
    return fail(ExitCode::timeout, "git: no answer within " + finished->given);
  if (finished->interrupted) return fail(ExitCode::interrupted, "interrupted");
  return finished;
}

Result<std::string> Clone::line(std::vector<std::string> words) const {
  CDCTL_TRY_ASSIGN(const auto finished, git(std::move(words)));
  return finished.ok() ? finished.out.substr(0, finished.out.find('\n')) : std::string();
}

Result<std::string> Clone::commit(const std::string& revision) const {
  CDCTL_TRY_ASSIGN(auto id, line({"rev-parse", "--verify", "--quiet", "--end-of-options",
                                  revision + "^{commit}"}));
  if (id.empty())
    return fail(ExitCode::usage,
                fmt::format("{} has no commit {}", folder_.string(), printable(revision, 60)));
  return id;
}

Result<bool> Clone::has(const std::string& commit) const {
  CDCTL_TRY_ASSIGN(const auto finished, git({"cat-file", "-e", commit + "^{commit}"}));
  return finished.ok();
}

Result<std::string> Clone::branch() const {
  return line({"symbolic-ref", "--quiet", "--short", "HEAD"});
}

Result<std::pair<std::string, std::string>> Clone::message(const std::string& commit) const {
  CDCTL_TRY_ASSIGN(const auto finished,
                   git({"-c", "i18n.logOutputEncoding=UTF-8", "log", "-1", "--no-show-signature",
                        "--format=%s%x00%b", "--end-of-options", commit}));
  if (!finished.ok()) return fail("git log: " + printable(finished.err));
  const auto end = finished.out.find('\0');
  return std::pair(finished.out.substr(0, end),
                   end == std::string::npos ? std::string()
                                            : std::string(trimmed(finished.out.substr(end + 1))));
}

Result<std::string> Clone::push_remote(const std::string& branch) const {
  for (const auto& key : {"branch." + branch + ".pushRemote", std::string("remote.pushDefault")}) {
    CDCTL_TRY_ASSIGN(auto name, line({"config", "--get", key}));
    if (!name.empty()) return name;
  }
  return "origin";
}

Result<std::string> Clone::address_of(const std::string& remote) const {
  return line({"remote", "get-url", "--push", "--", remote});
}

Result<std::string> Clone::remote_tip(const std::string& remote, const std::string& branch) const {
  const auto ref = "refs/heads/" + branch;
  CDCTL_TRY_ASSIGN(const auto finished, git({"ls-remote", "--quiet", "--", remote, ref}));
  if (!finished.ok())
    return fail(ExitCode::unknown, fmt::format("asking {}: {}", printable(remote, 60),
                                               printable(with_shown_addresses(finished.err))));
  for (auto name : lines(finished.out)) {
    const auto id = take_until(name, '\t');
    if (name == ref) return std::string(id);
  }
  return std::string();
}

Result<> Clone::push(const std::string& remote, const std::string& commit,
                     const std::string& branch, const std::string& before) const {
  const auto ref = "refs/heads/" + branch;
  CDCTL_TRY_ASSIGN(const auto finished, git({"push", "--porcelain", "--quiet", "--no-follow-tags",
                                             fmt::format("--force-with-lease={}:{}", ref, before),
                                             "--", remote, fmt::format("{}:{}", commit, ref)}));
  if (finished.ok()) return {};
  return fail(ExitCode::unknown, fmt::format("pushing {} to {}: {}", branch, printable(remote, 60),
                                             printable(with_shown_addresses(finished.err))));
}

Result<PushedBranch> push_proposal(const TargetConfig& target, const ForgeAccess& access,
                                   const ProposeRequest& request, const Deadline& deadline) {
  const Clone clone(request.folder, deadline);
  PushedBranch out;
  CDCTL_TRY_ASSIGN(out.head, clone.commit(request.revision.empty() ? "HEAD" : request.revision));
  out.branch = request.id;
  if (out.branch.empty()) {
    CDCTL_TRY_ASSIGN(out.branch, clone.branch());
  }
  const bool plain = !out.branch.empty() && !out.branch.starts_with('-') &&
                     out.branch.find_first_of(" \t\r\n:~^?*[\\'\"`$") == out.branch.npos &&
                     !out.branch.contains("..");
  if (!plain || out.branch == target.branch)
    return fail(ExitCode::usage,
                "say what the branch shall be called, such as cdctl propose fix-typo");
  CDCTL_TRY_ASSIGN(const auto remote, clone.push_remote(out.branch));
  CDCTL_TRY_ASSIGN(const auto address, clone.address_of(remote));
  const auto there = served_repository(address), home = served_repository(target.repository);
  if (!there || !home || lower(there->host) != lower(home->host))
    return fail(ExitCode::config,
                fmt::format("{}: its remote {} is not on the server of {}: set "
                            "remote.pushDefault to the repository or a fork of it",
                            request.folder.string(), printable(remote, 60), target.name));
  // A server below a path of its own has that before each repository.
  out.path = there->path;
  if (home->path != access.repository && home->path.ends_with("/" + access.repository)) {
    const auto prefix = home->path.substr(0, home->path.size() - access.repository.size());
    if (out.path.starts_with(prefix)) out.path = out.path.substr(prefix.size());
  }
  out.owner = out.path.substr(0, out.path.rfind('/'));
  CDCTL_TRY_ASSIGN(const auto message, clone.message(out.head));
  out.title = message.first;
  out.description = message.second;
  CDCTL_TRY_ASSIGN(const auto before, clone.remote_tip(remote, out.branch));
  if (before == out.head) return out;
  out.moved = true;
  if (!before.empty()) {
    CDCTL_TRY_ASSIGN(const bool seen, clone.has(before));
    if (!seen)
      return fail(ExitCode::refused,
                  fmt::format("{} of {} is at {}, which is not in {}: somebody else has pushed it; "
                              "fetch it, or take another name",
                              out.branch, printable(remote, 60), before, request.folder.string()));
  }
  if (!request.dry_run) CDCTL_TRY(clone.push(remote, out.head, out.branch, before));
  return out;
}

Result<> check_reviewed(const TargetConfig& target, const ReviewRequest& request,
                        const std::string& head, const std::string& ref, const Deadline& deadline) {
  if (!request.head.empty() && !head.starts_with(request.head))
    return fail(ExitCode::refused,
                fmt::format("{} is at {} by now; look at that", request.id, head));
  CDCTL_TRY_ASSIGN(const bool seen, Clone(request.folder, deadline).has(head));
  if (seen) return {};
  return fail(ExitCode::refused,
              fmt::format("{} is at {}, which is not in {}: git fetch {} {}, look at it, and "
                          "review it then",
                          request.id, head, request.folder.string(),
                          shown_address(target.repository), ref));
}

}  // namespace cdctl
