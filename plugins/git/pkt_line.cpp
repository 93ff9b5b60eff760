#include "plugins/git/pkt_line.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "plugins/git/address.hpp"

namespace cdctl::git {

namespace {

std::string pkt(std::string_view text) { return fmt::format("{:04x}{}", text.size() + 4, text); }

std::unexpected<Error> bad(std::string_view why) {
  return fail(ExitCode::unknown, fmt::format("the answer is not what a git server says: {}", why));
}

struct Line {
  std::string_view text;
  bool flush = false;
};

/// Takes one pkt-line off the front; a binary one is left as it is.
Result<Line> take_line(std::string_view& body, bool binary = false) {
  std::size_t length = 0;
  if (body.size() < 4) return bad("it ends early");
  const auto [stop, error] = std::from_chars(body.data(), body.data() + 4, length, 16);
  if (error != std::errc() || stop != body.data() + 4) return bad("it is not in pkt-lines");
  if (length == 0) {
    body.remove_prefix(4);
    return Line{{}, true};
  }
  if (length < 4 || length > body.size()) return bad("it ends early");
  auto text = body.substr(4, length - 4);
  body.remove_prefix(length);
  if (binary) return Line{text, false};
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.starts_with("ERR "))
    return fail(ExitCode::unknown,
                fmt::format("the server says: {}", printable(text.substr(4), 200)));
  return Line{text, false};
}

/// The commit id at the front, and the rest after the blank.
std::optional<std::string_view> take_id(std::string_view& text) {
  if (!text.contains(' ')) return {};
  const auto id = take_until(text, ' ');
  return valid_commit_id(id) ? std::optional(id) : std::nullopt;
}

/// Whether a server can call a ref so. Which names git itself takes is for those who use them: one
/// odd name beside them hides no other.
bool is_name(std::string_view text) {
  return !text.empty() && std::ranges::none_of(text, [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  });
}

}  // namespace

std::string ls_refs_request(std::span<const std::string> prefixes, bool symrefs) {
  std::string body = pkt("command=ls-refs\n") + pkt("agent=cdctl\n") + "0001" + pkt("peel\n");
  if (symrefs) body += pkt("symrefs\n");
  for (const auto& prefix : prefixes) body += pkt("ref-prefix " + prefix + "\n");
  return body + "0000";
}

Result<> read_ls_refs(std::string_view body, const TakeRef& take) {
  for (;;) {
    CDCTL_TRY_ASSIGN(const auto line, take_line(body));
    if (line.flush) return {};
    auto text = line.text;
    if (text.starts_with("unborn ")) continue;
    const auto id = take_id(text);
    if (!id) return bad("a line is not a ref");
    Ref ref{std::string(take_until(text, ' ')), std::string(*id), {}};
    if (!is_name(ref.name)) return bad("a line is not a ref");
    for (auto value : split(text, ' ')) {
      const auto key = take_until(value, ':');
      if (key == "peeled") {
        if (!valid_commit_id(value)) return bad("a line is not a ref");
        ref.peeled = value;
      } else if (key == "symref-target") {
        if (!valid_ref_name(value)) return bad("a line is not a ref");
        ref.target = value;
      }
    }
    if (!take(ref)) return {};
  }
}

std::string fetch_request(std::span<const std::string> ids) {
  std::string body = pkt("command=fetch\n") + pkt("agent=cdctl\n") + "0001" + pkt("no-progress\n") +
                     pkt("ofs-delta\n");
  for (const auto& id : ids) body += pkt("want " + id + "\n");
  return body + pkt("done\n") + "0000";
}

Result<std::string> parse_fetch(std::string_view body) {
  CDCTL_TRY_ASSIGN(const auto section, take_line(body));
  if (section.text != "packfile") return bad("no pack");
  std::string pack;
  pack.reserve(body.size());
  for (;;) {
    CDCTL_TRY_ASSIGN(const auto line, take_line(body, true));
    if (line.flush) return pack;
    if (line.text.empty()) return bad("an empty band");
    const auto band = line.text.front();
    if (band == 1)
      pack += line.text.substr(1);
    else if (band != 2)
      return fail(ExitCode::unknown,
                  fmt::format("the server says: {}", printable(line.text.substr(1), 200)));
  }
}

Result<> read_advertisement(std::string_view body, const TakeRef& take) {
  CDCTL_TRY_ASSIGN(auto first, take_line(body));
  if (first.text != "# service=git-upload-pack") return bad("no service line");
  CDCTL_TRY_ASSIGN(first, take_line(body));
  if (!first.flush) return bad("no end of the service line");
  std::optional<Ref> last;  // its peeled line may follow
  for (;;) {
    CDCTL_TRY_ASSIGN(const auto line, take_line(body));
    if (line.flush) {
      if (last) (void)take(*last);
      return {};
    }
    auto text = line.text.substr(0, line.text.find('\0'));
    if (text == "version 1") continue;
    if (text.starts_with("version ")) return bad("another protocol version");
    const auto id = take_id(text);
    if (!id) return bad("a line is not a ref");
    if (text == "capabilities^{}") continue;  // an empty repository
    if (!is_name(text)) return bad("a line is not a ref");
    if (text.ends_with("^{}")) {
      if (!last || last->name != text.substr(0, text.size() - 3))
        return bad("a peeled line without its tag");
      last->peeled = *id;
    } else {
      if (last && !take(*last)) return {};
      last = Ref{std::string(text), std::string(*id), {}};
    }
  }
}

}  // namespace cdctl::git
