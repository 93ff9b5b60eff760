#pragma once

#include <cstddef>
#include <exception>
#include <string>
#include <utility>
#include <vector>

#include <cdctl/error.hpp>

namespace cdctl {

/// What `f` gives, a Result; an exception becomes its error.
template <class F>
auto guarded(F&& f) noexcept -> decltype(f()) {
  try {
    return f();
  } catch (const std::exception& e) {
    return fail(std::string("internal error: ") + e.what());
  } catch (...) {
    return fail("internal error: unknown exception");
  }
}

/// What `f` gives, or `otherwise` when it throws.
template <class T, class F>
T guarded_or(T otherwise, F&& f) noexcept {
  try {
    return f();
  } catch (...) {
    return otherwise;
  }
}

/// The answers of `f` to `count` questions, as a vector of Results; an exception becomes the error
/// of each.
template <class F>
auto guarded_each(std::size_t count, F&& f) noexcept -> decltype(f()) {
  using Answers = decltype(f());
  try {
    return f();
  } catch (const std::exception& e) {
    return Answers(count, fail(ExitCode::unknown, std::string("internal error: ") + e.what()));
  } catch (...) {
    return Answers(count, fail(ExitCode::unknown, "internal error: unknown exception"));
  }
}

}  // namespace cdctl
