#include <catch2/catch.hpp>

#include "core/actions/trial.hpp"

using namespace cdctl;
using namespace cdctl::actions;
using End = actions::TrialState::End;

namespace {

const Time k_begin = *parse_rfc3339("2026-11-23T10:00:00.000Z");
End judged(std::int64_t messages, bool early, const Settled& seen, Millis after) {
  return actions::judge_trial({k_begin, k_begin + Millis(60'000), messages, early, "alice@web1"},
                              seen, k_begin + after)
      .end;
}
constexpr Millis k_soon{5'000}, k_end{60'000};

}  // namespace

TEST_CASE("a trial goes on until its end, or until enough is acknowledged") {
  CHECK(judged(1, false, {50, 0, 1}, k_soon) == End::running);
  CHECK(judged(1, false, {50, 0, 1}, k_end) == End::passed);
  CHECK(judged(20, true, {19, 0, 1}, k_soon) == End::running);
  CHECK(judged(20, true, {20, 0, 1}, k_soon) == End::passed);
  CHECK(judged(20, true, {19, 0, 1}, k_end) == End::failed);
}

TEST_CASE("an unanswered trial has failed") {
  CHECK(judged(1, false, {0, 0, 0}, k_end - Millis(1)) == End::running);
  CHECK(judged(1, false, {0, 0, 0}, k_end) == End::failed);
  CHECK(judged(1, false, {0, 0, 1}, k_end) == End::failed);
}

TEST_CASE("what comes back fails a trial, at once when there is no doubt") {
  CHECK(judged(20, true, {20, 2, 1}, k_soon) == End::passed);  // a tenth
  CHECK(judged(20, true, {20, 3, 1}, k_soon) == End::running);
  CHECK(judged(20, true, {20, 3, 1}, k_end) == End::failed);
  CHECK(judged(20, true, {0, 4, 1}, k_soon) == End::running);
  CHECK(judged(20, true, {0, 5, 1}, k_soon) == End::failed);
  CHECK(judged(1, false, {10, 5, 1}, k_soon) == End::failed);
  CHECK(judged(1, false, {100, 5, 1}, k_end) == End::passed);
}
