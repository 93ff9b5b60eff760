#include "plugins/juju/client/call.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/child.hpp>
#include <cdctl/text.hpp>

#include "plugins/juju/client/private_data.hpp"
#include "plugins/juju/client/process.hpp"

namespace cdctl::juju {

namespace {

Failure failure(Trouble trouble, Error error) { return {trouble, std::move(error)}; }

Asked<Answer> read_answer(Finished& finished, std::string_view attempt, const Deadline& deadline) {
  if (!finished.ok()) return std::unexpected(failure_of(finished, attempt, deadline));
  auto json = Json::parse(finished.out);
  if (json) return Answer{std::move(*json), std::move(finished.err)};
  const auto* advice = "try again, and by hand with juju";
  return std::unexpected(
      failure(Trouble::garbled,
              {ExitCode::unknown, fmt::format("{}: juju's answer of {} bytes is {}; {}", attempt,
                                              finished.out.size(), json.error().what, advice)}));
}

}  // namespace

std::string client_version(const Deadline& deadline) {
  Program command;
  command.argv = {"juju", "--no-alias", "version"};
  command.deadline = deadline.at_most(std::chrono::seconds(5));
  const auto finished = run(command);
  if (!finished || !finished->ok()) return "of an unknown version";
  const std::string_view text(finished->out);  // 3.6.11-ubuntu-amd64
  return printable(text.substr(0, text.find_first_of("-\n")), 40);
}

Asked<Answer> juju_call(const Access& access, const Question& question, std::string_view attempt) {
  const auto deadline = access.until.at_most(access.timeout);
  const auto all = std::min(access.timeout, deadline.left() + Millis(1));
  auto words = question;
  words.insert(words.end(), {"--format", "json"});
  for (int repeat = 0;; ++repeat) {
    const auto data = PrivateData::make(access.data, access.private_parent);
    if (!data)
      return std::unexpected(
          failure(data.error().exit == ExitCode::config ? Trouble::config : Trouble::local,
                  data.error().in(attempt)));
    auto finished = run(juju_command(access, words, *data, deadline));
    if (!finished)
      return std::unexpected(failure(
          Trouble::other, {ExitCode::unknown, fmt::format("{}: {}; snap install juju", attempt,
                                                          finished.error().what)}));
    if (finished->timed_out) finished->wall = all;  // repeats included, its end not
    if (repeat < k_most_repeats && worth_repeating(*finished) &&
        pause_before_repeat(repeat, deadline))
      continue;
    return read_answer(*finished, attempt, deadline);
  }
}

}  // namespace cdctl::juju
