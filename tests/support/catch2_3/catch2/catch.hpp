#pragma once

// The one header of Catch2 2 in the words of Catch2 3, which has split it and renamed what looks
// for a text in a text. In the way of the includes where that is the Catch2 of the machine
// (unit.cmake).

#include <concepts>
#include <string>
#include <utility>

#include <catch2/catch_approx.hpp>
#include <catch2/catch_message.hpp>
#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/catch_tostring.hpp>
#include <catch2/generators/catch_generators_all.hpp>
#include <catch2/matchers/catch_matchers_all.hpp>

using Catch::Approx;

namespace Catch {

namespace Matchers {

/// Of texts; that of Catch2 3 looks for an element in a range.
template <class Text>
  requires std::convertible_to<Text, std::string>
auto Contains(Text&& text) {
  return ContainsSubstring(std::string(std::forward<Text>(text)));
}

}  // namespace Matchers

using Matchers::Contains;
using Matchers::EndsWith;
using Matchers::StartsWith;

}  // namespace Catch
