#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <thread>

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <fmt/format.h>

#include <cdctl/fs.hpp>

#include "core/feed/listen/read.hpp"
#include "core/feed/listen/token.hpp"
#include "tests/support/memory_use.hpp"
#include "tests/support/show_result.hpp"

using namespace cdctl;
using namespace cdctl::feed;

namespace {

const std::string k_token = "a-token-of-some-length";
const std::string k_signal = R"({"set":"thumbs-r5f0c1e9a2b","signal":"oops"})";

feed::Arrival post(std::string type, std::string body, std::string target = "/") {
  return {1, std::move(target), std::move(type), {}, std::move(body)};
}

/// A connection that says what it is told to, byte for byte.
class Client {
 public:
  explicit Client(const std::string& address, const char* from = nullptr)
      : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (from) {
      sockaddr_in own{};
      own.sin_family = AF_INET;
      REQUIRE(::inet_pton(AF_INET, from, &own.sin_addr) == 1);
      REQUIRE(::bind(fd_.get(), reinterpret_cast<sockaddr*>(&own), sizeof own) == 0);
    }
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port =
        htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
    REQUIRE(::connect(fd_.get(), reinterpret_cast<sockaddr*>(&to), sizeof to) == 0);
  }
  void say(std::string_view text) {
    (void)!::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL);
  }
  /// False when it has not been taken within a second, or the connection is closed.
  bool try_to_say(std::string_view text) {
    for (pollfd fd{fd_.get(), POLLOUT, 0}; !text.empty();) {
      if (::poll(&fd, 1, 1000) <= 0) return false;
      const auto put = ::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (put <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(put));
    }
    return true;
  }
  /// Says nothing more, and goes on listening.
  void finish() { ::shutdown(fd_.get(), SHUT_WR); }
  void post(std::string_view body, const std::string& token = k_token,
            const std::string& more = {}) {
    say(
        fmt::format("POST / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: "
                    "application/json\r\nContent-Length: {}\r\n{}\r\n{}",
                    token, body.size(), more, body));
  }
  /// What came back by the time the answer is whole, the connection closed or nothing came for
  /// `wait`.
  std::string hear(Millis wait = Millis(5000)) {
    std::string out;
    for (;;) {
      const auto part = hear_some(wait);
      out += part;
      if (part.empty() || part == "<closed>" || out.contains("\r\n\r\n")) return out;
    }
  }
  /// What is there; empty when nothing came for `wait`.
  std::string hear_some(Millis wait = Millis(5000)) {
    pollfd fd{fd_.get(), POLLIN, 0};
    if (::poll(&fd, 1, static_cast<int>(wait.count())) <= 0) return {};
    char part[4096];
    const auto got = ::recv(fd_.get(), part, sizeof part, 0);
    return got <= 0 ? "<closed>" : std::string(part, static_cast<std::size_t>(got));
  }

 private:
  Fd fd_;
};

/// The listener of the build, and someone who answers 204 to whatever comes in, and counts it.
struct Server {
  std::unique_ptr<feed::Listener> listener;
  std::atomic<int> taken = 0;
  std::jthread taker;

  explicit Server(feed::ListenLimits limits = {}) {
    auto opened = feed::open_listener("127.0.0.1:0", k_token, limits);
    if (!opened) FAIL(opened.error().what);
    listener = std::move(*opened);
    taker = std::jthread([this](const std::stop_token& stop) {
      while (!stop.stop_requested())
        for (const auto& arrival : listener->take(Millis(50))) {
          ++taken;
          listener->answer(arrival.id, {204, ""});
        }
    });
  }
  ~Server() {
    taker.request_stop();
    taker.join();
  }
};

}  // namespace

TEST_CASE("pages are for GET, and without a token for who asks this machine by its address") {
  auto opened = feed::open_listener("127.0.0.1:0", "", {}, feed::Serves::pages);
  if (!opened) FAIL(opened.error().what);
  const auto listener = std::move(*opened);
  std::jthread taker([&](const std::stop_token& stop) {
    while (!stop.stop_requested())
      for (const auto& arrival : listener->take(Millis(50)))
        listener->answer(arrival.id, {200, arrival.target + " " + arrival.accept + "\nend\n",
                                      "application/x-page"});
  });
  const auto ask = [&](std::string_view line, std::string_view host) {
    Client client(listener->address());
    client.say(fmt::format("{} HTTP/1.1\r\nHost: {}\r\nAccept: text/x\r\n\r\n", line, host));
    return client.hear();
  };
  const auto page = ask("GET /metrics?x", listener->address());
  CHECK(page.contains("200 OK"));
  CHECK(page.contains("Content-Type: application/x-page\r\n"));
  CHECK(page.contains("/metrics?x text/x\nend\n"));
  CHECK(ask("GET /", "localhost:9").contains("200 OK"));
  CHECK(ask("GET /", "[::1]").contains("200 OK"));
  CHECK(ask("GET /", "evil.example").contains("403 "));
  CHECK(ask("GET /", "127.0.0.1.evil.example").contains("403 "));
  for (const auto* method : {"POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"}) {
    const auto other = ask(fmt::format("{} /", method), "127.0.0.1");
    CHECK(other.contains("405 "));
    CHECK(other.contains("Allow: GET, HEAD\r\n"));
  }
}

