#include <cdctl/code_review.hpp>

#include <catch2/catch.hpp>

using namespace cdctl;

TEST_CASE("where a repository is, by its address") {
  const auto at = [](const char* text) {
    const auto found = served_repository(text);
    return found ? found->scheme + " " + found->host + " " + found->port + " " + found->path
                 : std::string("none");
  };
  CHECK(at("https://github.com/team/thumbs.git") == "https github.com  team/thumbs");
  CHECK(at("git@github.com:team/thumbs.git") == "ssh github.com  team/thumbs");
  CHECK(at("ssh://git@git.example:2222/team/thumbs/") == "ssh git.example 2222 team/thumbs");
  CHECK(at("http://127.0.0.1:3000/a/b/c") == "http 127.0.0.1 3000 a/b/c");
  CHECK(at("/srv/git/thumbs.git") == "none");
  CHECK(at("../thumbs.git") == "none");
}

TEST_CASE("a comment shows what others have written and does nothing for it") {
  TargetConfig target;
  target.name = "main";
  ProposalReport report;
  report.state = ProposalReport::State::rejected;
  report.head = "0123";
  report.summary = "tests: exit status 7";
  report.text = "```\n@team look ![x](http://evil.example/x)\n`````\n\x1b[31mred\n";
  const auto text = land_comment(target, report);
  CHECK(text.starts_with(land_marker(target) + "\n**Not landed**, at 0123\n"));
  CHECK(text.contains("\n``````text\n"));
  CHECK(text.ends_with("\n``````\n"));
  CHECK_FALSE(text.contains('\x1b'));
  report.text = std::string(300'000, '`') + "\n" + std::string(300'000, 'x') + "\nthe end";
  const auto bounded = land_comment(target, report, 60'000);
  CHECK(bounded.size() < 60'000);
  CHECK(bounded.contains("the end"));
  report.text = std::string(300'000, '`');
  CHECK(land_comment(target, report, 60'000).size() < 64'000);
  report.summary = std::string(500, 'x');
  CHECK(land_status(report).size() <= 142);
}

TEST_CASE("what a description says") {
  CHECK(description_text("<!-- a template -->\r\nWhat it does\r\n<!-- open") == "What it does");
  CHECK(depends_on("x\nDepends-On: #12, !13\ndepends-on: https://git.example/team/thumbs/pull/14\n"
                   "Depends-On: https://git.example/other/thumbs/pull/15",
                   "team/thumbs") ==
        std::vector<std::string>{"12", "13", "14", "https://git.example/other/thumbs/pull/15"});
  CHECK(co_authors("Fix\n\nCo-authored-by: A B <a@b.example>\nco-authored-by: c").size() == 2);
  CHECK(co_authors("Co-authored-by: A B <a@b.example>").front() == Person{"A B", "a@b.example"});
}

TEST_CASE("branches in a path") {
  CHECK(ref_path("release/1.0") == "release/1.0");
  CHECK(ref_path("a b/c#d") == "a%20b/c%23d");
}

TEST_CASE("what a description gets") {
  CHECK(with_prerequisites("x\nDepends-On: #1", {"1", "2"}, "team/thumbs") ==
        "x\nDepends-On: #1\nDepends-On: #2");
  CHECK(with_prerequisites("", {"2"}, "team/thumbs", '!') == "Depends-On: !2");
}

namespace {

std::string api_of(const ServedRepository& repository) {
  return "https://" + repository.host + "/api";
}

}  // namespace

TEST_CASE("where a forge is and who we are there") {
  Config config;
  TargetConfig target;
  target.name = "main";
  target.repository = "git@git.example:team/thumbs.git";
  ::setenv("REVIEW_TOKEN", "tok", 1);
  const auto access = [&](const char* table) {
    target.table = Json::object({{"forge", *Json::parse(table)}});
    return forge_access(config, target, "forge", api_of);
  };
  const auto plain = access(R"({"token_env":"REVIEW_TOKEN"})");
  REQUIRE(plain);
  CHECK(plain->api == "https://git.example/api");
  CHECK(plain->repository == "team/thumbs");
  CHECK(plain->token == "tok");
  CHECK(access(R"({"token_env":"REVIEW_TOKEN","api":"http://127.0.0.1:1/x/"})")->api ==
        "http://127.0.0.1:1/x");
  for (const auto* bad : {R"({})", R"({"token_env":"NO_SUCH_TOKEN"})",
                          R"({"token_env":"REVIEW_TOKEN","api":"http://git.example"})",
                          R"({"token_env":"REVIEW_TOKEN","api":"https://me:secret@git.example"})",
                          R"({"token_env":"REVIEW_TOKEN","repository":"thumbs"})",
                          R"({"token_env":"REVIEW_TOKEN","repository":"team/../x"})"}) {
    const auto refused = access(bad);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().exit == ExitCode::config);
    CHECK_FALSE(refused.error().what.contains("secret"));
  }
  // One for all targets, in cdctl.toml.
  config.table = Json::object({{"forge", *Json::parse(R"({"token_env":"REVIEW_TOKEN"})")}});
  CHECK(access("{}")->token == "tok");
}
