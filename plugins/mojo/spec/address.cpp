#include "plugins/mojo/spec/address.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <cdctl/digest.hpp>
#include <cdctl/fs.hpp>
#include <cdctl/roles.hpp>
#include <cdctl/text.hpp>
#include <cdctl/url.hpp>

#include "plugins/mojo/spec/copy_tree.hpp"

namespace cdctl::mojo {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t k_largest_file_of_spec = 1u << 30;

bool starts_with_any(std::string_view text, std::initializer_list<std::string_view> prefixes) {
  return std::ranges::any_of(prefixes,
                             [&](std::string_view prefix) { return text.starts_with(prefix); });
}

}  // namespace

Result<std::string> folder_digest(const fs::path& folder) {
  std::vector<fs::path> entries;
  std::error_code error;
  if (fs::is_regular_file(folder, error)) {
    return sha256_of_file(folder, k_largest_file_of_spec);
  }
  for (auto it = fs::recursive_directory_iterator(folder, error);
       it != fs::recursive_directory_iterator(); it.increment(error)) {
    if (error) break;
    const auto name = it->path().filename();
    if (name == ".git" || name == ".bzr")
      it.disable_recursion_pending();
    else
      entries.push_back(it->path());
  }
  if (error) return fail(fmt::format("reading {}: {}", folder.string(), error.message()));
  std::ranges::sort(entries);
  std::string lines;
  for (const auto& entry : entries) {
    const auto status = fs::symlink_status(entry, error);
    lines += entry.lexically_relative(folder).string() + '\0';
    if (fs::is_symlink(status)) {
      lines += "link " + fs::read_symlink(entry, error).string();
    } else if (fs::is_regular_file(status)) {
      CDCTL_TRY_ASSIGN(const auto digest, sha256_of_file(entry, k_largest_file_of_spec));
      lines += fmt::format(
          "file {} {}", (status.permissions() & fs::perms::owner_exec) != fs::perms::none, digest);
    }
    lines += '\n';
  }
  return sha256_hex(lines);
}

Result<SpecAddress> parse_spec_address(std::string_view text) {
  const auto refuse = [&](std::string_view why) {
    return fail(ExitCode::usage,
                fmt::format("SPEC '{}' {}", printable(shown_address(text), 120), why));
  };
  if (text.empty() || text.starts_with('-')) return refuse("is neither a folder nor an address");
  if (std::ranges::any_of(text,
                          [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }))
    return refuse("holds a control character");
  std::error_code error;
  if (fs::is_directory(fs::path(text), error))
    return SpecAddress{"folder", fs::absolute(fs::path(text)).lexically_normal().string(), {}};
  SpecAddress address;
  auto url = text;
  if (const auto at = text.rfind(";branch="); at != std::string_view::npos) {
    address.branch = text.substr(at + 8);
    url = text.substr(0, at);
    if (address.branch.empty() || address.branch.starts_with('-'))
      return refuse("names no branch after ;branch=");
  }
  address.kind = starts_with_any(url, {"lp:", "bzr:", "bzr+", "nosmart+"}) ? "bzr" : "git";
  if (url.starts_with("git+")) url.remove_prefix(4);
  const auto colon = url.find(':');
  if (colon == std::string_view::npos || colon == 0 || url.find('/') < colon)
    return refuse("is neither a folder that is here nor an address");
  if (address.kind == "bzr" && !address.branch.empty())
    return refuse("takes no ;branch=: the address is the branch");
  address.url = url;
  return address;
}

Result<SourceState> fetch_spec(Host& host, const SpecAddress& address, const fs::path& into,
                               const Deadline& deadline) {
  if (address.kind == "folder") {
    CDCTL_TRY(copy_tree(address.url, into, false, deadline));
    CDCTL_TRY_ASSIGN(auto digest, folder_digest(into));
    return SourceState{"file", address.url, std::move(digest), {}};
  }
  CDCTL_TRY_ASSIGN(auto* source, host.source(address.kind));
  SourceConfig config{"mojo", "spec", address.kind, address.url, Json::object()};
  if (!address.branch.empty()) config.options.set("branch", address.branch);
  const std::array one{config};
  auto newest = source->newest(one, deadline);
  if (newest.size() != 1) return fail(fmt::format("the {} plugin gave no answer", address.kind));
  if (!newest.front()) return fail(newest.front().error());
  CDCTL_TRY(source->checkout(config, newest.front()->revision, into, deadline));
  return std::move(*newest.front());
}

Result<SpecOnDisk> SpecOnDisk::open(Host& host, std::string_view text, const Deadline& deadline) {
  if (text.empty()) return fail(ExitCode::usage, "no spec given: name it, or set MOJO_SPEC");
  SpecOnDisk out;
  std::error_code error;
  if (const fs::path file(text); fs::is_regular_file(file, error)) {
    out.folder_ = fs::absolute(file).parent_path();
    out.manifest_ = file.filename().string();
    return out;
  }
  CDCTL_TRY_ASSIGN(const auto address, parse_spec_address(text));
  if (address.kind == "folder") {
    out.folder_ = address.url;
    return out;
  }
  auto name = (fs::temp_directory_path() / "cdctl-spec-XXXXXX").string();
  if (!::mkdtemp(name.data()))
    return fail(fmt::format("making a folder for the spec: {}", errno_text(errno)));
  out.temporary_ = name;
  out.folder_ = out.temporary_ / "spec";
  CDCTL_TRY(fetch_spec(host, address, out.folder_, deadline));
  return out;
}

SpecOnDisk::SpecOnDisk(SpecOnDisk&& other) noexcept
    : folder_(std::move(other.folder_)),
      temporary_(std::exchange(other.temporary_, {})),
      manifest_(std::move(other.manifest_)) {}

SpecOnDisk::~SpecOnDisk() {
  if (!temporary_.empty()) (void)remove_tree(temporary_);
}

}  // namespace cdctl::mojo
