#include <catch2/catch.hpp>

#include <cdctl/json.hpp>
#include <cdctl/names.hpp>
#include <cdctl/signal.hpp>
#include <cdctl/time.hpp>

using namespace cdctl;

TEST_CASE("a revision id is the same on every machine") {
  Sources sources;
  sources["trunk"] = {"git", "https://x/y", "9f2c1ab", 3};
  sources["config"] = {"file", "", "00", {}};
  // printf 'config=file:00\ntrunk=git:9f2c1ab\n' | sha256sum
  CHECK(revision_id(sources) == "r" + sha256_hex("config=file:00\ntrunk=git:9f2c1ab\n").substr(0, 10));
  CHECK(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}
