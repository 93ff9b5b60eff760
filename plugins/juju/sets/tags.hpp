#pragma once

#include <map>
#include <string>
#include <string_view>

#include "plugins/juju/client/call.hpp"

// What is known of a set lives in its model's `resource-tags`: read back from Juju alone, by any
// machine.

namespace cdctl::juju {

/// Key → value. Values of our own keys (`cdctl-…`) are as we mean them; all others are as Juju has
/// them, and are kept.
using Tags = std::map<std::string, std::string>;

/// `model-config resource-tags` of one model (`CONTROLLER:UUID`). Reads the object of some clients
/// and the `k=v k=v` of others.
[[nodiscard]] Asked<Tags> read_tags(const Access& access, std::string_view model,
                                    std::string_view attempt);

/// Sets all of them at once, and reads what is there afterwards: to be compared with what was
/// wanted, since a lost connection is no error here when that can be read. For change_tags alone
/// (tag_change.hpp).
[[nodiscard]] Asked<Tags> write_tags(const Access& access, std::string_view model, const Tags& all,
                                     std::string_view attempt);

/// The question that read_tags asks, and what it makes of the answer: for many models at once.
[[nodiscard]] Question tags_question(std::string_view model);
[[nodiscard]] Result<Tags> parse_tags(const Json& answer);
[[nodiscard]] Asked<Tags> take_tags(const Asked<Answer>& answer, std::string_view attempt);

/// `k=v k=v`, sorted; our own values percent-encoded. Exit code `failed` for what Juju would not
/// take.
[[nodiscard]] Result<std::string> tags_text(const Tags& tags);
[[nodiscard]] Tags tags_from_text(std::string_view text);

}  // namespace cdctl::juju
