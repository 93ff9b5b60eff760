#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <catch2/catch.hpp>

#include <cdctl/fs.hpp>

#include "plugins/git/git_command.hpp"
#include "tests/support/test_host.hpp"

using namespace cdctl;
using namespace cdctl::git;
namespace fs = std::filesystem;

namespace {

/// A program called git that notes what it is given, and complains as git does.
class NotingGit {
 public:
  NotingGit() : path_(std::getenv("PATH")) {
    const auto program = dir_.path() / "git";
    std::ofstream(program) << "#!/bin/sh\nprintf '%s\\n' \"$@\" >"
                           << (dir_.path() / "argv").string()
                           << "\nenv | grep ^GIT_CONFIG_ | sort >" << (dir_.path() / "env").string()
                           << "\necho \"fatal: could not read Password for 'https://t0ken@h': "
                              "terminal prompts disabled\" >&2\nexit 128\n";
    fs::permissions(program, fs::perms::owner_all);
    ::setenv("PATH", (dir_.path().string() + ":" + path_).c_str(), 1);
  }
  ~NotingGit() { ::setenv("PATH", path_.c_str(), 1); }
  [[nodiscard]] std::string noted(const char* what) const {
    return read_file(dir_.path() / what).value_or("");
  }

 private:
  test::TempDir dir_;
  std::string path_;
};

Deadline soon() { return Deadline(std::chrono::seconds(20)); }

}  // namespace

TEST_CASE("the user of an http address reaches git by its environment alone") {
  const NotingGit git;
  ::setenv("GIT_CONFIG_COUNT", "1", 1);
  ::setenv("GIT_CONFIG_KEY_0", "a.b", 1);
  ::setenv("GIT_CONFIG_VALUE_0", "c", 1);
  const auto text = git_output(
      {{"fetch", "--", "https://t0ken@h:8443/x.git", "+refs/*:refs/*"}, {}, true, 1 << 20, soon()});
  for (const auto* name : {"GIT_CONFIG_COUNT", "GIT_CONFIG_KEY_0", "GIT_CONFIG_VALUE_0"})
    ::unsetenv(name);
  REQUIRE_FALSE(text);
  CHECK_FALSE(text.error().what.contains("t0ken"));
  CHECK(text.error().what.contains("https://***@h"));
  CHECK(git.noted("argv") == "fetch\n--\nhttps://h:8443/x.git\n+refs/*:refs/*\n");
  CHECK(git.noted("env") ==
        "GIT_CONFIG_COUNT=2\nGIT_CONFIG_KEY_0=a.b\nGIT_CONFIG_KEY_1=credential.https://"
        "h:8443.username\nGIT_CONFIG_VALUE_0=c\nGIT_CONFIG_VALUE_1=t0ken\n");
}

TEST_CASE("an address that git finds by itself has its user there, too") {
  const NotingGit git;
  (void)git_output({{"submodule", "update"}, {}, true, 1 << 20, soon(), "https://t0ken@h/x.git"});
  CHECK(git.noted("argv") == "submodule\nupdate\n");
  CHECK(git.noted("env").contains("=t0ken\n"));
}

TEST_CASE("other addresses go to git as they are") {
  const NotingGit git;
  for (const std::string address :
       {"https://h/x.git", "ssh://git@h/x", "git@h:x", "/srv/x", "file:///x"}) {
    (void)git_output({{"ls-remote", "--", address}, {}, true, 1 << 20, soon()});
    CHECK(git.noted("argv") == "ls-remote\n--\n" + address + "\n");
    CHECK(git.noted("env").empty());
  }
}

TEST_CASE("a query may not stand in an address") {
  const auto refused = parse_address("https://h/x.git?access_token=t0ken", "/base");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().exit == ExitCode::config);
  CHECK(refused.error().what.contains("?access_token=***"));
  CHECK_FALSE(refused.error().what.contains("t0ken"));
  CHECK(without_user("https://t0ken@h/x") == "https://h/x");
  CHECK(without_user("ssh://git@h/x") == "ssh://git@h/x");
}

TEST_CASE("what a hook says is told in its own words, without what git puts around them") {
  CHECK(git::their_words("").empty());
  CHECK(git::their_words("error: failed to push some refs\n").empty());
  CHECK(git::their_words(
            "remote: main is closed        \x1b[K\nremote: \nremote: ask carol\nTo /x\n") ==
        ": main is closed | ask carol");
  std::string many;
  for (int i = 0; i < 100; ++i) many += "remote: line " + std::to_string(i) + "\n";
  CHECK(git::their_words(many) == ": line 95 | line 96 | line 97 | line 98 | line 99");
  CHECK(git::their_words("remote: \x07x\n").find('\x07') == std::string::npos);
}
