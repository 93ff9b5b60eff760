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
                          "http://host:123456", "http://host:65536", "http://u:geheim@h:x"}) {
    INFO(bad);
    const auto url = parse_url(bad);
    REQUIRE_FALSE(url);
    CHECK(url.error().exit == ExitCode::config);
    CHECK_FALSE(url.error().what.contains("geheim"));
  }
  CHECK(parse_url("file:///srv/x")->path == "/srv/x");
}

TEST_CASE("an address is shown without what may be a secret in it") {
  CHECK(shown_address("https://git.example/x.git") == "https://git.example/x.git");
  CHECK(shown_address("https://t0ken@git.example/x.git") == "https://***@git.example/x.git");
  CHECK(shown_address("https://bob:hush@git.example:8443/x") == "https://***@git.example:8443/x");
  CHECK(shown_address("git+https://t0ken@git.example/x") == "git+https://***@git.example/x");
  CHECK(shown_address("ssh://git@git.example/x") == "ssh://git@git.example/x");
  CHECK(shown_address("ssh://git:hush@git.example/x") == "ssh://git:***@git.example/x");
  CHECK(shown_address("amqp://guest:a@b@host") == "amqp://guest:***@host");
  CHECK(shown_address("https://h/x?access_token=t0ken&all#top") ==
        "https://h/x?access_token=***&all#***");
  CHECK(shown_address("https://h/x#t0ken?a=b") == "https://h/x#***");
  CHECK(shown_address("https://h?t0ken=a=b") == "https://h?t0ken=***");
  CHECK(shown_address("git@git.example:x.git") == "git@git.example:x.git");
  CHECK(shown_address("lp:thumbs") == "lp:thumbs");
  CHECK(shown_address("/srv/a@b:c") == "/srv/a@b:c");
  CHECK(shown_address("://a:b@c") == "://a:b@c");
  CHECK(shown_address("").empty());
}

TEST_CASE("a text of others is shown with its addresses so") {
  CHECK(with_shown_addresses("fatal: could not read Password for 'https://t0ken@h': no terminal") ==
        "fatal: could not read Password for 'https://***@h': no terminal");
  CHECK(with_shown_addresses("a https://b:c@d, ssh://e:f@g and amqp://h:i@j") ==
        "a https://***@d, ssh://e:***@g and amqp://h:***@j");
  CHECK(with_shown_addresses("https://h/?a=b") == "https://h/?a=***");
  CHECK(with_shown_addresses("nothing :// here") == "nothing :// here");
  CHECK(with_shown_addresses("").empty());
}
