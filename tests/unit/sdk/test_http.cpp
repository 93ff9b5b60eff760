#include <catch2/catch.hpp>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <thread>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cdctl/stop.hpp>

#include "tests/support/fake_http.hpp"
#include "tests/support/memory_use.hpp"
#include "tests/support/show_result.hpp"
#include "tests/support/test_host.hpp"

using namespace cdctl;
using cdctl::test::FakeHttp;

namespace {

struct Client {
  test::TempDir folder;
  test::TestHost host{folder.path()};
  Http& http = **host.http();

  static HttpRequest request(const std::string& url, Millis within = Millis(5000)) {
    HttpRequest out;
    out.url = url;
    out.deadline = Deadline(within);
    return out;
  }
};

}  // namespace

TEST_CASE("any status is a value, with body and headers in lower case") {
  FakeHttp server([](const auto& request) {
    return FakeHttp::answer(request.path == "/ok" ? 200 : 418, "body of " + request.path,
                            "X-Thing:  a b \r\n");
  });
  Client client;
  const auto ok = client.http.send(Client::request(server.url() + "/ok"));
  REQUIRE(ok);
  CHECK(ok->status == 200);
  CHECK(ok->body == "body of /ok");
  CHECK(ok->headers.at("x-thing") == "a b");
  CHECK(client.http.send(Client::request(server.url() + "/tea"))->status == 418);
  CHECK(server.connections() == 1);  // kept alive
}

TEST_CASE("method, body, headers and login are sent as asked") {
  FakeHttp server([](const auto& request) {
    return FakeHttp::answer(200, request.method + "|" + request.body + "|" + request.head);
  });
  Client client;
  for (const auto* method : {"PUT", "POST", "PATCH", "DELETE"}) {
    auto request = Client::request(server.url() + "/x");
    request.method = method;
    request.body = std::string("a\0b", 3);
    request.user = "me";
    request.password = "p:w";
    request.headers = {{"X-Reason", "because"}};
    const auto response = client.http.send(request);
    REQUIRE(response);
    CHECK(response->body.starts_with(std::string(method) + "|" + std::string("a\0b", 3) + "|"));
    CHECK(response->body.contains("X-Reason: because"));
    CHECK(response->body.contains("Authorization: Basic bWU6cDp3"));
    CHECK_FALSE(response->body.contains("100-continue"));
  }
  // The next request of a handle used before carries nothing of the one before.
  const auto plain = client.http.send(Client::request(server.url() + "/x"));
  REQUIRE(plain);
  CHECK(plain->body.starts_with("GET||"));
  CHECK_FALSE(plain->body.contains("Authorization"));
  CHECK_FALSE(plain->body.contains("X-Reason"));
  auto empty = Client::request(server.url() + "/x");
  empty.method = "PUT";
  CHECK(client.http.send(empty)->body.contains("Content-Length: 0"));
}

TEST_CASE("many requests go out at once and come back in order") {
  FakeHttp server([](const auto& request) {
    if (request.path == "/0") std::this_thread::sleep_for(Millis(150));  // the first is the slowest
    return FakeHttp::answer(200, request.path);
  });
  Client client;
  std::vector<HttpRequest> requests;
  for (int i = 0; i < 40; ++i)
    requests.push_back(Client::request(server.url() + "/" + std::to_string(i)));
  const auto responses = client.http.send_all(requests, 4);
  REQUIRE(responses.size() == 40);
  for (int i = 0; i < 40; ++i) {
    REQUIRE(responses[static_cast<std::size_t>(i)]);
    CHECK(responses[static_cast<std::size_t>(i)]->body == "/" + std::to_string(i));
  }
  CHECK(server.connections() <= 4);
}

TEST_CASE("one failing request does not hurt the others") {
  FakeHttp server([](const auto& request) {
    return request.path == "/hang" ? std::string() : FakeHttp::answer(200, "fine");
  });
  Client client;
  const HttpRequest requests[] = {Client::request(server.url() + "/hang", Millis(200)),
                                  Client::request(server.url() + "/ok"),
                                  Client::request("http://127.0.0.1:1/")};
  const auto begun = std::chrono::steady_clock::now();
  const auto responses = client.http.send_all(requests);
  CHECK(std::chrono::steady_clock::now() - begun < Millis(2000));
  REQUIRE_FALSE(responses[0]);
  CHECK(responses[0].error().exit == ExitCode::timeout);
  CHECK(responses[1]);
  REQUIRE_FALSE(responses[2]);
  CHECK(responses[2].error().exit == ExitCode::unknown);
}

TEST_CASE("that nobody listens is said once") {
  Client client;
  const auto nobody = client.http.send(Client::request("http://127.0.0.1:1/"));
  REQUIRE_FALSE(nobody);
  INFO(nobody.error().what);
  CHECK(nobody.error().what.starts_with(
      "GET http://127.0.0.1:1/: Failed to connect to 127.0.0.1 port 1"));
  CHECK_FALSE(nobody.error().what.contains(" after "));
}

TEST_CASE("no answer is an error that holds no secret") {
  FakeHttp closing([](const auto&) {
    return std::string("HTTP/1.1 200 X\r\nContent-Length: 50\r\nConnection: close\r\n\r\nhalf");
  });
  FakeHttp garbage(
      [](const auto&) { return std::string("no http at all\r\n\r\nConnection: close"); });
  Client client;
  for (const auto& url : {closing.url(), garbage.url(), std::string("http://127.0.0.1:1"),
                          std::string("http://no-such-host.invalid")}) {
    auto request = Client::request(url + "/path?token=geheim");
    request.user = "me";
    request.password = "geheim";
    const auto response = client.http.send(request);
    REQUIRE_FALSE(response);
    CHECK(response.error().exit == ExitCode::unknown);
    CHECK(response.error().what.contains("/path"));
    CHECK_FALSE(response.error().what.contains("geheim"));
    CHECK_FALSE(response.error().what.contains("\n"));
  }
}

