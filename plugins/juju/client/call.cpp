#include "plugins/juju/client/call.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <exception>
#include <thread>

#include <fmt/format.h>

#include <cdctl/child.hpp>
#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

#include "plugins/juju/client/private_data.hpp"
#include "plugins/juju/client/wait.hpp"

namespace cdctl::juju {

namespace {

constexpr std::size_t k_largest_answer = 24u << 20;  // a status of some 19,000 units
constexpr Millis k_longest_act =
    std::chrono::minutes(45);  // a copy of the data folder is swept after an hour
constexpr std::size_t k_at_once = 4;
constexpr int k_dead_after = 4;  // questions in a row without any answer
// These refuse -B as an unknown option in every version (Juju's list of commands).
constexpr std::array<std::string_view, 6> k_without_browser_option{
    "add-relation", "integrate", "relate", "add-secret", "update-secret", "secrets"};

/// `juju --no-alias WORDS… -B` in that copy of the data folder, nothing on stdin.
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

/// What a run that did not end well means. Names the client's version where that is the reason.
Failure failure_of(const Finished& finished, std::string_view attempt, const Deadline& deadline) {
  Failure out{classify(finished), explain(finished, attempt)};
  if (out.kind == FailureKind::version)
    out.error.what += fmt::format(" (this client: {})", client_version(deadline));
  return out;
}

/// There is no copy of the data folder to run juju in.
Failure failure_of_data(const Error& error, std::string_view attempt) {
  return {error.exit == ExitCode::config ? FailureKind::config : FailureKind::local,
          error.in(attempt)};
}

/// juju could not be started.
Failure failure_to_start(const Error& error, std::string_view attempt) {
  return {FailureKind::other,
          {ExitCode::unknown, fmt::format("{}: {}; snap install juju", attempt, error.what)}};
}

Asked<JujuAnswer> read_answer(Finished& finished, std::string_view attempt,
                              const Deadline& deadline) {
  if (!finished.ok()) return std::unexpected(failure_of(finished, attempt, deadline));
  if (finished.out.size() >= k_largest_answer)
    return std::unexpected(Failure{
        FailureKind::garbled,
        {ExitCode::unknown,
         fmt::format("{}: juju's answer is longer than {} bytes", attempt, k_largest_answer)}});
  auto json = Json::parse(finished.out);
  if (json) return JujuAnswer{std::move(*json), std::move(finished.err)};
  const auto* advice = "try again, and by hand with juju";
  return std::unexpected(
      Failure{FailureKind::garbled,
              {ExitCode::unknown, fmt::format("{}: juju's answer of {} bytes is {}; {}", attempt,
                                              finished.out.size(), json.error().what, advice)}});
}

Failure failed_act(const Finished& finished, std::string_view attempt, const Deadline& deadline) {
  auto out = failure_of(finished, attempt, deadline);
  // It was heard and said no
  if (out.kind == FailureKind::other && finished.signal == 0) out.error.exit = ExitCode::failed;
  return out;
}

/// The questions of one run, taken by several threads one after another.
class Round {
 public:
  Round(const Access& access, std::span<const NamedQuestion> questions)
      : access_(access),
        questions_(questions),
        answers_(questions.size(), std::unexpected(Failure{})) {}

  void work() noexcept {
    for (auto i = next_++; i < questions_.size(); i = next_++) {
      const auto& [question, attempt] = questions_[i];
      try {
        answers_[i] = ask(question, attempt);
      } catch (const std::exception& e) {
        answers_[i] = std::unexpected(Failure{
            FailureKind::other, {ExitCode::unknown, std::string("internal error: ") + e.what()}});
      }
    }
  }
  std::vector<Asked<JujuAnswer>> take() { return std::move(answers_); }

