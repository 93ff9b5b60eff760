#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <cdctl/config.hpp>
#include <cdctl/guarded.hpp>
#include <cdctl/time.hpp>

namespace cdctl {

/// What people know a revision by. Texts are one line of what somebody wrote, bounded.
struct Commit {
  std::string revision;
  std::optional<std::int64_t> number;  ///< a revno
  std::string subject, author;         ///< the name; the address of who has none
  std::optional<Time> at;              ///< when it was committed
};

/// One revision among many that are asked for.
struct CommitQuestion {
  SourceConfig source;
  std::string revision;
};

/// What lies between two revisions, the newest first; of each as many as were asked for at most.
struct CommitRange {
  std::vector<Commit> added, removed;  ///< `removed`: the later revision does not have them
  std::int64_t left_out = 0;           ///< of both, beyond that bound; -1: some, nobody counted
};

/// What a Source may be besides: one whose revisions are commits. A class that derives from both is
/// found by whoever has the Source.
class CommitLog {
 public:
  virtual ~CommitLog() = default;
  /// What this machine has of each, answers in the order asked; nobody is asked over a network.
  /// Empty where it has nothing.
  [[nodiscard]] std::vector<std::optional<Commit>> known(std::span<const CommitQuestion> questions,
                                                         const Deadline& deadline) {
    auto answers = guarded_or(std::vector<std::optional<Commit>>(),
                              [&] { return do_known(questions, deadline); });
    answers.resize(questions.size());
    return answers;
  }
  /// What `to` has and `from` has not, and the other way round. May fetch. Exit code `failed` when
  /// the source does not have one of them any more, `unknown` and `timeout` when that could not be
  /// asked.
  [[nodiscard]] Result<CommitRange> between(const SourceConfig& source, std::string_view from,
                                            std::string_view to, std::size_t most,
                                            const Deadline& deadline) {
    return guarded([&] { return do_between(source, from, to, most, deadline); });
  }

 protected:
  [[nodiscard]] virtual std::vector<std::optional<Commit>> do_known(
      std::span<const CommitQuestion> questions, const Deadline& deadline) = 0;
  [[nodiscard]] virtual Result<CommitRange> do_between(const SourceConfig& source,
                                                       std::string_view from, std::string_view to,
                                                       std::size_t most,
                                                       const Deadline& deadline) = 0;
};

}  // namespace cdctl