TEST_CASE("redirects are not followed, other protocols not spoken, broken requests not sent") {
  FakeHttp server(
      [](const auto&) { return FakeHttp::answer(302, "", "Location: file:///etc/passwd\r\n"); });
  Client client;
  CHECK(client.http.send(Client::request(server.url()))->status == 302);
  for (const auto* url :
       {"file:///etc/passwd", "ftp://127.0.0.1/", "http://me:geheim@127.0.0.1/", "nothing"}) {
    const auto response = client.http.send(Client::request(url));
    REQUIRE_FALSE(response);
    CHECK(response.error().exit == ExitCode::config);
    CHECK_FALSE(response.error().what.contains("geheim"));
  }
  auto split = Client::request(server.url());
  split.headers = {{"X-A", "b\r\nX-Evil: 1"}};
  CHECK_FALSE(client.http.send(split));
}

TEST_CASE("an answer that is too long is cut short with an error") {
  FakeHttp server([](const auto&) { return FakeHttp::answer(200, std::string(100'000, 'x')); });
  Client client;
  auto request = Client::request(server.url());
  request.max_bytes = 5000;
  const auto response = client.http.send(request);
  REQUIRE_FALSE(response);
  CHECK(response.error().what.contains("longer than 5000 bytes"));
  request.max_bytes = 100'000;
  CHECK(client.http.send(request)->body.size() == 100'000);
}

TEST_CASE("all answers of one call hold 64 MiB at most, whatever each may") {
  // About 640 MiB in all, made as they go out
  const std::string part(10u << 20, 'x');
  FakeHttp server([&](const auto&) { return FakeHttp::answer(200, part); });
  Client client;
  std::vector<HttpRequest> requests(64, Client::request(server.url(), Millis(60'000)));
  std::vector<Result<HttpResponse>> answers;
  const auto growth = test::peak_growth([&] { answers = client.http.send_all(requests, 4); });
  CHECK(growth < 200);  // the server's own five copies of a part are among it
  const auto good = std::ranges::count_if(answers, [](const auto& a) { return a.has_value(); });
  CHECK(good >= 3);  // four at once share what there is
  CHECK(good <= 6);
  for (const auto& answer : answers)
    if (!answer) CHECK(answer.error().what.contains("longer than 67108864 bytes together"));
}

TEST_CASE("the body of a 200 goes into a file where it is asked to, and other answers do not") {
  const std::string large(20u << 20, 'x');
  FakeHttp server([&](const auto& request) {
    return FakeHttp::answer(request.path == "/ok" ? 200 : 404,
                            request.path == "/ok" ? large : "no");
  });
  Client client;
  const auto path = client.folder.path() / "answer";
  const Fd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  auto request = Client::request(server.url() + "/none");
  request.into = file.get();
  CHECK(client.http.send(request)->body == "no");
  CHECK(std::filesystem::file_size(path) == 0);
  request.url = server.url() + "/ok";
  CHECK(client.http.send(request)->body.empty());
  CHECK(std::filesystem::file_size(path) == large.size());
  request.max_bytes = large.size() - 1;
  CHECK_FALSE(client.http.send(request));
}

TEST_CASE("headers without an end are no answer") {
  FakeHttp server([](const auto&) {
    std::string head = "HTTP/1.1 200 X\r\n";
    for (int i = 0; i < 10'000; ++i) head += "X-" + std::string(90, 'x') + ": y\r\n";
    return head + "\r\n";
  });
  Client client;
  const auto answer = client.http.send(Client::request(server.url()));
  REQUIRE_FALSE(answer);
  CHECK(answer.error().what.contains("the headers are longer than 262144 bytes"));
}

TEST_CASE("a proxy of the environment is not used for this machine") {
  ::setenv("http_proxy", "http://127.0.0.1:1", 1);
  FakeHttp server([](const auto&) { return FakeHttp::answer(200, "direct"); });
  Client client;
  const auto response = client.http.send(Client::request(server.url()));
  ::unsetenv("http_proxy");
  CHECK(response);
}

TEST_CASE("a connection that the server has closed meanwhile is no error") {
  FakeHttp server([](const auto&) { return FakeHttp::answer(200, "x", "Connection: close\r\n"); });
  Client client;
  for (int i = 0; i < 3; ++i) CHECK(client.http.send(Client::request(server.url())));
  CHECK(server.connections() == 3);
}

TEST_CASE("a stop request ends the wait") {
  // In a child, since a stop request lasts. The module has its own copy of the SDK and must see the
  // program's.
  FakeHttp server([](const auto&) { return std::string(); });
  int told[2];
  REQUIRE(::pipe(told) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    Stop::install();
    Client client;
    std::jthread killer([] {
      std::this_thread::sleep_for(Millis(100));
      ::kill(::getpid(), SIGTERM);
    });
    const auto response = client.http.send(Client::request(server.url(), Millis(20'000)));
    const char answer = !response && response.error().exit == ExitCode::interrupted ? 'y' : 'n';
    (void)!::write(told[1], &answer, 1);
    killer.join();
    ::_exit(0);
  }
  const auto begun = std::chrono::steady_clock::now();
  char answer = 0;
  REQUIRE(::read(told[0], &answer, 1) == 1);
  CHECK(answer == 'y');
  CHECK(std::chrono::steady_clock::now() - begun < Millis(5000));
  int status = 0;
  ::waitpid(child, &status, 0);
}
