#include <algorithm>
#include <filesystem>

#include <cdctl/text.hpp>

#include "core/metrics/tally.hpp"
#include "core/notify/outbox.hpp"
#include "tests/fuzz/answers.hpp"
#include "tests/fuzz/host.hpp"
#include "tests/fuzz/scratch.hpp"

using namespace cdctl;
using cdctl::fuzz::must;
namespace fs = std::filesystem;

namespace {

std::size_t objects_in(std::string_view text) {
  const auto whole = text.substr(0, text.rfind('\n') + 1);
  std::size_t count = 0;
  for (const auto line : lines(whole)) {
    const auto json = Json::parse(line);
    count += json && json->is_object();
  }
  return count;
}

void lay(const fuzz::Scratch& scratch, const std::string& name, std::string_view text) {
  if (text.empty())
    (void)::unlink((scratch.path() / "notify/hook" / name).c_str());
  else
    (void)scratch.write("notify/hook/" + name, text);
}

/// What waits for a receiver: how far it was sent, what is to be sent again, and what came.
void waiting(std::string_view text) {
  static const fuzz::Scratch scratch;
  static const auto opened = notify::Outbox::open(scratch.path(), "hook");
  must(opened.has_value(), "an outbox can be made");
  auto outbox = *opened;
  const auto position = fuzz::take_part(text), again = fuzz::take_part(text);
  lay(scratch, "position.json", position);
  lay(scratch, "again.ndjson", again);
  (void)scratch.write("notify/hook/1.ndjson", text);
  std::size_t given = 0;
  for (std::size_t turn = 0;; ++turn) {
    must(turn <= again.size() + text.size() + 2, "sending comes to an end");
    const auto batch = outbox.take(3, 1024);
    if (!batch) return must(fuzz::one_line(batch.error().what), "why is one line");
    must(batch->records.size() == batch->lines.size(), "a record has its line");
    if (batch->records.empty() && batch->unreadable == 0) break;
    given += batch->records.size();
    if (const auto noted = outbox.settle(*batch, {}); !noted)
      return must(!position.empty() && fuzz::one_line(noted.error().what),
                  "what was sent can be noted, where nobody has damaged how far that was");
  }
  const auto status = outbox.status(true);
  must(status && fuzz::one_line(status->why), "how it stands can be told");
  if (!position.empty()) return;
  must(given == objects_in(again) + objects_in(text), "each line that is a record is sent once");
  must(status->waiting <= static_cast<std::uint64_t>(std::ranges::count(again, '\n')),
       "and then nothing waits");
}

void tally(std::string_view text) {
  const auto json = Json::parse(text);
  if (!json) return;
  auto read = metrics::tally_from_json(*json);
  const auto printed = metrics::to_json(read).dump();
  must(metrics::to_json(metrics::tally_from_json(*Json::parse(printed))).dump() == printed,
       "a tally that was kept reads as it was");
  for (const auto& [key, count] : read.actions) must(count >= 0, "no count is below nothing");
  const Config config;
  read.count_outcome(*json, config);
  read.count_signal(*json, config);
  for (const auto& [action, histogram] : read.durations)
    must(histogram.count() >= 0, "nor is what is counted on");
}

}  // namespace

/// What notifications (`o`) and metrics (`t`) keep in the home.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto text = cdctl::fuzz::as_text(data + 1, size - 1);
  if (data[0] == 'o') waiting(text);
  if (data[0] == 't') tally(text);
  return 0;
}
