#include <catch2/catch.hpp>

#include <algorithm>
#include <set>

#include <cdctl/error_record.hpp>
#include <cdctl/text.hpp>

#include "core/records/book.hpp"
#include "core/records/check.hpp"
#include "core/records/file.hpp"
#include "core/records/force.hpp"
#include "core/records/hold.hpp"
#include "core/records/key.hpp"
#include "core/records/outcome.hpp"
#include "core/records/path.hpp"
#include "core/records/plugin.hpp"
#include "core/records/problem.hpp"
#include "core/records/retire.hpp"
#include "core/records/revision.hpp"
#include "core/records/set.hpp"
#include "core/records/setting.hpp"
#include "core/records/signal.hpp"
#include "core/records/timeline.hpp"
#include "core/records/verdict.hpp"
#include "core/records/version.hpp"

using namespace cdctl;

namespace {

constexpr std::string_view k_time = "2026-11-23T04:12:09.120Z";

/// A value of a row's type.
Json sample(const plugin::MemberRow& row);

Json sample_object(const plugin::MemberRow* rows, std::size_t count) {
  auto out = Json::object();
  for (std::size_t i = 0; i < count; ++i) out.set(rows[i].name, sample(rows[i]));
  return out;
}

Json sample(const plugin::MemberRow& row) {
  std::string_view type(row.type);
  if (type.ends_with(" or null")) type.remove_suffix(8);
  if (type.starts_with("one of ")) return words(type)[2];
  if (type == "time" || type == "date") return k_time;
  if (type == "flag" || type == "true") return true;
  if (type.starts_with("integer")) return 7;
  if (type.starts_with("number")) return 0.5;
  if (type == "object") return sample_object(row.shape, row.shape_count);
  if (type == "list of object") return Json::array({sample_object(row.shape, row.shape_count)});
  if (type == "map of object") {
    auto source = sample_object(row.shape, row.shape_count);
    // What is known of a commit is added to a record that is shown; nothing reads it back
    for (const auto* member : {"subject", "author", "committed_at"}) source.erase(member);
    return Json::object({{"trunk", std::move(source)}});
  }
  if (type == "word") return "some-word";
  if (type.starts_with("list")) return Json::array({"a", "b"});
  if (row.name == std::string_view("kind")) return "git";
  return std::string(row.name) + " text";
}

/// A whole record of this kind, in the order of its rows.
Json sample_record(const plugin::RecordRow& row) {
  auto out = Json::object({{"schema", row.schema}});
  const auto members = sample_object(row.members, row.member_count);
  for (const auto& [name, value] : members.members()) out.set(name, value);
  return out;
}

template <class Record>
void check_round_trip() {
  const auto whole = sample_record(records::row_of<Record>());
  INFO(whole.dump());
  CHECK(records::encode(records::decode<Record>(whole)).dump() == whole.dump());
  // Of an empty one all is there that must be, and nothing that no row names.
  const auto empty = records::encode(Record{});
  std::set<std::string> names{"schema"};
  for (const auto& member : records::k_members<Record>) {
    names.insert(member.name);
    if (member.presence == plugin::Presence::required) {
      INFO(member.name);
      CHECK(empty.find(member.name));
    }
  }
  for (const auto& [name, value] : empty.members()) {
    INFO(name);
    CHECK(names.contains(name));
  }
}

}  // namespace

TEST_CASE("what is read of a record is written again, every member of it and in its order") {
  check_round_trip<records::Set>();
  check_round_trip<records::Revision>();
  check_round_trip<records::Signal>();
  check_round_trip<records::Outcome>();
  check_round_trip<records::Verdict>();
  check_round_trip<records::Explain>();
  check_round_trip<records::ErrorRecord>();
  check_round_trip<records::TimelineRecord>();
  check_round_trip<records::ForceRecord>();
  check_round_trip<records::HoldRecord>();
  check_round_trip<records::RetireRecord>();
  check_round_trip<records::CheckRecord>();
  check_round_trip<records::FileRecord>();
  check_round_trip<records::SettingRecord>();
  check_round_trip<records::KeyRecord>();
  check_round_trip<records::ProblemRecord>();
  check_round_trip<records::PathRecord>();
  check_round_trip<records::PluginRecord>();
  check_round_trip<records::VersionRecord>();
}

