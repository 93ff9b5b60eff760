#include "juju_call.hpp"

#include <algorithm>
#include <random>

#include <poll.h>

#include <fmt/format.h>

#include <cdctl/names.hpp>

#include "private_data.hpp"

namespace cdctl::juju {

namespace {

constexpr std::size_t k_largest_answer = 256u << 20;  // a status of 100,000 units is about 90 MB
constexpr int k_most_repeats = 4;

Command command_for(const Access& access, const Question& question, const PrivateData& data, const Deadline& deadline) {
  Command command;
  command.argv = {"juju", "--no-alias"};
  command.argv.insert(command.argv.end(), question.begin(), question.end());
  command.argv.insert(command.argv.end(), {"--format", "json", "-B"});
  command.env = {{"JUJU_DATA", data.path().string()}, {"LC_ALL", "C.UTF-8"}, {"TZ", "UTC"}};
  if (!access.snap) command.env["TMPDIR"] = data.scratch().string();
  // What would choose another model, or add lines to stderr: there every line counts.
  command.unset_env = {"JUJU_MODEL", "JUJU_LOGGING_CONFIG", "JUJU_STARTUP_LOGGING_CONFIG", "LANGUAGE"};
  command.max_output = k_largest_answer;
  command.deadline = deadline;
  return command;
}

Failure failure(Trouble trouble, Error error) { return {trouble, std::move(error)}; }

Asked<Answer> read_answer(Finished& finished, std::string_view attempt) {
  if (!finished.ok()) {
    auto out = failure(classify(finished), explain(finished, attempt));
    if (out.trouble == Trouble::version) out.error.what += fmt::format(" (this client: {})", client_version());
    return std::unexpected(std::move(out));
  }
  auto json = Json::parse(finished.out);
  if (json) return Answer{std::move(*json), std::move(finished.err)};
  const auto* advice = "try again, and by hand with juju";
  return std::unexpected(failure(Trouble::garbled, {ExitCode::unknown, fmt::format("{}: juju's answer of {} bytes is {}; {}", attempt, finished.out.size(), json.error().what, advice)}));
}

/// Waits a moment that grows with each repeat and is never the same twice; false when there is no time left for it.
bool pause(int repeat, const Deadline& deadline) {
  std::minstd_rand random(std::random_device{}());
  const auto most = 150 << repeat;
  const Millis wait(std::uniform_int_distribution<int>(most / 2, most)(random));
  if (deadline.left() <= wait) return false;
  pollfd stop{Stop::fd(), POLLIN, 0};
  (void)::poll(&stop, 1, static_cast<int>(wait.count()));
  return !Stop::requested();
}

}  // namespace

std::string client_version() {
  Command command;
  command.argv = {"juju", "--no-alias", "version"};
  command.deadline = Deadline(std::chrono::seconds(5));
  const auto finished = run(command);
  if (!finished || !finished->ok()) return "of an unknown version";
  const std::string_view text(finished->out);  // 3.6.11-ubuntu-amd64
  return printable(text.substr(0, text.find_first_of("-\n")), 40);
}

Asked<Answer> juju_call(const Access& access, const Question& question, std::string_view attempt) {
  const Deadline deadline(access.timeout);
  for (int repeat = 0;; ++repeat) {
    const auto data = PrivateData::make(access.data, access.private_parent);
    if (!data) return std::unexpected(failure(data.error().exit == ExitCode::config ? Trouble::config : Trouble::local, data.error().in(attempt)));
    auto finished = run(command_for(access, question, *data, deadline));
    if (!finished) return std::unexpected(failure(Trouble::other, {ExitCode::unknown, fmt::format("{}: {}; snap install juju", attempt, finished.error().what)}));
    if (finished->timed_out) finished->wall = access.timeout;  // repeats included, its end not
    if (repeat < k_most_repeats && worth_repeating(*finished) && pause(repeat, deadline)) continue;
    return read_answer(*finished, attempt);
  }
}

}  // namespace cdctl::juju
