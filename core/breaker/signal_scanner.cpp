#include "core/breaker/signal_scanner.hpp"

#include <algorithm>

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
constexpr std::size_t k_to_minute = 17;  ///< `2026-11-23T04:11:`
constexpr std::size_t k_exact = 24;      ///< `2026-11-23T04:11:30.120Z`

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
  const auto set = [&](std::string_view& slot) {
    if (slot.data() == nullptr) slot = text;  // on a repeated key the first wins
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
      break;
    case 8:
      if (key == "severity")
        set(fields.severity);
      else if (key == "received")
        set(fields.received);
      break;
    default:
      break;
  }
}

void SignalScanner::add_count(std::string_view name, std::uint64_t value) {
  if (observation_.count_size < Observation::k_most_counts)
    observation_.counts[observation_.count_size++] = {name, value};
}

bool SignalScanner::scan_flat(std::string_view line, Fields& fields) {
  FlatText text(line);
  if (!text.take('{')) return false;
  bool counted = false;
  std::string_view key, value;
  do {
    if (!text.string(key) || key == "specversion" || !text.take(':')) return false;
    if (text.sees('"')) {
      if (!text.string(value)) return false;
      field(fields, key, value);
    } else if (key == "counts" && !counted && text.take('{')) {
      counted = true;
      if (text.take('}')) continue;
      do {
        std::string_view name;
        if (!text.string(name) || !text.take(':')) return false;
        const auto number = text.number();
        if (!number) return false;
        add_count(name, *number);
      } while (text.take(','));
      if (!text.take('}')) return false;
    } else if (text.sees('t') && (key == "cleared" || key == "replayed")) {
      if (!text.skip_scalar()) return false;
      (key == "cleared" ? fields.cleared : fields.replayed) = true;
    } else if (!text.skip_scalar()) {
      return false;
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
  if (const auto error = parser_->parser.parse(line.data(), line.size(), false).get(element)) {
    why_ = std::string("not valid JSON: ") + simdjson::error_message(error);
    return Kind::bad;
  }
  simdjson::dom::object object;
  if (element.get(object)) {
    why_ = "not a JSON object";
    return Kind::bad;
  }
  observation_ = {};
  Fields fields;
  for (const auto member : object) {
    std::string_view text;
    simdjson::dom::object counts;
    if (bool cleared = false; member.key == "cleared" && !member.value.get(cleared))
      fields.cleared = fields.cleared || cleared;
    if (bool replayed = false; member.key == "replayed" && !member.value.get(replayed))
      fields.replayed = fields.replayed || replayed;
    if (member.key == "specversion") return take_slowly(line);
    if (!member.value.get(text)) {
      field(fields, member.key, text);
    } else if (member.key == "counts" && observation_.count_size == 0 &&
               !member.value.get(counts)) {
      for (const auto count : counts) {
        std::uint64_t whole = 0;
        double real = 0;
        if (!count.value.get(whole))
          add_count(count.key, whole);
        else if (!count.value.get(real) && real >= 0 && real < 1e15)
          add_count(count.key, static_cast<std::uint64_t>(real));
      }
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
  observation_.severity = fields.cleared ? std::min(*level, Severity::info)
                                         : *level;  // that a condition is over is good news
  observation_.received = seen ? *seen : *at;
  observation_.time =
      at && seen ? std::clamp(*at, *seen - k_slack, *seen + k_slack) : observation_.received;
  observation_.replayed = fields.replayed;
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
  auto json = Json::parse(line);
  auto flat = json ? from_either_form(std::move(*json)) : std::move(json);
  if (!flat) {
    why_ = flat.error().what;
    return Kind::bad;
  }
  kept_ = std::move(*flat);
  observation_ = {};
  Fields fields;
  for (const auto& [key, value] : kept_.members())
    if (value.is_string()) field(fields, key, value.view());
  fields.cleared = kept_["cleared"].as_bool();
  for (const auto& [name, value] : kept_["counts"].members())
    if (value.is_number() && value.as_double() >= 0)
      add_count(name, static_cast<std::uint64_t>(value.as_double()));
  return take(fields);
}

}  // namespace cdctl::breaker
