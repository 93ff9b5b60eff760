#include <catch2/catch.hpp>

#include <fmt/format.h>

#include <cdctl/source.hpp>

#include "plugins/git/first_fetch.hpp"
#include "plugins/git/git_source.hpp"
#include "plugins/git/http_refs.hpp"
#include "tests/support/git_http.hpp"
#include "tests/support/git_repo.hpp"
#include "tests/support/test_host.hpp"

using namespace cdctl;
using namespace cdctl::git;
using cdctl::test::GitHttp;
using cdctl::test::GitRepo;
using cdctl::test::TempDir;
using cdctl::test::TestHost;
namespace fs = std::filesystem;

namespace {

struct Web {
  TempDir dir;
  TestHost host{dir.path() / "home"};
  GitSource git{host};
  GitRepo repo{dir.path() / "repos" / "thumbs.git"};
  GitHttp server{dir.path(), dir.path() / "repos"};
  Deadline deadline{Millis(30'000)};

  Result<SourceState> newest(const std::string& path, Json options = Json::object()) {
    const std::vector<SourceConfig> sources{
        {"thumbs", "trunk", "git", server.url(path), std::move(options)}};
    return git.newest(sources, deadline)[0];
  }
  /// The answer of the direct way alone, without the git program behind it.
  std::optional<std::string> direct(const std::string& path, Want want = {}) {
    auto http = host.http();
    REQUIRE(http);
    const std::vector<HttpQuestion> questions{{server.url(path), std::move(want)}};
    return ask_over_http(**http, questions, deadline)[0].commit;
  }
};

bool skipped() {
  if (const auto why = GitHttp::missing()) {
    WARN("skipped: " << *why);
    return true;
  }
  return false;
}

/// An Http that gives what the test says.
class ScriptedHttp final : public Http {
 public:
  std::vector<Result<HttpResponse>> answers;
  std::vector<HttpRequest> seen;
  Result<HttpResponse> send(const HttpRequest& request) override {
    return send_all(std::span(&request, 1))[0];
  }
  std::vector<Result<HttpResponse>> send_all(std::span<const HttpRequest> requests,
                                             std::size_t) override {
    return send_all(requests);
  }
  std::vector<Result<HttpResponse>> send_all(std::span<const HttpRequest> requests) {
    std::vector<Result<HttpResponse>> out;
    for (const auto& request : requests) {
      out.push_back(answers[std::min(seen.size(), answers.size() - 1)]);
      seen.push_back(request);
    }
    return out;
  }
};

HttpResponse response(int status, std::string body) {
  HttpResponse out;
  out.status = status;
  out.body = std::move(body);
  return out;
}

}  // namespace

TEST_CASE("over http a branch, HEAD and the newest tag are read") {
  if (skipped()) return;
  Web web;
  const auto first = web.repo.commit("a", "1");
  web.repo.git({"tag", "-a", "-m", "ten", "v1.10"});
  web.repo.git({"branch", "old"});
  const auto second = web.repo.commit("a", "2");
  web.repo.git({"tag", "v1.9"});
  for (const std::string server : {"/v2", "/v0", "/moved"}) {
    INFO(server);
    const auto path = server + "/thumbs.git/.git";
    CHECK(web.newest(path)->revision == second);
    CHECK(web.newest(path, Json::object({{"branch", "old"}}))->revision == first);
    CHECK(web.newest(path, Json::object({{"tag", "v*"}}))->revision == first);
  }
}

TEST_CASE("one small request is enough, without starting git") {
  if (skipped()) return;
  Web web;
  if (!web.host.http()) {
    WARN("skipped: the http module is not built");
    return;
  }
  const auto first = web.repo.commit("a", "1");
  web.repo.git({"tag", "-a", "-m", "one", "v1"});
  for (const std::string server : {"/v2", "/v0"}) {
    INFO(server);
    CHECK(web.direct(server + "/thumbs.git/.git") == first);
    CHECK(web.direct(server + "/thumbs.git/.git/") == first);
    CHECK(web.direct(server + "/thumbs.git/.git", {"main", ""}) == first);
    CHECK(web.direct(server + "/thumbs.git/.git", {"", "v*"}) == first);
    CHECK_FALSE(web.direct(server + "/thumbs.git/.git", {"gone", ""}));
  }
  CHECK_FALSE(web.direct("/auth/thumbs.git/.git"));
  CHECK_FALSE(web.direct("/v2/none.git"));
}

TEST_CASE("over http each kind of trouble has its own error, and the others are answered") {
  if (skipped()) return;
  Web web;
  GitRepo empty(web.dir.path() / "repos" / "empty.git", true);
  const auto head = web.repo.commit("a", "1");
  const auto source = [&](const std::string& path, Json options = Json::object()) {
    return SourceConfig{"thumbs", "trunk", "git", web.server.url(path), std::move(options)};
  };
  const std::vector<SourceConfig> sources{
      source("/auth/thumbs.git/.git"),
      source("/v2/none.git"),
      source("/v2/empty.git"),
      source("/v2/thumbs.git/.git", Json::object({{"branch", "gone"}})),
      source("/broken/x.git"),
      source("/v2/thumbs.git/.git")};
  const auto answers = web.git.newest(sources, web.deadline);
  const std::vector<std::string> says{"credentials are wrong or missing",
                                      "there is no git repository", "is empty", "no branch gone",
                                      "cannot be reached"};
  for (std::size_t i = 0; i < says.size(); ++i) {
    INFO(i);
    REQUIRE_FALSE(answers[i]);
    INFO(answers[i].error().what);
    CHECK(answers[i].error().what.contains(says[i]));
    CHECK(answers[i].error().what.contains("reading trunk of thumbs from http://127.0.0.1"));
    CHECK(answers[i].error().exit == ExitCode::unknown);
    CHECK(answers[i].error().transient == (says[i] == "cannot be reached"));
  }
  REQUIRE(answers.back());
  CHECK(answers.back()->revision == head);
}

TEST_CASE("a checkout over http fetches once, and then only what is new") {
  if (skipped()) return;
  Web web;
  const auto first = web.repo.commit("a", "1");
  const SourceConfig source{"thumbs", "trunk", "git", web.server.url("/v2/thumbs.git/.git"),
                            Json::object()};
  REQUIRE(web.git.checkout(source, first, web.dir.path() / "one", web.deadline));
  const auto second = web.repo.commit("a", "2");
  REQUIRE(web.git.checkout(source, second, web.dir.path() / "two", web.deadline));
  fs::rename(web.repo.path(), web.dir.path() / "away");
  REQUIRE(web.git.checkout(source, first, web.dir.path() / "three", web.deadline));
  CHECK(read_file(web.dir.path() / "three" / "a") == "1");
  CHECK(read_file(web.dir.path() / "two" / "a") == "2");
}

TEST_CASE("many first checkouts are what git clone makes, whatever the server speaks") {
  if (skipped()) return;
  Web web;
  web.repo.commit("a", "1");
  web.repo.git({"tag", "light"});
  web.repo.git({"tag", "-a", "-m", "one", "v1"});
  web.repo.git({"checkout", "--quiet", "-b", "side/one"});
  const auto side = web.repo.commit("b", std::string(100'000, 'b'), true);
  web.repo.git({"checkout", "--quiet", "main"});
  const auto commit = web.repo.commit("c/d/e", "1");
  const std::vector<std::string> paths{"/v2/thumbs.git/.git", "/v0/thumbs.git/.git",
                                       "/moved/thumbs.git/.git", "/v2/none.git",
                                       "/v2/thumbs.git/.git/"};
  std::vector<CheckoutRequest> requests;
  for (std::size_t i = 0; i < 40; ++i) {  // more than one batch
    const auto& path = paths[i % paths.size()];
    const auto& revision = i < 5 ? commit : side;
    requests.push_back({{"thumbs", "trunk", "git", web.server.url(path), Json::object()},
                        revision,
                        web.dir.path() / ("out" + std::to_string(i))});
  }
  const auto direct = fetch_whole(**web.host.http(),
                                  {{web.server.url(paths[0]), {}},
                                   {web.server.url(paths[1]), {}},
                                   {web.server.url(paths[2]), {}}},
                                  web.deadline);
  CHECK(direct[0]);
  CHECK_FALSE(direct[1]);
  CHECK_FALSE(direct[2]);
  std::vector<SourceConfig> sources;
  for (const auto& request : requests) sources.push_back(request.source);
  if (GENERATE(false, true)) (void)web.git.newest(sources, web.deadline);  // its listing is used
  const auto done = web.git.checkout_all(requests, web.deadline);
  REQUIRE(done.size() == requests.size());
  const auto clone = web.dir.path() / "clone";
  web.repo.git({"clone", "--quiet", web.server.url(paths[0]), clone.string()});
  const auto refs = [&](const fs::path& in) {
    return web.repo.git(
        {"-C", in.string(), "for-each-ref", "--format=%(refname) %(objectname) %(symref)"});
  };
  for (std::size_t i = 0; i < done.size(); ++i) {
    INFO(i);
    const auto& into = requests[i].into;
    if (i % paths.size() == 3) {
      CHECK(done[i].error().what.contains("there is no git repository"));
      CHECK_FALSE(fs::exists(into));
      continue;
    }
    INFO((done[i] ? "" : done[i].error().what));
    REQUIRE(done[i]);
    if (i > 9) continue;
    CHECK(refs(into) == refs(clone));
    CHECK(web.repo.git({"-C", into.string(), "rev-parse", "HEAD"}) == requests[i].revision);
    CHECK(web.repo.git({"-C", into.string(), "status", "--porcelain"}).empty());
    CHECK(web.repo.git({"-C", into.string(), "remote", "get-url", "origin"}) ==
          requests[i].source.url);
    CHECK_NOTHROW(web.repo.git({"-C", into.string(), "fsck", "--strict"}));
    CHECK_NOTHROW(web.repo.git({"-C", into.string(), "fetch", "--quiet", "origin"}));
    CHECK(web.repo.git({"-C", into.string(), "describe", "--all", "--exact-match"})
              .ends_with(i < 5 ? "main" : "side/one"));
  }
}

TEST_CASE("a first fetch whose answer is no pack is left to the git program") {
  const auto line = [](const std::string& data) {
    return fmt::format("{:04x}{}", data.size() + 4, data);
  };
  const std::string id(40, 'a');
  const auto listing =
      line(id + " refs/heads/main\n") + line(id + " HEAD symref-target:refs/heads/main\n") + "0000";
  const auto fetched = [&](const std::string& refs, const std::string& body) {
    ScriptedHttp http;
    http.answers = {response(200, refs), response(200, body)};
    auto whole = fetch_whole(http, {{"http://h/x.git", {}}}, Deadline(Millis(1000)));
    REQUIRE(whole.size() == 1);
    return std::move(whole[0]);
  };
  const std::string pack(100, 'P');
  const auto head = line("packfile\n"), body = head + line("\1" + pack) + "0000";
  const auto good = fetched(listing, body);
  REQUIRE(good);
  CHECK(good->pack == pack);
  CHECK(good->head == "refs/heads/main");
  REQUIRE(good->refs.size() == 1);
  CHECK(good->refs[0].id == id);
  CHECK_FALSE(fetched(listing, head + line("\1" + pack)));     // cut short
  CHECK_FALSE(fetched(listing, head + line("\1P") + "0000"));  // no pack is that small
  CHECK_FALSE(fetched(listing, line("shallow-info\n") + "0000"));
  CHECK_FALSE(fetched(listing, head + line("\1" + pack) + line("\3stopped") + "0000"));
  CHECK_FALSE(fetched(listing, ""));
  CHECK_FALSE(fetched("0000", body));  // an empty repository
  CHECK_FALSE(fetched(line(std::string(64, 'a') + " refs/heads/main\n") + "0000", body));
  CHECK_FALSE(fetched(line(id + " refs/heads/../main\n") + "0000", body));
}

TEST_CASE("a submodule of a repository from the network may not name a folder of this machine") {
  if (skipped()) return;
  Web web;
  GitRepo secret(web.dir.path() / "secret");
  secret.commit("key", "private");
  web.repo.git({"submodule", "--quiet", "add", secret.url(), "lib"});
  const auto commit = web.repo.commit_all("steal");
  const SourceConfig source{"thumbs", "trunk", "git", web.server.url("/v2/thumbs.git/.git"),
                            Json::object()};
  const auto made = web.git.checkout(source, commit, web.dir.path() / "one", web.deadline);
  REQUIRE_FALSE(made);
  CHECK(made.error().what.contains("its submodules"));
  CHECK_FALSE(fs::exists(web.dir.path() / "one"));
}

TEST_CASE("a server that takes the connection and never answers costs no more than the deadline") {
  TempDir dir;
  TestHost host(dir.path() / "home");
  GitSource git(host);
  cdctl::test::Listener silent;
  const std::vector<SourceConfig> sources{
      {"thumbs", "trunk", "git", "http://127.0.0.1:" + std::to_string(silent.port()) + "/x.git",
       Json::object()}};
  const auto begun = std::chrono::steady_clock::now();
  const auto answers = git.newest(sources, Deadline(Millis(700)));
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(6));
  REQUIRE_FALSE(answers[0]);
  CHECK(answers[0].error().exit == ExitCode::unknown);
}

TEST_CASE("answers that are no git answers are left to the git program") {
  const std::vector<HttpQuestion> questions{{"http://h/x.git", {"main", ""}}};
  for (auto& first : {response(200, "<html>login</html>"), response(403, ""), response(500, "x"),
                      response(200, "")}) {
    ScriptedHttp http;
    http.answers = {first, response(200, "garbage")};
    CHECK_FALSE(ask_over_http(http, questions, Deadline(Millis(1000)))[0].commit);
    REQUIRE(http.seen.size() == 2);
    CHECK(http.seen[0].url == "http://h/x.git/git-upload-pack");
    CHECK(http.seen[1].url == "http://h/x.git/info/refs?service=git-upload-pack");
  }
  for (const int status : {401, 404, 301}) {
    ScriptedHttp http;
    http.answers = {response(status, "")};
    CHECK_FALSE(ask_over_http(http, questions, Deadline(Millis(1000)))[0].commit);
    CHECK(http.seen.size() == 1);
  }
  ScriptedHttp http;
  http.answers = {fail(ExitCode::unknown, "refused")};
  CHECK_FALSE(ask_over_http(http, questions, Deadline(Millis(1000)))[0].commit);
  CHECK(http.seen.size() == 1);
}
