#include <atomic>

#include <catch2/catch.hpp>

#include "plugins/gitea/gitea_server.hpp"
#include "support/fake_http.hpp"
#include "support/test_host.hpp"

using namespace cdctl;
using test::FakeHttp;

namespace {

/// A Gitea that answers each merge by "Please try again later", until it has been asked so often.
struct Stand {
  std::string tip = "b1";
  const char* mergeable = "false";
  int until = 1000;
  std::atomic<int> asked{0};
  test::TempDir folder;
  test::TestHost host{folder.path()};
  FakeHttp http{[this](const FakeHttp::Request& request) {
    if (request.method == "POST")
      return ++asked >= until ? FakeHttp::answer(200, "")
                              : FakeHttp::answer(405, R"({"message":"Please try again later"})");
    if (request.path.contains("/branches/"))
      return FakeHttp::answer(200, R"({"commit":{"id":")" + tip + R"("}})");
    return FakeHttp::answer(200, std::string(R"({"number":1,"state":"open","mergeable":)") +
                                     mergeable + R"(,"head":{"sha":"h1"},"base":{"ref":"main"}})");
  }};
  gitea::GiteaServer server{host, {http.url(), "team/thumbs", "token"}};

  int merge() {
    LandRequest request;
    request.head = "h1";
    const auto answer = server.merge(
        {server.merging("1", request, MergeMethod::merge), "1", request.head, "main", "b1"},
        Deadline(Millis(60'000)));
    return answer ? answer->status : 0;
  }
};

}  // namespace

TEST_CASE("while Gitea finds out whether it can be merged, it is asked again") {
  Stand s;
  s.until = 3;
  CHECK(s.merge() == 200);
  CHECK(s.asked == 3);
}

TEST_CASE("what could be merged after its target has moved was never tested") {
  Stand s;
  s.tip = "b2";
  s.until = 2;
  CHECK(s.merge() == 405);
  CHECK(s.asked == 1);
}

TEST_CASE(
    "a Gitea that has found out, and says all the same that it has not, is not asked for long") {
  Stand s;
  s.mergeable = "true";
  CHECK(s.merge() == 405);
  CHECK(s.asked == 3);
}
