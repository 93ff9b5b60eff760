#include <catch2/catch.hpp>

#include <cdctl/url.hpp>

using namespace cdctl;

TEST_CASE("what is percent-encoded comes back") {
  CHECK(url_encode("a b/c%~._-") == "a%20b%2Fc%25~._-");
  CHECK(url_encode("ü\n") == "%C3%BC%0A");
  const std::string every("\0\x01\x7f\x80\xff /?#%", 10);
  CHECK(url_decode(url_encode(every)) == every);
}

TEST_CASE("what is not an escape stays") {
  CHECK(url_decode("").empty());
  CHECK(url_decode("a%20b") == "a b");
  CHECK(url_decode("%41%4a%4A") == "AJJ");
  CHECK(url_decode("100%") == "100%");
  CHECK(url_decode("%4") == "%4");
  CHECK(url_decode("%zz%-1") == "%zz%-1");
  CHECK(url_decode("%%41") == "%A");
  CHECK(url_decode("a+b") == "a+b");
}

TEST_CASE("an address is read in parts, its credentials decoded") {
  const auto url = parse_url("https://me%40home:p%3Aw@host.example:8443/a%20b?c#d");
  REQUIRE(url);
  CHECK(url->scheme == "https");
  CHECK(url->user == "me@home");
  CHECK(url->password == "p:w");
  CHECK(url->host == "host.example");
  CHECK(url->port == "8443");
  CHECK(url->path == "/a%20b?c#d");
  CHECK(url->without_credentials() == "https://host.example:8443/a%20b?c#d");
}

TEST_CASE("an IPv6 host stands in brackets") {
  const auto url = parse_url("amqp://[::1]:5672");
  REQUIRE(url);
  CHECK(url->host == "::1");
  CHECK(url->port == "5672");
  CHECK(url->path.empty());
  CHECK(url->without_credentials() == "amqp://[::1]:5672");
  CHECK(parse_url("http://[::1]/x")->port.empty());
}

TEST_CASE("what is not an absolute address is refused, and no error tells the password") {
  for (const auto* bad : {"", "host", "://host", "http://", "http://user:geheim@", "http://a b",
                          "http://a\n", "http://[::1", "http://[::1]x:80", "http://host:8x",
                          "http://host:123456", "http://u:geheim@h:x"}) {
    INFO(bad);
    const auto url = parse_url(bad);
    REQUIRE_FALSE(url);
    CHECK(url.error().exit == ExitCode::config);
    CHECK_FALSE(url.error().what.contains("geheim"));
  }
  CHECK(parse_url("file:///srv/x")->path == "/srv/x");
}