namespace {

/// Serves a page, and at /events a stream that begins with `hello`.
struct Pages {
  std::unique_ptr<feed::Listener> listener;
  std::jthread taker;

  explicit Pages(const std::string& token = "", feed::ListenLimits limits = {},
                 std::string hello = "hello\n\n") {
    auto opened = feed::open_listener("127.0.0.1:0", token, limits, feed::Serves::pages);
    if (!opened) FAIL(opened.error().what);
    listener = std::move(*opened);
    const auto content = std::make_shared<const std::string>(std::move(hello));
    taker = std::jthread([this, content](const std::stop_token& stop) {
      while (!stop.stop_requested())
        for (const auto& arrival : listener->take(Millis(20)))
          listener->answer(arrival.id, {200,
                                        "page\n",
                                        "text/x",
                                        arrival.target == "/events" ? content : nullptr,
                                        {{"X-Test", "yes"}},
                                        arrival.target == "/events"});
    });
  }
  ~Pages() {
    taker.request_stop();
    taker.join();
  }
  [[nodiscard]] std::unique_ptr<Client> viewer(const char* from = nullptr) const {
    auto out = std::make_unique<Client>(listener->address(), from);
    out->say("GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    return out;
  }
  void push(std::string text) const {
    listener->push(std::make_shared<const std::string>(std::move(text)));
  }
  [[nodiscard]] bool has_streams(std::size_t count) const {
    for (const Deadline deadline(Millis(5000)); !deadline.passed();) {
      if (listener->streams() == count) return true;
      std::this_thread::sleep_for(Millis(5));
    }
    return false;
  }
};

/// What a viewer is told until `end` is in it.
std::string hear_until(Client& client, std::string_view end) {
  std::string out;
  for (const Deadline deadline(Millis(5000)); !deadline.passed() && !out.contains(end);) {
    out += client.hear_some();
    if (out.ends_with("<closed>")) break;
  }
  return out;
}

}  // namespace

TEST_CASE("HEAD gets what GET gets, without the content") {
  const Pages pages;
  Client client(pages.listener->address());
  for (const auto* target : {"/", "/", "/events"}) {  // the last ends its connection
    CAPTURE(target);
    client.say(fmt::format("HEAD {} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", target));
    const auto head = client.hear();
    CHECK(head.starts_with("HTTP/1.1 200 OK"));
    CHECK(head.contains("X-Test: yes\r\n"));
    CHECK(head.contains("Content-Length: 5\r\n") == (std::string_view(target) == "/"));
    CHECK(head.ends_with("\r\n\r\n"));
  }
  CHECK(pages.listener->streams() == 0);
}

TEST_CASE("a stream begins with its content, and gets all that is pushed, in order") {
  const Pages pages;
  const auto one = pages.viewer(), two = pages.viewer();
  REQUIRE(pages.has_streams(2));
  for (int i = 0; i < 100; ++i) pages.push(fmt::format("piece {}\n\n", i));
  std::string wanted = "\r\n\r\nhello\n\n";
  for (int i = 0; i < 100; ++i) wanted += fmt::format("piece {}\n\n", i);
  for (const auto* client : {&one, &two}) {
    const auto heard = hear_until(**client, "piece 99\n\n");
    CHECK(heard.contains("Content-Type: text/x\r\n"));
    CHECK_FALSE(heard.contains("Content-Length"));
    CHECK(heard.ends_with(wanted));
  }
}

TEST_CASE("who leaves a stream makes room, and a listener that ends closes all of them") {
  auto pages = std::make_unique<Pages>();
  {
    const auto gone = pages->viewer();
    REQUIRE(pages->has_streams(1));
  }
  CHECK(pages->has_streams(0));
  const auto client = pages->viewer();
  CHECK(hear_until(*client, "hello").contains("hello"));
  pages.reset();
  CHECK(hear_until(*client, "<closed>").ends_with("<closed>"));
}

TEST_CASE("one stream too many ends the oldest of the address that has most of them") {
  feed::ListenLimits limits;
  limits.streams = 5;
  const Pages pages("", limits);
  std::vector<std::unique_ptr<Client>> many;
  const auto other = pages.viewer("127.0.0.2");
  REQUIRE(pages.has_streams(1));
  for (int i = 0; i < 4; ++i) {
    many.push_back(pages.viewer());
    REQUIRE(pages.has_streams(static_cast<std::size_t>(i) + 2));
  }
  const auto last = pages.viewer("127.0.0.3");
  CHECK(hear_until(*last, "hello").contains("hello"));
  CHECK(hear_until(*many[0], "<closed>").ends_with("<closed>"));
  pages.push("news\n\n");
  CHECK(hear_until(*other, "news").contains("news"));
  CHECK(hear_until(*last, "news").contains("news"));
  for (std::size_t i = 1; i < many.size(); ++i)
    CHECK(hear_until(*many[i], "news").contains("news"));
  CHECK(pages.listener->streams() == 5);
}

TEST_CASE("300 viewers who take nothing cost no copy each, and keep nobody from the news") {
  feed::ListenLimits limits;
  limits.step = Millis(2000);
  const Pages pages("", limits, std::string(1u << 20, 'x') + "hello\n\n");
  std::vector<std::unique_ptr<Client>> slow;
  const auto growth = test::peak_growth([&] {
    for (int i = 0; i < 300; ++i) slow.push_back(pages.viewer());
    const auto good = pages.viewer();
    CHECK(hear_until(*good, "hello").contains("hello"));
    for (int i = 0; i < 20; ++i) {
      const auto end = fmt::format("news {}\n\n", i);
      pages.push(std::string(100u << 10, 'y') + end);
      CHECK(hear_until(*good, end).ends_with(end));
    }
  });
  CHECK(growth < 100);          // a copy of the first MiB for each would be more
  CHECK(pages.has_streams(0));  // who takes nothing is hung up on
}

TEST_CASE("a stream that is behind by too much is ended, whatever it takes meanwhile") {
  feed::ListenLimits limits;
  limits.backlog = 2u << 20;
  const Pages pages("", limits);
  const auto slow = pages.viewer();
  REQUIRE(pages.has_streams(1));
  for (int i = 0; i < 16; ++i) pages.push(std::string(1u << 20, 'y'));
  CHECK(pages.has_streams(0));
}

TEST_CASE("a page that nobody takes is there once, however many ask for it") {
  feed::ListenLimits limits;
  limits.step = Millis(2000);
  auto opened = feed::open_listener("127.0.0.1:0", "", limits, feed::Serves::pages);
  if (!opened) FAIL(opened.error().what);
  const auto content = std::make_shared<const std::string>(8u << 20, 'x');
  std::jthread taker([&](const std::stop_token& stop) {
    while (!stop.stop_requested())
      for (const auto& arrival : (*opened)->take(Millis(20)))
        (*opened)->answer(arrival.id, {200, {}, "text/x", content});
  });
  std::vector<std::unique_ptr<Client>> slow;
  const auto growth = test::peak_growth([&] {
    for (int i = 0; i < 100; ++i) {
      slow.push_back(std::make_unique<Client>((*opened)->address()));
      slow.back()->say("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    }
    for (auto& client : slow) CHECK(client->hear_some().starts_with("HTTP/1.1 200"));
  });
  CHECK(growth < 100);
}

TEST_CASE("a browser says the token as a password, with any name") {
  const Pages pages(k_token);
  const auto ask = [&](std::string_view field) {
    Client client(pages.listener->address());
    client.say(fmt::format("GET / HTTP/1.1\r\nHost: web1.example\r\n{}\r\n", field));
    return client.hear();
  };
  const auto none = ask("");
  CHECK(none.starts_with("HTTP/1.1 401"));
  CHECK(none.contains("WWW-Authenticate: Basic realm=\"cdctl\", charset=\"UTF-8\"\r\n"));
  CHECK(none.contains("WWW-Authenticate: Bearer\r\n"));
  CHECK(ask("Authorization: Bearer " + k_token + "\r\n").starts_with("HTTP/1.1 200"));
  // alice:TOKEN, :TOKEN
  CHECK(ask("Authorization: Basic YWxpY2U6YS10b2tlbi1vZi1zb21lLWxlbmd0aA==\r\n")
            .starts_with("HTTP/1.1 200"));
  CHECK(
      ask("Authorization: basic OmEtdG9rZW4tb2Ytc29tZS1sZW5ndGg=\r\n").starts_with("HTTP/1.1 200"));
  // alice:wrong, the token alone, no base64, nothing, twice
  for (const auto* wrong : {"Basic YWxpY2U6d3Jvbmc=", "Basic YS10b2tlbi1vZi1zb21lLWxlbmd0aA==",
                            "Basic ~~~", "Basic ", "Basic ====", "Digest x"})
    CHECK(ask(fmt::format("Authorization: {}\r\n", wrong)).starts_with("HTTP/1.1 401"));
  const std::string good = "Authorization: Bearer " + k_token + "\r\n";
  CHECK(ask(good + good).starts_with("HTTP/1.1 401"));
}

TEST_CASE("without a token there are no signals, and no page for others") {
  CHECK_FALSE(feed::open_listener("127.0.0.1:0", "").has_value());
  CHECK(feed::open_listener("0.0.0.0:0", "", {}, feed::Serves::pages).error().exit ==
        ExitCode::usage);
  CHECK(feed::parse_listen_address("0.0.0.0:80", true)->first == "0.0.0.0");
  CHECK(feed::parse_listen_address("[::]:80", true)->first == "::");
  const auto elsewhere = feed::open_listener("0.0.0.0:0", k_token, {}, feed::Serves::pages);
  CHECK(elsewhere.has_value());
  CHECK_FALSE(feed::open_listener("0.0.0.0:0", k_token).has_value());
}

TEST_CASE("a listener is for this machine only") {
  CHECK(feed::parse_listen_address("127.0.0.1:8080")->second == 8080);
  CHECK(feed::parse_listen_address("[::1]:0")->first == "::1");
  for (const auto* address :
       {"0.0.0.0:80", "8080", "127.0.0.1:", "127.0.0.1:99999", "example.org:80", ":80"}) {
    const auto refused = feed::parse_listen_address(address);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().exit == ExitCode::usage);
  }
}

TEST_CASE("plain JSON is filled in: a set, or a service and a revision") {
  for (const auto* body : {R"({"set":"thumbs-r5f0c1e9a2b","signal":"oops"})",
                           R"({"service":"thumbs","revision":"r5f0c1e9a2b","signal":"oops"})"}) {
    const auto read = feed::read_arrival(post("application/json; charset=utf-8", body));
    CHECK(read.answer.status == 204);
    REQUIRE(read.signals.size() == 1);
    CHECK(read.signals[0]["set"].view() == "thumbs-r5f0c1e9a2b");
    CHECK(read.signals[0]["severity"].view() == "error");
  }
  CHECK(feed::read_arrival(post("application/json", R"({"service":"thumbs","signal":"oops"})"))
            .answer.status == 400);
  CHECK(feed::read_arrival(post("application/json", "{")).answer.status == 400);
  CHECK(feed::read_arrival(post("text/plain", "oops")).answer.status == 415);
  CHECK(feed::read_arrival(post("application/json", k_signal, "/elsewhere")).answer.status == 404);
}

TEST_CASE("nobody outside says when a signal was received") {
  const auto read = feed::read_arrival(post(
      "application/json", R"({"set":"thumbs-r5f0c1e9a2b","received":"2020-01-01T00:00:00Z"})"));
  REQUIRE(read.signals.size() == 1);
  CHECK_FALSE(read.signals[0].find("received"));
}

TEST_CASE("CloudEvents come structured, in headers, and in batches") {
  const std::string event =
      R"({"specversion":"1.0","id":"7","source":"//mon/1","type":"org.cdctl.signal.raised.v1","subject":"thumbs-r5f0c1e9a2b","severitynumber":21,"data":{"signal":"oops"}})";
  const auto structured =
      feed::read_arrival(post("application/cloudevents+json; charset=UTF-8", event));
  REQUIRE(structured.signals.size() == 1);
  CHECK(structured.signals[0]["severity"].view() == "critical");

  auto binary = post("application/json", R"({"signal":"oops"})");
  binary.headers = {{"ce-specversion", "1.0"},
                    {"ce-id", "7"},
                    {"ce-source", "//mon/1"},
                    {"ce-type", "org.cdctl.signal.raised.v1"},
                    {"ce-subject", "thumbs-r5f0c1e9a2b"},
                    {"ce-severitynumber", "21"},
                    {"ce-correlationid", "run%20%22one%22"}};
  auto same = feed::read_arrival(binary);
  REQUIRE(same.signals.size() == 1);
  CHECK(same.signals[0]["correlation"].view() == R"(run "one")");
  same.signals[0].erase("correlation");
  same.signals[0].erase("time");
  auto wanted = structured.signals[0];
  wanted.erase("time");
  CHECK(same.signals[0].canonical() == wanted.canonical());

  CHECK(feed::read_arrival(
            post("application/cloudevents-batch+json", "[" + event + "," + event + "]"))
            .signals.size() == 2);
  CHECK(feed::read_arrival(post("application/cloudevents-batch+json", event)).answer.status == 400);
  CHECK(feed::read_arrival(post("application/cloudevents+json", "[" + event + "]")).answer.status ==
        400);
  CHECK(feed::read_arrival(post("application/cloudevents+avro", event)).answer.status == 415);
  binary.content_type = "image/png";
  CHECK(feed::read_arrival(binary).answer.status == 415);
}

TEST_CASE("a batch is taken whole or not at all, and names what is wrong with it") {
  const auto read =
      feed::read_arrival(post("application/json", "[" + k_signal + R"(,{"set":"thumbs"}])"));
  CHECK(read.signals.empty());
  CHECK(read.answer.status == 400);
  CHECK(read.answer.line.starts_with("signal 2: 'thumbs' is no set name"));
}

TEST_CASE("a signal of more than 64 KiB is too long, alone and in a batch") {
  const auto big = R"({"set":"thumbs-r5f0c1e9a2b","message":")" + std::string(70'000, 'x') + "\"}";
  CHECK(feed::read_arrival(post("application/json", big)).answer.status == 413);
  CHECK(feed::read_arrival(post("application/json", "[" + k_signal + "," + big + "]"))
            .answer.status == 413);
}

TEST_CASE(
    "an Alertmanager's alerts raise and clear, and a repeated notification is the same signal") {
  const auto webhook = [](const std::string& status) {
    return R"({"version":"4","status":"firing","externalURL":"http://alerts.example","truncatedAlerts":0,"alerts":[{"status":")" +
           status +
           R"(","labels":{"alertname":"Slow","set":"thumbs-r5f0c1e9a2b","severity":"critical","instance":"web1"},"annotations":{"summary":"too slow"},"startsAt":"2026-11-23T04:00:00Z","endsAt":"0001-01-01T00:00:00Z","fingerprint":"ab12"}]})";
  };
  const auto firing = feed::read_arrival(post("application/json", webhook("firing")));
  REQUIRE(firing.signals.size() == 1);
  const auto& raised = firing.signals[0];
  CHECK(raised["severity"].view() == "critical");
  CHECK(raised["key"].view() == "thumbs/Slow/web1");
  CHECK(raised["source"].view() == "http://alerts.example");
  CHECK(raised["message"].view() == "too slow");
  CHECK(raised["time"].view() == "2026-11-23T04:00:00.000Z");
  CHECK(feed::read_arrival(post("application/json", webhook("firing"))).signals[0]["id"] ==
        raised["id"]);

  const auto cleared =
      feed::read_arrival(post("application/json", webhook("resolved"))).signals.at(0);
  CHECK(cleared["cleared"].as_bool());
  CHECK(cleared["severity"].view() == "info");
  CHECK(cleared["key"] == raised["key"]);
  CHECK_FALSE(cleared["id"] == raised["id"]);
}

