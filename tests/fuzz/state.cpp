#include <algorithm>

#include <cdctl/record.hpp>
#include <cdctl/roles.hpp>
#include <cdctl/text.hpp>

#include "plugins/local/cgroup.hpp"
#include "plugins/local/feed_reader.hpp"
#include "plugins/local/process_tracker.hpp"
#include "plugins/local/run_plan.hpp"
#include "plugins/local/set_files.hpp"
#include "plugins/local/status.hpp"
#include "tests/fuzz/property.hpp"

using namespace cdctl;
using namespace cdctl::local;
using cdctl::fuzz::must;

namespace {

const SetName k_set{"thumbs", "r5f0c1e9a2b"};

/// What was read is printed, and from then on stays as it is.
template <class Read, class Print>
void check_text(std::string_view text, Read read, Print print, const char* what) {
  const auto first = read(text);
  if (!first) return;
  const auto printed = print(*first);
  const auto again = read(std::string_view(printed));
  must(again && print(*again) == printed, what);
}

void supervisor_status(std::string_view text) {
  check_text(
      text, parse_status, [](const Status& status) { return to_text(status); },
      "a status that was written reads as it was");
  SetFiles files;
  files.there = files.finished = files.alive = true;
  files.status = parse_status(text);
  const auto status = to_set_status(k_set, files, "web1:/srv");
  if (!files.status) {
    must(!status.up && !status.want, "what cannot be read is unknown");
    return;
  }
  must(status.up && *status.up >= 0 && *status.up <= *status.want, "no more is up than there is");
  must((status.state == "live") == (*status.up > 0), "what lives has a unit that does");
  must(Json::parse(units_detail({"/nowhere"}, *files.status).dump()).has_value(), "units are JSON");
}

void plan(std::string_view text) {
  check_text(
      text, parse_run_plan, [](const RunPlan& read) { return to_text(read); },
      "a plan that was written reads as it was");
}

void tracker(std::string_view text) {
  check_text(
      text, parse_tracker, [](const TrackerRecord& read) { return to_text(read); },
      "a fence that was written reads as it was");
}

void position(std::string_view text) {
  const auto read = parse_position(text);
  if (read) must(parse_position(to_text(*read)) == read, "a position reads as it was");
}

/// The JSON files of a set and of the memory.
void memos(std::string_view text) {
  const auto json = Json::parse(text);
  if (!json) return;
  const auto check = [](auto read, const auto& from, const char* what) {
    const auto first = read(from);
    if (!first) return;
    const auto printed = to_json(*first).dump();
    const auto again = read(*Json::parse(printed));
    must(again && to_json(*again).dump() == printed, what);
  };
  check([](const Json& from) { return set_memo_from_json(k_set, from); }, *json,
        "a set's memory reads as it was");
  check(cut_memo_from_json, *json, "a cut's memory reads as it was");
  check(force_from_json, *json, "a forced state reads as it was");
  check(hold_from_json, *json, "a freeze reads as it was");
  check(sources_from_json, *json, "sources read as they were");
  check(min_live_from_json, *json, "a limit reads as it was");
  SetFiles files;
  files.there = files.finished = true;
  files.record = (*json)["record"];
  files.attempts = (*json)["attempts"];
  files.frozen = (*json)["frozen"].as_string();
  const auto status = to_set_status(k_set, files, "web1:/srv");
  must(!status.homes.empty(), "a set has a home");
  must(files.frozen.empty() == (status.world_cut == false), "half a cut is nothing that one knows");
  (void)why_down({"/nowhere"}, files);
}

void control_groups(std::string_view text) {
  const auto own = take_until(text, '\n');
  const auto parent = Cgroup::parse_parent(text, own);
  if (parent) must(parent->lexically_normal() == *parent, "a folder's name is a plain one");
}

}  // namespace

/// The first byte says which file the rest is.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto text = cdctl::fuzz::as_text(data + 1, size - 1);
  switch (data[0]) {
    case 's':
      supervisor_status(text);
      break;
    case 'r':
      plan(text);
      break;
    case 'f':
      tracker(text);
      break;
    case 'p':
      position(text);
      break;
    case 'm':
      memos(text);
      break;
    case 'c':
      control_groups(text);
      break;
    default:
      break;
  }
  return 0;
}
