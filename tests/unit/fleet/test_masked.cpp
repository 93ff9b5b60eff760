#include <catch2/catch.hpp>

#include "core/fleet/masked.hpp"

using cdctl::fleet::masked;

TEST_CASE("what a worker wrote is told without the password of an address") {
  CHECK(masked("connecting to amqp://thumbs:s3cret@mq:5672/%2F ...") ==
        "connecting to amqp://…@mq:5672/%2F ...");
  CHECK(masked("amqp://a:b@c@host/ and amqps://d:e@f") == "amqp://…@host/ and amqps://…@f");
  CHECK(masked("see https://example.com/@you") == "see https://example.com/@you");
}

TEST_CASE("and without what a client was configured with") {
  CHECK(masked("PlainCredentials(username='thumbs', password='s3 cret', erase=False)") ==
        "PlainCredentials(username='thumbs', password='…', erase=False)");
  CHECK(masked("host=mq password=s3cret;user=thumbs") == "host=mq password=…;user=thumbs");
  CHECK(masked(R"({"user": "thumbs", "Password": "s3\"cret", "port": 5672})") ==
        R"({"user": "thumbs", "Password": "…", "port": 5672})");
  CHECK(masked("{'password': b's3cret'}") == "{'password': b'…'}");
  CHECK(masked(R"(:password=>"s3cret", :host=>"mq")") == R"(:password=>"…", :host=>"mq")");
  CHECK(masked("AMQP_PASSWORD=s3cret worker") == "AMQP_PASSWORD=… worker");
  CHECK(masked("token: abc.def") == "token: …");
  CHECK(masked("https://x/hook?api_key=12&n=1") == "https://x/hook?api_key=…&n=1");
}

TEST_CASE("what only speaks of passwords is told as it is") {
  for (const auto* line :
       {"ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN",
        "the password is wrong", "tokens: none left", "secret",
        "password=", "Access denied for user 'thumbs'@'db' (using password: YES)", "password=None",
        "SyntaxError: Unexpected token: punc (})"})
    CHECK(masked(line) == line);
}
