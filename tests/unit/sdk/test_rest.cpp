#include <cdctl/rest.hpp>

#include <atomic>

#include <catch2/catch.hpp>

#include "support/fake_http.hpp"
#include "support/test_host.hpp"

using namespace cdctl;
using test::FakeHttp;

namespace {

constexpr const char* k_token = "tok_0123456789";
const Deadline& soon() {
  static const Deadline k_soon(Millis(20'000));
  return k_soon;
}

struct Asked {
  test::TempDir folder;
  test::TestHost host{folder.path()};
  FakeHttp server;
  Rest rest;

  explicit Asked(FakeHttp::Script script)
      : server(std::move(script)),
        rest(host, {"Forge", server.url(), {{"Authorization", std::string("Bearer ") + k_token}}}) {
  }
};

std::string page(int number, const char* body, bool last) {
  return FakeHttp::answer(200, body,
                          last ? "Link: <http://elsewhere.example/x?page=1>; rel=\"first\"\r\n"
                               : "Link: <http://elsewhere.example/x?page=" +
                                     std::to_string(number + 1) + ">; rel=\"next\"\r\n");
}

}  // namespace

TEST_CASE("a list is read to its last page, from the server that was asked") {
  Asked one([](const FakeHttp::Request& request) {
    if (request.path == "/things?state=open&per_page=100&page=1")
      return page(1, R"([{"id":1},{"id":2}])", false);
    if (request.path == "/things?state=open&per_page=100&page=2")
      return page(2, R"([{"id":2},{"id":3}])", true);  // it moved on to this page meanwhile
    return FakeHttp::answer(404, "{}");
  });
  const auto list = one.rest.list({"/things?state=open", {}}, soon());
  REQUIRE(list);
  CHECK(list->size() == 3);
}

TEST_CASE("two files of one content are two") {
  Asked one([](const FakeHttp::Request&) {
    return FakeHttp::answer(200, R"([{"id":"x","path":"a"},{"id":"x","path":"b"}])");
  });
  const auto list = one.rest.list({"/tree", {}}, soon());
  REQUIRE(list);
  CHECK(list->size() == 2);
}

TEST_CASE("half a list is an error") {
  Asked one([](const FakeHttp::Request& request) {
    if (request.path.ends_with("page=1")) return page(1, R"([{"id":1}])", false);
    return FakeHttp::answer(404, R"({"message":"gone"})");
  });
  const auto list = one.rest.list({"/things", {}}, soon());
  REQUIRE_FALSE(list);
  CHECK(list.error().exit == ExitCode::unknown);
  CHECK(list.error().what.contains("answers 404 to GET /things: gone"));
  for (const auto* body : {"{}", "null", "<html>", ""}) {
    Asked other([&](const FakeHttp::Request&) { return FakeHttp::answer(200, body); });
    CHECK_FALSE(other.rest.list({"/things", {}}, soon()));
  }
}

TEST_CASE("a list without headers goes on where its page is full") {
  Asked one([](const FakeHttp::Request& request) {
    std::string body = "[0";
    if (request.path.ends_with("page=1"))
      for (int i = 1; i < 100; ++i) body += "," + std::to_string(i);
    return FakeHttp::answer(200, body + "]");
  });
  const auto list = one.rest.list({"/things", {}}, soon());
  REQUIRE(list);
  CHECK(list->size() == 101);
}

TEST_CASE("what has not changed is not sent again") {
  std::atomic<int> whole{0};
  const auto script = [&](const FakeHttp::Request& request) {
    if (request.head.contains("If-None-Match: \"v1\""))
      return FakeHttp::answer(304, "", "ETag: \"v1\"\r\n");
    ++whole;
    return FakeHttp::answer(200, R"({"a":1})", "ETag: \"v1\"\r\n");
  };
  Asked one(script);
  for (int i = 0; i < 3; ++i) {
    const auto got = one.rest.get("/thing", soon());
    REQUIRE(got);
    CHECK((*got)["a"].as_int() == 1);
  }
  CHECK(whole == 1);
  // Another token sees other things; and what is on the disk may be anything.
  Rest other(one.host, {"Forge", one.server.url(), {{"Authorization", "Bearer another"}}});
  CHECK(other.get("/thing", soon()));
  CHECK(whole == 2);
  for (const auto& file : std::filesystem::recursive_directory_iterator(one.folder.path()))
    if (file.is_regular_file()) {
      const auto text = read_file(file.path());
      REQUIRE(text);
      CHECK_FALSE(text->contains(k_token));
      REQUIRE(write_file_atomically(file.path(), "{\"path\":"));
    }
  CHECK(one.rest.get("/thing", soon()));
  CHECK(whole == 3);
}

TEST_CASE("a server in trouble is asked again, what must not be done twice is not") {
  std::atomic<int> asked{0};
  Asked one([&](const FakeHttp::Request& request) {
    if (++asked < 3) return FakeHttp::answer(502, "");
    return FakeHttp::answer(request.method == "POST" ? 201 : 200, "{}");
  });
  CHECK(one.rest.get("/thing", soon()));
  CHECK(asked == 3);
  asked = 0;
  const auto posted = one.rest.ask({"POST", "/things", Json::object()}, soon());
  CHECK_FALSE(posted);
  CHECK(asked == 1);
  asked = 0;
  CHECK(one.rest.ask({"POST", "/things", Json::object(), true}, soon()));
  CHECK(asked == 3);
}

TEST_CASE("an answer that is cut off is no answer") {
  std::atomic<int> asked{0};
  Asked one([&](const FakeHttp::Request&) -> std::string {
    if (++asked == 1)
      return "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 400\r\n\r\n[{\"id\":1}]";
    return FakeHttp::answer(200, R"([{"id":1},{"id":2}])");
  });
  const auto list = one.rest.list({"/things", {}}, soon());
  REQUIRE(list);
  CHECK(list->size() == 2);
}

TEST_CASE("a rate limit is waited out, or says when to come back, and nobody asks before") {
  std::atomic<int> asked{0};
  std::string limit = FakeHttp::answer(429, "{}", "Retry-After: 1\r\n");
  Asked one(
      [&](const FakeHttp::Request&) { return ++asked == 1 ? limit : FakeHttp::answer(200, "{}"); });
  // A POST, too: it was not done.
  CHECK(one.rest.ask({"POST", "/things", Json::object()}, soon()));
  CHECK(asked == 2);
  asked = 0;
  limit = FakeHttp::answer(403, R"({"message":"You have exceeded a secondary rate limit"})");
  const auto refused = one.rest.get("/thing", Deadline(Millis(3000)));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().exit == ExitCode::unknown);
  CHECK(refused.error().what.contains("come back then"));
  CHECK(asked == 1);
  CHECK_FALSE(one.rest.get("/thing", Deadline(Millis(3000))));
  CHECK(asked == 1);
}

TEST_CASE("a 403 that is about who asks is an answer") {
  Asked one([](const FakeHttp::Request&) {
    return FakeHttp::answer(403, std::string(R"({"message":"not yours, )") + k_token + "\"}");
  });
  const auto got = one.rest.get("/thing", soon());
  REQUIRE_FALSE(got);
  CHECK(got.error().what.contains("the token may not do that"));
  CHECK_FALSE(got.error().what.contains(k_token));
}
