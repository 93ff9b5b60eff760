#pragma once

#include <catch2/catch.hpp>

#include <cdctl/error.hpp>

/// What a failed assertion on a Result shows: its error.
template <class T>
struct Catch::StringMaker<std::expected<T, cdctl::Error>> {
  static std::string convert(const std::expected<T, cdctl::Error>& result) {
    return result ? std::string("a value")
                  : "error " + std::to_string(static_cast<int>(result.error().exit)) + ": " +
                        result.error().what;
  }
};
