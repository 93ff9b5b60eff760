#include <catch2/catch.hpp>

#include <algorithm>

#include "plugins/webhook/address.hpp"

using namespace cdctl::webhook;

TEST_CASE("what behind the host of an address may be a secret is known in all its parts") {
  const auto parts =
      secret_parts("https://chat.example/hooks/T0/abcdef%2B0123?key=sesame-open&v=2&sig=9f8e7d6c");
  const auto has = [&](std::string_view part) {
    return std::ranges::find(parts, part) != parts.end();
  };
  CHECK(parts.front() == "/hooks/T0/abcdef%2B0123?key=sesame-open&v=2&sig=9f8e7d6c");
  CHECK(has("abcdef%2B0123"));
  CHECK(has("abcdef+0123"));  // as a receiver reads it
  CHECK(has("sesame-open"));
  CHECK(has("9f8e7d6c"));
  CHECK_FALSE(has("hooks"));  // words of every address would hide half of an answer
  CHECK_FALSE(has("2"));
  CHECK(secret_parts("no address").empty());
}

TEST_CASE("records are posted to http and https alone") {
  CHECK(is_web_address("http://127.0.0.1:8065/hooks/x"));
  CHECK(is_web_address("https://chat.example/x"));
  CHECK_FALSE(is_web_address("ftp://chat.example/x"));
  CHECK_FALSE(is_web_address("httpx://chat.example/x"));
  CHECK_FALSE(is_web_address("chat.example"));
}
