#include "core/breaker/signal_scanner.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <simdjson.h>

#include <cdctl/text.hpp>

#include "core/breaker/flat_text.hpp"
#include "core/breaker/set_index.hpp"

namespace cdctl::breaker {

struct SignalScanner::Parser {
  simdjson::dom::parser parser;
};

SignalScanner::SignalScanner() : parser_(std::make_unique<Parser>()) {}
SignalScanner::~SignalScanner() = default;

namespace {

constexpr auto k_slack = std::chrono::seconds(30);
constexpr std::size_t k_to_minute = 17;                           ///< `2026-11-23T04:11:`
constexpr std::size_t k_exact = 24;                               ///< `2026-11-23T04:11:30.120Z`
constexpr std::uint64_t k_highest_count = 9'000'000'000'000'000;  ///< more than anybody counts
constexpr std::string_view k_no_text("", 0);  ///< what a member says that holds no text

std::uint64_t identity_of(std::string_view set, std::string_view id) {
  if (id.empty()) return 0;
  const auto mixed = quick_hash(id) ^ (quick_hash(set) * 0x9e3779b97f4a7c15ULL);
  return mixed == 0 ? 1 : mixed;
}

bool digit(char c) { return c >= '0' && c <= '9'; }
int pair_of(const char* at) { return (at[0] - '0') * 10 + at[1] - '0'; }

std::optional<Severity> severity_of(std::string_view text) {
  if (text == "info") return Severity::info;
  if (text == "error") return Severity::error;
  if (text == "warning") return Severity::warning;
  return parse_severity(text);
}

}  // namespace

void SignalScanner::field(Fields& fields, std::string_view key, std::string_view text) {
  // On a repeated key the first wins, as everywhere, whatever it holds.
  const auto set = [&](std::string_view& slot) {
    if (slot.data() == nullptr) slot = text;
  };
  switch (key.size()) {
    case 2:
      if (key == "id") set(fields.id);
      break;
    case 3:
      if (key == "set") set(observation_.set);
      break;
    case 4:
      if (key == "time")
        set(fields.time);
      else if (key == "unit")
        set(observation_.unit);
      break;
    case 5:
      if (key == "while") set(fields.doing);
      break;
    case 6:
      if (key == "schema")
        set(fields.schema);
      else if (key == "signal")
        set(observation_.signal);
      break;
    case 7:
      if (key == "service")
        set(fields.service);
      else if (key == "expires")
        set(fields.expires);
      else if (key == "cleared")
        fields.cleared = fields.cleared.value_or(false);
      break;
    case 8:
      if (key == "severity")
        set(fields.severity);
      else if (key == "received")
        set(fields.received);
      else if (key == "replayed")
        fields.replayed = fields.replayed.value_or(false);
      break;
    default:
      break;
  }
}

void SignalScanner::flag(Fields& fields, std::string_view key, bool value) {
  if (key == "cleared")
    fields.cleared = fields.cleared.value_or(value);
  else if (key == "replayed")
    fields.replayed = fields.replayed.value_or(value);
  else
    field(fields, key, k_no_text);
}

void SignalScanner::add_count(std::string_view name, std::uint64_t value) {
  if (value <= k_highest_count && observation_.count_size < Observation::k_most_counts)
    observation_.counts[observation_.count_size++] = {name, value};
}

void SignalScanner::add_count(std::string_view name, double value) {
  if (value >= 0 && value <= static_cast<double>(k_highest_count))
    add_count(name, static_cast<std::uint64_t>(value));
}

bool SignalScanner::scan_flat(std::string_view line, Fields& fields) {
  FlatText text(line);
  if (!text.take('{')) return false;
  bool counted = false;
  std::string_view key, value;
  do {
    if (!text.string(key) || key == "specversion" || !text.take(':')) return false;
    const bool counts = key == "counts" && !std::exchange(counted, true);
    if (text.sees('"')) {
      if (!text.string(value)) return false;
      field(fields, key, value);
    } else if (counts && text.take('{')) {
      if (text.take('}')) continue;
      do {
        std::string_view name;
        if (!text.string(name) || !text.take(':')) return false;
        const auto number = text.number();
        if (!number) return false;
        add_count(name, *number);
      } while (text.take(','));
      if (!text.take('}')) return false;
    } else {
      const bool truth = text.sees('t');
      if (!text.skip_scalar()) return false;
      flag(fields, key, truth);
    }
  } while (text.take(','));
  return text.take('}') && text.at_end();
}

SignalScanner::Kind SignalScanner::scan(std::string_view line) {
  observation_ = {};
  Fields fields;
  if (scan_flat(line, fields)) return take(fields);
  return scan_tree(line);
}

SignalScanner::Kind SignalScanner::scan_tree(std::string_view line) {
  simdjson::dom::element element;
  // Numbers that the parser cannot hold are none of those that matter, and pass through elsewhere.
  if (parser_->parser.parse(line.data(), line.size(), false).get(element)) return take_slowly(line);
  simdjson::dom::object object;
  if (element.get(object)) {
    why_ = "not a JSON object";
    return Kind::bad;
  }
  observation_ = {};
  Fields fields;
  bool counted = false;
  for (const auto member : object) {
    std::string_view text;
    simdjson::dom::object counts;
    bool truth = false;
    if (member.key == "specversion") return take_slowly(line);
    const bool first_counts = member.key == "counts" && !std::exchange(counted, true);
    if (!member.value.get(text)) {
      field(fields, member.key, text);
    } else if (first_counts && !member.value.get(counts)) {
      for (const auto count : counts) {
        std::uint64_t whole = 0;
        double real = 0;
        if (!count.value.get(whole))
          add_count(count.key, whole);
        else if (!count.value.get(real))
          add_count(count.key, real);
      }
    } else {
      flag(fields, member.key, !member.value.get(truth) && truth);
    }
  }
  return take(fields);
}

SignalScanner::Kind SignalScanner::take(const Fields& fields) {
  if (fields.schema == "cdctl.error/1") {
    service_ = fields.service;
    why_ = fields.doing;
    return Kind::error;
  }
  if (fields.schema != "cdctl.signal/1") {
    if (fields.schema.starts_with("cdctl.") && fields.schema.ends_with("/1")) return Kind::other;
    why_ = fields.schema.empty()
               ? "no schema"
               : fmt::format("schema '{}' is not known here", printable(fields.schema, 60));
    return Kind::bad;
  }
  const auto level = severity_of(fields.severity);
  const auto at = time_of(fields.time),
             seen = fields.received == fields.time ? at : time_of(fields.received);
  if (!level || (!at && !seen)) {
    why_ = !level ? fmt::format("severity '{}' is not known", printable(fields.severity, 40))
                  : "no usable time";
    return Kind::bad;
  }
  observation_.severity = fields.cleared.value_or(false)
                              ? std::min(*level, Severity::info)
                              : *level;  // that a condition is over is good news
  observation_.received = seen ? *seen : *at;
  observation_.time =
      at && seen ? std::clamp(*at, *seen - k_slack, *seen + k_slack) : observation_.received;
  observation_.replayed = fields.replayed.value_or(false);
  observation_.identity = identity_of(observation_.set, fields.id);
  if (!fields.expires.empty())
    if (const auto end = time_of(fields.expires); end && *end < observation_.received)
      return Kind::expired;
  return Kind::signal;
}

std::optional<Time> SignalScanner::time_of(std::string_view text) {
  if (text.size() == k_exact && text.back() == 'Z' && text[19] == '.' &&
      text.substr(0, k_to_minute) == minute_) {
    const auto* s = text.data() + k_to_minute;
    if (digit(s[0]) && digit(s[1]) && digit(s[3]) && digit(s[4]) && digit(s[5]) && s[0] < '6')
      return minute_start_ + Millis(pair_of(s) * 1000 + pair_of(s + 3) * 10 + s[5] - '0');
  }
  const auto out = parse_rfc3339(text);
  if (out && text.size() == k_exact && text.back() == 'Z' && text[19] == '.') {
    minute_ = text.substr(0, k_to_minute);
    minute_start_ = std::chrono::floor<std::chrono::minutes>(*out);
    if (text[k_to_minute] == '6') minute_.clear();  // a leap second belongs to the next minute
  }
  return out;
}

SignalScanner::Kind SignalScanner::take_slowly(std::string_view line) {
  auto flat = Json::parse(line);
  if (flat && !flat->is_object()) flat = fail("not a JSON object");
  if (flat && flat->find("specversion")) flat = from_either_form(std::move(*flat));
  if (!flat) {
    why_ = flat.error().what;
    return Kind::bad;
  }
  kept_ = std::move(*flat);
  observation_ = {};
  Fields fields;
  for (const auto& [key, value] : kept_.members())
    if (value.is_string())
      field(fields, key, value.view());
    else
      flag(fields, key, value.as_bool());
  for (const auto& [name, value] : kept_["counts"].members())
    if (value.is_number()) add_count(name, value.as_double(-1));
  return take(fields);
}

}  // namespace cdctl::breaker
