#include <atomic>
#include <exception>
#include <thread>

#include <fmt/format.h>

#include <cdctl/stop.hpp>

#include "plugins/juju/client/call.hpp"

namespace cdctl::juju {

namespace {

constexpr std::size_t k_at_once = 4;
constexpr int k_dead_after = 4;  // questions in a row without any answer

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
            Trouble::other, {ExitCode::unknown, std::string("internal error: ") + e.what()}});
      }
    }
  }
  std::vector<Asked<Answer>> take() { return std::move(answers_); }

 private:
  Asked<Answer> ask(const Question& question, std::string_view attempt) {
    if (Stop::requested()) return unasked(Trouble::interrupted, attempt, "interrupted");
    if (access_.until.passed())
      return unasked(Trouble::unreachable, attempt,
                     "not asked, since the deadline passed; try again");
    if (silent_ >= k_dead_after)
      return unasked(
          Trouble::unreachable, attempt,
          "not asked, since the controller did not answer the last questions; try again");
    auto answer = juju_call(access_, question, attempt);
    if (!answer && answer.error().trouble == Trouble::unreachable)
      ++silent_;
    else
      silent_ = 0;
    return answer;
  }
  static Asked<Answer> unasked(Trouble trouble, std::string_view attempt, std::string_view why) {
    return std::unexpected(
        Failure{trouble, {ExitCode::unknown, fmt::format("{}: {}", attempt, why), true}});
  }

  const Access& access_;
  std::span<const NamedQuestion> questions_;
  std::vector<Asked<Answer>> answers_;
  std::atomic<std::size_t> next_{0};
  std::atomic<int> silent_{0};
};

}  // namespace

std::vector<Asked<Answer>> juju_calls(const Access& access,
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

}  // namespace cdctl::juju