TEST_CASE("what is empty is null where it can be, and left out where it may be") {
  records::Set set;
  records::name_set(set, {"thumbs", "r5f0c1e9a2b"});
  set.time = *parse_rfc3339(k_time);
  CHECK(records::encode(set).dump() ==
        R"({"schema":"cdctl.set/1","service":"thumbs","revision":"r5f0c1e9a2b",)"
        R"("set":"thumbs-r5f0c1e9a2b","engine":null,"home":null,"state":null,"cut":null,)"
        R"("newest":false,"proven":false,"deployed_at":null,"units":null,"served":null,)"
        R"("sources":{},"time":"2026-11-23T04:12:09.120Z"})");
  set.signals.emplace();  // they could not be read
  CHECK(records::encode(set)["signals"].is_null());
  CHECK(records::encode(set).find("signals"));

  records::HoldRecord hold;
  CHECK_FALSE(records::encode(hold).find("until"));
  hold.until = std::optional<Time>();  // a freeze without an end
  CHECK(records::encode(hold).find("until"));
  CHECK(records::encode(hold)["until"].is_null());
}

TEST_CASE("a filter changes one member, and everything else travels on as it came") {
  auto record = *Json::parse(
      R"({"mine":[1,{"a":2.50}],"schema":"cdctl.set/1","set":"thumbs-r5f0c1e9a2b","kept":"new","state":7,"more":null})");
  records::drop<&records::Set::kept>(record);
  records::put<&records::Set::stale>(
      record, records::StaleMark{"old", {2, 60, 3600, 60, 60}, *parse_rfc3339(k_time)});
  CHECK(
      record.dump() ==
      R"({"mine":[1,{"a":2.50}],"schema":"cdctl.set/1","set":"thumbs-r5f0c1e9a2b","state":7,"more":null,)"
      R"("stale":{"why":"old","policy":{"keep":2,"min_age_s":60,"prove_for_s":3600,"cut_grace_s":60,"failed_grace_s":60},"at":"2026-11-23T04:12:09.120Z"}})");
  CHECK(records::get<&records::Set::set>(record) == "thumbs-r5f0c1e9a2b");
  CHECK(records::get<&records::Set::state>(record).empty());  // of another type: as good as absent
  CHECK(records::get<&records::Set::stale>(record)->policy.keep == 2);
}

TEST_CASE("what one action or plugin alone tells stays in its place") {
  const auto* const text =
      R"({"schema":"cdctl.outcome/1","action":"break","service":"a","revision":"r0000000001","set":"a-r0000000001","ok":true,"changed":true,"took_ms":1.5,)"
      R"("steps":[{"plugin":"rabbit","ok":true,"changed":true,"passes":1,"closed":3,"left":0}],"why":"x","absent":true,"trial":{"a":1},"by":"me","time":"2026-11-23T04:12:09.120Z"})";
  const auto outcome = records::decode<records::Outcome>(*Json::parse(text));
  CHECK(outcome.steps.at(0).details.dump() == R"({"passes":1,"closed":3,"left":0})");
  CHECK(outcome.more.dump() == R"({"absent":true,"trial":{"a":1}})");
  CHECK(records::encode(outcome).dump() == text);
}

TEST_CASE("reading takes what it understands, and of what comes twice the first") {
  const auto set = records::decode<records::Set>(*Json::parse(
      R"({"set":"a-r0000000001","set":"b","cut":"yes","units":{"want":"x","up":2},"deployed_at":"soon","held":{"by":"me"},"sources":[]})"));
  CHECK(set.set == "a-r0000000001");
  CHECK_FALSE(set.cut);
  REQUIRE(set.units);
  CHECK_FALSE(set.units->want);
  CHECK(set.units->up == 2);
  CHECK_FALSE(set.deployed_at);
  CHECK_FALSE(set.held);
  CHECK(set.sources.empty());
  CHECK(records::decode<records::Set>(Json(7)).set.empty());
}

TEST_CASE("each kind of record is listed once, and its columns show members that it has") {
  std::set<std::string_view> seen;
  for (const auto& row : records::own_records()) {
    INFO(row.schema);
    CHECK(seen.insert(row.schema).second);
    CHECK(records::own_record(row.schema) == &row);
    for (std::size_t i = 0; i < row.column_count; ++i) {
      const std::string_view member = row.columns[i].member;
      INFO(member);
      const auto named = [&](const plugin::MemberRow& one) { return one.name == member; };
      CHECK((member.empty() || std::any_of(row.members, row.members + row.member_count, named)));
      CHECK(member.empty() == (*row.columns[i].note != 0));
    }
  }
  CHECK(records::own_record("log"));
  CHECK_FALSE(records::own_record("cdctl.phase/1"));
}
