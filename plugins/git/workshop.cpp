#include "plugins/git/workshop.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include <cdctl/digest.hpp>
#include <cdctl/fs.hpp>
#include <cdctl/text.hpp>

#include "plugins/git/git_command.hpp"
#include "plugins/git/ref_files.hpp"

namespace cdctl::git {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view k_there = "refs/there/";
constexpr std::string_view k_refs = "refs/";
constexpr std::size_t k_most = 256u << 20;  ///< of an answer of git's

const std::map<std::string, std::string>& nobodys_settings() {
  static const std::map<std::string, std::string> k_env{{"GIT_CONFIG_NOSYSTEM", "1"},
                                                        {"GIT_CONFIG_GLOBAL", "/dev/null"},
                                                        {"GIT_ATTR_NOSYSTEM", "1"},
                                                        {"GIT_NO_REPLACE_OBJECTS", "1"},
                                                        {"GIT_OPTIONAL_LOCKS", "0"}};
  return k_env;
}

/// `fatal: couldn't find remote ref refs/heads/main`: whose name it is, empty for another trouble.
std::string missing_ref(std::string_view said) {
  constexpr std::string_view k_missing = "fatal: couldn't find remote ref ";
  for (const auto line : lines(said))
    if (line.starts_with(k_missing)) return std::string(line.substr(k_missing.size()));
  return {};
}

}  // namespace

std::string first_line(std::string_view text) {
  return std::string(text.substr(0, std::min(text.find('\n'), text.size())));
}

fs::path Workshop::folder(const Host& host, const Address& address) {
  return host.home() / "land" / "git" / (sha256_hex(address.url).substr(0, 20) + ".git");
}

Result<Workshop> Workshop::open(Host& host, const TargetConfig& target, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(auto address,
                   parse_address(target.repository, host.config().file.parent_path()));
  const auto path = folder(host, address);
  CDCTL_TRY(make_directories(path.parent_path(), 0700));
  CDCTL_TRY_ASSIGN(auto lock, FileLock::acquire(path.string() + ".lock", deadline));
  if (!lock)
    return fail(ExitCode::timeout, fmt::format("another cdctl has been fetching {} for {}",
                                               without_user(address.url), deadline.given()));
  Workshop out(path, std::move(address), std::move(*lock));
  CDCTL_TRY(out.make(host, target.branch, deadline));
  return out;
}

/// Made under another name, and renamed: it is absent or whole.
Result<> Workshop::make(Host& host, const std::string& branch, const Deadline& deadline) const {
  std::error_code error;
  if (fs::is_regular_file(path_ / "HEAD", error)) return {};
  auto fresh = path_;
  fresh += ".new";
  // A repository of SHA-256 ids needs one of the same kind, which nobody can tell from outside
  // before it was asked: a clone that takes nothing but that.
  const auto clone = [&](const std::vector<std::string>& only) -> Result<Finished> {
    CDCTL_TRY(remove_tree(fresh));
    GitCall call{{"-c", "core.hooksPath=/dev/null", "-c", "clone.defaultRemoteName=origin", "clone",
                  "--quiet", "--bare", "--template=", "--no-local", "--no-tags", "--single-branch"},
                 {},
                 true,
                 1 << 20,
                 deadline};
    call.args.insert(call.args.end(), only.begin(), only.end());
    call.args.insert(call.args.end(), {"--", address_.url, fresh.string()});
    call.tell = teller_of(host);
    call.what = "fetching " + without_user(address_.url);
    call.tell(call.what);
    return run_git(call);
  };
  // One branch: among the others may be one that is broken, which is its proposal's trouble.
  CDCTL_TRY_ASSIGN(auto finished, clone({"--branch=" + branch}));
  if (!finished.ok() && finished.err.contains("Remote branch")) {
    CDCTL_TRY_ASSIGN(finished, clone({}));  // some other target's is not there
  }
  if (!finished.ok()) {
    (void)remove_tree(fresh);
    return fail(explain(finished).in("fetching " + without_user(address_.url)));
  }
  const GitCall settings{{"--git-dir=" + fresh.string(), "config", "core.hooksPath", "/dev/null"},
                         {},
                         true,
                         1 << 16,
                         deadline};
  CDCTL_TRY(git_output(settings));
  const GitCall forget{
      {"--git-dir=" + fresh.string(), "remote", "remove", "origin"}, {}, true, 1 << 16, deadline};
  CDCTL_TRY(git_output(forget));
  CDCTL_TRY(remove_tree(path_));
  fs::rename(fresh, path_, error);
  if (error)
    return fail(fmt::format("moving what was fetched to {}: {}", path_.string(), error.message()));
  return {};
}

std::string Workshop::there(std::string_view ref) {
  return std::string(k_there).append(ref.substr(ref.starts_with(k_refs) ? k_refs.size() : 0));
}

Result<> Workshop::fetch(const std::vector<std::string>& refs, const Deadline& deadline,
                         const std::string& url, Tidy tidy) const {
  std::vector<std::string> words{"-c",
                                 "gc.autoDetach=false",
                                 "fetch",
                                 "--quiet",
                                 "--no-tags",
                                 "--force",
                                 "--prune",
                                 "--no-recurse-submodules",
                                 "--no-write-fetch-head"};
  if (tidy == Tidy::later) words.emplace_back("--no-auto-gc");
  words.insert(words.end(), {"--", url.empty() ? address_.url : url});
  for (const auto& ref : refs) words.push_back(fmt::format("+{}:{}", ref, there(ref)));
  CDCTL_TRY_ASSIGN(const auto finished, git_out(std::move(words), deadline));
  if (finished.ok()) return {};
  if (const auto missing = missing_ref(finished.err); !missing.empty())
    return fail(Error{ExitCode::failed, missing, false, Reason::not_there});
  return fail(explain(finished).in("fetching " + without_user(url.empty() ? address_.url : url)));
}

