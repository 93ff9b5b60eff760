#include <catch2/catch.hpp>

#include <cdctl/digest.hpp>
#include <cdctl/fs.hpp>

#include "tests/support/memory_use.hpp"
#include "tests/support/test_host.hpp"

using namespace cdctl;

TEST_CASE("a digest is SHA-256 in hex") {
  CHECK(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256_hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST_CASE("the digest of a file is that of its bytes, and takes no memory for them") {
  const test::TempDir folder;
  const auto file = folder.path() / "file";
  REQUIRE(write_file_atomically(file, std::string(200'000, 'x')));
  CHECK(*sha256_of_file(file) == sha256_hex(std::string(200'000, 'x')));
  CHECK_FALSE(sha256_of_file(file, 199'999));
  std::filesystem::resize_file(file, 48u << 20);
  CHECK(test::peak_growth([&] { CHECK(sha256_of_file(file)); }) < 8);
}

TEST_CASE("random hex has the length that was asked for, and is another each time") {
  CHECK(random_hex(0).empty());
  const auto one = random_hex(16), other = random_hex(16);
  CHECK(one.size() == 32);
  CHECK(one.find_first_not_of("0123456789abcdef") == std::string::npos);
  CHECK(one != other);
}
