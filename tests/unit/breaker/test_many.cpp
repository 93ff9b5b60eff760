#include <catch2/catch.hpp>

#include "tests/unit/breaker/fixture.hpp"

using namespace cdctl;
using namespace cdctl::breaker;
using namespace std::chrono_literals;
using namespace breaker_test;

// The work of a breaker is counted in sets looked at, and grows with the signals: it does not
// matter how many sets there are, or how many of them are bad. That is not a question of time, so
// that a slow machine says the same.

namespace {

/// Looks of a run with `count` sets.
template <class Run>
std::uint64_t looks_of(const Run& run, int count) {
  return run(count).looks();
}

/// Ten times the sets within the same time are ten times the work, and little more.
template <class Run>
void check_linear(const Run& run) {
  const auto few = looks_of(run, 200), many = looks_of(run, 2000);
  CAPTURE(few, many);
  CHECK(many <= few * 11);
}

std::string numbered(std::string_view service, int i) {
  return fmt::format("{}-r{:010x}", service, i);
}
std::string service_no(int i) { return fmt::format("s{}", i); }

struct Quiet : Fixture {
  using Fixture::Fixture;
  std::uint64_t looks() const { return breaker.looks(); }
};

}  // namespace

TEST_CASE("sets of one service that go bad one by one cost the same each") {
  check_linear([](int count) {
    Quiet f(default_rules());
    for (int i = 0; i < count; ++i)
      f.add(numbered("thumbs", i), Severity::critical, Millis(3000) * i / count);
    f.breaker.settle(k_start + 10min);
    CHECK(f.verdicts.size() >= static_cast<std::size_t>(count) - 1);
    return f;
  });
}

TEST_CASE("sets of many services that go bad one by one cost the same each") {
  check_linear([](int count) {
    Quiet f({"critical >= 1"});
    for (int i = 0; i < count; ++i)
      f.add(numbered(service_no(i), 1), Severity::critical, Millis(3000) * i / count);
    return f;
  });
}

TEST_CASE("services that wait for their peers are decided one after the other at the end") {
  check_linear([](int count) {
    Quiet f(default_rules());
    for (int i = 0; i < count; ++i) {
      const Millis at = Millis(3000) * i / count;
      f.add(numbered(service_no(i), 1), Severity::info, at);
      f.add(numbered(service_no(i), 2), Severity::critical, at);
    }
    f.breaker.settle(k_start + 10min);
    CHECK(f.verdicts.size() == static_cast<std::size_t>(count));
    return f;
  });
}

TEST_CASE("what turns from everyone to not everyone and back with each signal costs no more") {
  check_linear([](int count) {
    Quiet f({"critical >= 1"});
    for (int i = 0; i < count; ++i) {
      const Millis at = Millis(3000) * i / count;
      f.add(numbered("thumbs", 3 * i), Severity::info, at);
      f.add(numbered("thumbs", 3 * i + 1), Severity::critical, at);
      f.add(numbered("thumbs", 3 * i), Severity::critical, at);
    }
    return f;
  });
}

TEST_CASE("what turns from everywhere to not everywhere and back costs no more") {
  check_linear([](int count) {
    Quiet f({"critical >= 1"});
    for (int i = 0; i < count; ++i) {
      const Millis at = Millis(3000) * i / count;
      f.add(numbered(service_no(4 * i), 1), Severity::critical, at);
      f.add(numbered(service_no(4 * i + 1), 1), Severity::info, at);
      f.add(numbered(service_no(4 * i + 2), 1), Severity::info, at);
      f.add(numbered(service_no(4 * i + 1), 1), Severity::critical, at);
    }
    return f;
  });
}

TEST_CASE("a comparison has a hundred peers, however many sets there are") {
  check_linear([](int count) {
    Quiet f({"errors > 3x baseline else 15 in 6m of at least 8"});
    for (int round = 0; round < 10; ++round)
      for (int i = 0; i < count; ++i) f.add(numbered("thumbs", i), Severity::error, 20s * round);
    f.tick(4min);
    return f;
  });
}

TEST_CASE("mended sets are asked for once a second, however many are bad together") {
  check_linear([](int count) {
    Quiet f({"critical >= 1"});
    for (int i = 0; i < count; ++i)
      f.add(numbered(service_no(i % 7), i), Severity::critical, Millis(3000) * i / count);
    CHECK(f.asked <= 4 * static_cast<std::size_t>(count));
    return f;
  });
}
