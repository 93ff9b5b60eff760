#include <algorithm>
#include <filesystem>

#include <cdctl/text.hpp>

#include "core/feed/spool_file.hpp"
#include "core/records/outcome_log.hpp"
#include "plugins/local/feed_reader.hpp"
#include "tests/fuzz/property.hpp"
#include "tests/fuzz/scratch.hpp"

using namespace cdctl;
using cdctl::fuzz::must;
namespace fs = std::filesystem;

namespace {

/// How many of the lines that have an end are JSON objects.
std::size_t objects_in(std::string_view text) {
  const auto whole = text.substr(0, text.rfind('\n') + 1);
  std::size_t count = 0;
  for (const auto line : lines(whole)) {
    const auto json = Json::parse(line);
    count += json && json->is_object();
  }
  return count;
}

std::vector<std::string> read_from(const local::HomePaths& home, const std::string& cursor,
                                   std::string& end) {
  FeedQuery query;
  query.cursor = cursor;
  if (cursor.empty()) query.since = Time();
  std::vector<std::string> out;
  const auto reader = local::SegmentReader::make(home, query);
  must(reader.has_value(), "a feed can be read");
  while (!(*reader)->at_end()) {
    const auto some = (*reader)->next(Millis(0));
    must(some.has_value(), "a feed can be read on");
    for (const auto& signal : *some) out.push_back(signal.dump());
  }
  end = (*reader)->cursor();
  return out;
}

/// Two segments, cut where a byte says.
void segments(const fuzz::Scratch& scratch, std::string_view text, std::size_t at) {
  at = std::min(at, text.size());
  (void)scratch.write("feed/20261123T04.ndjson", text.substr(0, at));
  (void)scratch.write("feed/20261123T05.ndjson", text.substr(at));
  const local::HomePaths home(scratch.path());
  std::string end, later;
  const auto all = read_from(home, "", end);
  must(all.size() == objects_in(text.substr(0, at)) + objects_in(text.substr(at)),
       "each line that has an end is given once");
  must(read_from(home, end, later).empty() && later == end, "nothing is given twice");
}

/// What a spool file holds: the identities of its signals, and how many lines are none.
std::pair<std::vector<std::string>, std::size_t> read_spool(const feed::SpoolFile& file) {
  std::vector<std::string> ids;
  const auto content = file.read([&](std::span<const Json> signals) -> Result<> {
    for (const auto& signal : signals) ids.push_back(signal["id"].as_string());
    return {};
  });
  must(content && *content, "a spool file can be read");
  must((*content)->signals == ids.size(), "what was taken is counted");
  return {std::move(ids), (*content)->bad.size()};
}

void spool(const fuzz::Scratch& scratch, std::string_view text) {
  const feed::SpoolFile file(scratch.write("mine.ndjson", text));
  const auto first = read_spool(file);
  std::size_t said = 0;
  for (const auto line : lines(text)) said += !trimmed(line).empty();
  must(first.first.size() + first.second == said, "each line is a signal, or is told of");
  must(read_spool(file) == first, "a second reading gives each the identity it had");
}

void log(const fuzz::Scratch& scratch, std::string_view text) {
  (void)scratch.write("outcomes.ndjson", text);
  auto reader = records::LogReader::open(scratch.path(), {});
  must(reader.has_value(), "a log can be read");
  std::size_t count = 0;
  for (;; ++count) {
    const auto record = reader->next();
    must(record.has_value(), "a log can be read on");
    if (!*record) break;
  }
  must(count == objects_in(text), "each line that is a record is given once");
}

}  // namespace

/// Files of lines that others append to: segments of the local feed, the spool, the log of
/// outcomes. The first byte says which.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  static const fuzz::Scratch scratch;
  static const bool made = fs::create_directories(scratch.path() / "feed");
  must(made, "a folder can be made");
  const auto text = cdctl::fuzz::as_text(data + 2, size - 2);
  if (data[0] == 'f') segments(scratch, text, data[1]);
  if (data[0] == 's') spool(scratch, text);
  if (data[0] == 'l') log(scratch, text);
  return 0;
}
