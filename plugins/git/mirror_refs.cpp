#include "plugins/git/mirror_refs.hpp"

#include <algorithm>
#include <cerrno>
#include <map>

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

#include <cdctl/fs.hpp>

#include "plugins/git/address.hpp"

namespace cdctl::git {

namespace fs = std::filesystem;

namespace {

std::string_view trimmed(std::string_view text) {
  const auto end = text.find_last_not_of(" \t\r\n");
  return end == std::string_view::npos ? std::string_view() : text.substr(0, end + 1);
}

/// Reads packed-refs into `refs`.
Result<> add_packed(const fs::path& repository, std::map<std::string, Ref>& refs) {
  CDCTL_TRY_ASSIGN(const auto file, read_file_if_there(repository / "packed-refs"));
  Ref* last = nullptr;
  for (std::string_view text = file ? std::string_view(*file) : std::string_view();
       !text.empty();) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.starts_with('#')) continue;
    if (line.starts_with('^')) {
      if (last && valid_commit_id(line.substr(1))) last->peeled = line.substr(1);
      continue;
    }
    const auto blank = std::min(line.find(' '), line.size());
    if (blank == line.size() || !valid_commit_id(line.substr(0, blank)))
      return fail(ExitCode::unknown, "packed-refs holds a line that is no ref");
    std::string name(line.substr(blank + 1));
    last = &(refs[name] = Ref{name, std::string(line.substr(0, blank)), {}});
  }
  return {};
}

/// Reads the files of refs below `folder`, which are newer than packed-refs.
Result<> add_loose(const fs::path& repository, const fs::path& folder,
                   std::map<std::string, Ref>& refs) {
  std::error_code error;
  if (!fs::exists(repository / folder, error)) return {};
  for (auto it = fs::recursive_directory_iterator(repository / folder, error);
       !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    if (it->is_directory(error)) continue;
    auto name = it->path().lexically_relative(repository).generic_string();
    if (!valid_ref_name(name)) continue;  // a lock
    CDCTL_TRY_ASSIGN(const auto text, read_file(it->path(), 4096));
    if (!valid_commit_id(trimmed(text)))
      return fail(ExitCode::unknown, fmt::format("{} is no plain ref", name));
    refs[name] = Ref{name, std::string(trimmed(text)), {}};
  }
  if (error) return fail(ExitCode::unknown, fmt::format("reading refs: {}", error.message()));
  return {};
}

}  // namespace

Result<std::vector<Ref>> list_refs(const fs::path& repository) {
  std::error_code error;
  if (fs::exists(repository / "reftable", error))
    return fail(ExitCode::unknown, "its refs are in a reftable");
  std::map<std::string, Ref> refs;
  CDCTL_TRY(add_packed(repository, refs));
  for (const auto* folder : {"refs/heads", "refs/tags"})
    CDCTL_TRY(add_loose(repository, folder, refs));
  std::vector<Ref> out;
  for (auto& [name, ref] : refs) {
    if (name.starts_with("refs/heads/") || name.starts_with("refs/tags/"))
      out.push_back(std::move(ref));
  }
  return out;
}

std::string head_target(const fs::path& repository) {
  const auto text = read_file(repository / "HEAD", 4096);
  constexpr std::string_view k_key = "ref: ";
  if (!text || !text->starts_with(k_key)) return {};
  const auto name = trimmed(std::string_view(*text).substr(k_key.size()));
  return name.starts_with("refs/heads/") && valid_ref_name(name) ? std::string(name)
                                                                 : std::string();
}

std::string print_packed_refs(std::vector<Ref> refs) {
  std::ranges::sort(refs, {}, &Ref::name);
  std::string out = "# pack-refs with: sorted \n";
  for (const auto& ref : refs) out += ref.id + " " + ref.name + "\n";
  return out;
}

Result<> write_new(const fs::path& path, std::string_view bytes, unsigned mode) {
  const Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  while (fd.valid() && !bytes.empty()) {
    const auto put = ::write(fd.get(), bytes.data(), bytes.size());
    if (put < 0 && errno != EINTR)
      return fail(fmt::format("writing {}: {}", path.string(), errno_text(errno)));
    bytes.remove_prefix(put > 0 ? static_cast<std::size_t>(put) : 0);
  }
  if (!fd.valid()) return fail(fmt::format("making {}: {}", path.string(), errno_text(errno)));
  return {};
}

std::string config_quoted(std::string_view value) {
  std::string out = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

}  // namespace cdctl::git