TEST_CASE("of an Alertmanager's alerts those that name a set are taken, and the others are told") {
  const std::string
      good =
          R"({"labels":{"alertname":"A","service":"thumbs","revision":"r5f0c1e9a2b"},"fingerprint":"1"})",
      bad = R"({"labels":{"alertname":"B","service":"thumbs"}})";
  const auto both = feed::read_arrival(
      post("application/json",
           R"({"version":"4","truncatedAlerts":3,"alerts":[)" + good + "," + bad + "]}"));
  CHECK(both.signals.size() == 1);
  CHECK(both.answer.status == 202);
  CHECK(both.answer.line.contains("alert 'B' says no set"));
  CHECK_FALSE(both.warning.empty());
  CHECK(feed::read_arrival(post("application/json", R"({"alerts":[)" + bad + "]}")).answer.status ==
        400);
  CHECK(feed::read_arrival(post("application/json", R"({"alerts":[]})")).answer.status == 204);
}

TEST_CASE("who does not know the token is told so before anything is read") {
  Server server;
  Client none(server.listener->address());
  none.say("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n");
  CHECK(none.hear().starts_with("HTTP/1.1 401"));
  for (const auto& token :
       {std::string("wrong"), k_token + "x", k_token.substr(1), std::string()}) {
    Client wrong(server.listener->address());
    wrong.post(k_signal, token);
    const auto answer = wrong.hear();
    CHECK(answer.starts_with("HTTP/1.1 401"));
    CHECK(answer.contains("WWW-Authenticate: Bearer"));
    CHECK_FALSE(answer.contains(k_token));
  }
  CHECK(server.taken == 0);
}

