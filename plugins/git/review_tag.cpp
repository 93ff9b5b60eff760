#include "plugins/git/review_tag.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include <cdctl/text.hpp>

namespace cdctl::git {

namespace {

using Signature = TagText::Signature;

struct SignatureMark {
  std::string_view begin;
  Signature kind;
};
/// What git takes for the beginning of a signature.
constexpr std::array k_marks{SignatureMark{"-----BEGIN SSH SIGNATURE-----", Signature::ssh},
                             SignatureMark{"-----BEGIN PGP SIGNATURE-----", Signature::openpgp},
                             SignatureMark{"-----BEGIN PGP MESSAGE-----", Signature::openpgp},
                             SignatureMark{"-----BEGIN SIGNED MESSAGE-----", Signature::none}};

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

/// Git signs what stands above the last line that begins a signature, whatever stands in between:
/// to read more, or less, than that would be to believe what nobody has signed.
void find_signature(std::string_view raw, TagText& out) {
  out.payload = raw.size();
  for (std::size_t at = 0; at < raw.size(); at = std::min(raw.find('\n', at), raw.size() - 1) + 1)
    for (const auto& mark : k_marks)
      if (raw.substr(at).starts_with(mark.begin)) {
        out.payload = at;
        out.signature = mark.kind;
      }
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
  find_signature(raw, out);
  const auto begin = std::min(blank + 2, raw.size());
  const auto message = trimmed(raw.substr(begin, std::max(begin, out.payload) - begin));
  const auto paragraph = message.rfind("\n\n");
  for (auto line : lines(paragraph == message.npos ? message : message.substr(paragraph + 2))) {
    const auto name = trimmed(take_until(line, ':'));
    if (!name.empty() && !name.contains(' ')) out.trailers.emplace_back(name, trimmed(line));
  }
  return out;
}

std::string review_message(std::string_view repository, std::string_view target,
                           std::string_view topic, std::string_view value,
                           std::string_view comment) {
  return fmt::format(
      "{}: {}\n\n{}{}Review-repository: {}\nReview-target: {}\nReview-topic: {}\n"
      "Review-vote: {}\n",
      topic, value, trimmed(comment), trimmed(comment).empty() ? "" : "\n\n", repository, target,
      topic, value);
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

std::string good_openpgp_signer(std::string_view status) {
  constexpr std::string_view k_status = "[GNUPG:] ";
  constexpr std::array<std::string_view, 6> k_bad{"BADSIG",    "ERRSIG",    "EXPSIG",
                                                  "EXPKEYSIG", "REVKEYSIG", "FAILURE"};
  std::string out;
  for (auto line : lines(status)) {
    if (!line.starts_with(k_status)) continue;
    line.remove_prefix(k_status.size());
    const auto word = take_until(line, ' ');
    if (std::ranges::find(k_bad, word) != k_bad.end()) return {};
    if (word != "GOODSIG") continue;
    if (!out.empty()) return {};
    (void)take_until(line, ' ');  // the key
    const auto open = line.rfind('<'), close = line.rfind('>');
    const bool address = open != line.npos && close != line.npos && open < close;
    out = trimmed(address ? line.substr(open + 1, close - open - 1) : line);
  }
  return out;
}

}  // namespace cdctl::git
