#include "plugins/bzr/brz_command.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>

#include <fmt/format.h>

#include <cdctl/text.hpp>
#include <cdctl/url.hpp>

namespace cdctl::bzr {

namespace {

struct Trouble {
  std::string_view needle;  ///< in brz's own words
  std::string_view meaning;
  ExitCode exit = ExitCode::unknown;
  bool transient = false;
  bool no_branch = false;
};
constexpr std::string_view k_unreachable = "the server cannot be reached";
constexpr std::string_view k_no_revision = "it has no such revision";
constexpr std::array k_troubles{
    Trouble{"Not a branch", "there is no bzr branch", ExitCode::unknown, false, true},
    Trouble{"No such project", "there is no such branch on Launchpad", ExitCode::unknown, false,
            true},
    Trouble{"No such branch", "there is no such branch on Launchpad", ExitCode::unknown, false,
            true},
    Trouble{"does not exist in branch", k_no_revision, ExitCode::failed},
    Trouble{"No such tag", k_no_revision, ExitCode::failed},
    Trouble{"NoSuchRevision", k_no_revision, ExitCode::failed},
    Trouble{"has no revision", k_no_revision, ExitCode::failed},
    Trouble{"Permission denied", "the credentials are wrong or missing"},
    Trouble{"Host key verification failed", "the host's key is not known: add it to known_hosts"},
    Trouble{"Could not acquire lock",
            "somebody else holds its lock; brz help break-lock, where it is left of the dead"},
    Trouble{"Unable to obtain lock",
            "somebody else holds its lock; brz help break-lock, where it is left of the dead"},
    Trouble{"Connection error", k_unreachable, ExitCode::unknown, true},
    Trouble{"Connection closed", k_unreachable, ExitCode::unknown, true},
    Trouble{"Connection Timeout", k_unreachable, ExitCode::unknown, true},
    Trouble{"onnection refused", k_unreachable, ExitCode::unknown, true},
    Trouble{"ConnectionReset", k_unreachable, ExitCode::unknown, true},
    Trouble{"onnection reset", k_unreachable, ExitCode::unknown, true},
    Trouble{"name resolution", k_unreachable, ExitCode::unknown, true},
    Trouble{"imed out", k_unreachable, ExitCode::unknown, true},
    Trouble{"etwork is unreachable", k_unreachable, ExitCode::unknown, true},
    Trouble{"HTTP status 5", k_unreachable, ExitCode::unknown, true},
};

/// brz's own reason: what follows `brz: ERROR: ` on its line, else the last line.
std::string reason(std::string_view text) {
  constexpr std::string_view k_mark = "brz: ERROR: ";
  if (const auto at = text.find(k_mark); at != std::string_view::npos) {
    text.remove_prefix(at + k_mark.size());
    return printable(with_shown_addresses(text.substr(0, text.find('\n'))), 200);
  }
  while (text.ends_with('\n')) text.remove_suffix(1);
  const auto last = text.substr(text.rfind('\n') + 1);
  return last.empty() ? std::string("brz gave no reason")
                      : printable(with_shown_addresses(last), 200);
}

}  // namespace

Error explain(const Finished& finished) {
  if (finished.timed_out) return {ExitCode::timeout, "no answer within " + finished.given};
  if (finished.interrupted) return {ExitCode::interrupted, "interrupted"};
  const auto why = reason(finished.err);
  const auto at = std::ranges::find_if(
      k_troubles, [&](const Trouble& trouble) { return finished.err.contains(trouble.needle); });
  if (at == k_troubles.end())
    return {ExitCode::unknown, fmt::format("brz: {} ({})", why, finished.how())};
  return {at->exit, fmt::format("{} (brz: {})", at->meaning, why), at->transient,
          at->no_branch ? Reason::not_there : Reason::other};
}

Result<Finished> run_brz(const BrzCall& call) {
  Program command;
  command.argv = {"brz"};
  command.argv.insert(command.argv.end(), call.words.begin(), call.words.end());
  // The child has a session of its own and /dev/null as stdin, so neither brz nor its ssh finds
  // anyone to ask.
  command.env = {{"BZR_PROGRESS_BAR", "none"},
                 {"BRZ_PROGRESS_BAR", "none"},
                 {"BRZ_LOG", "/dev/null"},
                 {"LC_ALL", "C.UTF-8"},
                 {"SSH_ASKPASS_REQUIRE", "never"}};
  command.unset_env = {"SSH_ASKPASS", "LANGUAGE"};
  if (!call.who.empty()) command.env["BRZ_EMAIL"] = call.who;
  if (!call.nobody.empty()) {
    command.env["BRZ_HOME"] = call.nobody.string();
    // Whoever calls holds a lock on the place: one of brz's that is left there is of the dead.
    command.argv.insert(command.argv.begin() + 1,
                        {"--no-plugins", "--no-aliases", "-Olocks.steal_dead=true"});
  }
  command.directory = call.folder;
  command.max_output = call.max_output;
  command.deadline = call.deadline;
  auto finished = run(command);
  if (!finished)
    return fail(ExitCode::unknown, fmt::format("{}; apt install brz", finished.error().what));
  return finished;
}

Result<std::string> brz_output(const BrzCall& call) {
  CDCTL_TRY_ASSIGN(auto finished, brz_answer(call, {}));
  if (finished.out.size() >= call.max_output)  // half an answer would be a wrong one
    return fail(ExitCode::unknown,
                fmt::format("brz's answer is longer than {} MiB", call.max_output >> 20));
  return std::move(finished.out);
}

Result<Finished> brz_answer(const BrzCall& call, std::vector<int> good) {
  CDCTL_TRY_ASSIGN(auto finished, run_brz(call));
  const bool told = !finished.timed_out && !finished.interrupted && finished.signal == 0;
  if (finished.ok() || (told && std::ranges::find(good, finished.status) != good.end()))
    return finished;
  return fail(explain(finished));
}

Result<Revision> parse_info(std::string_view text) {
  while (text.ends_with('\n')) text.remove_suffix(1);
  const auto line = text.substr(text.rfind('\n') + 1);
  const auto blank = line.find(' ');
  if (blank == std::string_view::npos)
    return fail(ExitCode::unknown, "brz revision-info gave no revision");
  const auto revno = line.substr(0, blank), id = line.substr(blank + 1);
  if (id == "null:")
    return fail(Error{ExitCode::unknown, "the branch is empty: push a first commit", false,
                      Reason::not_there});
  if (id.contains(".."))
    return fail(
        ExitCode::unknown,
        fmt::format("the revision-id '{}' has '..' in it, where brz begins to read another; "
                    "commit once more on top of it",
                    printable(id, 80)));
  if (revno == "???" || !valid_revision_id(id)) return fail("it has no such revision");
  Revision revision{std::string(id), {}};
  std::int64_t number = 0;
  const auto [stop, error] = std::from_chars(revno.data(), revno.data() + revno.size(), number);
  if (error == std::errc() && stop == revno.data() + revno.size()) revision.number = number;
  return revision;
}

Result<Revision> ask_brz(const Address& address, const std::optional<std::string>& spec,
                         const Deadline& deadline) {
  std::vector<std::string> words{"revision-info", "--directory=" + address.url};
  if (spec) words.push_back("--revision=" + *spec);
  CDCTL_TRY_ASSIGN(const auto text, brz_output({std::move(words), deadline}));
  return parse_info(text);
}

Result<Revision> newest_of(const Address& address, const Deadline& deadline) {
  if (address.local) {
    CDCTL_TRY_ASSIGN(auto tip, read_tip(address.url));
    if (tip) return std::move(*tip);
  }
  return ask_brz(address, {}, deadline);
}

}  // namespace cdctl::bzr
