#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <cdctl/error.hpp>
#include <cdctl/json.hpp>
#include <cdctl/lock.hpp>
#include <cdctl/target.hpp>
#include <cdctl/time.hpp>

namespace cdctl::land {

/// What a command said of a tree: passed, or why not. What could not be found out is none of these.
struct TestResult {
  bool passed = false;
  std::string why;  ///< of a failure
  int status = 0;
  unsigned tries = 1;  ///< the last of which said so
  std::string log;     ///< the file
  std::vector<std::string> isolation;
  double took_ms = 0;
  Time at;
};

/// What was tested in this home: by tree, command, and the machine's system, so that the same is
/// not tested twice. Older than 30 days it is forgotten, and its log with it.
class TestResults {
 public:
  /// `folder`: `land` of the home.
  explicit TestResults(std::filesystem::path folder) : folder_(std::move(folder)) {}

  [[nodiscard]] std::optional<TestResult> find(const std::string& key) const;
  [[nodiscard]] Result<> keep(const std::string& key, const TestResult& result) const;
  /// One at a time tests the same. Empty while another does.
  [[nodiscard]] Result<std::optional<FileLock>> lock(const std::string& key) const;
  // What else has to be known by the next run, by its kind, which is a folder:
  //   made     when, and by whom, a candidate was made that a CI has been shown
  //   staged   by which ref, and since when; until that is removed
  //   overdue  a head whose statuses did not come in time
  //   unsure   a head of which the test could not tell, how often in a row, and when the last time
  //   rejected a head, and why: `land` has said so
  [[nodiscard]] std::optional<Json> note(const std::string& kind, const std::string& key) const;
  [[nodiscard]] Result<> keep_note(const std::string& kind, const std::string& key,
                                   const Json& note) const;
  void forget_note(const std::string& kind, const std::string& key) const;
  [[nodiscard]] std::vector<Json> notes(const std::string& kind) const;
  /// A new log, which nobody else writes.
  [[nodiscard]] Result<std::filesystem::path> new_log(const std::string& target) const;
  void forget_old() const;

 private:
  std::filesystem::path folder_;
};

/// What decides how a test ends: the target, whose name it is told, the tree, the command and its
/// limits, and what it runs on.
[[nodiscard]] std::string test_key(const std::string& target, const std::string& tree,
                                   const VerifyConfig& verify, bool network);

/// The last lines of a log that people are shown: at most `most`, and 32 KiB, without control
/// characters.
[[nodiscard]] std::string last_lines(const std::filesystem::path& log, std::size_t most = 60);

/// Why a test has come out as it has, for who runs cdctl: with where its log is, and how that ends.
[[nodiscard]] std::string why_with_log(std::string why, const std::filesystem::path& log);

/// What an exit status other than 0 means, where a shell gives it a meaning; empty elsewhere.
[[nodiscard]] std::string meaning_of_status(int status);

}  // namespace cdctl::land
