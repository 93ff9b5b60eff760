#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace cdctl::metrics {

/// How metrics are written down: what OpenMetrics 1.0 asks for, or the older text format of
/// Prometheus (0.0.4), which is all that node-exporter reads from a file.
enum class Format { openmetrics, prometheus };

[[nodiscard]] std::string_view content_type(Format format);
/// What a scraper wants that sends this `Accept`.
[[nodiscard]] Format format_for(std::string_view accept);

/// Seconds that actions took. The bounds are the same for all, so that they can be added up.
struct Histogram {
  static constexpr std::array<double, 10> k_bounds = {0.1, 0.5, 1, 2.5, 5, 15, 60, 300, 900, 3600};

  std::array<std::int64_t, k_bounds.size() + 1> counts{};  ///< of each bucket alone
  double sum = 0;

  void add(double seconds);
  [[nodiscard]] std::int64_t count() const;
};

/// Writes families of samples. Labels with an empty value are left out, since an empty label is no
/// label.
class Exposition {
 public:
  using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;
  enum class Type { gauge, counter, histogram, info };

  explicit Exposition(Format format) : format_(format) {}

  /// Begins a family. `name` without `_total` or `_info`; `unit` is the end of the name, or empty.
  void family(std::string_view name, Type type, std::string_view unit, std::string_view help);
  void sample(Labels labels, double value);
  void sample(Labels labels, const Histogram& histogram);
  /// Everything, with the end that OpenMetrics asks for.
  [[nodiscard]] std::string take();

 private:
  void line(std::string_view ending, Labels labels, std::string_view bound, double value);

  Format format_;
  std::string out_, name_;
  std::string head_;         ///< of a family that has no sample yet
  std::string_view ending_;  ///< of its samples
};

}  // namespace cdctl::metrics
