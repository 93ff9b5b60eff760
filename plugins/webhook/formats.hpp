#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <cdctl/json.hpp>
#include <cdctl/notice.hpp>

namespace cdctl::webhook {

/// What is sent for one record.
struct Message {
  std::string body, content_type = "application/json";
};

/// How records are written for a receiver.
enum class Format {
  slack,        ///< a line of text: Slack, Mattermost, Rocket.Chat
  teams,        ///< an adaptive card: workflows of Microsoft Teams
  cloudevents,  ///< CloudEvents 1.0, structured, of every record
  cdevents,     ///< CDEvents 0.5.1 in CloudEvents, of what they have a word for
  json,         ///< the record as it is
  text          ///< a template of one's own
};
[[nodiscard]] std::optional<Format> parse_format(std::string_view text);
/// For an error: `slack, teams, …`.
[[nodiscard]] std::string_view format_names();

struct Style {
  Format format = Format::slack;
  std::string text;                     ///< the template: `<summary>`, `<severity>`, …
  std::string content_type;             ///< of that; a JSON type escapes what is put in
  std::string environment = "default";  ///< CDEvents wants one
  std::string source = "cdctl";         ///< whose events these are
};

/// The messages of a record, in order; none where the format has no word for it.
[[nodiscard]] std::vector<Message> messages_of(const Json& record, const Style& style);
/// Whether a record is worth a line in a chat, or an event.
[[nodiscard]] bool is_for(const Json& record, Format format);
/// The names that a template may have in angle brackets that there are not; empty = all are known.
[[nodiscard]] std::string unknown_name(std::string_view text);

}  // namespace cdctl::webhook
