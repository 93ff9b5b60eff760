#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <cdctl/json.hpp>
#include <cdctl/time.hpp>

namespace cdctl::forges {

/// The commit that was the head of a change request at a time, by what its server has made of each
/// head it has seen: `created_at` is the member with the time of that, `commit` that with the
/// commit. Empty where it does not tell.
[[nodiscard]] std::string head_at(const Json::Array& seen, std::string_view created_at,
                                  std::string_view commit, std::optional<Time> at);

}  // namespace cdctl::forges