 private:
  Asked<JujuAnswer> ask(const Question& question, std::string_view attempt) {
    if (Stop::requested()) return unasked(FailureKind::interrupted, attempt, "interrupted");
    if (access_.until.passed())
      return unasked(FailureKind::unreachable, attempt,
                     "not asked, since the deadline passed; try again");
    if (silent_ >= k_dead_after)
      return unasked(
          FailureKind::unreachable, attempt,
          "not asked, since the controller did not answer the last questions; try again");
    auto answer = juju_call(access_, question, attempt);
    if (!answer && answer.error().kind == FailureKind::unreachable)
      ++silent_;
    else
      silent_ = 0;
    return answer;
  }
  static Asked<JujuAnswer> unasked(FailureKind kind, std::string_view attempt,
                                   std::string_view why) {
    return std::unexpected(
        Failure{kind, {ExitCode::unknown, fmt::format("{}: {}", attempt, why), true}});
  }

  const Access& access_;
  std::span<const NamedQuestion> questions_;
  std::vector<Asked<JujuAnswer>> answers_;
  std::atomic<std::size_t> next_{0};
  std::atomic<int> silent_{0};
};

}  // namespace

Asked<JujuAnswer> juju_call(const Access& access, const Question& question,
                            std::string_view attempt) {
  const auto deadline = access.until.at_most(access.timeout);
  auto words = question;
  words.insert(words.end(), {"--format", "json"});
  for (int repeat = 0;; ++repeat) {
    const auto data = PrivateData::make(access.data, access.private_parent);
    if (!data) return std::unexpected(failure_of_data(data.error(), attempt));
    auto finished = run(juju_command(access, words, *data, deadline));
    if (!finished) return std::unexpected(failure_to_start(finished.error(), attempt));
    if (repeat < k_most_repeats && worth_repeating(*finished) &&
        pause_before_repeat(repeat, deadline))
      continue;
    return read_answer(*finished, attempt, deadline);
  }
}

std::vector<Asked<JujuAnswer>> juju_calls(const Access& access,
                                          std::span<const NamedQuestion> questions) {
  Round round(access, questions);
  {
    std::vector<std::jthread> helpers;
    for (std::size_t i = 1; i < std::min(k_at_once, questions.size()); ++i)
      helpers.emplace_back([&round] { round.work(); });
    round.work();
  }
  return round.take();
}

Asked<Finished> juju_act(const Access& access, const std::vector<std::string>& words,
                         std::string_view attempt, const ActOptions& options) {
  const auto deadline =
      options.deadline.value_or(access.until.at_most(access.timeout)).at_most(k_longest_act);
  for (int repeat = 0;; ++repeat) {
    const auto data = PrivateData::make(access.data, access.private_parent, options.credentials);
    if (!data) return std::unexpected(failure_of_data(data.error(), attempt));
    auto command = juju_command(access, words, *data, deadline);
    command.directory = options.directory;
    auto finished = run(command);
    if (!finished) return std::unexpected(failure_to_start(finished.error(), attempt));
    if (finished->ok()) return std::move(*finished);
    const bool unsent = worth_repeating(*finished) && classify(*finished) == FailureKind::local;
    if (unsent && repeat < k_most_repeats && pause_before_repeat(repeat, deadline)) continue;
    return std::unexpected(failed_act(*finished, attempt, deadline));
  }
}

std::string client_version(const Deadline& deadline) {
  Program command;
  command.argv = {"juju", "--no-alias", "version"};
  command.deadline = deadline.at_most(std::chrono::seconds(5));
  const auto finished = run(command);
  if (!finished || !finished->ok()) return "of an unknown version";
  const std::string_view text(finished->out);  // 3.6.11-ubuntu-amd64
  return printable(text.substr(0, text.find_first_of("-\n")), 40);
}

ClientVersion parse_client_version(std::string_view text) {
  ClientVersion out;
  const auto* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, out.major);
  if (error != std::errc() || stop == end || *stop != '.') return {};
  if (std::from_chars(stop + 1, end, out.minor).ec != std::errc()) return {};
  return out;
}

}  // namespace cdctl::juju
