#include <catch2/catch.hpp>

#include "core/metrics/exposition.hpp"

using namespace cdctl::metrics;

TEST_CASE("OpenMetrics names a family without what its samples end with") {
  Exposition out(Format::openmetrics);
  out.family("cdctl_actions", Exposition::Type::counter, "", "What was done");
  out.sample({{"service", "thumbs"}, {"target", ""}}, 3);
  out.family("cdctl_build", Exposition::Type::info, "", "The cdctl that was asked");
  out.sample({{"version", "1"}}, 1);
  out.family("cdctl_age_seconds", Exposition::Type::gauge, "seconds", "An age");
  out.sample({}, 0.25);
  CHECK(out.take() ==
        "# HELP cdctl_actions What was done\n# TYPE cdctl_actions counter\n"
        "cdctl_actions_total{service=\"thumbs\"} 3\n"
        "# HELP cdctl_build The cdctl that was asked\n# TYPE cdctl_build info\n"
        "cdctl_build_info{version=\"1\"} 1\n"
        "# HELP cdctl_age_seconds An age\n# TYPE cdctl_age_seconds gauge\n"
        "# UNIT cdctl_age_seconds seconds\ncdctl_age_seconds 0.25\n# EOF\n");
}

TEST_CASE("the older format names a family as its samples, and knows neither info nor an end") {
  Exposition out(Format::prometheus);
  out.family("cdctl_actions", Exposition::Type::counter, "", "What was done");
  out.sample({}, 3);
  out.family("cdctl_build", Exposition::Type::info, "", "The cdctl that was asked");
  out.sample({{"version", "1"}}, 1);
  CHECK(out.take() ==
        "# HELP cdctl_actions_total What was done\n# TYPE cdctl_actions_total counter\n"
        "cdctl_actions_total 3\n"
        "# HELP cdctl_build_info The cdctl that was asked\n# TYPE cdctl_build_info gauge\n"
        "cdctl_build_info{version=\"1\"} 1\n");
}

TEST_CASE("a family without a sample is left out, and labels are escaped") {
  Exposition out(Format::prometheus);
  out.family("cdctl_none", Exposition::Type::gauge, "", "Nothing");
  out.family("cdctl_odd", Exposition::Type::gauge, "", "Odd names");
  out.sample({{"queue", "a\"b\\c\nd"}}, -1);
  CHECK(out.take() ==
        "# HELP cdctl_odd Odd names\n# TYPE cdctl_odd gauge\n"
        "cdctl_odd{queue=\"a\\\"b\\\\c\\nd\"} -1\n");
}

TEST_CASE("the buckets of a histogram add up") {
  Histogram times;
  for (const double seconds : {0.05, 0.1, 0.2, 30.0, 4000.0, -1.0}) times.add(seconds);
  CHECK(times.count() == 6);
  Exposition out(Format::openmetrics);
  out.family("cdctl_t_seconds", Exposition::Type::histogram, "seconds", "Times");
  out.sample({{"action", "break"}}, times);
  const auto text = out.take();
  CHECK(text.contains("cdctl_t_seconds_bucket{action=\"break\",le=\"0.1\"} 3\n"));
  CHECK(text.contains("cdctl_t_seconds_bucket{action=\"break\",le=\"1.0\"} 4\n"));
  CHECK(text.contains("cdctl_t_seconds_bucket{action=\"break\",le=\"60.0\"} 5\n"));
  CHECK(text.contains("cdctl_t_seconds_bucket{action=\"break\",le=\"+Inf\"} 6\n"));
  CHECK(text.contains("cdctl_t_seconds_count{action=\"break\"} 6\n"));
  CHECK(text.contains("cdctl_t_seconds_sum{action=\"break\"} 4030.35\n"));
}

TEST_CASE("a scraper gets the format that it asks for") {
  CHECK(format_for("application/openmetrics-text;version=1.0.0,text/plain;q=0.5") ==
        Format::openmetrics);
  CHECK(format_for("text/plain;version=0.0.4") == Format::prometheus);
  CHECK(format_for("") == Format::prometheus);
}
