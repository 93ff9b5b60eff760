#include <algorithm>

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "plugins/git/address.hpp"
#include "plugins/git/pkt_line.hpp"
#include "plugins/git/ref_files.hpp"
#include "plugins/git/refs.hpp"
#include "tests/fuzz/property.hpp"

using namespace cdctl;
using namespace cdctl::git;
using cdctl::fuzz::must;

namespace {

std::string pkt(std::string_view text) { return fmt::format("{:04x}{}", text.size() + 4, text); }

void check_error(const Error& error) {
  must(error.exit == ExitCode::unknown || error.exit == ExitCode::config,
       "what no server says is no answer");
  must(!error.what.empty() &&
           std::ranges::none_of(error.what,
                                [](char c) { return static_cast<unsigned char>(c) < 0x20; }),
       "a reason is one line");
}

void check_refs(const std::vector<Ref>& refs) {
  for (const auto& ref : refs) {
    must(!ref.name.empty() &&
             std::ranges::none_of(ref.name,
                                  [](char c) { return static_cast<unsigned char>(c) < 0x20; }),
         "a ref has a name");
    must(valid_commit_id(ref.id), "a ref has an id");
    must(ref.peeled.empty() || valid_commit_id(ref.peeled), "so has the commit of a tag");
    must(ref.target.empty() || valid_ref_name(ref.target), "a symbolic ref names one");
  }
}

/// All refs that a reader tells.
template <class Read>
Result<std::vector<Ref>> all_of(Read read, std::string_view body) {
  std::vector<Ref> out;
  CDCTL_TRY(read(body, [&](const Ref& ref) {
    out.push_back(ref);
    return true;
  }));
  return out;
}

bool same(const std::vector<Ref>& a, const std::vector<Ref>& b) {
  return std::ranges::equal(a, b, [](const Ref& x, const Ref& y) {
    return x.name == y.name && x.id == y.id && x.peeled == y.peeled && x.target == y.target;
  });
}

void list_by_version_2(std::string_view body) {
  const auto refs = all_of(read_ls_refs, body);
  if (!refs) return check_error(refs.error());
  check_refs(*refs);
  std::string printed;
  for (const auto& ref : *refs)
    printed += pkt(ref.id + " " + ref.name + (ref.peeled.empty() ? "" : " peeled:" + ref.peeled) +
                   (ref.target.empty() ? "" : " symref-target:" + ref.target) + "\n");
  const auto again = all_of(read_ls_refs, printed + "0000");
  must(again && same(*again, *refs), "a printed list reads as the same refs");
}

void list_by_version_0(std::string_view body) {
  const auto refs = all_of(read_advertisement, body);
  if (!refs) return check_error(refs.error());
  check_refs(*refs);
  std::string printed = pkt("# service=git-upload-pack\n") + "0000";
  for (const auto& ref : *refs) {
    printed += pkt(ref.id + " " + ref.name + "\n");
    if (!ref.peeled.empty()) printed += pkt(ref.peeled + " " + ref.name + "^{}\n");
  }
  const auto again = all_of(read_advertisement, printed + "0000");
  must(again && same(*again, *refs), "a printed advertisement reads as the same refs");
}

void fetch(std::string_view body) {
  const auto pack = parse_fetch(body);
  if (!pack) return check_error(pack.error());
  must(pack->size() < body.size(), "a pack is no longer than what it came in");
}

void refs_file(std::string_view text) {
  const auto packed = parse_packed_refs(text);
  std::vector<Ref> refs;
  for (const auto& [name, ref] : packed.refs) {
    must(name == ref.name, "a ref is found by its name");
    refs.push_back(ref);
  }
  check_refs(refs);
  for (auto& ref : refs) ref.peeled.clear();  // print_packed_refs leaves it out
  const auto again = parse_packed_refs(print_packed_refs(refs));
  must(again.refs.size() == refs.size() && !again.odd, "a printed file reads as the same refs");
}

/// Three names in a row: the order is total.
void versions(std::string_view text) {
  const auto a = take_until(text, '\n'), b = take_until(text, '\n'), c = take_until(text, '\n');
  must(compare_versions(a, a) == 0, "a version is its own equal");
  must((compare_versions(a, b) == 0) == (a == b), "only the same bytes are equal");
  must((compare_versions(a, b) < 0) == (compare_versions(b, a) > 0), "the order has two sides");
  must(!(compare_versions(a, b) < 0 && compare_versions(b, c) < 0) || compare_versions(a, c) < 0,
       "what is older than the older one is older");
}

void address(std::string_view text) {
  const auto read = parse_address(text, "/srv");
  if (!read) return check_error(read.error());
  must(!read->url.empty() && !read->url.starts_with('-'), "an address is no option");
  must(read->transport != Transport::local || read->url.starts_with('/'), "a path is a whole one");
  const auto again = parse_address(read->url, "/srv");
  must(again && again->url == read->url && again->transport == read->transport,
       "an address is read as what it is");
}

}  // namespace

/// The first byte says what the rest is.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto text = cdctl::fuzz::as_text(data + 1, size - 1);
  switch (data[0]) {
    case '2':
      list_by_version_2(text);
      break;
    case '0':
      list_by_version_0(text);
      break;
    case 'f':
      fetch(text);
      break;
    case 'p':
      refs_file(text);
      break;
    case 'v':
      versions(text);
      break;
    case 'a':
      address(text);
      break;
    default:
      break;
  }
  return 0;
}
