#pragma once

#include <filesystem>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include <cdctl/child.hpp>
#include <cdctl/fs.hpp>

namespace cdctl::test {

/// A real git repository for a test, with an identity of its own and no settings of the user's.
class GitRepo {
 public:
  explicit GitRepo(std::filesystem::path path, bool bare = false) : path_(std::move(path)) {
    std::filesystem::create_directories(path_);
    if (bare)
      git({"init", "--quiet", "--bare", "-b", "main"});
    else
      git({"init", "--quiet", "-b", "main"});
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::string url() const { return path_.string(); }

  /// Runs git in the repository; its output without the last line break. Throws when git fails: a
  /// test needs that.
  std::string git(std::vector<std::string> words) const {
    Program command;
    command.argv = {"git",
                    "-C",
                    path_.string(),
                    "-c",
                    "user.name=tester",
                    "-c",
                    "user.email=tester@test",
                    "-c",
                    "protocol.file.allow=always"};
    command.argv.insert(command.argv.end(), words.begin(), words.end());
    command.env = {{"GIT_CONFIG_GLOBAL", "/dev/null"}, {"GIT_CONFIG_NOSYSTEM", "1"}};
    command.deadline = Deadline(Millis(30'000));
    auto finished = run(command);
    if (!finished || !finished->ok())
      throw std::runtime_error(finished ? words[0] + ": " + finished->err : finished.error().what);
    while (finished->out.ends_with('\n')) finished->out.pop_back();
    return finished->out;
  }
  /// Writes a file, commits it and returns the commit id.
  std::string commit(const std::string& file, const std::string& text,
                     bool executable = false) const {
    write(file, text, executable);
    return commit_all("write " + file);
  }
  void write(const std::string& file, const std::string& text, bool executable = false) const {
    std::filesystem::create_directories((path_ / file).parent_path());
    if (!write_file_atomically(path_ / file, text, executable ? 0755 : 0644))
      throw std::runtime_error("writing " + file);
  }
  std::string commit_all(const std::string& message) const {
    git({"add", "--all"});
    git({"commit", "--quiet", "--allow-empty", "-m", message});
    return head();
  }
  [[nodiscard]] std::string head() const { return git({"rev-parse", "HEAD"}); }

 private:
  std::filesystem::path path_;
};

}  // namespace cdctl::test
