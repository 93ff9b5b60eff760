#include <catch2/catch.hpp>

#include "plugins/journal/journal_sink.hpp"

using namespace cdctl;

TEST_CASE("an entry has a field a line, and a length where a value has lines") {
  Notice notice;
  notice.kind = Notice::Kind::cut;
  notice.key = "cut/thumbs-r0000000001";
  notice.severity = Severity::critical;
  notice.summary = "one\nPRIORITY=7";
  notice.service = "thumbs";
  const auto entry = journal::entry_of(notice, Json::object({{"a", 1}}));
  using namespace std::string_literals;
  CHECK(entry.starts_with("MESSAGE\n\x0e\0\0\0\0\0\0\0one\nPRIORITY=7\n"s));
  CHECK(entry.find("\nPRIORITY=2\n") != std::string::npos);
  CHECK(entry.find("\nCDCTL_KEY=cut/thumbs-r0000000001\n") != std::string::npos);
  CHECK(entry.find("\nCDCTL_SERVICE=thumbs\n") != std::string::npos);
  CHECK(entry.find("\nCDCTL_RECORD={\"a\":1}\n") != std::string::npos);
  CHECK(entry.find("CDCTL_TARGET") == std::string::npos);
}