Result<std::map<std::string, Workshop::Ref>> Workshop::refs(const Deadline& deadline) const {
  CDCTL_TRY_ASSIGN(
      const auto text,
      output({"for-each-ref", "--format=%(objectname) %(objecttype) %(objectsize) %(refname)",
              std::string(k_there)},
             deadline));
  std::map<std::string, Ref> out;
  for (auto line : lines(text)) {
    const auto id = take_until(line, ' '), type = take_until(line, ' '),
               bytes = take_until(line, ' ');
    std::size_t size = 0;
    std::from_chars(bytes.data(), bytes.data() + bytes.size(), size);
    if (line.starts_with(k_there))
      out.emplace(std::string(k_refs).append(line.substr(k_there.size())),
                  Ref{std::string(id), std::string(type), size});
  }
  return out;
}

Result<std::string> Workshop::tip(std::string_view ref, const Deadline& deadline) const {
  // A branch names a commit, which was fetched with it: its file says all that git would.
  if (ref.starts_with("refs/heads/"))
    if (auto id = read_ref(path_, there(ref))) return id;
  CDCTL_TRY_ASSIGN(const auto finished, git({"rev-parse", "--verify", "--quiet", "--end-of-options",
                                             there(ref) + "^{commit}"},
                                            deadline));
  if (finished.timed_out || finished.interrupted) return fail(explain(finished));
  return finished.ok() ? first_line(finished.out) : std::string();
}

Result<std::vector<std::string>> Workshop::texts(const std::vector<std::string>& ids,
                                                 const Deadline& deadline) const {
  if (ids.empty()) return std::vector<std::string>();
  CDCTL_TRY_ASSIGN(const auto all,
                   output({"cat-file", "--batch"}, deadline, joined(ids, "\n") + "\n"));
  std::vector<std::string> out;
  std::string_view rest = all;
  while (!rest.empty() && out.size() < ids.size()) {
    auto head = take_until(rest, '\n');  // `ID TYPE SIZE`, or `ID missing`
    const auto id = take_until(head, ' '), type = take_until(head, ' ');
    std::size_t size = 0;
    if (std::from_chars(head.data(), head.data() + head.size(), size).ec != std::errc() ||
        type == "missing") {
      out.emplace_back();
      continue;
    }
    if (id.empty() || size > rest.size()) break;
    out.emplace_back(rest.substr(0, size));
    rest.remove_prefix(std::min(size + 1, rest.size()));
  }
  if (out.size() != ids.size()) return fail(ExitCode::unknown, "git did not tell all objects");
  return out;
}

Result<std::set<std::string>> Workshop::commits_among(const std::vector<std::string>& ids,
                                                      const Deadline& deadline) const {
  std::string asked;
  for (const auto& id : ids)
    if (valid_commit_id(id)) asked += id + "\n";
  std::set<std::string> out;
  if (asked.empty()) return out;
  CDCTL_TRY_ASSIGN(const auto text,
                   output({"cat-file", "--batch-check=%(objectname) %(objecttype)"}, deadline,
                          std::move(asked)));
  for (auto line : lines(text)) {
    const auto id = take_until(line, ' ');
    if (line == "commit") out.emplace(id);
  }
  return out;
}

Result<bool> Workshop::has(const std::string& commit, const Deadline& deadline) const {
  if (!valid_commit_id(commit)) return false;
  CDCTL_TRY_ASSIGN(const auto finished, git({"cat-file", "-e", commit + "^{commit}"}, deadline));
  if (finished.timed_out || finished.interrupted) return fail(explain(finished));
  return finished.ok();
}

Result<bool> Workshop::is_ancestor(const std::string& older, const std::string& newer,
                                   const Deadline& deadline) const {
  CDCTL_TRY_ASSIGN(const auto finished,
                   git({"merge-base", "--is-ancestor", older, newer}, deadline));
  if (finished.ok()) return true;
  if (finished.status == 1 && finished.signal == 0 && !finished.timed_out && !finished.interrupted)
    return false;
  return fail(explain(finished));
}

Result<Finished> Workshop::git(std::vector<std::string> words, const Deadline& deadline,
                               std::string input, std::map<std::string, std::string> env) const {
  words.insert(words.begin(), "--git-dir=" + path_.string());
  env.insert(nobodys_settings().begin(), nobodys_settings().end());
  return run_git(
      {std::move(words), {}, true, k_most, deadline, {}, std::move(input), std::move(env)});
}

Result<std::string> Workshop::output(std::vector<std::string> words, const Deadline& deadline,
                                     std::string input,
                                     std::map<std::string, std::string> env) const {
  CDCTL_TRY_ASSIGN(auto finished,
                   git(std::move(words), deadline, std::move(input), std::move(env)));
  if (!finished.ok()) return fail(explain(finished));
  if (finished.out.size() >= k_most)  // half an answer would be a wrong one
    return fail(ExitCode::unknown, fmt::format("git's answer is longer than {} MiB", k_most >> 20));
  return std::move(finished.out);
}

Result<Finished> Workshop::git_out(std::vector<std::string> words, const Deadline& deadline) const {
  words.insert(words.begin(), "--git-dir=" + path_.string());
  return run_git({std::move(words), {}, true, 16u << 20, deadline});
}

}  // namespace cdctl::git
