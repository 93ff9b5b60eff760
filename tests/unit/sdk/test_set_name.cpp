#include <catch2/catch.hpp>

#include <cdctl/set_name.hpp>

using namespace cdctl;

TEST_CASE("names from hell are no names") {
  for (const auto* bad : {"", "-rf", "../x", "a b", "a\n", "A", "a_b", "a--b", "a-", "1a", "a-1",
                          "thumbs-r5f0c1e9a2b", "\xc3\xa4", "a/b", "a.b", "a@b"}) {
    INFO(bad);
    CHECK_FALSE(valid_service_name(bad));
    CHECK_FALSE(parse_set_name(std::string(bad) + "-r000000000g"));
  }
  CHECK_FALSE(valid_service_name(std::string(39, 'a')));
  CHECK(valid_service_name(std::string(38, 'a')));
  CHECK(parse_set_name("thumbs-r5f0c1e9a2b")->service == "thumbs");
  CHECK_FALSE(parse_set_name("thumbs-r5f0c1e9a2b-r5f0c1e9a2b"));
}
