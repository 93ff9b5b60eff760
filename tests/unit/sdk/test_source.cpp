#include <catch2/catch.hpp>

#include <cdctl/digest.hpp>
#include <cdctl/source.hpp>

using namespace cdctl;

TEST_CASE("a revision id is the same on every machine") {
  Sources sources;
  sources["trunk"] = {"git", "https://x/y", "9f2c1ab", 3};
  sources["config"] = {"file", "", "00", {}};
  // printf 'config=file:00\ntrunk=git:9f2c1ab\n' | sha256sum
  CHECK(revision_id(sources) ==
        "r" + sha256_hex("config=file:00\ntrunk=git:9f2c1ab\n").substr(0, 10));
}

TEST_CASE("sources survive JSON, and what is damaged is refused") {
  Sources sources;
  sources["trunk"] = {"git", "https://x/y", "9f2c1ab", 3};
  sources["config"] = {"file", "", "00", {}};
  const auto back = sources_from_json(to_json(sources));
  REQUIRE(back);
  CHECK(to_json(*back) == to_json(sources));
  CHECK(back->at("trunk").number == 3);
  CHECK_FALSE(back->at("config").number);
  for (const auto* bad :
       {"[]", R"({"A":{"kind":"git","revision":"1"}})", R"({"a":{"kind":"","revision":"1"}})",
        R"({"a":{"kind":"git","revision":""}})", R"({"a":{"kind":"git","revision":"1\n2"}})",
        R"({"a":{"kind":"git","revision":"1"},"a":{"kind":"git","revision":"2"}})"}) {
    INFO(bad);
    CHECK_FALSE(sources_from_json(*Json::parse(bad)));
  }
}
