#include "plugins/git/review_tag.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include <cdctl/text.hpp>

namespace cdctl::git {

namespace {

constexpr std::string_view k_ssh_signature = "-----BEGIN SSH SIGNATURE-----";
constexpr std::string_view k_any_signature = "-----BEGIN ";

/// The seconds in `tagger Alice <alice@example.com> 1700000000 +0100`.
std::optional<Time> time_of(std::string_view tagger) {
  const auto end = tagger.rfind('>');
  if (end == tagger.npos) return {};
  const auto rest = trimmed(tagger.substr(end + 1));
  std::int64_t seconds = 0;
  const auto [stop, error] = std::from_chars(rest.data(), rest.data() + rest.size(), seconds);
  if (error != std::errc() || seconds < 0 || seconds > 253402300799) return {};  // year 9999
  return Time(std::chrono::seconds(seconds));
}

std::string_view message_of(std::string_view body) {
  if (body.starts_with(k_any_signature)) return {};
  const auto signature = body.find(std::string("\n").append(k_any_signature));
  return body.substr(0, std::min(signature, body.size()));
}

}  // namespace

std::string_view TagText::trailer(std::string_view name) const {
  const auto found = std::ranges::find(trailers, name, &std::pair<std::string, std::string>::first);
  return found == trailers.end() ? std::string_view() : std::string_view(found->second);
}

TagText parse_tag(std::string_view raw) {
  TagText out;
  const auto blank = std::min(raw.find("\n\n"), raw.size());
  for (auto line : lines(raw.substr(0, blank))) {
    const auto name = take_until(line, ' ');
    if (name == "object" && out.object.empty()) out.object = line;
    if (name == "type" && out.type.empty()) out.type = line;
    if (name == "tagger" && !out.at) out.at = time_of(line);
  }
  const auto body = raw.substr(std::min(blank + 2, raw.size()));
  out.ssh_signed =
      body.starts_with(k_ssh_signature) || body.contains(std::string("\n").append(k_ssh_signature));
  const auto message = trimmed(message_of(body));
  const auto paragraph = message.rfind("\n\n");
  for (auto line : lines(paragraph == message.npos ? message : message.substr(paragraph + 2))) {
    const auto name = trimmed(take_until(line, ':'));
    if (!name.empty() && !name.contains(' ')) out.trailers.emplace_back(name, trimmed(line));
  }
  return out;
}

std::string review_message(std::string_view target, std::string_view topic, std::string_view value,
                           std::string_view comment) {
  return fmt::format("{}: {}\n\n{}{}Review-target: {}\nReview-topic: {}\nReview-vote: {}\n", topic,
                     value, trimmed(comment), trimmed(comment).empty() ? "" : "\n\n", target, topic,
                     value);
}

std::string good_signer(std::string_view said) {
  constexpr std::string_view k_good = "Good \"git\" signature for ";
  for (auto line : lines(said)) {
    if (!line.starts_with(k_good)) continue;
    line.remove_prefix(k_good.size());
    // `PRINCIPAL with ED25519 key SHA256:…`; a principal may hold blanks, the rest does not vary
    const auto end = line.rfind(" with ");
    if (end != line.npos && line.substr(end).contains(" key SHA256:"))
      return std::string(line.substr(0, end));
  }
  return {};
}

}  // namespace cdctl::git
