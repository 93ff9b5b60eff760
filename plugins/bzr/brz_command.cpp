#include "plugins/bzr/brz_command.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include <cdctl/child.hpp>
#include <cdctl/text.hpp>

namespace cdctl::bzr {

namespace {

struct Trouble {
  std::string_view needle;  ///< in brz's own words
  std::string_view meaning;
  ExitCode exit = ExitCode::unknown;
  bool transient = false;
};
constexpr std::string_view k_unreachable = "the server cannot be reached";
constexpr std::string_view k_no_revision = "it has no such revision";
constexpr std::array k_troubles{
    Trouble{"Not a branch", "there is no bzr branch"},
    Trouble{"No such project", "there is no such branch on Launchpad"},
    Trouble{"No such branch", "there is no such branch on Launchpad"},
    Trouble{"does not exist in branch", k_no_revision, ExitCode::failed},
    Trouble{"No such tag", k_no_revision, ExitCode::failed},
    Trouble{"NoSuchRevision", k_no_revision, ExitCode::failed},
    Trouble{"has no revision", k_no_revision, ExitCode::failed},
    Trouble{"Permission denied", "the credentials are wrong or missing"},
    Trouble{"Host key verification failed", "the host's key is not known: add it to known_hosts"},
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
    return printable(text.substr(0, text.find('\n')), 200);
  }
  while (text.ends_with('\n')) text.remove_suffix(1);
  const auto last = text.substr(text.rfind('\n') + 1);
  return last.empty() ? std::string("brz gave no reason") : printable(last, 200);
}

}  // namespace

Result<std::string> brz_output(std::vector<std::string> words, const Deadline& deadline) {
  Program command;
  command.argv = {"brz"};
  command.argv.insert(command.argv.end(), std::make_move_iterator(words.begin()),
                      std::make_move_iterator(words.end()));
  // The child has a session of its own and /dev/null as stdin, so neither brz nor its ssh finds
  // anyone to ask.
  command.env = {{"BZR_PROGRESS_BAR", "none"},
                 {"BRZ_PROGRESS_BAR", "none"},
                 {"BRZ_LOG", "/dev/null"},
                 {"LC_ALL", "C.UTF-8"},
                 {"SSH_ASKPASS_REQUIRE", "never"}};
  command.unset_env = {"SSH_ASKPASS", "LANGUAGE"};
  command.max_output = 1 << 20;
  command.deadline = deadline;
  auto finished = run(command);
  if (!finished)
    return fail(ExitCode::unknown, fmt::format("{}; apt install brz", finished.error().what));
  if (!finished->ok()) return fail(explain(*finished));
  return std::move(finished->out);
}

Error explain(const Finished& finished) {
  if (finished.timed_out)
    return {ExitCode::timeout, fmt::format("no answer within {}", to_duration(finished.wall))};
  if (finished.interrupted) return {ExitCode::interrupted, "interrupted"};
  const auto why = reason(finished.err);
  const auto at = std::ranges::find_if(
      k_troubles, [&](const Trouble& trouble) { return finished.err.contains(trouble.needle); });
  if (at != k_troubles.end())
    return {at->exit, fmt::format("{} (brz: {})", at->meaning, why), at->transient};
  return {ExitCode::unknown, fmt::format("brz: {} ({})", why, finished.how())};
}

}  // namespace cdctl::bzr
