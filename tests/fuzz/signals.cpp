#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include <cdctl/json.hpp>
#include <cdctl/signal.hpp>
#include <cdctl/text.hpp>

#include "core/breaker/signal_scanner.hpp"
#include "tests/fuzz/property.hpp"

using namespace cdctl;
using cdctl::breaker::Observation;
using cdctl::breaker::SignalScanner;
using cdctl::fuzz::must;

namespace {

using Kind = SignalScanner::Kind;

/// A line as the scanner wants it, and no byte more.
class Line {
 public:
  explicit Line(std::string_view text)
      : size_(text.size()), bytes_(new char[text.size() + SignalScanner::k_padding]) {
    std::memcpy(bytes_.get(), text.data(), size_);
    std::memset(bytes_.get() + size_, 0, SignalScanner::k_padding);
  }
  [[nodiscard]] std::string_view view() const { return {bytes_.get(), size_}; }

 private:
  std::size_t size_;
  std::unique_ptr<char[]> bytes_;
};

void same(const Observation& a, const Observation& b) {
  must(a.set == b.set && a.signal == b.signal && a.unit == b.unit, "both read the same names");
  must(a.severity == b.severity && a.replayed == b.replayed, "both read the same words");
  must(a.time == b.time && a.received == b.received, "both read the same times");
  must(a.identity == b.identity, "both read the same identity");
  must(a.count_size == b.count_size, "both read as many counts");
  for (std::size_t i = 0; i < a.count_size; ++i)
    must(a.counts[i].name == b.counts[i].name && a.counts[i].value == b.counts[i].value,
         "both read the same counts");
}

/// What a reader of trees makes of the line: the members that come first, by what they hold.
struct Expected {
  Kind kind = Kind::bad;
  Json flat;
  bool made_up = false;  ///< an event without a time, or an id, has one of its reading

  [[nodiscard]] std::string_view text(std::string_view name) const { return flat[name].view(); }
};

Kind kind_of(const Json& flat) {
  const auto schema = flat["schema"].view();
  if (schema == "cdctl.error/1") return Kind::error;
  if (schema != "cdctl.signal/1")
    return schema.starts_with("cdctl.") && schema.ends_with("/1") ? Kind::other : Kind::bad;
  const auto time = parse_rfc3339(flat["time"].view()),
             received = parse_rfc3339(flat["received"].view());
  if (!parse_severity(flat["severity"].view()) || (!time && !received)) return Kind::bad;
  const auto expires = parse_rfc3339(flat["expires"].view());
  return expires && *expires < received.value_or(time.value_or(Time())) ? Kind::expired
                                                                        : Kind::signal;
}

Expected expected(std::string_view line) {
  auto json = Json::parse(line);
  if (!json || !json->is_object()) return {};
  Expected out;
  if (json->find("specversion")) {
    for (const auto* name : {"time", "id"})
      out.made_up =
          out.made_up || ((*json)[name].view().empty() && (*json)["data"][name].view().empty());
    auto flat = from_either_form(std::move(*json));
    if (!flat) return out;
    out.flat = std::move(*flat);
  } else {
    out.flat = std::move(*json);
  }
  out.kind = kind_of(out.flat);
  return out;
}

void check_counts(const Observation& seen, const Json& counts) {
  std::size_t at = 0;
  for (const auto& [name, value] : counts.members()) {
    if (at == Observation::k_most_counts) break;
    const auto number = value.as_double(-1);
    if (!value.is_number() || number < 0 || number > 9e15) continue;
    must(at < seen.count_size && seen.counts[at].name == name &&
             seen.counts[at].value == static_cast<std::uint64_t>(number),
         "a count is the one of the tree");
    ++at;
  }
  must(at == seen.count_size, "there are no other counts");
}

void check(const SignalScanner& scanner, Kind kind, const Expected& tree) {
  must(kind == tree.kind, "the scanner and the reader of trees accept the same lines");
  if (kind == Kind::error)
    must(scanner.service() == tree.text("service") && scanner.why() == tree.text("while"),
         "an error record says whose it is");
  if (kind != Kind::signal && kind != Kind::expired) return;
  const auto& seen = scanner.observation();
  must(seen.set == tree.text("set") && seen.signal == tree.text("signal") &&
           seen.unit == tree.text("unit"),
       "the names are those of the tree");
  auto severity = *parse_severity(tree.text("severity"));
  if (tree.flat["cleared"].as_bool()) severity = std::min(severity, Severity::info);
  must(seen.severity == severity, "the severity is the one of the tree");
  must(seen.time == event_time(tree.flat), "the time is the one of the tree");
  must(seen.received == parse_rfc3339(tree.text("received")).value_or(seen.received),
       "it was received when the tree says");
  must(seen.replayed == tree.flat["replayed"].as_bool(), "what is replayed is");
  check_counts(seen, tree.flat["counts"]);
}

/// The same record as one that the fast path gives up on at once.
std::string for_the_tree(std::string_view line) {
  const auto brace = line.find('{');
  if (brace == std::string_view::npos) return std::string(line);
  const auto rest = line.substr(brace + 1);
  const auto next = rest.find_first_not_of(" \t\r");
  const bool empty = next != std::string_view::npos && rest[next] == '}';
  return std::string(line.substr(0, brace + 1)) + (empty ? "\"_\":[]" : "\"_\":[],") +
         std::string(rest);
}

}  // namespace

/// Each line read by one scanner that remembers the lines before, by another one's slow path, and
/// by the reader of trees: all three agree.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  SignalScanner fast;
  static SignalScanner slow;
  for (const auto text : lines(cdctl::fuzz::as_text(data, size))) {
    const Line line(text);
    const auto kind = fast.scan(line.view());
    const auto tree = expected(text);
    if (tree.made_up) continue;
    check(fast, kind, tree);
    const auto other = for_the_tree(text);
    if (other.size() > 4000) continue;
    const Line long_way(other);
    must(slow.scan(long_way.view()) == kind, "both ways accept the same lines");
    if (kind == Kind::signal || kind == Kind::expired) same(fast.observation(), slow.observation());
  }
  return 0;
}
