#include "plugins/juju/client/process.hpp"

#include <algorithm>
#include <array>
#include <random>

#include <poll.h>

#include <fmt/format.h>

#include <cdctl/stop.hpp>

namespace cdctl::juju {

namespace {
constexpr std::size_t k_largest_answer = 256u << 20;  // a status of 100,000 units is about 90 MB
// These refuse -B as an unknown option in every version (Juju's list of commands).
constexpr std::array<std::string_view, 6> k_without_browser_option{
    "add-relation", "integrate", "relate", "add-secret", "update-secret", "secrets"};
}  // namespace

Program juju_command(const Access& access, const std::vector<std::string>& words,
                     const PrivateData& data, const Deadline& deadline) {
  Program command;
  command.argv = {"juju", "--no-alias"};
  command.argv.insert(command.argv.end(), words.begin(), words.end());
  if (std::ranges::find(k_without_browser_option, words.front()) == k_without_browser_option.end())
    command.argv.emplace_back("-B");
  command.env = {{"JUJU_DATA", data.path().string()}, {"LC_ALL", "C.UTF-8"}, {"TZ", "UTC"}};
  if (!access.snap) command.env["TMPDIR"] = data.scratch().string();
  // What would choose another model, or add lines to stderr: there every line counts.
  command.unset_env = {"JUJU_MODEL", "JUJU_LOGGING_CONFIG", "JUJU_STARTUP_LOGGING_CONFIG",
                       "LANGUAGE"};
  command.max_output = k_largest_answer;
  command.deadline = deadline;
  command.deadline_only = access.last_words;
  return command;
}

bool pause_before_repeat(int repeat, const Deadline& deadline) {
  std::minstd_rand random(std::random_device{}());
  const auto most = 150 << repeat;
  const Millis wait(std::uniform_int_distribution<int>(most / 2, most)(random));
  if (deadline.left() <= wait) return false;
  pollfd stop{Stop::fd(), POLLIN, 0};
  (void)::poll(&stop, 1, static_cast<int>(wait.count()));
  return !Stop::requested();
}

Failure failure_of(const Finished& finished, std::string_view attempt, const Deadline& deadline) {
  Failure out{classify(finished), explain(finished, attempt)};
  if (out.trouble == Trouble::version)
    out.error.what += fmt::format(" (this client: {})", client_version(deadline));
  return out;
}

bool may_have_worked(const Failure& failure) {
  return failure.trouble == Trouble::unreachable ||
         (failure.trouble == Trouble::other && failure.error.exit == ExitCode::unknown);
}

}  // namespace cdctl::juju
