#include <catch2/catch.hpp>

#include <cdctl/digest.hpp>

using namespace cdctl;

TEST_CASE("a digest is SHA-256 in hex") {
  CHECK(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256_hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST_CASE("random hex has the length that was asked for, and is another each time") {
  CHECK(random_hex(0).empty());
  const auto one = random_hex(16), other = random_hex(16);
  CHECK(one.size() == 32);
  CHECK(one.find_first_not_of("0123456789abcdef") == std::string::npos);
  CHECK(one != other);
}