TEST_CASE("one connection may bring many signals, with a question before a long one") {
  Server server;
  Client client(server.listener->address());
  for (int i = 0; i < 20; ++i) {
    client.post(k_signal);
    REQUIRE(client.hear().starts_with("HTTP/1.1 204"));
  }
  client.say(
      fmt::format("POST / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Length: "
                  "{}\r\nExpect: 100-continue\r\n\r\n",
                  k_token, k_signal.size()));
  REQUIRE(client.hear().starts_with("HTTP/1.1 100"));
  client.say(k_signal);
  CHECK(client.hear().starts_with("HTTP/1.1 204"));
  CHECK(server.taken == 21);
}

TEST_CASE("what is no POST, no HTTP or too long is refused") {
  Server server;
  const auto auth = fmt::format("Host: x\r\nAuthorization: Bearer {}\r\n", k_token);
  Client get(server.listener->address());
  get.say("GET / HTTP/1.1\r\n" + auth + "\r\n");
  CHECK(get.hear().starts_with("HTTP/1.1 405"));
  Client rubbish(server.listener->address());
  rubbish.say("\x16\x03\x01 this is no HTTP\r\n\r\n");
  CHECK(rubbish.hear().starts_with("HTTP/1.1 400"));
  Client announced(server.listener->address());
  announced.say("POST / HTTP/1.1\r\n" + auth + "Content-Length: 1048577\r\n\r\n");
  CHECK(announced.hear().starts_with("HTTP/1.1 413"));
  Client chunked(server.listener->address());
  chunked.say("POST / HTTP/1.1\r\n" + auth + "Transfer-Encoding: chunked\r\n\r\n");
  const std::string chunk = fmt::format("{:x}\r\n{}\r\n", 1 << 16, std::string(1 << 16, 'x'));
  for (int i = 0; i < 17; ++i) chunked.say(chunk);
  CHECK(chunked.hear().starts_with("HTTP/1.1 413"));
  Client header(server.listener->address());
  header.say("POST / HTTP/1.1\r\n" + auth + "X: " + std::string(20'000, 'x') + "\r\n\r\n");
  CHECK(header.hear().starts_with("HTTP/1.1 431"));
  CHECK(server.taken == 0);
}

TEST_CASE("who dawdles loses the connection") {
  feed::ListenLimits limits;
  limits.head = limits.step = Millis(300);
  Server server(limits);
  Client slow(server.listener->address()), silent(server.listener->address()),
      body(server.listener->address()), half(server.listener->address());
  slow.say("POST / HTTP/1.1\r\nHo");
  body.say(fmt::format("POST / HTTP/1.1\r\nAuthorization: Bearer {}\r\nContent-Length: 5\r\n\r\n{{",
                       k_token));
  half.say("POST / HTTP/1.1\r\nHo");
  half.finish();
  const auto begun = std::chrono::steady_clock::now();
  for (auto* client : {&slow, &silent, &body, &half}) CHECK(client->hear() == "<closed>");
  CHECK(std::chrono::steady_clock::now() - begun < Millis(3000));
  CHECK(server.taken == 0);
}

TEST_CASE("the deadline is for the whole header: who sends a byte now and then does not move it") {
  feed::ListenLimits limits;
  limits.head = Millis(400);
  Server server(limits);
  Client slow(server.listener->address());
  std::string heard;
  const auto begun = std::chrono::steady_clock::now();
  for (const char c : std::string("POST / HTTP/1.1\r\nHost: x\r\n")) {
    slow.say(std::string(1, c));
    if (heard = slow.hear(Millis(100)); !heard.empty()) break;
  }
  CHECK(heard == "<closed>");
  CHECK(std::chrono::steady_clock::now() - begun < Millis(1500));
}

namespace {

/// Slow clients, each with the beginning of a request, and how long a good one then takes.
struct Crowd {
  std::vector<std::unique_ptr<Client>> slow;
  Crowd(const std::string& address, int count, const std::string& say) {
    for (int i = 0; i < count; ++i) {
      slow.push_back(std::make_unique<Client>(address));
      slow.back()->say(say);
    }
  }
};

Millis good_one(const std::string& address) {
  const auto begun = std::chrono::steady_clock::now();
  Client good(address);
  good.post(k_signal);
  CHECK(good.hear().starts_with("HTTP/1.1 204"));
  return std::chrono::ceil<Millis>(std::chrono::steady_clock::now() - begun);
}

}  // namespace

TEST_CASE("slow clients hold nobody up, however many there are") {
  struct rlimit files{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &files) == 0);
  const auto before = files;
  files.rlim_cur = files.rlim_max;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &files) == 0);
  if (files.rlim_max < 6000) WARN("too few descriptors for 2,000 clients");
  const int most = files.rlim_max < 6000 ? 300 : 2000;
  feed::ListenLimits limits;
  limits.connections = 512;
  Server server(limits);
  const auto address = server.listener->address();
  const std::string said =
      fmt::format("POST / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n", k_token);
  for (const int count : {300, most}) {
    CAPTURE(count);
    for (const auto& say :
         {std::string("POST / HTTP/1.1\r\nHo"),   // a header that does not go on
          std::string(),                          // nothing at all
          std::string("GET / HTTP/1.1\r\n\r\n"),  // an answer that nobody takes
          said + "Content-Length: 900\r\n\r\n{",  // knows the token, and is slow all the same
          said + "Transfer-Encoding: chunked\r\n\r\n4\r\n{"}) {
      const Crowd crowd(address, count, say);
      CHECK(good_one(address) < Millis(5000));  // behind all of them in the queue of the kernel
      for (int i = 0; i < 5; ++i) CHECK(good_one(address) < Millis(1000));
    }
  }
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
}

