#include <cdctl/source.hpp>

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/digest.hpp>
#include <cdctl/text.hpp>
#include <cdctl/url.hpp>

namespace cdctl {

Json to_json(const Sources& sources) {
  Json out = Json::object();
  for (const auto& [name, state] : sources) {
    Json entry = Json::object({{"kind", state.kind}});
    if (!state.url.empty()) entry.set("url", shown_address(state.url));
    entry.set("revision", state.revision);
    if (state.number) entry.set("number", *state.number);
    out.set(name, std::move(entry));
  }
  return out;
}

Result<Sources> sources_from_json(const Json& json) {
  Sources out;
  if (!json.is_object()) return fail("sources is not an object");
  for (const auto& [name, entry] : json.members()) {
    const auto& number = entry["number"];
    SourceState state{entry["kind"].as_string(), entry["url"].as_string(),
                      entry["revision"].as_string(),
                      number.is_int() ? std::optional(number.as_int()) : std::nullopt};
    const auto plain = [](std::string_view text) {
      return !text.empty() && text.size() <= 1024 && std::ranges::none_of(text, [](char c) {
        return static_cast<unsigned char>(c) < 0x20;
      });
    };
    if (!valid_word(name))
      return fail(fmt::format("'{}' is not a source name", printable(name, 60)));
    if (!valid_word(state.kind) || !plain(state.revision))
      return fail(fmt::format("source {} has no usable kind and revision", name));
    if (!out.emplace(name, std::move(state)).second)
      return fail(fmt::format("source {} is there twice", name));
  }
  return out;
}

std::string revision_id(const Sources& sources) {
  std::string lines;
  for (const auto& [name, state] : sources)
    lines += fmt::format("{}={}:{}\n", name, state.kind, state.revision);
  return "r" + sha256_hex(lines).substr(0, 10);
}

}  // namespace cdctl
