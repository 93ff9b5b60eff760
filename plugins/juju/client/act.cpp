#include "plugins/juju/client/act.hpp"

#include <fmt/format.h>

#include "plugins/juju/client/private_data.hpp"
#include "plugins/juju/client/process.hpp"

namespace cdctl::juju {

namespace {

constexpr Millis k_longest =
    std::chrono::minutes(45);  // a copy of the data folder is swept after an hour

Failure failed_act(const Finished& finished, std::string_view attempt, const Deadline& deadline) {
  auto out = failure_of(finished, attempt, deadline);
  // It was heard and said no
  if (out.trouble == Trouble::other && finished.signal == 0) out.error.exit = ExitCode::failed;
  return out;
}

}  // namespace

Asked<Finished> juju_act(const Access& access, const std::vector<std::string>& words,
                         std::string_view attempt, const ActOptions& options) {
  const auto deadline =
      options.deadline.value_or(access.until.at_most(access.timeout)).at_most(k_longest);
  const auto all = deadline.left();
  for (int repeat = 0;; ++repeat) {
    const auto data = PrivateData::make(access.data, access.private_parent, options.credentials);
    if (!data)
      return std::unexpected(
          Failure{data.error().exit == ExitCode::config ? Trouble::config : Trouble::local,
                  data.error().in(attempt)});
    auto command = juju_command(access, words, *data, deadline);
    command.directory = options.directory;
    auto finished = run(command);
    if (!finished)
      return std::unexpected(
          Failure{Trouble::other,
                  {ExitCode::unknown,
                   fmt::format("{}: {}; snap install juju", attempt, finished.error().what)}});
    if (finished->ok()) return std::move(*finished);
    if (finished->timed_out) finished->wall = all;
    const bool unsent = worth_repeating(*finished) && classify(*finished) == Trouble::local;
    if (unsent && repeat < k_most_repeats && pause_before_repeat(repeat, deadline)) continue;
    return std::unexpected(failed_act(*finished, attempt, deadline));
  }
}

}  // namespace cdctl::juju