TEST_CASE(
    "who has said the token stays when strangers come in masses, and so does another address") {
  feed::ListenLimits limits;
  limits.connections = 20;
  Server server(limits);
  const auto address = server.listener->address();
  Client known(address), other(address, "127.0.0.2");
  known.post(k_signal);
  REQUIRE(known.hear().starts_with("HTTP/1.1 204"));
  other.say("POST / HTTP/1.1\r\n");
  const Crowd crowd(address, 100, "POST / HTTP/1.1\r\n");
  CHECK(good_one(address) < Millis(1000));
  known.post(k_signal);
  CHECK(known.hear().starts_with("HTTP/1.1 204"));
  other.say(fmt::format(
      "Host: x\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nContent-Length: "
      "{}\r\n\r\n{}",
      k_token, k_signal.size(), k_signal));
  CHECK(other.hear().starts_with("HTTP/1.1 204"));
  CHECK(crowd.slow.front()->hear() == "<closed>");
}

TEST_CASE("large bodies wait for room, small ones go before them, and all are taken") {
  feed::ListenLimits limits;
  limits.bodies = 2u << 20;
  Server server(limits);
  const auto address = server.listener->address();
  const auto head = [](std::size_t size) {
    return fmt::format(
        "POST / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Length: {}\r\n\r\n",
        k_token, size);
  };
  constexpr std::size_t k_large = 1000u << 10;
  std::vector<std::unique_ptr<Client>> large;
  for (int i = 0; i < 6; ++i) {
    large.push_back(std::make_unique<Client>(address));
    large.back()->say(head(k_large));
  }
  CHECK(good_one(address) < Millis(1000));
  const std::string body(k_large, ' ');
  for (auto& client : large) std::thread([&client, &body] { client->say(body); }).join();
  for (auto& client : large) CHECK(client->hear().starts_with("HTTP/1.1 204"));
  CHECK(server.taken == 7);
}

