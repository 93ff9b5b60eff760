#include <catch2/catch.hpp>

#include <cdctl/reviewers.hpp>

#include "core/land/signers.hpp"

using namespace cdctl;
using Catch::Matchers::Contains;

namespace {

const std::string k_key =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFs9b2cGx5vXzF0pJ1m8q3o1c2Zt0mYtqk9m5lq0aVbT";

/// What is said of one line; empty when it lets somebody vote.
std::string fault(const std::string& line) {
  const auto seen = land::look_at_signers("# who\n\n" + line + "\n");
  if (seen.faults.empty()) return {};
  CHECK(seen.good == 0);
  CHECK(seen.faults.front().line == 3);
  return seen.faults.front().what;
}

}  // namespace

TEST_CASE("a line of reviewers needs names and a whole key", "[land]") {
  CHECK(fault("bob@example.com " + k_key).empty());
  CHECK(fault("bob@example.com,b@home.example\t" + k_key + " a comment").empty());
  CHECK(fault("\"bob@example.com\" namespaces=\"git\",valid-after=\"20240101\" " + k_key).empty());
  CHECK(fault("bob@example.com namespaces=\"git ssh-rsa\" " + k_key).empty());
  CHECK(fault("bob@example.com") == "bob@example.com has no key");
  CHECK_THAT(fault("bob@example.com ed25519 AAAA"), Contains("has no key of a kind"));
  CHECK(fault("bob@example.com ssh-ed25519") ==
        "bob@example.com has the word ssh-ed25519 and no key behind it");
  CHECK_THAT(fault("bob@example.com ssh-ed25519 ???"), Contains("has something else than a key"));
  CHECK_THAT(fault("bob@example.com ssh-rsa " + k_key.substr(12)), Contains("is none of ssh-rsa"));
}

TEST_CASE("a name that others read by other rules is nobody's", "[land]") {
  const auto seen = land::look_at_signers(
      "\xef\xbb\xbf"
      "bob@example.com " +
      k_key + "\n");
  CHECK(seen.good == 0);
  REQUIRE(seen.faults.size() == 1);
  CHECK_THAT(seen.faults.front().what, Contains("has a byte order mark in front"));
  CHECK_THAT(fault("\"Bob B\" " + k_key), Contains("has a blank"));
  CHECK_THAT(fault("\"bob@example.com, b@home.example\" " + k_key), Contains("has a blank"));
  CHECK_THAT(fault("bob\x01@example.com " + k_key), Contains("has a control character"));
  CHECK_THAT(fault("b\xc3\xb6"
                   "b@example.com " +
                   k_key),
             Contains("is no ASCII"));
  CHECK_THAT(fault("bob@example.com\x0b " + k_key), Contains("has a control character"));
  // As ssh-keygen: quotes may begin in the middle, a carriage return divides, and so do not two
  // options.
  CHECK(fault("bob@exam\"ple.com\" " + k_key).empty());
  CHECK(fault("bob@example.com\r" + k_key).empty());
  CHECK_THAT(fault("Bob cert-authority B " + k_key), Contains("has no key of a kind"));
  for (const auto* name : {"\xef\xbb\xbf"
                           "bob@example.com",
                           "Bob B", "b\tob@example.com"})
    CHECK_FALSE(names_one_person(name));
}

TEST_CASE("a key that was cut off is one, wherever", "[land]") {
  for (auto size = k_key.size() - 1; size > 12; --size) {
    INFO(size);
    CHECK_THAT(fault("bob@example.com " + k_key.substr(0, size)), Contains("bob@example.com has "));
  }
}

TEST_CASE("who could vote is counted, and a pattern is nobody", "[land]") {
  const auto seen = land::look_at_signers("alice@example.com " + k_key + "\n*@example.com " +
                                          k_key + "\nbob@example.com\n");
  CHECK(seen.good == 1);
  REQUIRE(seen.faults.size() == 1);
  CHECK(seen.faults.front().line == 3);
}
