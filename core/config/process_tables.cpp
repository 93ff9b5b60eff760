#include "core/config/process_tables.hpp"

#include <charconv>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include <cdctl/text.hpp>
#include <cdctl/time.hpp>

namespace cdctl::config {

namespace {

/// Calls `one` for each process of the table `key`; `such_as`: what stands behind one.
void for_each_process(const files::TomlFile& file, std::string_view key, std::string_view such_as,
                      Problems& problems,
                      const std::function<void(const std::string& process,
                                               const std::string& dotted, const Json&)>& one) {
  const auto& table = file.table[key];
  const auto report = [&](std::string_view dotted, std::string_view what) {
    problems.push_back(bad(file, dotted, what).error());
  };
  if (table.is_null()) return;
  if (!table.is_object())
    return report(key, fmt::format("'{}' must be a table by process, such as {{ worker = {} }}",
                                   key, such_as));
  for (const auto& [name, value] : table.members()) {
    const auto dotted = fmt::format("{}.{}", key, name);
    if (valid_word(name))
      one(name, dotted, value);
    else
      report(dotted, fmt::format("'{}' is no process name", printable(name, 40)));
  }
}

/// Reads the bounds of one process.
class BoundsReader {
 public:
  BoundsReader(const files::TomlFile& file, const std::string& dotted, const Json& table,
               Problems& problems)
      : file_(file), dotted_(dotted), table_(table), problems_(problems) {}

  ScaleBounds read() {
    ScaleBounds out;
    if (!table_.is_object()) {
      report("", "must be a table such as { min = 1, max = 8 }");
      return out;
    }
    check_keys(file_, dotted_, table_, {"min", "max", "queues", "drain", "settle"}, problems_);
    const auto& min = table_["min"];
    const auto& max = table_["max"];
    if ((!min.is_null() && !min.is_int()) || !max.is_int() || min.as_int(1) < 1 ||
        max.as_int() > 1000 || min.as_int(1) > max.as_int())
      report("", "needs a min (1) and a max, from 1 to 1000, such as { min = 1, max = 8 }");
    out.min = min.as_int(1);
    out.max = max.as_int();
    queues(out.queues);
    duration("drain", std::chrono::seconds(1), out.drain);
    duration("settle", Millis(0), out.settle);
    return out;
  }

 private:
  void report(std::string_view key, std::string_view what) {
    const auto whole = key.empty() ? dotted_ : fmt::format("{}.{}", dotted_, key);
    problems_.push_back(bad(file_, whole, fmt::format("'{}' {}", whole, what)).error());
  }
  void queues(std::vector<std::string>& out) {
    const auto& value = table_["queues"];
    if (value.is_null()) return;
    if (!value.is_array()) return report("queues", "must be a list of names of queues");
    for (const auto& item : value.items()) {
      if (item.view().empty()) return report("queues", "must be a list of names of queues");
      out.push_back(item.as_string());
    }
  }
  void duration(std::string_view key, Millis least, Millis& out) {
    const auto& value = table_[key];
    if (value.is_null()) return;
    const auto read = parse_duration(value.view());
    if (!read || *read < least)
      return report(key,
                    fmt::format("must be a duration such as \"5m\", from {}", to_duration(least)));
    out = *read;
  }

  const files::TomlFile& file_;
  const std::string& dotted_;
  const Json& table_;
  Problems& problems_;
};

std::optional<std::int64_t> bytes(std::string_view text) {
  std::int64_t out = 0;
  const auto* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, out);
  const std::string_view unit(stop, static_cast<std::size_t>(end - stop));
  if (error != std::errc() || (unit != "M" && unit != "G") || out < 1 ||
      out > (unit == "M" ? 1024 * 1024 : 1024))
    return {};
  return out << (unit == "M" ? 20 : 30);
}

std::optional<std::int64_t> thousandths(const Json& value) {
  const auto processors = value.is_number() ? value.as_double() : 0;
  if (!(processors >= 0.01 && processors <= 1024)) return {};  // TOML has a nan
  return static_cast<std::int64_t>(processors * 1000 + 0.5);
}

}  // namespace

void read_scale(const files::TomlFile& file, ServiceConfig& out, Problems& problems) {
  for_each_process(file, "scale", "{ min = 1, max = 8 }", problems,
                   [&](const std::string& process, const std::string& dotted, const Json& value) {
                     out.scale[process] = BoundsReader(file, dotted, value, problems).read();
                   });
  if (out.scale.size() < 2) return;
  for (const auto& [process, bounds] : out.scale)
    if (bounds.queues.empty())
      problems.push_back(bad(file, "scale." + process,
                             fmt::format("'scale.{}' must say whose work it does, such as queues = "
                                         "[\"thumbs\"]: more than one process is scaled",
                                         process))
                             .error());
}

void read_limits(const files::TomlFile& file, ServiceConfig& out, Problems& problems) {
  const auto report = [&](const std::string& dotted, std::string_view what) {
    problems.push_back(bad(file, dotted, fmt::format("'{}' must be {}", dotted, what)).error());
  };
  for_each_process(file, "memory", "\"512M\"", problems,
                   [&](const std::string& process, const std::string& dotted, const Json& value) {
                     if (const auto read = bytes(value.view()))
                       out.limits[process].memory = *read;
                     else
                       report(dotted, "a size such as \"512M\" or \"2G\", from 1M to 1024G");
                   });
  for_each_process(file, "cpu", "1.5", problems,
                   [&](const std::string& process, const std::string& dotted, const Json& value) {
                     if (const auto read = thousandths(value))
                       out.limits[process].cpu = *read;
                     else
                       report(dotted, "a number of processors such as 1.5, from 0.01 to 1024");
                   });
}

}  // namespace cdctl::config