TEST_CASE("a listener may go while bodies wait for room") {
  feed::ListenLimits limits;
  limits.bodies = 1u << 20;
  auto server = std::make_unique<Server>(limits);
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 4; ++i) {
    clients.push_back(std::make_unique<Client>(server->listener->address()));
    clients.back()->say(fmt::format(
        "POST / HTTP/1.1\r\nAuthorization: Bearer {}\r\nContent-Length: 900000\r\n\r\n{{",
        k_token));
  }
  CHECK(good_one(server->listener->address()) < Millis(1000));
  server.reset();
  for (auto& client : clients) CHECK(client->hear() == "<closed>");
}

TEST_CASE("a request that two servers could read differently is refused, and ends its connection") {
  Server server;
  const auto auth = fmt::format("Host: x\r\nAuthorization: Bearer {}\r\n", k_token);
  const std::string hidden = "POST / HTTP/1.1\r\n" + auth + "Content-Length: 2\r\n\r\n{}";
  for (const auto& fields : {
           "Content-Length: 2\r\nContent-Length: 3\r\n",
           "Content-Length: 2\r\nContent-Length: 2\r\n",
           "Content-Length: 2, 2\r\n",
           "Content-Length: +2\r\n",
           "Content-Length: 0x2\r\n",
           "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
           "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n",
           "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
           "Transfer-Encoding: identity\r\n",
           "Transfer-Encoding: xchunked\r\n",
           "Transfer-Encoding : chunked\r\n",
           "Host: y\r\nContent-Length: 2\r\n",
           "Content-Type: application/json\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n",
       }) {
    CAPTURE(fields);
    Client client(server.listener->address());
    client.say("POST / HTTP/1.1\r\n" + auth + fields + "\r\n{}" + hidden);
    CHECK(client.hear().starts_with("HTTP/1.1 400"));
    CHECK_FALSE(client.hear().contains("204"));
  }
  Client twice(server.listener->address());
  twice.say("POST / HTTP/1.1\r\n" + auth + "Authorization: Bearer other\r\n\r\n");
  CHECK(twice.hear().starts_with("HTTP/1.1 401"));
  Client old(server.listener->address());
  old.say("POST / HTTP/1.0\r\n" + auth + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
  CHECK(old.hear().starts_with("HTTP/1.1 400"));
  CHECK(server.taken == 0);
}

TEST_CASE("HTTP/1.0 is spoken, without what it does not know") {
  Server server;
  Client old(server.listener->address());
  old.say(
      fmt::format("POST / HTTP/1.0\r\nAuthorization: Bearer {}\r\nExpect: "
                  "100-continue\r\nContent-Length: {}\r\n\r\n{}",
                  k_token, k_signal.size(), k_signal));
  CHECK(old.hear().starts_with("HTTP/1.1 204"));
  CHECK(old.hear() == "<closed>");
  CHECK(server.taken == 1);
}

TEST_CASE("what has no end is refused before it takes room") {
  Server server;
  const auto auth = fmt::format("Host: x\r\nAuthorization: Bearer {}\r\n", k_token);
  const std::string piece(64u << 10, 'x');
  const auto pour = [&](Client& client) {
    for (int i = 0; i < 96; ++i) client.say(piece);  // 6 MiB
  };
  const auto growth = test::peak_growth([&] {
    for (const auto& begin : {"POST / HTTP/1.1\r\nX: ", "POST /", "", "POST / HTTP/1.1\r\n\r\n"}) {
      CAPTURE(begin);
      Client client(server.listener->address());
      client.say(begin);
      pour(client);
      CHECK(client.hear().starts_with("HTTP/1.1 4"));
    }
    // Whoever knows the token: an extension of a chunk, what follows the last one, what follows all
    for (const auto& begin : {"1;x=", "0\r\nX: ", "0\r\n\r\n"}) {
      CAPTURE(begin);
      Client client(server.listener->address());
      client.say("POST / HTTP/1.1\r\n" + auth + "Transfer-Encoding: chunked\r\n\r\n" + begin);
      pour(client);
      const auto heard = client.hear();
      CHECK((heard.starts_with("HTTP/1.1 4") || heard.starts_with("HTTP/1.1 204")));
    }
  });
  CHECK(growth < 8);
  CHECK(good_one(server.listener->address()) < Millis(1000));
}

TEST_CASE("who sends on and on and takes no answer is hung up on") {
  feed::ListenLimits limits;
  limits.step = limits.head = Millis(300);
  Server server(limits);
  Client client(server.listener->address());
  const auto request = fmt::format(
      "POST / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
      "{}\r\nContent-Length: 0\r\n\r\n",
      k_token);
  std::string many;
  for (int i = 0; i < 500; ++i) many += request;
  const auto growth = test::peak_growth([&] {
    for (int i = 0; i < 2000 && client.try_to_say(many); ++i) {
    }
  });
  CHECK(growth < 8);
  CHECK(good_one(server.listener->address()) < Millis(1000));
}

TEST_CASE("deep and wide bodies are refused") {
  Server server;
  std::string deep(100'000, '[');
  for (const auto& body : {deep, deep + std::string(100'000, ']')}) {
    const auto read = feed::read_arrival(post("application/json", body));
    CHECK(read.answer.status == 400);
  }
}

TEST_CASE("a token is compared in the same work, wherever it differs") {
  /// Counts what is read of it.
  struct Counting {
    std::string text;
    mutable std::size_t reads = 0;
    std::size_t size() const { return text.size(); }
    char operator[](std::size_t i) const {
      ++reads;
      return text[i];
    }
  };
  const std::string right(64, 'a');
  for (std::size_t at = 0; at <= right.size(); ++at) {
    auto other = right;
    if (at < other.size()) other[at] = 'b';
    const Counting a{right}, b{other};
    CHECK(feed::same_bytes(a, b) == (at == right.size()));
    CHECK(a.reads == 64);
    CHECK(b.reads == 64);
  }
  const feed::Token token("a-token-of-some-length");
  CHECK(token.is("a-token-of-some-length"));
  for (const auto* wrong : {"", "a", "a-token-of-some-lengtH", "a-token-of-some-length "})
    CHECK_FALSE(token.is(wrong));
}

TEST_CASE("a wrong token takes as long wherever it is wrong", "[.][measure]") {
  const std::string right = "0123456789abcdef0123456789abcdef0123456789abcdef";
  const feed::Token token(right);
  std::map<std::string, std::string> wrong{{"nothing right", std::string(right.size(), 'x')},
                                           {"the last byte wrong", right},
                                           {"the first byte wrong", right},
                                           {"one byte too long", right + "0"}};
  wrong["the last byte wrong"].back() = 'x';
  wrong["the first byte wrong"].front() = 'x';
  std::map<std::string, std::vector<std::int64_t>> took;
  volatile bool found = false;
  for (int round = 0; round < 20'000; ++round)
    for (const auto& [what, given] : wrong) {
      const auto begun = std::chrono::steady_clock::now();
      for (int i = 0; i < 10; ++i) found = found || token.is(given);
      took[what].push_back((std::chrono::steady_clock::now() - begun).count() / 10);
    }
  for (auto& [what, times] : took) {
    std::ranges::sort(times);
    WARN(fmt::format("{}: median {} ns, first decile {} ns", what, times[times.size() / 2],
                     times[times.size() / 10]));
  }
}

TEST_CASE(
    "a hundred connections at once are all answered, and a listener may go while they are open") {
  auto server = std::make_unique<Server>();
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 100; ++i) {
    clients.push_back(std::make_unique<Client>(server->listener->address()));
    clients.back()->post(k_signal, k_token, "Connection: close\r\n");
  }
  int answered = 0;
  for (auto& client : clients) answered += client->hear().starts_with("HTTP/1.1 204");
  CHECK(answered == 100);
  Client open(server->listener->address());
  open.post(k_signal);
  CHECK(open.hear().starts_with("HTTP/1.1 204"));
  server.reset();
  CHECK(open.hear() == "<closed>");
}

TEST_CASE("a port that is taken is said") {
  Server server;
  const auto second = feed::open_listener(server.listener->address(), k_token);
  REQUIRE_FALSE(second);
  CHECK(second.error().exit == ExitCode::config);
  CHECK(second.error().what.contains("Address already in use"));
}
