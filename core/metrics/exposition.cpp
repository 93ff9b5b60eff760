#include "core/metrics/exposition.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numeric>
#include <utility>

#include <fmt/format.h>

namespace cdctl::metrics {

std::string_view content_type(Format format) {
  return format == Format::openmetrics
             ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
             : "text/plain; version=0.0.4; charset=utf-8";
}

Format format_for(std::string_view accept) {
  return accept.find("application/openmetrics-text") == std::string_view::npos
             ? Format::prometheus
             : Format::openmetrics;
}

void Histogram::add(double seconds) {
  if (!(seconds >= 0)) seconds = 0;  // a clock that was set back
  const auto at = std::ranges::lower_bound(k_bounds, seconds);
  ++counts[static_cast<std::size_t>(at - k_bounds.begin())];
  sum += seconds;
}

std::int64_t Histogram::count() const {
  return std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
}

namespace {

std::string_view word(Exposition::Type type) {
  switch (type) {
    case Exposition::Type::counter:
      return "counter";
    case Exposition::Type::histogram:
      return "histogram";
    case Exposition::Type::info:
      return "info";
    case Exposition::Type::gauge:
      break;
  }
  return "gauge";
}

void append_escaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (c == '\n')
      out += "\\n";
    else if (c == '\\' || c == '"')
      (out += '\\') += c;
    else
      out += c;
  }
}

std::string number(double value) {
  if (std::abs(value) < 1e15 && value == std::floor(value))
    return fmt::format("{}", static_cast<std::int64_t>(value));
  return fmt::format("{}", value);
}

/// As OpenMetrics writes a bound: with a point.
std::string bound_text(std::size_t bucket) {
  if (bucket == Histogram::k_bounds.size()) return "+Inf";
  auto text = fmt::format("{}", Histogram::k_bounds[bucket]);
  return text.find('.') == std::string::npos ? text + ".0" : text;
}

}  // namespace

void Exposition::family(std::string_view name, Type type, std::string_view unit,
                        std::string_view help) {
  name_ = name;
  const bool open = format_ == Format::openmetrics;
  auto kind = word(type);
  if (type == Type::counter && !open) name_ += "_total";
  if (type == Type::info && !open) {
    name_ += "_info";
    kind = "gauge";
  }
  head_ = fmt::format("# HELP {} {}\n# TYPE {} {}\n", name_, help, name_, kind);
  if (open && !unit.empty())
    fmt::format_to(std::back_inserter(head_), "# UNIT {} {}\n", name_, unit);
  // OpenMetrics names the family without what its samples end with
  ending_ = !open ? "" : type == Type::counter ? "_total" : type == Type::info ? "_info" : "";
}

void Exposition::line(std::string_view ending, Labels labels, std::string_view bound,
                      double value) {
  out_ += std::exchange(head_, {});
  ((out_ += name_) += ending.empty() ? ending_ : ending);
  char before = '{';
  const auto label = [&](std::string_view name, std::string_view text) {
    if (text.empty()) return;
    out_ += std::exchange(before, ',');
    (out_ += name) += "=\"";
    append_escaped(out_, text);
    out_ += '"';
  };
  for (const auto& [name, text] : labels) label(name, text);
  label("le", bound);
  if (before == ',') out_ += '}';
  ((out_ += ' ') += number(value)) += '\n';
}

void Exposition::sample(Labels labels, double value) { line({}, labels, {}, value); }

void Exposition::sample(Labels labels, const Histogram& histogram) {
  std::int64_t below = 0;
  for (std::size_t i = 0; i < histogram.counts.size(); ++i) {
    below += histogram.counts[i];
    line("_bucket", labels, bound_text(i), static_cast<double>(below));
  }
  line("_sum", labels, {}, histogram.sum);
  line("_count", labels, {}, static_cast<double>(histogram.count()));
}

std::string Exposition::take() {
  if (format_ == Format::openmetrics) out_ += "# EOF\n";
  return std::move(out_);
}

}  // namespace cdctl::metrics
