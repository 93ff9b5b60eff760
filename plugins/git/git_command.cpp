#include "plugins/git/git_command.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

#include <fmt/format.h>
#include <sys/resource.h>

#include <cdctl/child.hpp>
#include <cdctl/text.hpp>
#include <cdctl/url.hpp>

namespace cdctl::git {

namespace {

/// Variables that would point git at another repository, or let it ask or run something on the way.
const std::vector<std::string>& unwanted_variables() {
  static const std::vector<std::string> k_names{"GIT_DIR",
                                                "GIT_WORK_TREE",
                                                "GIT_INDEX_FILE",
                                                "GIT_OBJECT_DIRECTORY",
                                                "GIT_ALTERNATE_OBJECT_DIRECTORIES",
                                                "GIT_COMMON_DIR",
                                                "GIT_NAMESPACE",
                                                "GIT_CEILING_DIRECTORIES",
                                                "GIT_PREFIX",
                                                "GIT_SHALLOW_FILE",
                                                "GIT_GRAFT_FILE",
                                                "GIT_REPLACE_REF_BASE",
                                                "GIT_QUARANTINE_PATH",
                                                "GIT_EXTERNAL_DIFF",
                                                "GIT_PROXY_COMMAND",
                                                "GIT_TRACE",
                                                "GIT_TRACE_CURL",
                                                "GIT_TRACE_PACKET",
                                                "GIT_CURL_VERBOSE",
                                                "GIT_PROTOCOL",
                                                "GIT_TEMPLATE_DIR",
                                                "GIT_DEFAULT_HASH",
                                                "SSH_ASKPASS",
                                                "LANGUAGE",
                                                "LC_MESSAGES"};
  return k_names;
}

/// The user's own ssh command, if there is one, told never to ask.
std::string ssh_command() {
  const char* own = std::getenv("GIT_SSH_COMMAND");
  const char* program = std::getenv("GIT_SSH");
  if (!own && program)
    return {};  // a wrapper of the user's: options would not fit it, and it has no terminal to ask
                // on
  return fmt::format("{} -oBatchMode=yes -oConnectTimeout=15", own && *own ? own : "ssh");
}

constexpr std::string_view k_unreachable = "the server cannot be reached";
constexpr std::string_view k_broken_off = "the server broke off";

struct Trouble {
  std::string_view needle;  ///< in git's own words, LC_ALL=C
  std::string_view meaning;
};
constexpr std::array k_troubles{
    Trouble{"ut of memory", "its answer is longer than there is memory for"},
    Trouble{"annot allocate memory", "its answer is longer than there is memory for"},
    Trouble{"Authentication failed", "the credentials are wrong or missing"},
    Trouble{"could not read Username", "the credentials are wrong or missing"},
    Trouble{"could not read Password", "the credentials are wrong or missing"},
    Trouble{"terminal prompts disabled", "the credentials are wrong or missing"},
    Trouble{"Permission denied (", "the credentials are wrong or missing"},
    Trouble{"error: 401", "the credentials are wrong or missing"},
    Trouble{"error: 403", "these credentials may not read it"},
    Trouble{"Host key verification failed", "the host's key is not known: add it to known_hosts"},
    Trouble{"not allowed", "git refuses this kind of address"},
    Trouble{"dubious ownership", "it belongs to another user: add it to git's safe.directory"},
    Trouble{"does not appear to be a git repository", "there is no git repository"},
    Trouble{"not a git repository", "there is no git repository"},
    Trouble{"not valid: is this a git repository", "there is no git repository"},
    Trouble{"repository not found",
            "there is no git repository, or these credentials may not see it"},
    Trouble{"' not found", "there is no git repository"},
    Trouble{"error: 404", "there is no git repository"},
    Trouble{"Could not resolve host", k_unreachable},
    Trouble{"onnection refused", k_unreachable},
    Trouble{"onnection reset", k_unreachable},
    Trouble{"Failed to connect", k_unreachable},
    Trouble{"imed out", k_unreachable},
    Trouble{"No route to host", k_unreachable},
    Trouble{"etwork is unreachable", k_unreachable},
    Trouble{"Could not read from remote repository", k_unreachable},
    Trouble{"unable to access", k_unreachable},
    Trouble{"hung up unexpectedly", k_broken_off},
};

const Trouble* trouble_of(std::string_view text) {
  const auto at = std::ranges::find_if(
      k_troubles, [&](const Trouble& trouble) { return text.contains(trouble.needle); });
  return at == k_troubles.end() ? nullptr : &*at;
}

/// git's own reason: the last `fatal:` line, else the last line.
std::string reason(std::string_view text) {
  std::string_view best, last;
  for (const auto line : lines(text)) {
    if (line.empty()) continue;
    last = line;
    if (line.starts_with("fatal: ")) best = line.substr(7);
  }
  if (best.empty()) best = last;
  return best.empty() ? std::string("git gave no reason")
                      : printable(with_shown_addresses(best), 200);
}

std::optional<std::string> commit_in(std::string_view listing, const Want& want) {
  Choice choice(want);
  std::optional<Ref> last;  // its peeled line may follow
  for (auto name : lines(listing)) {
    const bool has_name = name.contains('\t');
    const auto id = take_until(name, '\t');
    if (!has_name || !valid_commit_id(id)) continue;
    if (name.ends_with("^{}")) {
      if (last && last->name == name.substr(0, name.size() - 3)) last->peeled = id;
    } else {
      if (last) choice.add(*last);
      last = Ref{std::string(name), std::string(id), {}};
    }
  }
  if (last) choice.add(*last);
  return choice.commit();
}

/// git keeps the whole list that a server tells, however long it is, before it prints what was
/// asked for: such a call gets 256 MiB, by util-linux's prlimit, where nobody has given it less.
constexpr rlim_t k_list_memory = rlim_t{256} << 20;

std::vector<std::string> bounded() {
  struct rlimit data{};
  const bool less = ::getrlimit(RLIMIT_DATA, &data) != 0 || data.rlim_max < k_list_memory;
  if (less || !find_program("prlimit")) return {};
  return {"prlimit", fmt::format("--data={}", k_list_memory), "--"};
}

bool lists_refs(const GitCall& call) {
  return !call.args.empty() && call.args.front() == "ls-remote";
}

using Settings = std::vector<std::pair<std::string, std::string>>;  // of git, key and value

/// `https://TOKEN@host/x` → `https://host/x`, for argument lists and files are for others to read:
/// git asks its credential helpers for the user all the same.
std::string without_user(const std::string& word, Settings& settings) {
  if (!word.starts_with("http://") && !word.starts_with("https://")) return word;
  const auto url = parse_url(word);
  if (!url || url->user.empty()) return word;
  auto server = *url;
  server.path.clear();
  settings.emplace_back(fmt::format("credential.{}.username", server.without_credentials()),
                        url->user);
  return url->without_credentials();
}

/// Settings of ours behind those that the environment gives git already.
void add_settings(const Settings& settings, std::map<std::string, std::string>& env) {
  if (settings.empty()) return;
  const char* there = std::getenv("GIT_CONFIG_COUNT");
  auto count = there ? std::strtol(there, nullptr, 10) : 0;
  for (const auto& [key, value] : settings) {
    env[fmt::format("GIT_CONFIG_KEY_{}", count)] = key;
    env[fmt::format("GIT_CONFIG_VALUE_{}", count++)] = value;
  }
  env["GIT_CONFIG_COUNT"] = std::to_string(count);
}

}  // namespace

Result<Finished> run_git(const GitCall& call) {
  Program command;
  if (!find_program("git"))
    return fail(ExitCode::unknown, "starting git: not found in PATH; install git");
  if (lists_refs(call)) command.argv = bounded();
  command.argv.emplace_back("git");
  if (!call.directory.empty()) {
    command.argv.emplace_back("-C");
    command.argv.push_back(call.directory.string());
  }
  Settings settings;
  for (const auto& word : call.args) command.argv.push_back(without_user(word, settings));
  if (!call.remote.empty()) (void)without_user(call.remote, settings);
  command.unset_env = unwanted_variables();
  command.env = {
      {"GIT_TERMINAL_PROMPT", "0"},
      {"GIT_ASKPASS", ""},
      {"GCM_INTERACTIVE", "never"},
      {"LC_ALL", "C"},
      {"GIT_ALLOW_PROTOCOL", call.file_protocol ? "file:http:https:ssh" : "http:https:ssh"}};
  for (const auto& [name, value] : call.env) command.env.insert_or_assign(name, value);
  command.input = call.input;
  if (auto ssh = ssh_command(); !ssh.empty())
    command.env.emplace("GIT_SSH_COMMAND", std::move(ssh));
  add_settings(settings, command.env);
  command.max_output = call.max_output;
  command.deadline = call.deadline;
  std::optional<GitProgress> progress;
  if (const auto quiet = std::ranges::find(command.argv, "--quiet");
      call.tell && quiet != command.argv.end()) {
    command.argv.insert(quiet + 1, "--progress");  // of all that is not said that alone is
    progress.emplace(call.tell, call.what);
    command.on_output = [&](std::string_view piece) { progress->hear(piece); };
  }
  auto finished = run(command);
  if (!finished) return fail(ExitCode::unknown, std::move(finished.error().what));
  // A last word may follow a percentage in its line.
  if (progress) std::ranges::replace(finished->err, '\r', '\n');
  return finished;
}

Result<std::string> git_output(const GitCall& call) {
  CDCTL_TRY_ASSIGN(auto finished, run_git(call));
  if (!finished.ok()) return fail(explain(finished));
  if (finished.out.size() >= call.max_output)
    return fail(ExitCode::unknown,
                fmt::format("git's answer is longer than {} bytes", call.max_output));
  return std::move(finished.out);
}

Error explain(const Finished& finished) {
  if (finished.timed_out) return {ExitCode::timeout, "no answer within " + finished.given};
  if (finished.interrupted) return {ExitCode::unknown, "interrupted"};
  const auto why = reason(finished.err);
  if (const auto* trouble = trouble_of(finished.err)) {
    const bool transient = trouble->meaning == k_unreachable || trouble->meaning == k_broken_off;
    return {ExitCode::unknown, fmt::format("{} (git: {})", trouble->meaning, why), transient};
  }
  return {ExitCode::unknown, fmt::format("git: {} ({})", why, finished.how())};
}

std::string their_words(std::string_view said) {
  constexpr std::string_view k_remote = "remote:";
  constexpr std::size_t k_most = 5;
  std::vector<std::string> all;
  for (auto line : lines(said)) {
    if (!line.starts_with(k_remote)) continue;
    line.remove_prefix(k_remote.size());
    // git pads what may stand over a progress line, and ends it by a sequence of the terminal's.
    line = trimmed(line.substr(0, line.find("\x1b[K")));
    if (!line.empty()) all.emplace_back(line);
  }
  if (all.size() > k_most) all.erase(all.begin(), all.end() - k_most);
  return all.empty() ? std::string() : ": " + printable(joined(all, " | "), 400);
}

bool remote_trouble(const Finished& finished) {
  return finished.timed_out || finished.interrupted || trouble_of(finished.err) != nullptr;
}

Result<std::string> ls_remote(const Address& address, const Want& want, const Deadline& deadline) {
  const auto unknown = [](Error error) {
    return fail(Error{ExitCode::unknown, std::move(error.what), error.transient});
  };
  GitCall call{{"ls-remote", "--quiet", "--", address.url}, {}, true, k_longest_list, deadline};
  auto chosen = call;
  chosen.args.push_back(!want.branch.empty() ? "refs/heads/" + want.branch
                        : !want.tag.empty()  ? std::string("refs/tags/*")
                                             : std::string("HEAD"));
  const auto text = git_output(chosen);
  if (!text) return unknown(text.error());
  if (auto commit = commit_in(*text, want)) return std::move(*commit);
  call.max_output = 1 << 10;  // whether there is anything
  CDCTL_TRY_ASSIGN(const auto all, run_git(call));
  if (!all.ok()) return unknown(explain(all));
  return fail(missing(want, all.out.empty()));
}

}  // namespace cdctl::git
